"""What is asked of surgery on each architecture, by name."""

FOLD, ROUND_TRIP = "fold", "batch and back"
SPECS = ("group", "layer", "filter_response", "ws+group")
OPERATIONS = (FOLD, ROUND_TRIP, *SPECS)
OF_BACKBONES = (FOLD, ROUND_TRIP, "group")
TOLERANCE = 1e-5  # of the largest output

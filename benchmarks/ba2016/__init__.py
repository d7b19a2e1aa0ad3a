"""Ba, Kiros & Hinton 2016, "Layer Normalization"."""

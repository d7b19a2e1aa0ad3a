"""How many runs the edges of stability take: the threshold sampler beside the usual ones."""

from studies import quiet as quiet  # before anything else imports Keras

"""How many runs the edges of stability take: the threshold sampler beside the usual ones."""

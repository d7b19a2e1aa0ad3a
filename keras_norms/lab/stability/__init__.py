"""When training is stable: verdicts on runs, and the largest learning rate that passes."""

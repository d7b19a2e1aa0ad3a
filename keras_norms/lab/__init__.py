"""What experiments are made of; needs the `lab` extra."""

"""Hoffer, Hubara & Soudry 2017, "Train longer, generalize better"."""

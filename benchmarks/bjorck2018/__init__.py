"""Bjorck, Gomes, Selman & Weinberger 2018, "Understanding Batch Normalization"."""

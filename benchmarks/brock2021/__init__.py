"""Brock, De, Smith & Simonyan 2021: networks without normalizers, and adaptive clipping."""

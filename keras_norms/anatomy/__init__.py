"""What a model is made of: its calls, layers, normalizers and data."""

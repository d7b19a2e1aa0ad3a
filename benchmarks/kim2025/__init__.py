"""Kim et al. 2025, "Peri-LN: Revisiting Normalization Layer in the Transformer Architecture"."""

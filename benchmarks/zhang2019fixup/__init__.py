"""Zhang, Dauphin & Ma 2019, "Fixup Initialization"."""

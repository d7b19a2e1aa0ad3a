"""Singh & Krishnan 2020, "Filter Response Normalization Layer"."""

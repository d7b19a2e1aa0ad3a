"""Papers replicated and costs measured, one experiment a file: `python -m benchmarks list`."""

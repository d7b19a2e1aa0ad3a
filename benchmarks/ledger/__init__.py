"""What the ledger of the laboratory carries."""

"""The words everybody shares. Types only: imports nothing of ours and does no work."""

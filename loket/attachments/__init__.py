"""Files that people sent along, on their way from a channel into our own tables."""

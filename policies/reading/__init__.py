"""Files to documents: what stands in a folder, in which format, and what it says of itself."""

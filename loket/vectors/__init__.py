"""Embeddings computed ahead, so that a start, a new home and a publication of policies do not wait for them."""

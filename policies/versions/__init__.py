"""Versions of a collection: drafted, compared, published through the gate, rolled back."""

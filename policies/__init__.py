"""The organisation's own policies: documents, passages, indexes and search."""

"""The indexes: vectors in Chroma, words in tantivy, their locks, copies and caches, and spelling by their words."""

"""How long text is kept, and what one person may ask of it: pruning by age, export and erasure by person."""

"""Outside systems: a folder per need, a file per vendor. Each folder says what is needed, as a Protocol."""

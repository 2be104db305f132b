"""The systems outside: which one fills which need, and what this process holds of each."""

"""Outside systems: which connector fills which need, and how much of it this process may use."""

"""One employee's day, played by the running system: the scenes are data and small functions, nothing is staged."""

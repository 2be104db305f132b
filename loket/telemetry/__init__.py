"""The service seen from outside: spans, metrics, and what an operator can set of them."""

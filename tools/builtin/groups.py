"""The directory groups that built-in tools name. A rule may narrow them further, never widen them."""

SERVICE_DESK = frozenset({"service-desk"})
"""Who may ask something on behalf of another person."""

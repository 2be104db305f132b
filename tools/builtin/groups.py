"""The directory groups that built-in tools name. A rule may narrow them further, never widen them."""

SERVICE_DESK = frozenset({"service-desk"})
"""Who may ask something on behalf of another person."""

EVERYBODY = "all-staff"
"""The audience of a policy that anybody in the organisation may read, as documents name it."""

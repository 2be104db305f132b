"""How generated tests are run: the same examples every time, unless somebody asks for a long night of them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def quick(examples: int) -> settings:
    """So many examples, the same ones every time; a hundred times more, and others, with the nightly profile."""
    nightly = settings.get_current_profile_name() == "nightly"
    return settings(
        max_examples=examples * (100 if nightly else 1),
        deadline=None,
        derandomize=not nightly,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )

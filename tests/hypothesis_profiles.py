"""A pytest plug-in: how long generated tests look. `--hypothesis-profile=nightly` looks a hundred times longer.

No example has a deadline on the clock: a busy machine is no failure. What must be quick is measured in processor time.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("usual", deadline=None)
settings.register_profile("nightly", max_examples=20_000, deadline=None, print_blob=True)
settings.load_profile("usual")

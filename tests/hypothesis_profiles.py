"""A pytest plug-in: how long generated tests look. `--hypothesis-profile=nightly` looks a hundred times longer.

Every day the same examples are looked at: a commit that passed is not to fail tomorrow for what it did not change.
New ones are for the nightly profile. No example has a deadline on the clock: a busy machine is no failure. What must
be quick is measured in processor time.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("usual", derandomize=True, deadline=None)
settings.register_profile("nightly", max_examples=20_000, deadline=None, print_blob=True)
settings.load_profile("usual")

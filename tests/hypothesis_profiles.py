"""A pytest plug-in: how long generated tests look. `--hypothesis-profile=nightly` looks a hundred times longer."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("nightly", max_examples=20_000, deadline=None, print_blob=True)

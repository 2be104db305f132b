"""Python's collector of cycles, kept from walking over everything that a process has loaded while people wait.

A full collection of a process with Slack's library, SQLAlchemy and pydantic in it visits some 200,000 objects and
stops the whole process for a quarter of a second (docs/performance.md); none of them will ever be garbage.
"""

from __future__ import annotations

import gc

YOUNG = 20_000
"""New containers until the youngest are looked at; Python's own 700 is reached by a single request."""


def spare_what_is_loaded() -> int:
    """Call it once, when a process has loaded what it works with. Says how many objects are passed over from now on.

    Garbage is collected first: what is passed over is never given back.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    return gc.get_freeze_count()

"""Who sits at this shell, for the audit. It proves nothing, and opens nothing: it may only close doors."""

from __future__ import annotations

import os
import platform
import pwd


def operator() -> str:
    """`operator:LOGIN@HOST`, from the system and not from the environment; at most 120 characters."""
    try:
        login = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that runs as a number
        login = str(os.getuid())
    return f"operator:{login}@{platform.node()}"[:120]

"""Debian packages of the servers that tests start: one process installs at a time, and nothing is started by it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
INSTALL_SECONDS = 300


def install(packages: Sequence[str], is_there: Callable[[], bool], what: str) -> None:
    """Put the packages there when they are missing. Raises `unittest.SkipTest` with the reason where that cannot be."""
    with Path(tempfile.gettempdir(), f"loket-apt-{os.geteuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt itself does not wait for its lists
        if is_there():
            return
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise unittest.SkipTest(f"{what} is not installed, and without root and apt-get it cannot be")
        with _nothing_started():
            _apt("update", "-q")
            _apt("install", "-qy", "--no-install-recommends", *packages)
        if not is_there():
            raise unittest.SkipTest(f"this system's packages have no {what} that tests can use")


def _apt(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    whole = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *command]
    try:
        done = subprocess.run(
            whole, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise unittest.SkipTest(f"apt-get {command[0]} took over {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise unittest.SkipTest(f"apt-get {command[0]} failed: {done.stderr.strip()[-300:]}")


@contextmanager
def _nothing_started() -> Iterator[None]:
    """The packages bring daemons for the whole machine; none of them is wanted (policy-rc.d, invoke-rc.d(8))."""
    is_ours = not POLICY.exists()
    if is_ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if is_ours:
            POLICY.unlink()

"""Packages of Node.js for test servers: installed once by their lock file, and kept for the next run."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path


def installed(package: str, kept_as: str, here: Path, seconds: float, *besides: str) -> Path:
    """The folder with the modules that the lock file in `here` names, and the files `besides`; a new one for every
    other lock file or file.

    Raises `SkipTest` where npm cannot: that says nothing about what is tested.
    """
    files = [here / name for name in ("package.json", "package-lock.json", *besides)]
    version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = Path.home() / ".cache" / "loket-tests" / f"{kept_as}-{version}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent))
    for file in files:
        shutil.copy(file, making)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=making, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise unittest.SkipTest(f"npm did not install {package} in time") from None
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise unittest.SkipTest(f"npm could not install {package}: {done.stderr.strip()[-200:]}")
    try:
        making.rename(folder)
    except OSError:  # another process was a moment faster
        shutil.rmtree(making, ignore_errors=True)
    return folder

"""Samba as a domain controller: its packages, and a seeded domain that is made once and kept as a tar."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import apt

PACKAGES = (
    "samba",
    "samba-ad-provision",
    "samba-dsdb-modules",
    "samba-vfs-modules",
    "winbind",
    "python3-samba",
    "ldb-tools",
)
SAMBA, TOOL, SYSTEM_PYTHON = Path("/usr/sbin/samba"), Path("/usr/bin/samba-tool"), Path("/usr/bin/python3")
HERE = Path(__file__).parent
MOST_KEPT = 3
"""Domains of other versions of these files are kept no longer than that."""


def install() -> None:
    """Put the packages there when they are missing. Raises `unittest.SkipTest` with the reason where that cannot be."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("a domain controller needs root: its ports (389, 636) cannot be chosen")
    apt.install(PACKAGES, _installed, "Samba as a domain controller")


def restore(folder: Path, spec: dict[str, Any]) -> None:
    """A domain as `spec` says in `folder`, which must be empty: from the tar, which is made the first time."""
    text = json.dumps(spec, sort_keys=True)
    kept = cache_folder() / f"samba-ad-{_fingerprint(text)}.tar"
    with _locked("samba-provision"):
        if not kept.exists():
            _make(kept, text, spec)
    with tarfile.open(kept) as archive:
        archive.extractall(folder, filter="fully_trusted")  # our own, in a folder that is only ours


def cache_folder() -> Path:
    """Where what takes long to make is kept between runs: a folder that nobody else may write to."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loket-tests"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def _installed() -> bool:
    if not (SAMBA.exists() and TOOL.exists()):
        return False
    check = "import samba.samdb, samba.provision, ldb"
    return subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, check=False).returncode == 0


def _fingerprint(text: str) -> str:
    version = subprocess.run([SAMBA, "--version"], capture_output=True, check=True).stdout
    parts = (version, text.encode(), (HERE / "samba_ad_seed.py").read_bytes(), Path(__file__).read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _make(kept: Path, text: str, spec: dict[str, Any]) -> None:
    folder = kept.with_suffix(".building")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        _provision(folder, spec)
        seeding = [SYSTEM_PYTHON, HERE / "samba_ad_seed.py", folder]
        _run(seeding, text)
        for large in ("state/sysvol", "bind-dns"):
            shutil.rmtree(folder / large, ignore_errors=True)
        unfinished = kept.with_suffix(".part")
        with tarfile.open(unfinished, "w") as archive:
            archive.add(folder, ".")
        unfinished.chmod(0o600)
        unfinished.rename(kept)
        made = sorted(kept.parent.glob("samba-ad-*.tar"), key=lambda file: file.stat().st_mtime)
        for old in made[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _provision(folder: Path, spec: dict[str, Any]) -> None:
    database, settings = f"--URL={folder}/private/sam.ldb", f"--configfile={folder}/etc/smb.conf"
    _run(
        [
            *(TOOL, "domain", "provision", f"--realm={spec['realm'].upper()}", f"--domain={spec['short_name']}"),
            *("--server-role=dc", "--dns-backend=NONE", f"--adminpass={spec['administrator_password']}"),
            *(f"--targetdir={folder}", "--host-name=dc1", "--host-ip=127.0.0.2", "--configfile=/dev/null"),
            *("--option=interfaces=lo", "--option=bind interfaces only=yes", "--option=vfs objects="),
        ]
    )
    _run([TOOL, "domain", "passwordsettings", "set", database, settings, *spec["password_policy"]])


def _run(command: list[Any], given: str = "") -> None:
    done = subprocess.run(
        [str(part) for part in command],
        input=given,
        capture_output=True,
        text=True,
        timeout=apt.INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} {command[1]} failed: {done.stderr.strip()[-1500:]}")


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """One at a time among all test processes of this person."""
    with (cache_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Files that hold secrets: created for the owner only, refused when others can read them."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from core.errors import ConfigError

OWNER_ONLY = 0o600
MAX_BYTES = 1_000_000


def read_private(path: Path) -> bytes:
    """The content of a secret file.

    Like Postgres with its TLS keys: a file of our own may be read by nobody else; one owned by root (a mounted
    secret) may be read by our group. Raises ConfigError, also when it is missing, not a file or too large.
    """
    try:
        with path.open("rb") as file:
            _check(path, os.fstat(file.fileno()))
            return file.read(MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"the key file {path} cannot be read: {error.strerror}") from error


def create_private(path: Path, content: bytes) -> None:
    """Write a new secret file, whole or not at all; when another process was first, theirs stays.

    Raises ConfigError when the folder cannot be written to.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = _write_draft(path, content)
        try:
            os.link(draft, path)  # unlike rename, a link never replaces a key that somebody already uses
        except FileExistsError:
            return
        finally:
            draft.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"the key file {path} cannot be created: {error.strerror}") from error


def replace_private(path: Path, content: bytes) -> None:
    """Write a secret file anew; a reader sees the old content or the new, never half. Raises ConfigError."""
    try:
        _write_draft(path, content).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ConfigError(f"the key file {path} cannot be written: {error.strerror}") from error


def _check(path: Path, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    mounted = status.st_uid == 0 and os.geteuid() != 0
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"the key file {path} is not a file")
    if mode & (0o027 if mounted else 0o077):
        raise ConfigError(
            f"others can read the key file {path} (mode {mode:o}): run chmod 600 on it, then make new keys"
        )
    if status.st_size > MAX_BYTES:
        raise ConfigError(f"the key file {path} is too large to be one")


def _write_draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

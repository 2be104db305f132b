"""The gate's keys, one ring a purpose: a process gets only those it needs, and can forge nothing of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from storage.keys import KeyRing, SealBroken

FILES = {
    "confirm": "confirmations.json",
    "votes": "votes.json",
    "envelopes": "envelopes.json",
    "reveals": "reveals.json",
    "files": "files.json",
}
"""Ring to the name of its file in the folder of keys."""
ROLE_RINGS = {
    "agent": frozenset({"confirm"}),
    "web": frozenset({"confirm", "votes", "reveals", "files"}),
    "executor": frozenset(FILES),
    "all": frozenset(FILES),
}
"""What each role is given. `agent` hears a requester's "ok"; `web` takes votes, checks the codes that people type, and
opens the credentials that are to be seen on its pages, which are none while the pages are off, and seals the files that
people send along; `executor` checks all of it, makes codes and credentials, and sends them, files too."""
_RING_OF_STAMP = {"confirm": "confirm", "vote": "votes", "proof": "votes", "sign_in": "votes"}
_RING_OF_SECRET = {
    "code": "votes",
    "reveal_code": "votes",
    "credential": "envelopes",
    "page": "reveals",
    "file": "files",
}


@dataclass(frozen=True, slots=True)
class GateKeys:
    """The rings of one process; None for a ring that this process must not have.

    A code is sealed with the ring of the votes: who may take a proof may look at the code, and nobody needs the ring
    of the credentials for it. A credential that is to be seen on a page is sealed with a ring of its own, and so are
    files that people send along. Before there were several rings there was one, `envelopes`: what it made still counts.
    """

    confirm: KeyRing | None = None
    votes: KeyRing | None = None
    envelopes: KeyRing | None = None
    reveals: KeyRing | None = None
    files: KeyRing | None = None

    @classmethod
    def load(cls, folder: Path, rings: Iterable[str] = FILES) -> GateKeys:
        """The named rings of a folder, each made on first use. Raises `ConfigError` as `KeyRing` does."""
        return cls(**{name: KeyRing.load_or_create(folder / FILES[name]) for name in rings})

    def must_have(self, *names: str) -> None:
        """Raises `ConfigError` when a ring of these is missing: the work was given to the wrong process."""
        missing = [name for name in names or FILES if getattr(self, name) is None]
        if missing:
            files = ", ".join(FILES[name] for name in missing)
            raise ConfigError(f"this process was not given the keys for this ({files}): it is another role's work")

    def stamping(self, kind: str) -> KeyRing:
        """The ring that makes stamps of this kind, such as `vote` (`stamps.py`). Raises `ConfigError` without it."""
        return self._ring(_RING_OF_STAMP[kind])

    def sealing(self, secret: str) -> KeyRing:
        """The ring that seals a `code`, a `reveal_code`, a `credential`, one for a `page`, or a `file`.

        Raises `ConfigError` in a process without it.
        """
        return self._ring(_RING_OF_SECRET[secret])

    def open(self, kind: str, key_id: str, nonce: bytes, ciphertext: bytes, context: bytes) -> bytes:
        """Open a secret or check a stamp of this kind: with its own ring, else with the one ring of before.

        Raises SealBroken when neither opens it, `ConfigError` for a process that may not open this kind at all.
        """
        name = {**_RING_OF_STAMP, **_RING_OF_SECRET}[kind]
        try:
            return self._ring(name).open(key_id, nonce, ciphertext, context)
        except SealBroken:
            if self.envelopes is None or name == "envelopes":
                raise
            return self.envelopes.open(key_id, nonce, ciphertext, context)

    def _ring(self, name: str) -> KeyRing:
        self.must_have(name)
        ring: KeyRing = getattr(self, name)
        return ring

"""Messages of the embedded form: one folder a road, one file a message. The outside world's copy of what was sent.

Only here do a code and a temporary credential lie in clear: the files stand for somebody's phone and mailbox.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from connectors.faults import Faults
from connectors.notify import Road
from connectors.notify.addresses import check_address
from core.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Note:
    """One message as its receiver has it. `text` may be secret and is kept out of `repr`."""

    road: Road
    address: str
    subject: str
    text: SecretStr
    key: str


class FolderNotifier:
    """Implements `Notifier`. A message is there in full or not at all; the same key by the same road is sent once."""

    def __init__(self, folder: Path, faults: Faults | None = None) -> None:
        self._folder = folder
        self._faults = faults or Faults()

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        """Write one message. Raises `ConnectorError` for a wrong address or a folder that cannot be written."""
        check_address(road, address, subject)
        await self._faults.around("notify", lambda: self._write(Note(road, address, subject, text, key)))

    def _write(self, note: Note) -> None:
        folder = self._folder / note.road.value
        final = folder / f"{hashlib.sha256(note.key.encode()).hexdigest()[:32]}.json"
        message = {
            "road": note.road.value,
            "address": note.address,
            "subject": note.subject,
            "text": note.text.get_secret_value(),
            "key": note.key,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if final.exists():
                return
            handle, name = tempfile.mkstemp(dir=folder, prefix=".sending-")  # mode 600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(message, file, ensure_ascii=False, indent=1)
            Path(name).replace(final)
        except OSError as error:
            raise ConnectorError("notify", f"the message folder cannot be written ({error.strerror})") from None


def read_notes(folder: Path) -> list[Note]:
    """All messages sent so far, oldest first: what the receivers can read."""
    files = sorted(folder.glob("*/*.json"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    return [_note(json.loads(file.read_text(encoding="utf-8"))) for file in files]


def _note(message: dict[str, str]) -> Note:
    return Note(
        Road(message["road"]), message["address"], message["subject"], SecretStr(message["text"]), message["key"]
    )

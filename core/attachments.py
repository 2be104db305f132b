"""A file that somebody sent along: what the channel says of it, and where its bytes are kept until they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.errors import LoketError
from core.people import ChannelIdentity

UNWANTED_TYPE = "type"
UNWANTED_SIZE = "size"
UNWANTED_COUNT = "count"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of one message. Its name and type are words of whoever sent it, never a path and never an instruction.

    `attachment_id` is `channel:tenant:file id`. `size` is in bytes. `unwanted` says why it is not taken: `type`,
    `size`, `count`, or empty when it is. `locator` is where the channel says its bytes are; only the channel reads it.
    Where a channel keeps none it is empty: whoever sent the message brings the bytes afterwards.
    """

    attachment_id: str
    name: str
    media_type: str
    size: int
    unwanted: str = ""
    locator: str = ""


class FileRefused(LoketError):
    """The person is told that this file is not taken, and tries another way: the same would come back again.

    `reason` is `size`, `type` or `place` (its locator leads somewhere else than to the channel).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Files(Protocol):
    """The files of one channel."""

    async def read(self, attachment: Attachment, limit: int) -> bytes:
        """The whole content, at most `limit` bytes.

        Raises `FileRefused` for one that is larger or lies elsewhere, `ConnectorError` when it may work later.
        """


class Brought(StrEnum):
    """What became of bytes that were brought. Of `later` the same may be brought again in a while, of `size` and `type`
    what the message said; of the others nothing helps."""

    KEPT = "kept"
    LATER = "later"
    UNKNOWN = "unknown"
    GONE = "gone"
    SIZE = "size"
    TYPE = "type"


class Bringing(Protocol):
    """Takes the bytes of files that their sender brings."""

    async def bring(self, identity: ChannelIdentity, event_id: str, number: int, content: bytes) -> Brought:
        """The bytes of file `number` (from 0) of a message of theirs. The same again changes nothing."""

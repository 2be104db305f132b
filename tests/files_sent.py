"""Files as people send them, and a channel that holds them: what the tests of attachments share."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.attachments import Attachment, FileRefused
from core.errors import ConnectorError
from core.replies import Reply
from loket.attachments.fetching import Fetching
from tests.desk import Desk

PDF = b"%PDF-1.7\n" + b"1 0 obj\n" * 40
PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
TEXT = b"12:01 the printer says 79\n" * 10
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(400)
MEGABYTE = 1024 * 1024
_TYPES = {"pdf": "application/pdf", "png": "image/png", "txt": "text/plain"}


@dataclass
class Chest:
    """A channel's files. Implements `core.attachments.Files`; `asked` are the ids that were asked for, in order."""

    there: dict[str, bytes] = field(default_factory=dict)
    fails: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def read(self, attachment: Attachment, limit: int) -> bytes:
        """The content; the first calls fail where `fails` says how many."""
        self.before()
        self.asked.append(attachment.attachment_id)
        if self.fails.get(attachment.attachment_id, 0) > 0:
            self.fails[attachment.attachment_id] -= 1
            raise ConnectorError("slack", "not now")
        content = self.there.get(attachment.attachment_id)
        if content is None:
            raise ConnectorError("slack", "a file could not be read (404)")
        if len(content) > limit:
            raise FileRefused("size")
        return content

    def put(self, name: str, content: bytes = PDF, media_type: str = "", *, size: int = -1) -> Attachment:
        """A file in the chest, as the channel announces it."""
        attachment_id = f"slack:TDHB:F{next(self._numbers):06}"
        self.there[attachment_id] = content
        kind = media_type or _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        return Attachment(
            attachment_id, name, kind, len(content) if size < 0 else size, "", "https://files.slack.com/x"
        )


def fetching(desk: Desk, chest: Chest, limit: int = MEGABYTE) -> Fetching:
    """What fetches from the chest."""
    return Fetching(desk.database, {"slack": chest, "terminal": chest}, desk.counter.gate.parts.keys, limit)


async def send(
    desk: Desk, who: str, text: str, *files: Attachment, via: str = "slack_dm", thread: str | None = None
) -> list[Reply]:
    """A message with files; what was said to its sender."""
    message = replace(desk.message(who, text, via, thread), complete=True, files=files)
    before = len(desk.posts())
    await desk.deliver(message)
    await desk.settle()
    return [post.reply for post in desk.posts(since=before) if post.address.user == message.identity.user]


def suggested(replies: list[Reply]) -> list[str]:
    """What the buttons under the replies would say."""
    return [one.message for reply in replies for one in reply.suggestions]


def listed(reply: Reply) -> list[str]:
    """The files on a card."""
    return [fact.value for fact in reply.card.facts if fact.label in ("File", "Bestand")] if reply.card else []

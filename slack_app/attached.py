"""The files of a Slack message as attachments: which are taken along, and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence

from core.attachments import UNWANTED_SIZE, UNWANTED_TYPE, Attachment
from core.file_names import MEGABYTE, kind_of, with_ending
from core.plain_text import one_line
from slack_app.guard import CHANNEL, Origin
from slack_app.shapes import Json, id_of, is_set, number_of, text_of

NAME = 200
_GONE = frozenset({"tombstone", "hidden_by_limit", "external"})


def attachments(origin: Origin, files: Sequence[Json], max_file_mb: int) -> tuple[Attachment, ...]:
    """One attachment for each file, also for those that are not taken. Raises `Malformed`."""
    return tuple(_attachment(origin, file, max_file_mb * MEGABYTE) for file in files)


def _attachment(origin: Origin, file: Json, most: int) -> Attachment:
    unwanted = ""
    file_id, size = id_of(file, "id"), number_of(file, "size")
    name = _name(file)
    media_type = text_of(file, "mimetype").lower().partition(";")[0].strip()[:100]
    locator = text_of(file, "url_private_download") or text_of(file, "url_private")
    if not file_id or not locator or size == 0 or _is_elsewhere(file) or kind_of(name, media_type) is None:
        unwanted = UNWANTED_TYPE
    elif size > most:
        unwanted = UNWANTED_SIZE
    attachment_id = f"{CHANNEL}:{origin.tenant}:{file_id or '-'}"
    return Attachment(attachment_id, name, media_type, size, unwanted, "" if unwanted else locator)


def _name(file: Json) -> str:
    name = one_line(text_of(file, "name") or text_of(file, "title"))[-NAME:]
    if text_of(file, "mode") != "snippet":
        return name
    return with_ending(name or "snippet", text_of(file, "filetype"))  # Slack says what it is written in


def _is_elsewhere(file: Json) -> bool:
    """Deleted, behind a limit of the workspace, on another service, or of another organisation that keeps it."""
    mode, access = text_of(file, "mode"), text_of(file, "file_access")
    return mode in _GONE or is_set(file, "is_external") or access in ("check_file_info", "access_denied")

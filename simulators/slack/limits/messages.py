"""What a message may be: its text, its blocks together, its metadata, its streamed chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simulators.slack.limits.blocks import IN_MESSAGE
from simulators.slack.limits.shapes import (
    address,
    by_type,
    one_of,
    several,
    shape,
    string,
)
from simulators.slack.nesting import blocks_in, elements_in
from simulators.slack.refusal import SlackRefusal

BLOCKS = 50
LONGEST_TOGETHER = 13_200
"""Characters of all texts of all blocks together; no page names it, `msg_blocks_too_long` tells (bolt-js#2509)."""

_MESSAGE_BLOCKS = several(IN_MESSAGE, BLOCKS, 0)
_SOURCES = several(shape({"type": one_of("url"), "url": address, "text": string(256)}), 50, 0)
_CHUNK = by_type(
    {
        "markdown_text": shape({"text": string(12_000)}),
        "task_update": shape(
            {"id": string(255, 1), "title": string(256)},
            {
                "status": one_of("pending", "in_progress", "complete", "error"),
                "details": string(256),
                "output": string(256),
                "sources": _SOURCES,
            },
        ),
        "plan_update": shape({"title": string(256)}),
        "blocks": shape({"blocks": _MESSAGE_BLOCKS}),
    },
    "chunk",
)
_CHUNKS = several(_CHUNK, 100, 0)


def check_text(text: object, longest: int) -> None:
    """A message's text. Raises `msg_too_long`."""
    if text is not None and not isinstance(text, str):
        raise SlackRefusal("invalid_arguments", "[ERROR] must be a string: text")
    if text is not None and len(text) > longest:
        raise SlackRefusal("msg_too_long")


def check_blocks(blocks: object) -> None:
    """A message's blocks. Raises `invalid_blocks_format`, `invalid_blocks`, `msg_blocks_too_long`."""
    if blocks is None:
        return
    if not isinstance(blocks, list):
        raise SlackRefusal("invalid_blocks_format")
    if sum(len(text) for text in _shown(blocks)) > LONGEST_TOGETHER:
        raise SlackRefusal("msg_blocks_too_long")
    wrongs: list[str] = []
    _MESSAGE_BLOCKS(blocks, "", wrongs)
    wrongs += twice(blocks)
    if wrongs:
        raise SlackRefusal("invalid_blocks", *wrongs)


def twice(blocks: list[Any]) -> list[str]:
    """The block ids that stand twice in a message or view, and the action ids that stand twice in one of its blocks.

    "Each action_id should be unique among all other action_ids in the containing block":
    docs.slack.dev/reference/block-kit/block-elements/button-element
    """
    every = list(blocks_in(blocks))
    wrongs = [f"[ERROR] duplicate block_id: {name}" for name in _repeated([block.get("block_id") for block in every])]
    for block in every:
        names = [element.get("action_id") for element in elements_in(block)]
        wrongs += [f"[ERROR] duplicate action_id: {name}" for name in _repeated(names)]
    return wrongs


def _repeated(names: list[Any]) -> list[str]:
    seen: set[str] = set()
    again = []
    for name in names:
        if isinstance(name, str):
            if name in seen:
                again.append(name)
            seen.add(name)
    return again


def _shown(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _shown(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "text" and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from _shown(value)


def check_attachments(attachments: object) -> None:
    """A message's attachments, of the older kind. Raises `invalid_attachments`, `too_many_attachments`."""
    if attachments is None:
        return
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise SlackRefusal("invalid_attachments")
    if len(attachments) > 100:
        raise SlackRefusal("too_many_attachments")
    for each in attachments:
        check_blocks(each.get("blocks"))


def check_chunks(chunks: object) -> None:
    """The chunks of a stream. Raises `invalid_chunks`, `msg_too_long`."""
    if chunks is None:
        return
    if not isinstance(chunks, list):
        raise SlackRefusal("invalid_chunks")
    for chunk in chunks:
        if isinstance(chunk, dict) and chunk.get("type") == "markdown_text":
            check_text(chunk.get("text"), 12_000)
        if isinstance(chunk, dict) and chunk.get("type") == "blocks":
            check_blocks(chunk.get("blocks"))
    wrongs: list[str] = []
    _CHUNKS(chunks, "", wrongs)
    if wrongs:
        raise SlackRefusal("invalid_chunks", *wrongs)


def check_metadata(metadata: object) -> None:
    """A message's metadata. Raises `invalid_metadata_format`, `invalid_metadata_schema`, `metadata_too_large`."""
    if metadata is None or metadata == {}:
        return
    if not isinstance(metadata, dict):
        raise SlackRefusal("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if set(metadata) - {"event_type", "event_payload", "entities"} or not isinstance(kind, str) or not kind:
        raise SlackRefusal("invalid_metadata_schema")
    if not isinstance(payload, dict):
        raise SlackRefusal("invalid_metadata_schema")
    if len(json.dumps(metadata)) > 16_384:
        raise SlackRefusal("metadata_too_large")

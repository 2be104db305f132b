"""Single blocks, made by the SDK's models so that its own validation runs; plain text is never formatted or parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownBlock,
    PlainTextObject,
    SectionBlock,
)

from slack_app.views.measure import pieces, shortened, size

Blocks: TypeAlias = tuple[dict[str, Any], ...]

SECTION = 2900
"""Of the 3000 characters that a section may hold."""
FIELD = 1900
"""Of the 2000 characters that one field of a section may hold."""
HEADER = 150
LABEL = 75
"""The text on a button."""
VALUE = 2000
"""What a button sends back."""
IN_A_ROW = 25
"""Buttons of one actions block."""
_UNSOUND = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def sound(text: str) -> str:
    """The text without lone surrogates and controls other than tab and line end: one sign stands for each."""
    return _UNSOUND.sub("\ufffd", text)


def drawn_block(block: Block) -> dict[str, Any]:
    """The block as Slack takes it; raises `SlackObjectFormationError` for one that Slack would refuse."""
    made: dict[str, Any] = block.to_dict()
    return made


def plain(text: str) -> PlainTextObject:
    """Text that stays as it is: no formatting, no mention, no link, and `:smile:` is seven characters."""
    return PlainTextObject(text=sound(text), emoji=False)


def text_blocks(text: str) -> Blocks:
    """Plain text, whole, in as many sections as it takes."""
    return tuple(
        drawn_block(SectionBlock(text=plain(piece), expand=True)) for piece in pieces(text, SECTION) if piece.strip()
    )


def heading(text: str) -> Blocks:
    """A heading; where it is too long for one it is ordinary text, whole."""
    if not text.strip():
        return ()
    if size(text) <= HEADER and "\n" not in text:
        return (drawn_block(HeaderBlock(text=plain(text))),)
    return text_blocks(text)


def small(text: str) -> Blocks:
    """A line in small print, whole."""
    return tuple(drawn_block(ContextBlock(elements=[plain(piece)])) for piece in pieces(text, FIELD) if piece.strip())


def markdown(text: str) -> dict[str, Any]:
    """Standard Markdown, at most 12,000 characters; only messages may hold it."""
    return drawn_block(MarkdownBlock(text=text))


def divider() -> dict[str, Any]:
    """A line across."""
    return drawn_block(DividerBlock())


def button(label: str, action_id: str, value: str, style: str | None = None) -> ButtonElement:
    """A button that tells us `action_id` and `value`."""
    return ButtonElement(
        text=plain(shortened(label or "…", LABEL)), action_id=action_id, value=sound(value), style=style
    )


def link_button(label: str, address: str, action_id: str) -> ButtonElement:
    """A button that opens a page of ours in the browser; Slack tells us of it all the same."""
    return ButtonElement(text=plain(shortened(label or "…", LABEL)), action_id=action_id, url=address)


def rows(buttons: Iterable[ButtonElement]) -> Blocks:
    """Buttons side by side. Slack wants every action id once a block: one that comes again starts a new row."""
    found: list[list[ButtonElement]] = []
    for one in buttons:
        if not found or len(found[-1]) >= IN_A_ROW or any(one.action_id == other.action_id for other in found[-1]):
            found.append([])
        found[-1].append(one)
    return tuple(drawn_block(ActionsBlock(elements=row)) for row in found)


def joined(*groups: Sequence[dict[str, Any]]) -> Blocks:
    """Several groups of blocks as one."""
    return tuple(block for group in groups for block in group)

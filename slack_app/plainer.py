"""The same message for a Slack that does not know the newer blocks: nothing is lost but the dress."""

from __future__ import annotations

from typing import Any

from slack_app.views.message import SlackMessage
from slack_app.views.pieces import text_blocks

NOT_DRAWN = frozenset({"invalid_blocks", "invalid_blocks_format"})
"""What Slack says of blocks that it cannot draw."""


def plainer(message: SlackMessage) -> SlackMessage:
    """Markdown as plain text, sources with their addresses in it; without the thumbs. Buttons stay."""
    blocks: list[dict[str, Any]] = []
    for block in message.blocks:
        if block["type"] == "markdown":
            blocks += text_blocks(str(block["text"]))
        elif block["type"] != "context_actions":
            blocks.append(block)
    return SlackMessage(message.text, tuple(blocks))

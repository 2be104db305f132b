"""Blocks read as Slack and as a person would: what is wrong with them, what is written in them, what can be clicked."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from core.plain_text import visible
from simulators.slack.limits.messages import check_blocks, check_text
from simulators.slack.limits.views import VIEWS
from slack_app.views.message import SlackMessage

ACTIVE = re.compile(r"<\s*\\?[!@#]|<\\?(?:\w+:|/?[a-z])", re.IGNORECASE)
"""What Slack or HTML would act on, wherever it stands."""
ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S|\b(?:javascript|mailto|slack|data|tel):\S|"
    r"(?:\bwww\.[\w-]+|[\w.]@[\w-]+|\bevil)\.[a-z]{2,}(?![^\W_])",
    re.IGNORECASE,
)
"""What somebody might turn into a link by themselves."""
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def assert_accepted(messages: Iterable[SlackMessage]) -> None:
    """The SDK and the documented limits take every post as it is."""
    for message in messages:
        blocks = list(message.blocks)
        assert blocks
        assert message.text.strip()
        assert [one.to_dict() for one in Block.parse_all(blocks)] == blocks
        check_blocks(blocks)
        check_text(message.text, 40_000)
        assert sum(len(text) for text in texts_of(blocks)) <= 13_000


def assert_safe(made: str, hosts: frozenset[str]) -> None:
    """Nothing in it acts, read as Markdown or not, decoded or not."""
    for reading in (made, visible(made)):
        assert not ACTIVE.search(reading), reading
    assert "&lt;" not in made.lower()
    assert not re.search(r"(?<!\w)@(?:channel|here|everyone)\b", made)
    for address in links_in(made):
        parts = urlsplit(address)
        assert parts.scheme in ("http", "https"), address
        assert parts.netloc.partition(":")[0] in hosts, address
        assert len(parts.query) <= 64, address
        assert len(parts.fragment) <= 64, address
    assert loose_addresses(made) == []


def assert_view(view: Mapping[str, Any]) -> None:
    """The SDK and the documented limits take the view."""
    assert View(**dict(view)).to_dict() == view
    wrongs: list[str] = []
    VIEWS[view["type"]](view, "", wrongs)
    assert wrongs == []
    assert len(json.dumps(view)) <= 250_000
    # Slack wants an action id once a block: every entry of a list may have the same button.
    assert all(len(ids) == len(set(ids)) for ids in map(_action_ids, view["blocks"]))


def _action_ids(block: Any) -> list[str]:
    return [button["action_id"] for button in buttons_in(block)]


def texts_of(part: Any) -> Iterator[str]:
    """Every text that is drawn, in its order."""
    if isinstance(part, Mapping):
        if isinstance(part.get("text"), str):
            yield part["text"]
        for name in ("text", "fields", "elements", "accessory", "label", "hint", "blocks"):
            if isinstance(part.get(name), Mapping | list | tuple):
                yield from texts_of(part[name])
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for item in part:
            yield from texts_of(item)


def buttons_in(blocks: Any) -> list[dict[str, Any]]:
    """Every button, in its order."""
    if isinstance(blocks, Mapping):
        own = [dict(blocks)] if blocks.get("type") == "button" else []
        return own + [found for value in blocks.values() for found in buttons_in(value)]
    if isinstance(blocks, list | tuple):
        return [found for value in blocks for found in buttons_in(value)]
    return []


def values_of(blocks: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The facts of a card as they can be read back: each label with its whole value."""
    found: list[tuple[str, str]] = []
    parts = re.compile(r"(?P<label>[^\n]*) \((?P<part>\d+) of (?P<parts>\d+)\)\n(?P<value>.*)", re.DOTALL)
    for block in blocks:
        if block["type"] != "section":
            continue
        if "fields" in block:
            shown = [field["text"] for field in block["fields"]]
            found += list(zip(shown[::2], shown[1::2], strict=True))
            continue
        text = block["text"]["text"]
        match = parts.fullmatch(text)
        label, _, value = (match["label"], "", match["value"]) if match else text.partition("\n")
        assert value.startswith(("│ ", "┊ "))
        if match and match["part"] != "1":
            last, begun = found.pop()
            assert last == label
            value = begun + value.removeprefix("┊ ")
        found.append((label, value))
    return [(label, spelled_back(_unbarred(value))) for label, value in found]


def _unbarred(value: str) -> str:
    return value.removeprefix("│ ").replace("\n│ ", "\n") if value.startswith("│ ") else value


def spelled_back(text: str) -> str:
    """The text with blanks and characters that were spelled out for a card in Slack as they were (others stay so)."""
    return re.sub("⟦U\\+(0009|000A|00A0|0026|2423)⟧", lambda match: chr(int(match[1], 16)), text.replace("␣", " "))


def letters(text: str) -> str:
    """What of a text is certainly seen: its letters and digits, in their order."""
    return "".join(letter for letter in html.unescape(visible(text)) if letter.isalnum())


def links_in(markdown: str) -> list[str]:
    """Where a Markdown reader would let people click, images included; and what it would show as an address."""
    found: list[str] = []
    for token in _flat(_MARKDOWN.parse(markdown)):
        for name in ("href", "src"):
            if address := token.attrGet(name):
                found.append(str(address))
        assert token.type not in ("image", "html_inline", "html_block"), token
    return found


def loose_addresses(markdown: str) -> list[str]:
    """Addresses that stand in the text by themselves: neither the words of a link nor code."""
    found: list[str] = []
    depth = 0
    for token in _flat(_MARKDOWN.parse(markdown)):
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and not depth:
            found += ADDRESS.findall(token.content)
    return found


def _flat(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.children:
            yield from _flat(token.children)
        else:
            yield token

"""Emoji as Slack has them: whatever a person types, the text holds a short name and the rich text its code points."""

from __future__ import annotations

import re
from typing import Any

SHORT_NAMES = {
    "👍": "+1",
    "👎": "-1",
    "😊": "blush",
    "🙂": "slightly_smiling_face",
    "🙏": "pray",
    "🎉": "tada",
    "😡": "rage",
    "❤️": "heart",
    "✅": "white_check_mark",
    "😭": "sob",
}
"""Those that people of the simulation type; others stay as they are typed."""
_TONES = {"🏻": 2, "🏼": 3, "🏽": 4, "🏾": 5, "🏿": 6}
_KNOWN = re.compile(f"({'|'.join(map(re.escape, SHORT_NAMES))})([{''.join(_TONES)}]?)")


def short_named(text: str) -> str:
    """The text of the message: `:+1:` for 👍, `:+1::skin-tone-3:` for 👍🏼."""
    return _KNOWN.sub(lambda match: f":{SHORT_NAMES[match[1]]}:{_tone(match[2])}", text)


def rich_elements(text: str) -> list[dict[str, Any]]:
    """The elements of a rich text section."""
    elements: list[dict[str, Any]] = []
    end = 0
    for match in _KNOWN.finditer(text):
        elements += _words(text[end : match.start()])
        points = "-".join(f"{ord(sign):x}" for sign in match.group())
        skin = {"skin_tone": _TONES[match[2]]} if match[2] else {}
        elements.append({"type": "emoji", "name": SHORT_NAMES[match[1]], "unicode": points} | skin)
        end = match.end()
    return [*elements, *_words(text[end:])]


def _words(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []


def _tone(sign: str) -> str:
    return f":skin-tone-{_TONES[sign]}:" if sign else ""

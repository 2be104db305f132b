"""Markdown as the words alone: for notifications, for App Home, and wherever Slack draws no Markdown."""

from __future__ import annotations

import html
import re

from slack_app.views.code_marks import FENCE
from slack_app.views.measure import shortened
from slack_app.views.safe_text import safe_markdown

LONGEST = 3000
"""Of a notification; Slack cuts at 40,000."""
_READ = 2 * LONGEST
"""So much of a text is looked at for one."""

_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?)+", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)([^\n]*?\S)\1(?!\w)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_RULE = re.compile(r"^[ \t]*\|?[ \t:|-]*-{2,}[ \t:|-]*$\n?", re.MULTILINE)


def words_of(markdown: str) -> str:
    """The text without its marks; an address stands behind the words that it was under."""
    text = safe_markdown(markdown, frozenset())
    text = "\n".join(line for line in text.split("\n") if not line.startswith(FENCE))
    text = _LINE_MARK.sub("", _RULE.sub("", text.replace("`", "")))
    for _ in range(3):
        text = _EMPHASIS.sub(r"\2", text)
    return re.sub(r"\n{3,}", "\n\n", _ESCAPED.sub(r"\1", text)).strip()


def notice_of(markdown: str) -> str:
    """The text of a notification. Slack reads mentions in it too, so what could be one is written as an entity."""
    begun = markdown if len(markdown) <= _READ else f"{markdown[:_READ]}…"
    return html.escape(shortened(words_of(begun), LONGEST), quote=False)

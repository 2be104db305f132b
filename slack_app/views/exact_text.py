"""Values as somebody must see them who decides on them: nothing in a value can pass for a line of the card around it.

`core.plain_text.reveal` has spelled out what cannot be seen. What Slack itself might change or hide is left to do here:
blanks that it may run together or that push text onto a new line, line breaks that could begin a false label, and
entities that it may show as the sign they stand for.
"""

from __future__ import annotations

import re

BLANK = "␣"
"""Stands for one space, where there are several or where one begins or ends a line."""
BAR = "│ "
"""Before every line of a value that has more than one."""
GOES_ON = "┊ "
"""Before the rest of a line that was begun in the block above."""

_SPELLED = re.compile("[\t\u00a0␣]|&(?=(?:amp|lt|gt|quot|#\\w{1,8});)")
_BLANKS = re.compile(r"^ +| +$| {2,}", re.MULTILINE)


def exact(text: str) -> str:
    """The text with everything visible that Slack might show otherwise; ordinary text stays as it is."""
    text = _SPELLED.sub(_code_point, text)
    return _BLANKS.sub(lambda match: BLANK * len(match.group()), text)


def exact_line(text: str) -> str:
    """The same for a title or a label: a line break is spelled out."""
    return exact(text).replace("\n", "⟦U+000A⟧")


def barred(text: str) -> str:
    """The text with a bar before each of its lines."""
    return BAR + text.replace("\n", f"\n{BAR}")


def _code_point(match: re.Match[str]) -> str:
    return f"⟦U+{ord(match.group()):04X}⟧"

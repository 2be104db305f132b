"""Code in Markdown, told apart from text once and written so plainly that no reader of Markdown can see it otherwise.

What is code decides what is a link, and parsers disagree about odd back-ticks. So the text that leaves here has
back-ticks only around code: one pair on one line, or three at the start of a line of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

OPEN, SHUT = "\x01", "\x02"
"""Around the number of something that was lifted out. `core.plain_text.visible` leaves no such character in a text."""

FENCE = "```"
TICK = "'"
"""What becomes of a back-tick that marks no code."""

_FENCE_LINE = re.compile(r"(?P<indent>[ \t]*)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)")
_SPAN = re.compile(r"(?<!`)(?P<marks>`{1,8})(?!`)(?P<code>[^\n]*?)(?<!`)(?P=marks)(?!`)")
_HELD = re.compile(f"{OPEN}(\\d+){SHUT}")
_LANGUAGE = re.compile(r"[\w+#.-]{1,20}")


@dataclass(slots=True)
class Held:
    """What was lifted out of a text and goes back in at the end: ready Markdown, by number.

    `cells`: the text may be a table, where a bar ends a cell and with it what is code.
    """

    parts: list[str] = field(default_factory=list)
    cells: bool = False

    def hold(self, part: str) -> str:
        """Keep a part; returns what stands for it meanwhile."""
        self.parts.append(part)
        return f"{OPEN}{len(self.parts) - 1}{SHUT}"

    def code(self, code: str) -> str:
        """Keep a piece of code."""
        return (
            "|".join(self.hold(code_span(part)) for part in code.split("|"))
            if self.cells
            else self.hold(code_span(code))
        )

    def released(self, text: str) -> str:
        """The text with every part back in its place, apart from what would change its meaning right before it."""
        text = re.sub(f"(?<=[\\\\!{SHUT}]){OPEN}", f" {OPEN}", text)
        while _HELD.search(text):  # a link may hold code: at most twice
            text = _HELD.sub(lambda match: self.parts[int(match.group(1))], text)
        return text


def code_span(code: str) -> str:
    """Code within a line. A back-slash at its end is kept away from the mark that closes it."""
    if not code.strip():
        return code
    # A reader that looks for links before it looks for code finds none in it.
    line = " ".join(code.replace("`", TICK).replace("](", "] (").splitlines())
    return f"`{line} `" if line.endswith("\\") else f"`{line}`"


def lift_spans(text: str, held: Held) -> str:
    """One line of text with its code lifted out, and no back-tick left."""
    lifted = _SPAN.sub(lambda match: held.code(_inner(match["code"])), text) if "`" in text else text
    return lifted.replace("`", TICK)


def _inner(code: str) -> str:
    """Without the one space on both sides that lets code begin with a back-tick."""
    return code[1:-1] if code.strip() and code[:1] == code[-1:] == " " else code


def fenced(lines: list[str]) -> list[tuple[bool, str]]:
    """Every line, and whether it is code; fences stand at the start of a line, and the last one is closed."""
    found: list[tuple[bool, str]] = []
    marks, indent = "", 0
    for line in lines:
        match = _FENCE_LINE.fullmatch(line)
        if not marks and match:
            marks, indent = match["marks"], len(match["indent"])
            info = match["info"].strip()
            found.append((True, f"{FENCE}{info}" if _LANGUAGE.fullmatch(info) else FENCE))
            if info and not _LANGUAGE.fullmatch(info):
                found.append((True, info))
        elif marks and match and match["marks"].startswith(marks) and not match["info"].strip():
            found.append((True, FENCE))
            marks = ""
        elif marks:
            body = line[min(indent, len(line) - len(line.lstrip(" \t"))) :]
            found.append((True, body.replace("`", TICK)))
        else:
            found.append((False, line))
    return [*found, (True, FENCE)] if marks else found

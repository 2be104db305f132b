"""What a case is: who says what to the desk, and what a reasonable person would accept as the reply."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from core.outcomes import Outcome
from core.replies import Citation

_NUMBER = re.compile(r"^(?:(?:article|artikel|art\.|clause|section|chapter|§)\s*)?(\d+(?:\.\d+)*[a-z]?)\b\.?\s*", re.I)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: an employee of the sample staff, or an invented colleague in these groups (beside all-staff)."""

    employee_id: str = ""
    language: str = ""
    groups: tuple[str, ...] = ()
    site: str = ""

    def __str__(self) -> str:
        return self.employee_id or "/".join(part for part in (*self.groups, self.site, self.language) if part)


@dataclass(frozen=True, slots=True)
class Clause:
    """A place in the handbook: any of these documents and, unless empty, the heading in it or just its number."""

    written: str
    paths: tuple[str, ...]
    heading: str = ""

    def is_cited(self, citation: Citation) -> bool:
        """Whether a citation names this place. A path may be given without its folders."""
        return any(citation.path == path or citation.path.endswith(f"/{path}") for path in self.paths) and (
            not self.heading or _same_heading(self.heading, citation.heading)
        )


@dataclass(frozen=True)
class Phrase:
    """Words that must or must not be in the reply; `/…/` is a regular expression. Case and line breaks do not count.

    Plain words must stand by themselves: the figure 8 is not in "80" and not in "0.8", but it is in "8.00".
    """

    written: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Raises `re.error` for a regular expression that is none."""
        if self.is_pattern:
            return re.compile(self.written[1:-1], re.IGNORECASE)
        words = re.escape(" ".join(self.written.split()))
        before = r"(?<![\w])(?<!\d[.,])" if self.written[:1].isalnum() else ""
        after = r"(?![\w])(?![.,](?!00(?!\d))\d)" if self.written[-1:].isalnum() else ""
        return re.compile(before + words + after, re.IGNORECASE)

    @property
    def is_pattern(self) -> bool:
        """Whether it is written as a regular expression."""
        return len(self.written) > 2 and self.written.startswith("/") and self.written.endswith("/")

    def stands_in(self, text: str) -> bool:
        """Whether the (flat) text has it."""
        return self.pattern.search(text) is not None


@dataclass(frozen=True, slots=True)
class Expected:
    """What is accepted. Empty means: not asked. `no_clause` and `no_tool`: nothing may be cited, nothing used.

    Where both `clauses` and `tools` are given, one of the two is enough unless `both`. Of `all_clauses` each must be
    cited.
    """

    outcomes: tuple[Outcome, ...] = ()
    clauses: tuple[Clause, ...] = ()
    all_clauses: tuple[Clause, ...] = ()
    tools: tuple[str, ...] = ()
    both: bool = False
    no_clause: bool = False
    no_tool: bool = False
    says: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether there is something to judge; a case fresh from a conversation has to be filled in first."""
        return self != Expected()


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try. The reply to the last message of `talk` is judged. `line` is where it begins in `file`."""

    file: str
    line: int
    talk: tuple[str, ...]
    asker: Person
    expected: Expected
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def question(self) -> str:
        """The message whose reply is judged, after what was said before."""
        return " → ".join(self.talk)

    @property
    def key(self) -> str:
        """The same question of the same asker in the same file has the same key in every run, wherever it stands."""
        whole = "\x1f".join((self.file, str(self.asker), *self.talk))
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Suite:
    """One file of cases. `handbook` is the folder of documents they are about (None: the sample handbook), `today` the
    day they are asked on (None: today).
    """

    name: str
    cases: tuple[Case, ...]
    handbook: Path | None = None
    today: date | None = None


def _same_heading(wanted: str, heading: str) -> bool:
    wanted, heading = " ".join(wanted.split()).casefold(), " ".join(heading.split()).casefold()
    if wanted == heading or wanted == _NUMBER.sub("", heading):
        return True
    number = _NUMBER.match(heading)
    return number is not None and wanted == number[1]

"""How much of what is wrong the answer check catches, and how much of what is true it drops."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from agent.answer_check import Source, check
from core.errors import ConfigError
from loket.bench import Row
from policies.passages import Section, sections
from policies.reading import frontmatter
from policies.reading.language import detect

TUNING, HELD_OUT = "tuning", "held out"
BESIDE = 4
"""Other passages that stand beside the right one, as in a turn."""

_LANGUAGES = re.compile(r"answer_(en|nl)_on_(en|nl)$")
_FIGURE = re.compile(r"(?<![\w.,:/@-])(\d{1,3})(?![\w:/@]|[.,]\d| 555| 0100)")


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence with the passages it may cite. `kind` is `true`, or what was done to it."""

    kind: str
    said: str
    language: str
    sources: tuple[Source, ...]
    cites: int
    half: str
    pair: str

    @property
    def true(self) -> bool:
        """Whether the sentence should stay."""
        return self.kind == "true"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the check did with a case, and why it dropped the sentence (empty when it stayed)."""

    case: Case
    kept: bool
    reason: str

    @property
    def right(self) -> bool:
        """A true sentence stayed, or a wrong one went."""
        return self.kept == self.case.true


def run_case(case: Case) -> Outcome:
    """Hold one case against its passages."""
    checked = check(f"{case.said} [{case.cites}]", case.sources, case.language)
    return Outcome(case, bool(checked.kept), checked.dropped[0].reason if checked.dropped else "")


def written_cases(folder: Path, handbook: Path) -> list[Case]:
    """The cases in `answer_*_on_*.yaml` of `folder` on the documents of `handbook`, and those made of them by rule.

    Raises `ConfigError` when a file is not there or a case names a section that is not.
    """
    files = sorted(folder.glob("answer_*_on_*.yaml"))
    if not files or not handbook.is_dir():
        raise ConfigError(f"no answer_*_on_*.yaml in {folder}, or no handbook in {handbook}")
    shelf = Shelf(handbook)
    return [case for file in files for case in _cases_of(file, shelf)]


def rows_of(outcomes: Sequence[Outcome], what: str) -> list[Row]:
    """Rows for one set: the true sentences dropped, the wrong ones caught, and the kinds that were missed."""
    true = [outcome for outcome in outcomes if outcome.case.true]
    wrong = [outcome for outcome in outcomes if not outcome.case.true]
    missed = Counter(outcome.case.kind for outcome in wrong if not outcome.right)
    of = Counter(outcome.case.kind for outcome in wrong)
    rows = [
        Row(f"{what}: wrong sentences caught", share(sum(o.right for o in wrong), len(wrong)), "at least 95 %"),
        Row(f"{what}: true sentences dropped", share(sum(not o.right for o in true), len(true)), "at most 10 %"),
    ]
    return rows + [Row(f"{what}: {kind} missed", f"{count} of {of[kind]}") for kind, count in missed.most_common()]


def share(count: int, total: int) -> str:
    """`n of N (x %)`."""
    return f"{count} of {total} ({100 * count / max(1, total):.1f} %)"


def half_of(said: str) -> str:
    """Which half a true sentence and all that is made of it belong to: by a fixed hash, so that nobody chooses."""
    return TUNING if hashlib.sha256(said.encode()).digest()[0] % 2 else HELD_OUT


class Shelf:
    """The sections of a folder of Markdown documents."""

    def __init__(self, folder: Path) -> None:
        self._documents: dict[str, tuple[str, list[Section]]] = {}
        for file in sorted(folder.rglob("*.md")):
            front, body = frontmatter.split(file.read_text(encoding="utf-8"), file.name)
            language = frontmatter.parse(front, file.name).language if front else ""
            self._documents[file.stem] = (language or detect(body, "en"), sections(body))

    def __iter__(self) -> Iterator[tuple[str, str, list[Section]]]:
        for name, (language, parts) in self._documents.items():
            yield name, language, parts

    def section(self, at: str) -> tuple[str, Section]:
        """The language and the section of `document#number`. Raises `ConfigError`."""
        name, _, number = at.partition("#")
        language, parts = self._documents.get(name, ("", []))
        for part in parts:
            if part.heading.startswith(f"{number} ") or (number == "0" and not part.heading_path):
                return language, part
        raise ConfigError(f"there is no section {at}")

    def others(self, at: str, count: int) -> list[tuple[str, Section]]:
        """Sections of other documents, chosen by a hash of `at`."""
        name = at.partition("#")[0]
        found = [
            (hashlib.sha256(f"{at} {other} {part.heading}".encode()).hexdigest(), language, part)
            for other, (language, parts) in self._documents.items()
            if other != name
            for part in parts
        ]
        return [(language, part) for _, language, part in sorted(found, key=lambda one: one[0])[:count]]


def _cases_of(file: Path, shelf: Shelf) -> Iterator[Case]:
    spoken = _LANGUAGES.search(file.stem)
    if not spoken:
        raise ConfigError(f"{file.name} should be named answer_LANGUAGE_on_LANGUAGE.yaml")
    pair = file.stem.removeprefix("answer_").replace("_", " ")
    for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
        said = " ".join(entry["say"].split())
        sources, cites = sources_for(shelf, entry["at"])
        wrong = [(kind, " ".join(text.split())) for kind, text in entry["not"].items()]
        for kind, text in [("true", said), *wrong, *_made(said)]:
            yield Case(kind, text, spoken[1], sources, cites, half_of(said), pair)
        elsewhere = next(source.number for source in sources if source.number != cites)
        yield Case("citation", said, spoken[1], sources, elsewhere, half_of(said), pair)


def sources_for(shelf: Shelf, at: str) -> tuple[tuple[Source, ...], int]:
    """The section with others around it, numbered as a turn would, and the number of the right one."""
    own = shelf.section(at)
    passages = shelf.others(at, BESIDE)
    place = hashlib.sha256(at.encode()).digest()[1] % (BESIDE + 1)
    passages.insert(place, own)
    sources = tuple(
        Source(number, part.text, language, part.heading) for number, (language, part) in enumerate(passages, start=1)
    )
    return sources, place + 1


def _made(said: str) -> Iterable[tuple[str, str]]:
    """Wrong sentences that a rule makes reliably of a true one."""
    if figure := _FIGURE.search(said):
        value = int(figure[1])
        yield "number made", said[: figure.start(1)] + str(value + (7 if value > 9 else 1)) + said[figure.end(1) :]
    ending = said.rstrip(".")
    contacts = (" (form: https://dhb-forms.example/start)", ", mail j.smit@dhb-hr.example", ", or call 06 2345 6789")
    yield "contact made", f"{ending}{contacts[hashlib.sha256(said.encode()).digest()[1] % 3]}."
    yield "source made", f"{ending} (source: HR handbook 2026)."

"""A YAML file of cases, read strictly: every problem names its line and says how to put it right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from core.errors import ConfigError
from core.outcomes import Outcome
from loket.evaluation.cases import Case, Clause, Expected, Person, Phrase, Suite
from loket.evaluation.lined_yaml import VERSION, Entry, entries

SHOWN = 12
LANGUAGES = ("en", "nl")
NONE = "none"
_TOP = ("version", "handbook", "today", "documents", "cases")
_CASE = (
    *("question", "talk", "as", "outcome", "clause", "all_clauses", "tool", "match", "says", "never"),
    *("language", "tags", "note"),
)
_PERSON = ("language", "groups", "site")


@dataclass
class _Reader:
    """One file being read. `problems` are whole lines for the person who wrote it."""

    name: str
    tools: frozenset[str]
    documents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def problem(self, line: int, sentence: str) -> None:
        self.problems.append(f"{self.name} line {line}: {sentence}")


def read_suite(file: Path, tools: frozenset[str]) -> Suite:
    """The cases of a file. `tools` are the names that there are. Raises `ConfigError` with a line for each problem."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
    return parse_suite(text, file, tools)


def parse_suite(text: str, file: Path, tools: frozenset[str]) -> Suite:
    """As `read_suite`, of text that would stand in `file`."""
    reader = _Reader(file.name, tools)
    top, found = entries(text, file.name)
    _unknown_keys(reader, top, _TOP)
    if top.values.get("version") != VERSION:
        reader.problem(top.at("version"), f"write `version: {VERSION}` at the top")
    reader.documents = _documents(reader, top)
    suite = Suite(
        name=file.stem,
        cases=tuple(case for entry in found if (case := _case(reader, entry)) is not None),
        handbook=_handbook(reader, top, file.parent),
        today=_today(reader, top),
    )
    _doubles(reader, suite)
    if reader.problems:
        more = len(reader.problems) - SHOWN
        lines = reader.problems[:SHOWN] + ([f"… and {more} more"] if more > 0 else [])
        raise ConfigError("\n  ".join([f"{len(reader.problems)} problems in {file}:", *lines]))
    return suite


def _unknown_keys(reader: _Reader, entry: Entry, known: tuple[str, ...]) -> None:
    for key in entry.values:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}"
            reader.problem(entry.at(str(key)), f"there is no `{key}`; {hint}")


def _documents(reader: _Reader, top: Entry) -> dict[str, tuple[str, ...]]:
    given = top.values.get("documents") or {}
    if not isinstance(given, dict):
        reader.problem(top.at("documents"), "`documents` gives names to files, as `leave: [leave-2026.md, verlof.md]`")
        return {}
    return {str(name): _texts(reader, top, "documents", value) for name, value in given.items()}


def _handbook(reader: _Reader, top: Entry, beside: Path) -> Path | None:
    given = top.values.get("handbook")
    if given is None:
        return None
    folder = beside / str(given)
    if not folder.is_dir():
        reader.problem(top.at("handbook"), f"there is no folder {folder}; give it relative to this file")
    return folder


def _today(reader: _Reader, top: Entry) -> date | None:
    given = top.values.get("today")
    if given is not None and type(given) is not date:
        reader.problem(top.at("today"), "`today` is a day, as 2026-11-26, without quotes")
        return None
    return given


def _case(reader: _Reader, entry: Entry) -> Case | None:
    before = len(reader.problems)
    _unknown_keys(reader, entry, _CASE)
    case = Case(
        file=reader.name,
        line=entry.line,
        talk=_talk(reader, entry),
        asker=_asker(reader, entry),
        expected=_expected(reader, entry),
        tags=_texts(reader, entry, "tags", entry.values.get("tags")),
        note=str(entry.values.get("note") or ""),
    )
    return case if len(reader.problems) == before else None


def _talk(reader: _Reader, entry: Entry) -> tuple[str, ...]:
    if ("question" in entry.values) == ("talk" in entry.values):
        reader.problem(entry.line, "give either `question`, or `talk` with several messages in a row")
        return ()
    key = "question" if "question" in entry.values else "talk"
    said = _texts(reader, entry, key, entry.values[key])
    if not said or not all(text.strip() for text in said):
        reader.problem(entry.at(key), f"`{key}` is empty; write what the person types")
    return said


def _asker(reader: _Reader, entry: Entry) -> Person:
    given = entry.values.get("as")
    if isinstance(given, str) and given:
        return Person(given)
    if isinstance(given, dict):
        _unknown_keys(reader, Entry(entry.at("as"), given, {}), _PERSON)
        language = str(given.get("language") or "")
        if language and language not in LANGUAGES:
            reader.problem(entry.at("as"), f"a colleague's language is one of {', '.join(LANGUAGES)}")
        groups = _texts(reader, entry, "as", given.get("groups"))
        return Person(language=language, groups=groups, site=str(given.get("site") or ""))
    reader.problem(
        entry.at("as"), "say who asks: `as: E1002`, or `as: {groups: [managers], language: nl}` for any such colleague"
    )
    return Person()


def _expected(reader: _Reader, entry: Entry) -> Expected:
    values = entry.values
    clauses = _texts(reader, entry, "clause", values.get("clause"))
    tools = _texts(reader, entry, "tool", values.get("tool"))
    match = values.get("match", "any")
    if match not in ("any", "both"):
        reader.problem(entry.at("match"), "`match` is `any` (clause or tool, the usual) or `both`")
    for name in tools:
        if name not in reader.tools and name != NONE:
            reader.problem(entry.at("tool"), _unknown(name, "tool", reader.tools | {NONE}))
    return Expected(
        outcomes=_outcomes(reader, entry),
        clauses=_clauses(reader, entry, "clause", tuple(one for one in clauses if one != NONE)),
        all_clauses=_clauses(
            reader, entry, "all_clauses", _texts(reader, entry, "all_clauses", values.get("all_clauses"))
        ),
        tools=tuple(name for name in tools if name != NONE),
        both=match == "both",
        no_clause=NONE in clauses,
        no_tool=NONE in tools,
        says=_phrases(reader, entry, "says"),
        never=_phrases(reader, entry, "never"),
        languages=_one_of(reader, entry, "language", LANGUAGES),
    )


def _outcomes(reader: _Reader, entry: Entry) -> tuple[Outcome, ...]:
    return tuple(Outcome(name) for name in _one_of(reader, entry, "outcome", tuple(one.value for one in Outcome)))


def _one_of(reader: _Reader, entry: Entry, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    given = _texts(reader, entry, key, entry.values.get(key))
    for name in given:
        if name not in known:
            reader.problem(entry.at(key), _unknown(name, key, frozenset(known)))
    return tuple(name for name in given if name in known)


def _unknown(name: str, what: str, known: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(sorted(known))}"
    return f"there is no {what} `{name}`; {hint}"


def _clauses(reader: _Reader, entry: Entry, key: str, given: tuple[str, ...]) -> tuple[Clause, ...]:
    found = []
    for written in given:
        name, _, heading = written.partition("#")
        name = name.strip()
        paths = reader.documents.get(name, (name,))
        if not Path(paths[0]).suffix:
            reader.problem(
                entry.at(key), f"`{name}` is no file; write `leave-2026.md#3`, or name several files under `documents:`"
            )
        found.append(Clause(written, paths, heading.strip()))
    return tuple(found)


def _phrases(reader: _Reader, entry: Entry, key: str) -> tuple[Phrase, ...]:
    found = tuple(Phrase(text) for text in _texts(reader, entry, key, entry.values.get(key)))
    for phrase in found:
        try:
            _ = phrase.pattern
        except re.error as error:
            reader.problem(entry.at(key), f"{phrase.written} is no regular expression: {error}")
    return found


def _texts(reader: _Reader, entry: Entry, key: str, given: object) -> tuple[str, ...]:
    """One text or several. What YAML took for a number with a fraction, a date or a yes is not what was written."""
    if given is None:
        return ()
    found = []
    for value in given if isinstance(given, list) else [given]:
        if isinstance(value, str) or type(value) is int:
            found.append(str(value))
        else:
            reader.problem(entry.at(key), f"put {value!r} in quotes: as it stands it is not text")
    return tuple(found)


def _doubles(reader: _Reader, suite: Suite) -> None:
    seen: dict[str, Case] = {}
    for case in suite.cases:
        if (first := seen.setdefault(case.key, case)) is not case:
            reader.problem(case.line, f"the same question by the same person stands in line {first.line}; drop one")

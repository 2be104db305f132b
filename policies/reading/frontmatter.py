"""The front matter of a document: YAML between two `---` lines, checked key by key, errors with their line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from core.errors import DocumentError
from core.plain_text import visible
from policies.records import AUTHORITIES, DEFAULT_AUTHORITY, KINDS, POLICY, Header

MAX_CHARS = 64_000
MOST_QUESTIONS, QUESTION_CHARS = 30, 150
MOST_KEYWORDS, KEYWORD_CHARS = 30, 40
"""A document may bring so many phrases and no more: each can win a search, and stuffing in all would win every one."""
NAME_CHARS = 200
_KEY_LINE = re.compile(r"^[A-Za-z_][\w -]{0,60}:(\s|$)")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_LANGUAGE = re.compile(r"^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?$")


class _Loader(yaml.SafeLoader):
    """Scalars stay text (no dates, no yes/no), so that a wrong date is ours to report."""


_Loader.yaml_implicit_resolvers = {}


def split(text: str, path: str) -> tuple[str, str]:
    """(front matter, body) of a document. Raises DocumentError when front matter is opened and never closed."""
    lines = text.split("\n")
    if not lines or lines[0].rstrip() != "---":
        return "", text
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in ("---", "..."):
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    if len(lines) > 1 and _KEY_LINE.match(lines[1]):
        raise DocumentError(path, "the front matter opened on line 1 is never closed; add a line with only '---'.")
    return "", text


def parse(front_matter: str, path: str, first_line: int = 2) -> Header:
    """The header in a piece of YAML. Unknown keys are left alone. Raises DocumentError naming the line to mend."""
    values, lines = _load(front_matter, path, first_line)
    return header(values, path, lines)


def header(values: Mapping[str, Any], path: str, lines: Mapping[str, int] | None = None) -> Header:
    """A header from loaded values; `lines` says on which line each key stands. Raises DocumentError."""
    read = _Values(values, path, lines or {})
    phrases = _Phrases(read)
    return Header(
        document_id=read.text("id"),
        title=read.text("title"),
        address=read.text("address", longest=2_000),
        owner=read.text("owner"),
        contact=read.text("contact"),
        audience=frozenset(read.names("audience", may_be_empty=False)),
        applies_to=read.mapping("applies_to"),
        language=read.language(),
        effective_from=read.date("effective_from"),
        effective_until=read.date("effective_until"),
        supersedes=read.names("supersedes"),
        authority=read.authority(),
        questions=phrases.questions,
        keywords=phrases.keywords,
        kind=read.kind(),
        rests_on=read.names("rests_on"),
        pair=read.text("pair"),
        notes=tuple(phrases.notes),
    )


def _load(front_matter: str, path: str, first_line: int) -> tuple[dict[str, Any], dict[str, int]]:
    if len(front_matter) > MAX_CHARS:
        raise DocumentError(path, "the front matter is over 64,000 characters; move text below the second '---'.")
    try:
        node = yaml.compose(front_matter, Loader=_Loader)
        values = yaml.load(front_matter, Loader=_Loader)  # noqa: S506 - a SafeLoader without resolvers
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        raise DocumentError(path, f"the front matter is not valid YAML at line {line} ({error.problem}).") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DocumentError(path, "the front matter is not valid YAML; check its brackets and quotes.") from error
    if values is None or values == "":
        return {}, {}
    if not isinstance(values, dict) or not isinstance(node, yaml.MappingNode):
        raise DocumentError(path, f"the front matter at line {first_line} must be 'key: value' lines.")
    lines = {str(key.value): first_line + key.start_mark.line for key, _value in node.value}
    return {str(key): value for key, value in values.items()}, lines


class _Values:
    """Reads one key after the other and says on which line a wrong one stands."""

    def __init__(self, values: Mapping[str, Any], path: str, lines: Mapping[str, int]) -> None:
        self._values = values
        self._path = path
        self._lines = lines

    def _wrong(self, key: str, sentence: str) -> DocumentError:
        line = self._lines.get(key)
        return DocumentError(self._path, f"{key}{f' on line {line}' if line else ''}: {sentence}")

    def text(self, key: str, longest: int = NAME_CHARS) -> str:
        value = self._values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(key, "must be one piece of text.")
        return " ".join(visible(value).split())[:longest]

    def names(self, key: str, *, may_be_empty: bool = True) -> tuple[str, ...]:
        value = self._values.get(key)
        if value is None or value == "":
            if key in self._values and not may_be_empty:
                raise self._wrong(key, "is empty; name at least one group, or leave the key out.")
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and visible(item).strip() for item in items):
            raise self._wrong(key, "must be a list of names, such as [all-staff, hr].")
        if not items and not may_be_empty:
            raise self._wrong(key, "is empty; name at least one group, or leave the key out.")
        return tuple(dict.fromkeys(" ".join(visible(item).split()) for item in items))

    def phrases(self, key: str) -> tuple[str, ...]:
        """A list that decides nothing about rights or dates: entries of another shape are left out, not refused."""
        value = self._values.get(key)
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
        found = (" ".join(visible(item).split()) for item in items if isinstance(item, str))
        return tuple(dict.fromkeys(phrase for phrase in found if phrase))

    def mapping(self, key: str) -> Mapping[str, object]:
        value = self._values.get(key)
        if value is None or value == "":
            return {}
        if isinstance(value, dict):
            return {str(name): _names_only(entry) for name, entry in value.items()}
        if isinstance(value, str):
            return {"who": [value]}
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return {"who": value}
        raise self._wrong(key, "must be a list, or groups of lists such as {site: [North], contract: [permanent]}.")

    def date(self, key: str) -> date | None:
        value = self._values.get(key)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, str) and _DATE.match(value.strip()):
                return date.fromisoformat(value.strip())
        except ValueError:
            pass  # a date-like text that is no day of the calendar: reported like any other below
        raise self._wrong(key, f"{str(value)[:40]!r} is not a date; write it as 2026-01-31.")

    def language(self) -> str:
        value = self.text("language")
        if value and not _LANGUAGE.match(value):
            raise self._wrong("language", f"{value!r} is not a language code; write en, nl, …")
        return value[:2].lower()

    def kind(self) -> str:
        value = self.text("kind").lower() or POLICY
        if value not in KINDS:
            raise self._wrong("kind", f"{value!r} is unknown; write one of {', '.join(KINDS)}.")
        if value != POLICY and not self.phrases("questions"):
            raise self._wrong("kind", "an answer needs `questions:`, the phrases it is the answer to.")
        return value

    def authority(self) -> str:
        value = self.text("authority").lower() or DEFAULT_AUTHORITY
        if value not in AUTHORITIES:
            raise self._wrong("authority", f"{value!r} is unknown; write one of {', '.join(AUTHORITIES)}.")
        return value


class _Phrases:
    """What people ask a document by: `questions`, and as keywords `keywords`, `tags` and questions of one word.

    Phrases of the same words count once, and only so many of them: `notes` say what was left out.
    """

    def __init__(self, read: _Values) -> None:
        self.notes: list[str] = []
        asked = [phrase for phrase in read.phrases("questions") if "@" not in phrase]
        words = [phrase for phrase in asked if " " not in phrase]
        phrases = [phrase for phrase in asked if " " in phrase]
        self.questions = self._capped("questions", phrases, MOST_QUESTIONS, QUESTION_CHARS)
        self.keywords = self._capped(
            "keywords", [*read.phrases("keywords"), *read.phrases("tags"), *words], MOST_KEYWORDS, KEYWORD_CHARS
        )

    def _capped(self, key: str, phrases: list[str], most: int, longest: int) -> tuple[str, ...]:
        fitting = [phrase for phrase in phrases if len(phrase) <= longest]
        distinct = {" ".join(sorted(set(phrase.lower().split()))): phrase for phrase in reversed(fitting)}
        kept = tuple(reversed(distinct.values()))[:most]
        if left := len(phrases) - len(fitting) + len(distinct) - len(kept):
            self.notes.append(
                f"{key}: {left} of {len(phrases)} left out; at most {most} count, of at most {longest} characters each."
            )
        return kept


def _names_only(entry: object) -> list[str]:
    return [str(item) for item in entry] if isinstance(entry, list) else [str(entry)]

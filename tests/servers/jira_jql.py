"""JQL as Jira reads it, as far as Loket uses it: strict, so that a value which is more than a value shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<operator>!=|>=|<=|=|~|<|>)|(?P<mark>[(),])|(?P<word>[A-Za-z0-9_.\[\]-]+))""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r'[+\-&|!(){}\[\]^~*?\\:/"]')
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", " ": " "}
FIELDS = {"project", "labels", "description", "reporter", "statusCategory", "component", "updated", "created"}
Test = Callable[[Mapping[str, Any]], bool]


class BadJql(Exception):
    """Jira would answer 400."""


@dataclass
class Query:
    """A parsed query: whether an issue fits, how to order, every quoted value, every clause (field,
    operator), and every comparison (field, value)."""

    fits: Test
    order: str
    descending: bool
    bounded: bool
    literals: list[str] = field(default_factory=list)
    clauses: list[tuple[str, str]] = field(default_factory=list)
    compared: list[tuple[str, str]] = field(default_factory=list)


def parse(text: str, age_of: Callable[[Any], float]) -> Query:
    """Read a query. `age_of` says how many seconds ago a time was. Raises `BadJql`."""
    return _Reader(_tokens(text), age_of).query()


def unquoted(token: str) -> str:
    """What a quoted string means."""

    def replace(match: re.Match[str]) -> str:
        if match[1] not in ESCAPES:
            raise BadJql(f"no such escape: \\{match[1]}")
        return ESCAPES[match[1]]

    inside = token[1:-1]
    if any(ord(letter) < 32 for letter in inside):
        raise BadJql("a control character")
    return _ESCAPE.sub(replace, inside)


def contains(text: str, wanted: str) -> bool:
    """`~`: words anywhere in any order, or, in an inner pair of quotes, as a phrase."""
    words = _words(text)
    phrase = re.fullmatch(r'"([^"\\]*)"', wanted)
    if phrase is None:
        if _SPECIAL.search(wanted):
            raise BadJql("a Lucene operator in a value")
        return all(word in words for word in _words(wanted))
    parts = _words(phrase[1])
    return any(words[start : start + len(parts)] == parts for start in range(len(words) - len(parts) + 1))


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"\w+", text)]


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadJql(f"cannot be read at {place}")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        place = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], age_of: Callable[[Any], float]) -> None:
        self._tokens = tokens
        self._place = 0
        self._age_of = age_of
        self._literals: list[str] = []
        self._clauses: list[tuple[str, str]] = []
        self._pairs: list[tuple[str, str]] = []

    def query(self) -> Query:
        fits = self._any()
        order, descending = "", False
        if self._word_is("order"):
            self._take()
            if not self._word_is("by"):
                raise BadJql("ORDER without BY")
            self._take()
            order = self._take()[1]
            if self._word_is("asc") or self._word_is("desc"):
                descending = self._take()[1].lower() == "desc"
        if self._place < len(self._tokens):
            raise BadJql(f"left over: {self._tokens[self._place][1]}")
        return Query(fits, order, descending, bool(self._clauses), self._literals, self._clauses, self._pairs)

    def _any(self) -> Test:
        tests = [self._all()]
        while self._word_is("or"):
            self._take()
            tests.append(self._all())
        return lambda issue: any(test(issue) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._word_is("and"):
            self._take()
            tests.append(self._one())
        return lambda issue: all(test(issue) for test in tests)

    def _one(self) -> Test:
        kind, name = self._take()
        if (kind, name) == ("mark", "("):
            inside = self._any()
            self._expect(")")
            return inside
        if kind != "word" or not (name in FIELDS or re.fullmatch(r"cf\[\d+\]", name)):
            raise BadJql(f"no such field: {name}")
        kind, operator = self._take()
        self._clauses.append((name, operator))
        if kind == "word" and operator.lower() == "in":
            return self._member(name)
        if kind != "operator":
            raise BadJql(f"no operator: {operator}")
        return self._compared(name, operator, self._value())

    def _member(self, name: str) -> Test:
        self._expect("(")
        values = [self._value()]
        while self._peek() == ("mark", ","):
            self._take()
            values.append(self._value())
        self._expect(")")
        return lambda issue: any(value in _of(issue, name) for value in values)

    def _compared(self, name: str, operator: str, value: str) -> Test:
        self._pairs.append((name, value))
        if operator == "~":
            if name not in ("description", "summary") and not name.startswith("cf["):
                raise BadJql(f"{name} cannot be searched by words")
            contains("", value)
            return lambda issue: any(contains(text, value) for text in _of(issue, name))
        if name in ("updated", "created"):
            age = re.fullmatch(r"-(\d+)m", value)
            if operator != ">=" or age is None:
                raise BadJql("a time is compared with a relative one")
            return lambda issue: self._age_of(issue[name]) <= int(age[1]) * 60
        if operator == "=":
            return lambda issue: value in _of(issue, name)
        if operator == "!=" and name == "statusCategory":
            return lambda issue: value not in _of(issue, name)
        raise BadJql(f"{name} {operator}")

    def _value(self) -> str:
        kind, text = self._take()
        if kind == "string":
            value = unquoted(text)
            self._literals.append(value)
            return value
        if kind != "word" or text.lower() in ("and", "or", "order", "by", "in", "not", "empty", "null"):
            raise BadJql(f"no value: {text}")
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")

    def _word_is(self, word: str) -> bool:
        kind, text = self._peek()
        return kind == "word" and text.lower() == word

    def _take(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise BadJql("it ends too soon")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, mark: str) -> None:
        if self._take() != ("mark", mark):
            raise BadJql(f"{mark} is missing")


def _of(issue: Mapping[str, Any], name: str) -> list[str]:
    value = issue.get(name, "")
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [str(value)]

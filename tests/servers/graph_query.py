"""Reading `$filter` and `$search` as Graph documents them; whatever is not documented is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_FILTER = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    r"|(?P<any>/any\((?P<name>[a-z]):)|(?P<word>[A-Za-z][A-Za-z0-9/]*?(?=/any\(|[^A-Za-z0-9/]|$))|(?P<sign>[()]))"
)
_SEARCH = re.compile(r'\s*(?:(?P<clause>"(?:[^"\\]|\\["\\])*")|(?P<word>AND|OR)(?![A-Za-z])|(?P<sign>[()]))')


class BadQuery(Exception):
    """Graph would answer 400."""


def tokens(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    """The tokens of a query. Raises `BadQuery` for a rest that is none."""
    found, at = [], 0
    while text[at:].strip():
        match = pattern.match(text, at)
        if match is None or match.lastgroup is None:
            raise BadQuery(f"unexpected: {text[at : at + 20]!r}")
        found.append((match.lastgroup, match["name"] if match.lastgroup == "any" else match[match.lastgroup]))
        at = match.end()
    return found


class Filter:
    """`$filter`: `or`, `and`, parentheses, `eq`, `ge`, `any`. Keeps the `literals` it read."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._tokens = tokens(_FILTER, text)
        self._known = known
        self.literals: list[str] = []
        self.attributes: set[str] = set()
        self.test = self._either("")
        if self._tokens:
            raise BadQuery("something follows the filter")

    def _either(self, inside: str) -> Test:
        tests = [self._both(inside)]
        while self._tokens and self._tokens[0] == ("word", "or"):
            self._tokens.pop(0)
            tests.append(self._both(inside))
        return lambda row: any(test(row) for test in tests)

    def _both(self, inside: str) -> Test:
        tests = [self._one(inside)]
        while self._tokens and self._tokens[0] == ("word", "and"):
            self._tokens.pop(0)
            tests.append(self._one(inside))
        return lambda row: all(test(row) for test in tests)

    def _one(self, inside: str) -> Test:
        kind, path = self._next()
        if (kind, path) == ("sign", "("):
            test = self._either(inside)
            self._expect("sign", ")")
            return test
        if kind != "word":
            raise BadQuery("an attribute was expected")
        if self._tokens and self._tokens[0][0] == "any":
            _, name = self._next()
            inner = self._either(name)
            self._expect("sign", ")")
            return lambda row: any(inner(one) for one in row.get(path, ()))
        return self._compared(path.removeprefix(f"{inside}/") if inside else path, checked=not inside)

    def _compared(self, path: str, *, checked: bool) -> Test:
        if checked and path.split("/", maxsplit=1)[0] not in self._known:
            raise BadQuery(f"no such attribute: {path}")
        self.attributes.add(path)
        _, operator = self._next()
        kind, written = self._next()
        value = self._value(kind, written)
        if operator == "eq":
            return lambda row: _same(_at(row, path), value)
        if operator == "ge" and isinstance(value, datetime):
            return lambda row: datetime.fromisoformat(_at(row, path)) >= value
        raise BadQuery(f"unexpected operator: {operator}")

    def _value(self, kind: str, written: str) -> Any:
        if kind == "text":
            self.literals.append(written[1:-1].replace("''", "'"))
            return self.literals[-1]
        if kind == "time":
            return datetime.fromisoformat(written)
        if (kind, written) in (("word", "true"), ("word", "false")):
            return written == "true"
        raise BadQuery("a value was expected")

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise BadQuery("the filter ends too early")
        return self._tokens.pop(0)

    def _expect(self, kind: str, value: str) -> None:
        if self._next() != (kind, value):
            raise BadQuery(f"{value} was expected")


class Search:
    """`$search`: clauses in double quotes, `AND`, `OR`, parentheses. Keeps the (attribute, text) pairs it read."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._tokens = tokens(_SEARCH, text)
        self._known = known
        self.clauses: list[tuple[str, str]] = []
        self.test = self._either()
        if self._tokens:
            raise BadQuery("something follows the search")

    def _either(self) -> Test:
        tests = [self._both()]
        while self._tokens and self._tokens[0] == ("word", "OR"):
            self._tokens.pop(0)
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._tokens and self._tokens[0] == ("word", "AND"):
            self._tokens.pop(0)
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if not self._tokens:
            raise BadQuery("the search ends too early")
        kind, written = self._tokens.pop(0)
        if (kind, written) == ("sign", "("):
            test = self._either()
            if not self._tokens or self._tokens.pop(0) != ("sign", ")"):
                raise BadQuery(") was expected")
            return test
        if kind != "clause":
            raise BadQuery("a clause was expected")
        attribute, colon, text = re.sub(r"\\(.)", r"\1", written[1:-1]).partition(":")
        if not colon or attribute not in self._known or not text.strip():
            raise BadQuery("a clause is attribute:text")
        self.clauses.append((attribute, text))
        if attribute != "displayName":
            return lambda row: str(row.get(attribute) or "").casefold().startswith(text.casefold())
        wanted = parts(text)
        return lambda row: all(
            any(part.startswith(one) for part in parts(row.get("displayName") or "")) for one in wanted
        )


def parts(text: str) -> list[str]:
    """The tokens of a name: cut at spaces, symbols, digits and where capitals begin. Nothing is folded but case."""
    return [part.casefold() for part in re.findall(r"[^\W\d_]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text))]


def _at(row: Row, path: str) -> Any:
    value: Any = row
    for step in path.split("/"):
        value = (value or {}).get(step)
    return value


def _same(held: Any, wanted: Any) -> bool:
    if isinstance(held, str) and isinstance(wanted, str):
        return held.casefold() == wanted.casefold()
    return type(held) is type(wanted) and bool(held == wanted)

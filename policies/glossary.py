"""The admin's glossary: jargon and shorthand that people type, with the words the handbook uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.errors import DocumentError
from core.plain_text import visible

NAMES = ("glossary.yaml", "glossary.yml")
MAX_BYTES = 1_000_000
MAX_ADDED = 12  # words added to one question: more would drown what was asked
_WORD = re.compile(r"[^\W_]+(?:[-'&][^\W_]+)*")

Glossary = Mapping[str, tuple[str, ...]]


def read(folder: Path) -> Glossary:
    """The glossary file in the root of a policy folder, or nothing. Raises DocumentError for one that is wrong."""
    for name in NAMES:
        file = folder / name
        if file.is_file() and not file.is_symlink():
            return _parse(file)
    return {}


def _parse(file: Path) -> Glossary:
    example = "write lines such as 'ww: [wachtwoord, password]'."
    try:
        if file.stat().st_size > MAX_BYTES:
            raise DocumentError(file.name, "is over 1 MB; a glossary is a short list.")
        loaded = yaml.safe_load(file.read_text(encoding="utf-8-sig")) or {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DocumentError(file.name, f"is not valid YAML at line {line}; {example}") from error
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise DocumentError(file.name, f"cannot be read; save it as UTF-8 and {example}") from error
    if not isinstance(loaded, dict):
        raise DocumentError(file.name, f"must be a list of terms; {example}")
    return {normal(str(term)): _words(term, words, file.name) for term, words in loaded.items() if str(term).strip()}


def _words(term: object, words: object, path: str) -> tuple[str, ...]:
    items = words if isinstance(words, list) else [words]
    if not items or not all(isinstance(item, str | int | float) and str(item).strip() for item in items):
        raise DocumentError(path, f"the words for {str(term)!r} must be a list of texts.")
    return tuple(" ".join(visible(str(item)).split()) for item in items)


def normal(text: str) -> str:
    """A term as it is looked up: its words in lower case, single spaces."""
    return " ".join(_WORD.findall(visible(text).lower()))


@dataclass(frozen=True, slots=True)
class Match:
    """A glossary term in a question: the question's words it takes, lower case, and what stands for them."""

    words: tuple[str, ...]
    meant: tuple[str, ...]


def matches(query: str, glossary: Glossary, longest: int = 4) -> list[Match]:
    """Every glossary term in a question, longest terms first; no word of the question is taken twice."""
    words = _WORD.findall(query.lower())
    found: list[Match] = []
    taken: set[int] = set()
    for size in range(min(longest, len(words)), 0, -1):
        for at in range(len(words) - size + 1):
            span = range(at, at + size)
            term = " ".join(words[at : at + size])
            if term in glossary and taken.isdisjoint(span):
                taken.update(span)
                found.append(Match(tuple(words[at : at + size]), tuple(glossary[term])))
    return found


def expand(query: str, glossary: Glossary) -> tuple[str, ...]:
    """The words to add to a query: those of every glossary term in it, longest terms first, none twice; at most 12."""
    added: dict[str, None] = {}
    for match in matches(query, glossary):
        added.update(dict.fromkeys(word for word in match.meant if word.lower() not in query.lower()))
    return tuple(added)[:MAX_ADDED]

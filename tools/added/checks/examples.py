"""Do the examples of a tool mean this tool, and no other one? By the measure the built-in model chooses with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.plain_text import one_line
from tools.added.checks.findings import Finding, judged
from tools.added.document import ToolDocument

CHECK = "examples"
FEWEST = 5
"""Examples a language: with fewer the built-in model meets too many words for the first time."""
NEARER = 0.2
"""By how much another tool must be the nearer one before an example counts as its: once the example is learned with the
others, it pulls that much to its own."""
NEAR = 0.3
"""A score below this is like nothing: an example that no other comes near to is fine."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """One example, left out of its own tool: how near that tool still is, and the nearest other one."""

    text: str
    own: float
    other: str
    others: float


class Measure(Protocol):
    """The built-in model's own measure of likeness."""

    def __call__(self, document: ToolDocument, others: Mapping[str, Sequence[str]]) -> Sequence[Nearness]:
        """One for each example of the document. Blocking."""


def check_examples(
    document: ToolDocument, others: Mapping[str, Sequence[str]], measure: Measure | None
) -> list[Finding]:
    """`others`: what people type for every other tool, by its name. Blocking where a `measure` is given."""
    problems = [*_counts(document), *_same(document, others)]
    if measure is not None and not problems:
        problems = list(_nearer(measure(document, others)))
    count = len(document.examples.en) + len(document.examples.nl)
    return judged(CHECK, problems, f"{count} examples, all nearer to this tool than to any of {len(others)} others")


def _counts(document: ToolDocument) -> Iterator[tuple[str, str]]:
    for language, lines in (("English", document.examples.en), ("Dutch", document.examples.nl)):
        if len(lines) < FEWEST:
            yield f"{len(lines)} examples in {language}", f"add {FEWEST - len(lines)}: short and sloppy, as people type"
    if both := set(map(_plain, document.examples.en)) & set(map(_plain, document.examples.nl)):
        yield f"{min(both)!r} stands in both languages", "keep it in the one it is of"


def _same(document: ToolDocument, others: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    mine = {_plain(line): line for line in (*document.examples.en, *document.examples.nl)}
    for name, lines in others.items():
        for line in lines:
            if _plain(line) in mine:
                yield (
                    f"{mine[_plain(line)]!r} is an example of {name!r}",
                    "leave it out: it is asked for with other words",
                )


def _nearer(found: Sequence[Nearness]) -> Iterator[tuple[str, str]]:
    for one in found:
        if one.others > NEAR and one.others - one.own > NEARER:
            said = f"{one.text!r} means {one.other!r} more than this ({one.others:.2f} against {one.own:.2f})"
            yield said, "say it with a word that only this tool is asked with, or leave it out"


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in one_line(text).casefold()).split())

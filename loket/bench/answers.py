"""How good answers are, on questions about a real handbook with known answers: said, quoted, or honestly not known."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.outcomes import Outcome
from loket.bench import Row
from loket.counter import Counter
from loket.desk.asking import Answer, Asker
from policies.cleaning import plain
from policies.passages import INTRO
from policies.records import StoredDocument

_MARKS = re.compile(r"[^\w%€$]+")


@dataclass(frozen=True, slots=True)
class Judged:
    """One question and what became of it. `said`: the gold fact stands in the answer; `place`: a gold section is cited;
    `verbatim`: every quote stands in the section it names."""

    question_id: str
    kind: str
    answerable: bool
    outcome: str
    said: bool
    place: bool
    verbatim: bool
    ms: int
    text: str


async def answers(
    counter: Counter,
    employee: str,
    questions: Path,
    *,
    only: Mapping[str, str] | None = None,
    heard: Callable[[int, int], None] | None = None,
) -> list[Judged]:
    """Ask every question of a JSONL file once and judge the answers; `only`: those with these values (`part`,
    `corpus`)."""
    wanted = (only or {}).items()
    rows = [row for row in await asyncio.to_thread(_read, questions) if all(row.get(k) == v for k, v in wanted)]
    asker = Asker(counter, 60)
    judged: list[Judged] = []
    for number, row in enumerate(rows, start=1):
        answer = await asker.ask(employee, row["question"], row["id"])
        judged.append(_judge(row, answer, await _verbatim(counter, answer)))
        if heard:
            heard(number, len(rows))
    return judged


def _read(questions: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]


def report(judged: Sequence[Judged]) -> list[Row]:
    """The figures, n of N."""
    rows: list[Row] = []
    for kind in dict.fromkeys(one.kind for one in judged if one.answerable):
        asked = [one for one in judged if one.kind == kind and one.answerable]
        rows.append(Row(f"{kind}: the fact stands in the answer", _of(asked, lambda one: one.said), "70 % of easy"))
        rows.append(Row(f"{kind}: cites a right section", _of(asked, lambda one: one.place)))
        rows.append(Row(f"{kind}: ended not found", _of(asked, _not_found), "at most 15 % of easy"))
    unknown = [one for one in judged if not one.answerable]
    if unknown:
        rows.append(Row("not answerable: ended not found", _of(unknown, _not_found), "50 %, aim 80 %"))
    cited = [one for one in judged if one.outcome == Outcome.ANSWERED]
    rows.append(Row("every quote stands in its section", _of(cited, lambda one: one.verbatim), "100 %"))
    rows.append(Row("one turn", f"p50 {statistics.median(one.ms for one in judged)} ms", "150 ms"))
    return rows


def _not_found(one: Judged) -> bool:
    return one.outcome == Outcome.NOT_FOUND


def _of(judged: Sequence[Judged], holds: Callable[[Judged], bool]) -> str:
    return f"{sum(map(holds, judged))} of {len(judged)}"


def _judge(row: Mapping[str, Any], answer: Answer, verbatim: bool) -> Judged:
    turn = answer.turn
    text = folded(turn.text)
    evidence = [gold["evidence"] for gold in _golds(row) if gold.get("evidence")]
    return Judged(
        row["id"],
        row["set"],
        bool(row.get("answerable", True)),
        str(turn.outcome),
        any(folded(plain(part)) in text for part in evidence),
        any(_fits(citation.path, citation.heading, row) for citation in turn.citations),
        verbatim,
        answer.ms,
        turn.text,
    )


async def _verbatim(counter: Counter, answer: Answer) -> bool:
    for citation in answer.turn.citations:
        found = await _section(counter, citation.path, citation.heading)
        section = folded(plain(found))
        if not all(folded(quote) in section for quote in citation.quote.split(" … ")):
            return False
    return True


async def _section(counter: Counter, path: str, heading: str) -> str:
    """All text of a document under one heading, as it was read in."""
    documents = await counter.library.document(path)
    return "\n".join(text for document in documents for text in _below(document, heading))


def _below(document: StoredDocument, heading: str) -> list[str]:
    named = [
        (section.heading_path[-1] if section.heading_path else INTRO, section.text) for section in document.passages
    ]
    return [text for name, text in named if name == heading]


def _golds(row: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [*row.get("gold", ()), *row.get("also_acceptable", ())]


def _fits(path: str, heading: str, row: Mapping[str, Any]) -> bool:
    return any(
        gold["path"] == path and (gold.get("heading") or gold.get("article")) in (None, "*", heading)
        for gold in _golds(row)
    )


def folded(text: str) -> str:
    """Letters and figures only, single spaces: how a quote and its source are compared."""
    return _MARKS.sub(" ", text.lower()).strip()

"""One reply held against what its case accepts: a sentence for everything that is not as expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.outcomes import Outcome
from core.replies import Citation, Reply
from loket.evaluation.cases import Case, Clause, Expected

SEARCH = "search_policies"
"""Looking something up in the policies is how any question is answered: it is not counted as a tool."""
GIVES_NOTHING = frozenset(
    {
        Outcome.CLARIFIED,
        Outcome.NOT_FOUND,
        *(outcome for outcome in Outcome if outcome.value.startswith("refused_")),
    }
)
"""Where one of these is accepted, that reply need not name the clause, use the tool or say the words."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came back on the last message of a case. `outcome` is None when no turn ended: `error` says why.

    `cited` are the citations as `path#heading`; `ms` is the wall clock of that turn, queue included.
    """

    outcome: Outcome | None
    text: str = ""
    language: str = ""
    cited: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    model: str = ""
    ms: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and its reply. The case passes when `failures` is empty.

    `target` is whether the right clause or tool came, `outcome` and `language` likewise; None where the case did not
    ask for it. A question asked back is an accepted outcome of some cases, and never the right clause or tool.
    """

    case: Case
    came: Came
    failures: tuple[str, ...]
    target: bool | None = None
    outcome: bool | None = None
    language: bool | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is amiss."""
        return not self.failures


def judge(case: Case, came: Came, citations: Sequence[Citation] = ()) -> Judged:
    """Hold the reply against the case. Pure."""
    expected = case.expected
    if came.outcome is None:
        return Judged(case, came, (came.error or "no answer came",), *_nothing_right(expected))
    outcome = came.outcome in expected.outcomes if expected.outcomes else None
    language = came.language in expected.languages if expected.languages else None
    target = _target(expected, came, citations)
    excused = outcome is True and came.outcome in GIVES_NOTHING
    failures = [
        *_if(outcome is False, f"outcome: expected {_either(o.value for o in expected.outcomes)}, came {came.outcome}"),
        *_if(target is False and not excused, _missed(expected, came)),
        *_forbidden(expected, came, citations),
        *_words(expected, came, excused=excused),
        *_if(language is False, f"language: expected {_either(expected.languages)}, came {came.language}"),
    ]
    return Judged(case, came, tuple(failures), target, outcome, language)


def text_of(replies: Iterable[Reply]) -> str:
    """Everything that the person reads of a turn as one flat text, without the notice of first contact."""
    parts: list[str] = []
    for reply in replies:
        if reply.outcome is None and not reply.citations and reply.card is None and not reply.model:
            continue  # the notice: what any first contact is told
        parts.append(reply.text)
        parts += [citation.note for citation in reply.citations]
        if reply.card is not None:
            parts += [reply.card.title, *(f"{fact.label} {fact.value}" for fact in reply.card.facts)]
    return " ".join(" ".join(parts).replace("*", "").replace("\u00a0", " ").split())


def _nothing_right(expected: Expected) -> tuple[bool | None, bool | None, bool | None]:
    wants_target = bool(expected.clauses or expected.tools or expected.all_clauses)
    return (
        False if wants_target else None,
        False if expected.outcomes else None,
        False if expected.languages else None,
    )


def _target(expected: Expected, came: Came, citations: Sequence[Citation]) -> bool | None:
    """Whether the right clause or tool came; None when the case names none."""
    found: list[bool] = []
    if expected.clauses:
        found.append(any(clause.is_cited(citation) for clause in expected.clauses for citation in citations))
    if expected.tools:
        found.append(bool(set(expected.tools) & set(came.tools)))
    if expected.all_clauses:
        return all(_cited(clause, citations) for clause in expected.all_clauses)
    if not found:
        return None
    return all(found) if expected.both else any(found)


def _cited(clause: Clause, citations: Sequence[Citation]) -> bool:
    return any(clause.is_cited(citation) for citation in citations)


def _missed(expected: Expected, came: Came) -> str:
    wanted = [
        *_if(bool(expected.clauses), f"clause {_either(clause.written for clause in expected.clauses)}"),
        *_if(bool(expected.tools), f"tool {_either(expected.tools)}"),
        *_if(bool(expected.all_clauses), f"clauses {' and '.join(clause.written for clause in expected.all_clauses)}"),
    ]
    used = [name for name in came.tools if name != SEARCH]
    got = [
        *_if(bool(came.cited), f"cited {', '.join(came.cited)}"),
        *_if(bool(used), f"used {', '.join(used)}"),
    ]
    joined = " and ".join(wanted) if expected.both else _either(wanted)
    return f"expected {joined}; {' and '.join(got) or 'nothing was cited or used'}"


def _forbidden(expected: Expected, came: Came, citations: Sequence[Citation]) -> list[str]:
    used = [name for name in came.tools if name != SEARCH]
    return [
        *_if(expected.no_clause and bool(citations), f"nothing was to be cited; cited {', '.join(came.cited)}"),
        *_if(expected.no_tool and bool(used), f"no tool was to be used; used {', '.join(used)}"),
    ]


def _words(expected: Expected, came: Came, *, excused: bool) -> list[str]:
    missing = [] if excused else [phrase.written for phrase in expected.says if not phrase.stands_in(came.text)]
    wrong = [phrase.written for phrase in expected.never if phrase.stands_in(came.text)]
    return [
        *_if(bool(missing), f"does not say: {', '.join(missing)}"),
        *_if(bool(wrong), f"says what it must not: {', '.join(wrong)}"),
    ]


def _if(holds: bool, sentence: str) -> list[str]:
    return [sentence] if holds else []


def _either(names: Iterable[str]) -> str:
    return " or ".join(names)

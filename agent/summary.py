"""How a turn ended, for whoever listens: metrics, the command line, tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.record import Committed
from agent.state import Ending
from core.outcomes import Outcome
from core.replies import Citation, Reply


@dataclass(frozen=True, slots=True)
class TurnSummary:
    """How a turn ended. `repeated`: it was committed before; then only the event id is filled.

    `text` and `citations` are those of the answer, without the notice of first contact. `tools` were asked for.
    """

    event_id: str
    outcome: Outcome | None = None
    text: str = ""
    language: str = ""
    citations: tuple[Citation, ...] = ()
    action_ids: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    model: str = ""
    ms: int = 0
    replies: tuple[Reply, ...] = ()
    repeated: bool = False


def summary_of(event_id: str, ending: Ending, committed: Committed, ms: int, called: Sequence[str] = ()) -> TurnSummary:
    """The summary of a turn that was just committed. `ms`: milliseconds since its start; `called`: tools asked for."""
    said = [reply for reply in committed.replies if reply.outcome is not None or reply.citations or reply.card]
    text = "\n\n".join(reply.text for reply in said) or ending.text
    return TurnSummary(
        event_id=event_id,
        outcome=committed.outcome,
        text=text,
        language=ending.language,
        citations=ending.citations,
        action_ids=committed.action_ids,
        tools=tuple(dict.fromkeys(called)),
        model=ending.model,
        ms=ms,
        replies=committed.replies,
    )

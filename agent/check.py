"""Fourth step: hold what the model wrote against what the tools gave, and drop what does not rest on it."""

from __future__ import annotations

import structlog

from agent.answer_check import Source, check
from agent.parts import TurnParts
from agent.state import Gathered, TurnState
from core.plain_text import visible

log = structlog.get_logger(__name__)


class Check:
    """Every sentence of an answer needs a clause. A question that the model asks back is no answer and stays."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts

    async def __call__(self, state: TurnState) -> TurnState:
        """The sentences that may be said, each with the clause it rests on."""
        sources = sources_of(state["gathered"], state["language"])
        if not sources or not state["spoken"].text:
            return {"kept": ()}
        checked = check(visible(state["spoken"].text), sources, state["language"])
        for dropped in checked.dropped:
            # The sentence itself may be personal: only the reason is logged.
            log.info("sentence_dropped", event_id=state["asked"].message.event_id, reason=dropped.reason)
        return {"kept": checked.kept}


def sources_of(gathered: Gathered, language: str) -> list[Source]:
    """Passages under the numbers the model was given; other tools' results can support but not be cited."""
    sources = [
        Source(number, visible(passage.text), passage.language, visible(passage.heading))
        for number, passage in enumerate(gathered.passages, start=1)
    ]
    data = [found.text for found in gathered.found if not found.passages and not found.empty]
    return [*sources, *([Source(0, visible("\n\n".join(data)), language)] if data else [])]

"""Last step: make the reply from what was checked, found, drafted and refused; give the turn its outcome."""

from __future__ import annotations

from agent.citing import answer_text, citations_of
from agent.filling import form_besides
from agent.offering import tool_to_offer
from agent.parts import TurnParts
from agent.settings import AgentSettings
from agent.solved import QUESTION, is_help
from agent.state import Asked, Ending, Gathered, TurnState
from agent.suggesting import to_use_a_tool, whether_solved
from agent.unanswered import unanswered
from agent.wish import waiting_question
from agent.words import say
from core.chat import ChatMessage
from core.outcomes import Outcome
from core.plain_text import inert
from core.ports import Passage
from core.replies import Citation, Suggestion
from tools import Found

_MAY_OFFER = frozenset({Outcome.ANSWERED, Outcome.NOT_FOUND})


class Compose:
    """Citations come from what was retrieved, never from what a model wrote."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._built_in = parts.fallback.name

    async def __call__(self, state: TurnState) -> TurnState:
        """The ending of the turn."""
        gathered, language = state["gathered"], state["language"]
        answer, citations = self._answer(state)
        parts = [answer, *(sentence for _, sentence in gathered.refused), *self._failures(gathered, language)]
        text = "\n\n".join(part for part in parts if part)
        outcome = _outcome(state, bool(answer))
        offered = await tool_to_offer(self._parts, state) if outcome in _MAY_OFFER else ""
        if not text and not gathered.prepared:
            outcome, text = self._nothing(state, outcome, offered)
        if outcome is Outcome.ANSWERED and state["spent"].model == self._built_in:
            missed = (say("part_not_found", language, question=inert(one)) for one in unanswered(state))
            text = "\n\n".join((text, *missed))
        suggestions: tuple[Suggestion, ...] = to_use_a_tool(offered)
        if outcome is Outcome.ANSWERED and is_help(
            [passage for passage in gathered.passages if _cited(passage, citations)]
        ):
            text = f"{text}\n\n{say(QUESTION, language)}"
            suggestions = (*whether_solved(language), *suggestions)
        text = _with_reminder(text, state, outcome)
        ending = Ending(
            outcome=outcome,
            language=language,
            text=text,
            citations=citations,
            private=is_private(state["asked"], gathered, citations, self._settings),
            model=state["spent"].model,
            proposals=tuple(gathered.prepared),
            suggestions=suggestions,
            form=form_besides(self._parts, state) if outcome is Outcome.CLARIFIED else None,
        )
        return {"ending": ending}

    def _answer(self, state: TurnState) -> tuple[str, tuple[Citation, ...]]:
        """What the person hears of what was found, with its sources."""
        gathered, language, kept = state["gathered"], state["language"], state["kept"]
        cited = [sentence for sentence in kept if sentence.number]
        blocks = [_facts(found) for found in gathered.found if not found.passages and not found.empty]
        if cited:
            passages = gathered.passages
            quoted, conflicts = state["spent"].model == self._built_in, state["conflicts"]
            blocks.append(answer_text(cited, passages, language, conflicts, quoted=quoted))
            return "\n\n".join(blocks), citations_of(cited, passages, language, conflicts)
        if not gathered.anything:
            return inert(state["spoken"].text).strip(), ()
        return "\n\n".join(block for block in blocks if block), ()

    def _failures(self, gathered: Gathered, language: str) -> list[str]:
        failures = [say("tool_failed", language, reason=reason) for reason in dict.fromkeys(gathered.failed)]
        if gathered.connector_failed:
            failures.append(say("failed_connector", language, service_desk=self._settings.service_desk))
        return failures

    def _nothing(self, state: TurnState, outcome: Outcome, offered: str) -> tuple[Outcome, str]:
        """Nothing was found: say so, name the nearest owner, offer what may have been meant, else a ticket."""
        gathered, language = state["gathered"], state["language"]
        if gathered.found and all(not found.passages for found in gathered.found) and not _searched(gathered):
            return Outcome.NOT_FOUND, say("not_found_data", language)
        lines = [say("not_found", language)]
        if gathered.passages:
            nearest = max(gathered.passages, key=lambda passage: passage.similarity)
            lines.append(
                say(
                    "not_found_owner" if nearest.owner else "not_found_nearest",
                    language,
                    title=inert(nearest.title),
                    owner=inert(nearest.owner),
                    contact=inert(nearest.contact) or self._settings.service_desk,
                )
            )
        desk = self._settings.service_desk
        if offered:
            lines.append(say("not_found_tool", language, title=offered, service_desk=desk))
        else:
            lines.append(say("not_found_ticket", language, service_desk=desk))
        return Outcome.NOT_FOUND, "\n".join(lines)


def _with_reminder(text: str, state: TurnState, outcome: Outcome) -> str:
    """Behind the answer to something else: which question of ours still waits."""
    asked, language = state["asked"], state["language"]
    if outcome not in (Outcome.ANSWERED, Outcome.NOT_FOUND):
        return text
    talk = [ChatMessage(past.role, past.text) for past in asked.history]
    waiting = waiting_question([*talk, ChatMessage("user", asked.message.text)])
    return f"{text}\n\n{say('still_waiting', language, question=waiting)}" if waiting else text


def _cited(passage: Passage, citations: tuple[Citation, ...]) -> bool:
    return any((one.path, one.heading) == (passage.path, passage.heading) for one in citations)


def _searched(gathered: Gathered) -> bool:
    """Whether the policies were searched in vain: an empty result without facts that is nobody's own."""
    return any(found.empty and not found.personal and "passage" in found.text.lower() for found in gathered.found)


def _facts(found: Found) -> str:
    lines = [f"**{inert(fact.label)}**: {inert(fact.value)}" for fact in found.facts]
    return "\n".join(lines) if lines else inert(found.text)


def _outcome(state: TurnState, answered: bool) -> Outcome:
    gathered = state["gathered"]
    if gathered.prepared:
        return Outcome.PROPOSED
    if answered:
        return Outcome.ANSWERED if gathered.found else Outcome.CLARIFIED
    if gathered.refused:
        return gathered.refused[0][0]
    return Outcome.FAILED_CONNECTOR if gathered.connector_failed else Outcome.NOT_FOUND


def is_private(asked: Asked, gathered: Gathered, citations: tuple[Citation, ...], settings: AgentSettings) -> bool:
    """Where others read along, only what all of them may read is said; the rest goes to the direct chat."""
    if not asked.shared:
        return False
    cited = {citation.path for citation in citations}
    restricted = any(
        settings.everyone_group not in passage.audience
        for passage in gathered.passages
        if passage.path in cited or not cited
    )
    return restricted or bool(gathered.refused) or any(found.personal for found in gathered.found)

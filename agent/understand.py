"""First step: the language, and everything that must not depend on a model. Most messages pass through to it."""

from __future__ import annotations

import json

from actions.records import Action
from agent import solved
from agent.intents import SIGNPOSTS, Intent, intent_of
from agent.language import language_of
from agent.offers import HANDOVER, offered_schemas
from agent.parts import TurnParts
from agent.prompting import opening_messages
from agent.secrets_in_text import COVER, cover_codes, holds_code, only_a_code
from agent.solved import Verdict, verdict
from agent.state import Asked, Ending, Move, TurnState
from agent.wish import expects_answer
from agent.words import refusal, say
from core.chat import ChatMessage, ModelTurn, ToolCall
from core.outcomes import Outcome

_CANNED = {
    Intent.THANKS: Outcome.ANSWERED,
    Intent.GOODBYE: Outcome.ANSWERED,
    Intent.ABOUT: Outcome.ANSWERED,
    Intent.SMALL_TALK: Outcome.ANSWERED,
    Intent.GREETING: Outcome.CLARIFIED,
}


class Understand:
    """Reads the message without a model. Ends the turn itself where words alone decide."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts

    async def __call__(self, state: TurnState) -> TurnState:
        """The state with its language and either an ending, a tool call, or the messages for a model."""
        asked = state["asked"]
        text = asked.message.text
        last = next((past.language for past in reversed(asked.history)), asked.requester.language)
        language = language_of(text, last, asked.requester.language, self._parts.settings.organisation_language)
        ending = self._unreadable(text, language) or await self._code(asked, language)
        if ending is not None:
            return {"language": language, "ending": ending}
        intent = intent_of(text)
        if intent is Intent.PERSON and HANDOVER in self._parts.registry.names:
            return self._calling(asked, language, ToolCall("understand-1", HANDOVER, json.dumps({})))
        told = await self._verdict(asked, intent)
        if told is Verdict.UNSOLVED and solved.TOOL in self._parts.registry.names:
            return self._calling(asked, language, solved.ticket_call(asked.history, language))
        if told is Verdict.SOLVED:
            return {"language": language, "ending": Ending(Outcome.ANSWERED, language, say("solved_thanks", language))}
        ending = await self._plain(asked, intent, language)
        if ending is None and not self._parts.registry.names:  # the kill switch: no model is asked at all
            ending = Ending(Outcome.REFUSED_FORBIDDEN, language, refusal("switched_off", language))
        if ending is not None:
            return {"language": language, "ending": ending}
        return self._for_model(asked, language)

    def _for_model(self, asked: Asked, language: str) -> TurnState:
        tools = offered_schemas(self._parts.registry, asked.requester)
        return {"language": language, "tools": tools, "messages": opening_messages(asked, language)}

    async def _verdict(self, asked: Asked, intent: Intent | None) -> Verdict | None:
        """Whether help given solved it. A bare yes or no belongs to an open draft first."""
        told = verdict(asked.message.text, asked.history)
        if told is None or intent not in (Intent.CONFIRM, Intent.CANCEL):
            return told
        drafts = await self._parts.gate.open_drafts(asked.requester.employee_id, asked.conversation_id)
        return None if drafts else told

    def _calling(self, asked: Asked, language: str, call: ToolCall) -> TurnState:
        """A wish that is plain from the words: a person, a ticket. It works whatever the model is or does."""
        spoken = ModelTurn("", (call,))
        state = self._for_model(asked, language)
        wish = ChatMessage("assistant", "", spoken.tool_calls)
        return {**state, "messages": [*state["messages"], wish], "spoken": spoken}

    def _unreadable(self, text: str, language: str) -> Ending | None:
        limit = self._parts.settings.max_message_chars
        if not any(letter.isalnum() for letter in text) and COVER not in text and intent_of(text) is None:
            return Ending(Outcome.REFUSED_UNREADABLE, language, say("refused_empty", language))
        if len(text) > limit:
            said = say("refused_too_long", language, length=len(text), limit=limit)
            return Ending(Outcome.REFUSED_UNREADABLE, language, said, stored_text=text[:limit])
        return None

    async def _code(self, asked: Asked, language: str) -> Ending | None:
        """A code belongs in a form: it is covered and reaches no model."""
        text = asked.message.text
        if not holds_code(text):
            return None
        if await self._parts.gate.waiting_for_code(asked.requester.employee_id):
            covered = cover_codes(text)
            return Ending(Outcome.FORM, language, say("use_the_form", language), private=True, stored_text=covered)
        if only_a_code(text):
            return Ending(Outcome.CLARIFIED, language, say("code_not_expected", language), private=True)
        return None

    async def _plain(self, asked: Asked, intent: Intent | None, language: str) -> Ending | None:
        settings = self._parts.settings
        if intent in SIGNPOSTS:
            return self._signpost(intent, language)
        if intent is Intent.BALANCE:
            said = say("personal_balance", language, system=settings.hr_system_name, address=settings.hr_system_address)
            return Ending(Outcome.SIGNPOSTED, language, said)
        if intent in (Intent.CONFIRM, Intent.CANCEL):
            return await self._yes_or_no(asked, intent is Intent.CONFIRM, language)
        if intent in _CANNED:
            said = say(intent.value, language, name=asked.requester.given_name, service_desk=settings.service_desk)
            return Ending(_CANNED[intent], language, said)
        return None

    def _signpost(self, intent: Intent | None, language: str) -> Ending:
        settings = self._parts.settings
        said = say(
            f"signpost_{intent}",
            language,
            crisis=settings.crisis_contact,
            health=settings.occupational_health_contact,
            confidential=settings.confidential_contact,
            integrity=settings.integrity_contact,
        )
        return Ending(Outcome.SIGNPOSTED, language, said, private=True, stored_text="")

    async def _yes_or_no(self, asked: Asked, yes: bool, language: str) -> Ending | None:
        """A yes confirms the only open draft. With no draft it may answer a question of the model's: it reads on."""
        drafts = await self._parts.gate.open_drafts(asked.requester.employee_id, asked.conversation_id)
        if len(drafts) == 1:
            return Ending(Outcome.PROPOSED, language, move=Move(drafts[0].action_id, yes))
        if drafts:
            return Ending(Outcome.CLARIFIED, language, _which(drafts, language), private=True)
        last = asked.history[-1] if asked.history else None
        if last is not None and last.role == "assistant" and expects_answer(last.text):
            return None
        key = "nothing_to_confirm" if yes else "nothing_to_cancel"
        return Ending(Outcome.CLARIFIED, language, say(key, language))


def _which(drafts: list[Action], language: str) -> str:
    return say("which_draft", language, titles="\n".join(f"- {draft.title}" for draft in drafts))

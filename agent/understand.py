"""First step: the language, and everything that must not depend on a model. Most messages pass through to it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import cache

from actions.records import Action
from agent import solved
from agent.attached import with_yes_read
from agent.builtin_model import BuiltinModel
from agent.follow_ups import follows
from agent.intents import SIGNPOSTS, Intent, intent_of
from agent.language import is_foreign, language_of
from agent.naming import names_draft, says_yes, the_named
from agent.offers import HANDOVER, offered_schemas
from agent.parts import TurnParts
from agent.prompting import opening_messages
from agent.routing import Reading, Routing
from agent.secrets_in_text import COVER, cover_codes, holds_code, only_a_code
from agent.signposts import kind_words, own_figures, signpost
from agent.solved import Verdict, verdict
from agent.state import Asked, Ending, Move, TurnState
from agent.suggesting import to_begin_with, which_draft
from agent.unclear import is_question_of_this, only_points, question_for, with_choices_read
from agent.wish import asks_for_value, expects_answer
from agent.words import CATALOGUE, refusal, say
from core.chat import ChatMessage, ModelTurn, ToolCall
from core.events import Message
from core.outcomes import Outcome

_CANNED = {
    Intent.THANKS: Outcome.ANSWERED,
    Intent.GOODBYE: Outcome.ANSWERED,
    Intent.ABOUT: Outcome.ANSWERED,
    Intent.SMALL_TALK: Outcome.ANSWERED,
    Intent.OUT_OF_SCOPE: Outcome.NOT_FOUND,
    Intent.GREETING: Outcome.CLARIFIED,
}
_NOTHING_OF_OURS = frozenset({Intent.OUT_OF_SCOPE, Intent.SMALL_TALK})
_INVITES = ("out_of_scope", "small_talk", "nothing_to_confirm", "nothing_to_cancel", "dropped")
"""Sentences of the desk that end with "what can I do for you?"."""


class Understand:
    """Reads the message without a model. Ends the turn itself where words alone decide."""

    def __init__(self, parts: TurnParts, routing: Routing) -> None:
        self._parts = parts
        self._routing = routing

    async def __call__(self, state: TurnState) -> TurnState:
        """The state with its language and either an ending, a tool call, or the messages for a model."""
        asked = with_yes_read(with_choices_read(state["asked"]))
        text = state["asked"].message.text
        last = next((past.language for past in reversed(asked.history)), asked.requester.language)
        language = language_of(text, last, asked.requester.language, self._parts.settings.organisation_language)
        ending = self._unreadable(state["asked"].message, language) or await self._code(asked, language)
        ending = ending or await self._named(asked, language)
        if ending is not None:
            return {"language": language, "ending": ending}
        reading = await asyncio.to_thread(self._read, asked)
        if reading.intent is Intent.PERSON and HANDOVER in self._parts.registry.names:
            return self._calling(asked, language, ToolCall("understand-1", HANDOVER, json.dumps({})))
        told = await self._verdict(asked, reading.intent)
        if told is Verdict.UNSOLVED and solved.TOOL in self._parts.registry.names:
            return self._calling(asked, language, solved.ticket_call(asked.history, language))
        if told is Verdict.SOLVED:
            return {"language": language, "ending": Ending(Outcome.ANSWERED, language, say("solved_thanks", language))}
        ending = await self._plain(asked, reading, language)
        if ending is None and not self._parts.registry.names:  # the kill switch: no model is asked at all
            ending = Ending(Outcome.REFUSED_FORBIDDEN, language, refusal("switched_off", language))
        if ending is None and not _answering(asked):
            ending = self._unclear(reading, asked, language)
        if ending is not None:
            return {"language": language, "ending": ending}
        return self._going_on(asked, reading, language)

    def _read(self, asked: Asked) -> Reading:
        """What the message is. Words that may be the answer to a question of the desk's are only read for need."""
        text = asked.message.text
        reading = self._routing.read(text)
        if _answering(asked) and reading.intent not in SIGNPOSTS and reading.intent is not intent_of(text):
            return Reading(None, text)
        talked = [past.text for past in asked.history if past.role == "user"]
        if reading.intent in _NOTHING_OF_OURS and intent_of(text) is None and talked and follows(text):
            return Reading(None, text)  # "what about from Spain?" speaks of what was asked before
        return reading

    def _unclear(self, reading: Reading, asked: Asked, language: str) -> Ending | None:
        question = question_for(reading.rest, language, self._parts.registry.names)
        if question is None and not asked.history and not asked.message.files and only_points(reading.rest):
            question = say("ask_matter", language)
        return Ending(Outcome.CLARIFIED, language, question) if question else None

    def _going_on(self, asked: Asked, reading: Reading, language: str) -> TurnState:
        """What is left for policies and tools, with the words that will stand around the answer."""
        before, behind = kind_words(reading, language, self._parts.settings)
        if is_foreign(asked.message.text):
            before = f"{say('other_language', language)} {before}".strip()
        asked = replace(asked, message=replace(asked.message, text=reading.rest))
        return {**self._for_model(asked, language), "asked": asked, "around": (before, behind)}

    def _for_model(self, asked: Asked, language: str) -> TurnState:
        tools = offered_schemas(self._parts.registry, asked.requester, asked.message.address)
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
        return {**state, "messages": [*state["messages"], wish], "spoken": spoken, "plain": spoken}

    def _unreadable(self, message: Message, language: str) -> Ending | None:
        limit, text = self._parts.settings.max_message_chars, message.text
        if not any(letter.isalnum() for letter in text) and COVER not in text and intent_of(text) is None:
            if message.files:
                return Ending(Outcome.CLARIFIED, language)  # what is to become of them is asked at the end
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

    async def _plain(self, asked: Asked, reading: Reading, language: str) -> Ending | None:
        intent, settings = reading.intent, self._parts.settings
        if intent in SIGNPOSTS:
            return signpost(intent, language, settings, unsure=reading.unsure)
        if intent is Intent.BALANCE and not await self._is_known_here(asked):
            return Ending(Outcome.SIGNPOSTED, language, own_figures(language, settings))
        if intent is Intent.PERSON:  # the tool for it is off
            said = say("person_contact", language, service_desk=settings.service_desk)
            return Ending(Outcome.SIGNPOSTED, language, said)
        if intent in (Intent.CONFIRM, Intent.CANCEL):
            return await self._yes_or_no(asked, intent is Intent.CONFIRM, language)
        if intent in _CANNED:
            said = say(intent.value, language, name=asked.requester.given_name, service_desk=settings.service_desk)
            next_ = to_begin_with(self._parts.registry.names, language) if intent is Intent.GREETING else ()
            return Ending(_CANNED[intent], language, said, suggestions=next_)
        return None

    async def _is_known_here(self, asked: Asked) -> bool:
        """Whether admins brought in a tool that these words ask for ("my leave balance"): then nobody is sent away."""
        registry, fallback = self._parts.registry, self._parts.fallback
        offered = offered_schemas(registry, asked.requester, asked.message.address)
        added = {schema.name for schema in offered}.difference(registry.built_in)
        if not added or not isinstance(fallback, BuiltinModel):
            return False
        return not added.isdisjoint(await asyncio.to_thread(fallback.meant, asked.message.text, offered))

    async def _named(self, asked: Asked, language: str) -> Ending | None:
        """A yes or no that names its draft moves that one, however many are open, and no other."""
        text = asked.message.text
        if not names_draft(text):
            return None
        yes = says_yes(text)
        drafts = await self._parts.gate.open_drafts(asked.requester.employee_id, asked.conversation_id)
        named = the_named(text, drafts)
        if len(named) == 1:
            return Ending(Outcome.PROPOSED, language, move=Move(named[0].action_id, yes))
        key = "nothing_to_confirm" if yes else "nothing_to_cancel"
        return Ending(Outcome.CLARIFIED, language, say(key, language))

    async def _yes_or_no(self, asked: Asked, yes: bool, language: str) -> Ending | None:
        """A yes confirms the only open draft. With no draft it may answer a question of the model's: it reads on."""
        drafts = await self._parts.gate.open_drafts(asked.requester.employee_id, asked.conversation_id)
        if len(drafts) == 1:
            return Ending(Outcome.PROPOSED, language, move=Move(drafts[0].action_id, yes))
        if drafts:
            said, ways = _which(drafts, language), which_draft(drafts, language, yes=yes)
            return Ending(Outcome.CLARIFIED, language, said, private=True, suggestions=ways)
        last = _said_last(asked)
        if is_question_of_this(last):  # a yes to "which of these?" says nothing: it is asked again
            again = last if yes else say("nothing_to_cancel", language)
            return Ending(Outcome.CLARIFIED, language, again)
        if expects_answer(last) and not _only_invites(last):
            return None
        key = "nothing_to_confirm" if yes else "nothing_to_cancel"
        return Ending(Outcome.CLARIFIED, language, say(key, language))


def _which(drafts: list[Action], language: str) -> str:
    return say("which_draft", language, titles="\n".join(f"- {draft.title}" for draft in drafts))


def _said_last(asked: Asked) -> str:
    """The desk's last words; empty when the person comes first."""
    last = asked.history[-1] if asked.history else None
    return last.text if last is not None and last.role == "assistant" else ""


def _only_invites(text: str) -> bool:
    """Whether the desk asked no more than what else it can do: a yes to that is nothing to look up."""
    return text in _invitations()


@cache
def _invitations() -> frozenset[str]:
    return frozenset(say(key, language) for key in _INVITES for language in CATALOGUE.languages)


def _answering(asked: Asked) -> bool:
    return asks_for_value(_said_last(asked))

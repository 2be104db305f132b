"""The built-in model: no network, no key, no language model. Chooses tools by meaning and answers by extraction.

It implements `core.chat.ChatModel` and reads nothing but the messages and schemas that any other model reads.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from agent.answers import is_bare_name
from agent.argument_filling import ArgumentFilling, Filled, Said
from agent.data_text import RETRY, read_passages
from agent.extract import Extract, Extractor
from agent.intents import Intent, intent_of
from agent.meaning import Meaning
from agent.offers import SEARCH, TITLES
from agent.person_names import names_role
from agent.prompting import language_in
from agent.questions import questions_in
from agent.shorthand import Glossary, Shorthand
from agent.spelling import RequestSpelling, as_typed
from agent.tool_choice import Choice, ToolChoice
from agent.wish import Wish, expects_answer, read_wish
from agent.words import say
from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.ports import Embedder
from policies.indexes.spelling import Spelled

NAME = "loket-built-in"
_CANDIDATE = re.compile(r"[^;:.]+? \(E\d+, [^)]*\)")
_TODAY = re.compile(r"^Today is (\d{4}-\d{2}-\d{2})\.", re.MULTILINE)
CERTAIN = 0.6
"""From this score on, words in place of an answer are a request of their own ("reset my password", not a name)."""
_NAMES = re.compile(r"the requester names '([^']*)'")
_CALLED = re.compile(r"nobody in the directory is called '([^']*)'")


class BuiltinModel:
    """`glossary` gives jargon and the handbook's words for it, so that "ww" is read as "wachtwoord"."""

    def __init__(self, embedder: Embedder, glossary: Callable[[], Glossary] = dict) -> None:
        meaning = Meaning(embedder)
        self._meaning = meaning
        self._choice = ToolChoice(meaning)
        self._filling = ArgumentFilling(meaning)
        self._extractor = Extractor(meaning)
        self._shorthand = Shorthand(glossary)
        self._spelling = RequestSpelling()

    @property
    def name(self) -> str:
        """Shown to people: this was the built-in model."""
        return NAME

    @property
    def meaning(self) -> Meaning:
        """Likeness of texts, with the vectors it keeps: for whoever else compares them."""
        return self._meaning

    def meant(self, text: str, tools: Sequence[ToolSchema]) -> frozenset[str]:
        """The names of the tools that these words ask for. Blocking."""
        chosen = self._choice.choose(self._plain(text, tools), tools)
        return frozenset(choice.schema.name for choice in chosen)

    def nearest(self, texts: Sequence[str], tools: Sequence[ToolSchema], most: int) -> list[ToolSchema]:
        """The tools that these texts mean most, at most so many, sure or not. Blocking."""
        return self._choice.nearest([self._plain(text, tools) for text in texts], tools, most)

    def nearly_meant(self, text: str, tools: Sequence[ToolSchema]) -> ToolSchema | None:
        """The tool that these words may ask for, though it is not sure enough to be chosen. Blocking."""
        return self._choice.nearly(self._plain(text, tools), tools)

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """Tool calls for a new message; an answer, a question or nothing after tool results."""
        return await asyncio.to_thread(self._complete, messages, tools)

    def warm(self, tools: Sequence[ToolSchema]) -> None:
        """Embed the tools' examples ahead of the first message. Blocking."""
        self._choice.choose("hello", tools)

    def _complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        language = language_in(messages[0].text if messages else "")
        if messages[-1].role == "tool":
            return ModelTurn(self._answer(messages, read_wish(messages, language), language))
        return self._call(messages, tools, language)

    def _call(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema], language: str) -> ModelTurn:
        if (dropped := _dropped(messages, language)) is not None:
            return dropped
        wish = read_wish(messages, language)
        today = _today(messages[0].text)
        seen = "\n".join(message.text for message in messages[1:])
        if (corrected := self._corrected(wish, tools, today, seen, language)) is not None:
            return corrected
        if wish.answers and self._is_request(wish.answers[-1], wish, tools):
            wish = Wish(wish.answers[-1])
        calls: list[ToolCall] = []
        spelled = self._spelled(wish.text, tools)
        plain = self._shorthand.written_out(spelled.text)
        for choice in _taken(wish, plain, tools) or _each_asked(self._choice.choose(plain, tools)):
            several = choice.text != plain
            text = as_typed(choice.text, spelled) if several else wish.text
            search = text if several else self._search_text(wish)
            said = Said(text, today, wish.answers, search=search, seen=seen)
            filled = self._filling.fill(choice.schema, said, language)
            if filled.question:
                return ModelTurn(filled.question, asks_for=_called(choice, filled, 1))
            calls.append(_called(choice, filled, len(calls) + 1))
        return ModelTurn("" if calls else say("ask_again", language), tuple(calls))

    def _corrected(
        self, wish: Wish, tools: Sequence[ToolSchema], today: date, seen: str, language: str
    ) -> ModelTurn | None:
        """The request before, with only that changed of which the correction speaks; None when it is no correction."""
        corrections: list[str] = []
        while wish.corrects is not None:
            corrections.insert(0, wish.correction)
            wish = wish.corrects
        chosen = self._choice.choose(self._plain(wish.text, tools), tools) if corrections else []
        if len(chosen) != 1 or chosen[0].schema.name == SEARCH or self._is_request(corrections[-1], wish, tools):
            return None
        said = Said(wish.text, today, wish.answers, tuple(corrections), self._search_text(wish), seen)
        filled = self._filling.fill(chosen[0].schema, said, language)
        if not filled.corrected:
            return None
        call = _called(chosen[0], filled, 1)
        return ModelTurn(filled.question, asks_for=call) if filled.question else ModelTurn("", (call,))

    def _is_request(self, text: str, wish: Wish, tools: Sequence[ToolSchema]) -> bool:
        """Whether words that could be an answer plainly ask for another tool than the one that is being filled in."""
        other = [] if is_bare_name(text) else self._choice.choose(self._plain(text, tools), tools)
        if len(other) != 1 or other[0].schema.name == SEARCH or other[0].score < CERTAIN:
            return False
        first = self._choice.choose(self._plain(wish.text, tools), tools)
        return other[0].schema.name not in {choice.schema.name for choice in first}

    def _spelled(self, text: str, tools: Sequence[ToolSchema]) -> Spelled:
        return self._spelling.read(text, tools, self._shorthand.vocabulary())

    def _plain(self, text: str, tools: Sequence[ToolSchema]) -> str:
        """What a tool is chosen by: slips put right, shorthand written out."""
        return self._shorthand.written_out(self._spelled(text, tools).text)

    def _answer(self, messages: Sequence[ChatMessage], wish: Wish, language: str) -> str:
        """From the results behind the last assistant message: a question when a tool needs better arguments, else
        the sentences that answer."""
        start = max(index for index, message in enumerate(messages) if message.role != "tool")
        results = [message.text for message in messages[start + 1 :]]
        answers: dict[str, None] = {}
        said: set[str] = set()
        questions = [
            self._shorthand.written_out(question) for question in _questions(messages[start], self._search_text(wish))
        ]
        for result, question in zip(results, questions, strict=True):
            if result.startswith(RETRY):
                return _question_for(result, language)
            if passages := read_passages(result):
                found = self._extractor.extract(question, passages, language)
                answers.update(dict.fromkeys(part.text for part in found if not _said_already(part, said)))
                said.update(sentence for part in found for sentence in part.sentences)
        return "\n\n".join(answers)

    def _search_text(self, wish: Wish) -> str:
        return " ".join((wish.with_context, *wish.answers))


def _taken(wish: Wish, text: str, tools: Sequence[ToolSchema]) -> list[Choice]:
    """The tool that was offered by its title and taken."""
    named = (tool for tool in tools if wish.offered and wish.offered in tool.parameters.get(TITLES, {}).values())
    return [Choice(tool, 1.0, text) for tool in named][:1]


def _said_already(part: Extract, said: set[str]) -> bool:
    """Two questions about one clause are answered once."""
    return said.issuperset(part.sentences)


def _each_asked(choices: Sequence[Choice]) -> Sequence[Choice]:
    """A search for each question of a message that asks several things."""
    if len(choices) != 1 or choices[0].schema.name != SEARCH:
        return choices
    return [replace(choices[0], text=question) for question in questions_in(choices[0].text)]


def _dropped(messages: Sequence[ChatMessage], language: str) -> ModelTurn | None:
    """ "Never mind" in place of an answer: the request is dropped, and nothing is looked up."""
    asked = messages[-2].text if len(messages) > 2 and messages[-2].role == "assistant" else ""
    gives_up = intent_of(messages[-1].text) is Intent.CANCEL and expects_answer(asked)
    return ModelTurn(say("dropped", language)) if gives_up else None


def _called(choice: Choice, filled: Filled, number: int) -> ToolCall:
    return ToolCall(f"built-in-{number}", choice.schema.name, json.dumps(filled.arguments, ensure_ascii=False))


def _today(system: str) -> date:
    """The day that the system prompt gives; this machine's when it gives none."""
    match = _TODAY.search(system)
    return date.fromisoformat(match[1]) if match else datetime.now(UTC).date()


def _questions(asking: ChatMessage, otherwise: str) -> list[str]:
    """What each call of a message asked: its question argument where it has one."""
    questions = []
    for call in asking.tool_calls:
        try:
            arguments = json.loads(call.arguments)
        except ValueError:  # another model's garbage: this one has just taken over
            arguments = {}
        asked = arguments.get("question") if isinstance(arguments, dict) else None
        questions.append(str(asked or otherwise))
    return questions


def _question_for(result: str, language: str) -> str:
    """What to ask the person when a tool could not work with what they said."""
    if candidates := _CANDIDATE.findall(result):
        names = "\n".join(f"{place}. {name.strip()}" for place, name in enumerate(candidates, start=1))
        return say("ask_which_person", language, names=names)
    if match := _CALLED.search(result):
        if names_role(match[1]):
            return say("ask_person", language)
        return say("ask_other_person", language, name=match[1])
    if match := _NAMES.search(result):
        return say("ask_whose", language, name=match[1])
    if "own account" in result:
        return say("ask_own_account", language)
    if "ticket" in result:
        return say("ask_ticket", language)
    if "name" in result or "person" in result:
        return say("ask_person", language)
    return say("ask_again", language)

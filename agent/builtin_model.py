"""The built-in model: no network, no key, no language model. Chooses tools by meaning and answers by extraction.

It implements `core.chat.ChatModel` and reads nothing but the messages and schemas that any other model reads.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence

from agent.argument_filling import ArgumentFilling
from agent.data_text import RETRY, read_passages
from agent.extract import Extractor
from agent.meaning import Meaning
from agent.prompting import language_in
from agent.shorthand import Glossary, Shorthand
from agent.tool_choice import ToolChoice
from agent.wish import Wish, read_wish
from agent.words import say
from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.ports import Embedder

NAME = "loket-built-in"
_CANDIDATE = re.compile(r"[^;:.]+? \(E\d+, [^)]*\)")
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

    @property
    def name(self) -> str:
        """Shown to people: this was the built-in model."""
        return NAME

    async def complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        """Tool calls for a new message; an answer, a question or nothing after tool results."""
        return await asyncio.to_thread(self._complete, messages, tools)

    def warm(self, tools: Sequence[ToolSchema]) -> None:
        """Embed the tools' examples ahead of the first message. Blocking."""
        self._choice.choose("hello", tools)

    def _complete(self, messages: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> ModelTurn:
        language = language_in(messages[0].text if messages else "")
        wish = read_wish(messages, language)
        if messages[-1].role == "tool":
            return ModelTurn(self._answer(messages, wish, language))
        return self._call(wish, tools, language)

    def _call(self, wish: Wish, tools: Sequence[ToolSchema], language: str) -> ModelTurn:
        calls: list[ToolCall] = []
        plain = self._shorthand.written_out(wish.text)
        for choice in self._choice.choose(plain, tools):
            several = choice.text != plain
            text = choice.text if several else wish.text
            search = choice.text if several else self._search_text(wish)
            filled = self._filling.fill(choice.schema, text, wish.answers, search, language)
            if filled.question:
                return ModelTurn(filled.question)
            calls.append(ToolCall(f"built-in-{len(calls) + 1}", choice.schema.name, json.dumps(filled.arguments)))
        return ModelTurn("" if calls else say("ask_again", language), tuple(calls))

    def _answer(self, messages: Sequence[ChatMessage], wish: Wish, language: str) -> str:
        """From the results behind the last assistant message: a question when a tool needs better arguments, else
        the sentences that answer."""
        start = max(index for index, message in enumerate(messages) if message.role != "tool")
        results = [message.text for message in messages[start + 1 :]]
        answers: list[str] = []
        questions = [
            self._shorthand.written_out(question) for question in _questions(messages[start], self._search_text(wish))
        ]
        for result, question in zip(results, questions, strict=True):
            if result.startswith(RETRY):
                return _question_for(result, language)
            if passages := read_passages(result):
                answers += [part.text for part in self._extractor.extract(question, passages, language)]
        return "\n\n".join(answers)

    def _search_text(self, wish: Wish) -> str:
        return " ".join((wish.with_context, *wish.answers))


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
        return say("ask_other_person", language, name=match[1])
    if "own account" in result:
        return say("ask_own_account", language)
    if "ticket" in result:
        return say("ask_ticket", language)
    if "name" in result or "person" in result:
        return say("ask_person", language)
    return say("ask_again", language)

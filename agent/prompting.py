"""The messages a model starts from: the prompt (a document in `prompts/`), the conversation so far, the question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agent.state import Asked
from core.chat import ChatMessage
from core.plain_text import one_line, visible

LANGUAGE_LINE = "Answer in this language: "
CLOSING_LINES = 3
_NOT_FOUND = re.compile(r"\W*(?:NOT[ _]FOUND|NIET[ _]GEVONDEN)\b")
_NAMES = {"en": "English (en)", "nl": "Dutch (nl)"}


def opening_messages(asked: Asked, language: str) -> list[ChatMessage]:
    """System prompt, history of this person only, and the message, as a model reads them."""
    system = ChatMessage("system", _system(asked, language))
    history = [ChatMessage(past.role, visible(past.text)) for past in asked.history if past.text]
    return [system, *history, ChatMessage("user", visible(asked.message.text))]


def phrasing_messages(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The same turn for a model that may only phrase the answer: the results stand below the question.

    No tool calls and no tool results are in it: many servers take those only where tools are offered.
    """
    system, *rest = messages
    spoken = [message for message in rest if message.role in ("user", "assistant") and not message.tool_calls]
    results = "\n".join(message.text for message in rest if message.role == "tool")
    asked = spoken.pop() if spoken and spoken[-1].role == "user" else ChatMessage("user", "")
    spoken.append(ChatMessage("user", f"{asked.text}\n\n{results}"))
    return [ChatMessage("system", f"{_document('phrase')}\n\n{_closing(system.text)}"), *_in_turn(spoken)]


def _in_turn(spoken: Sequence[ChatMessage]) -> list[ChatMessage]:
    """User and assistant in turn, the user first: the chat templates of many models take nothing else."""
    turns: list[ChatMessage] = []
    for message in spoken:
        if turns and turns[-1].role == message.role:
            turns[-1] = ChatMessage(message.role, f"{turns[-1].text}\n\n{message.text}")
        elif turns or message.role == "user":
            turns.append(message)
    return turns


def says_not_found(text: str) -> bool:
    """Whether a model said, as it was told to, that the passages do not answer."""
    return _NOT_FOUND.match(text) is not None


def language_in(system: str) -> str:
    """The language that a system prompt asks for; English when it does not say."""
    _, _, rest = system.rpartition(LANGUAGE_LINE)
    return next((language for language in _NAMES if f"({language})" in rest[:20]), "en")


def _closing(system: str) -> str:
    """The lines of a system prompt about this very turn: date, name, language."""
    return "\n".join(system.splitlines()[-CLOSING_LINES:])


def _system(asked: Asked, language: str) -> str:
    return "\n".join(
        [
            _document("system"),
            *_files(asked),
            f"Today is {asked.at.date().isoformat()}.",
            f"The person's given name is {one_line(asked.requester.given_name)!r}.",
            f"{LANGUAGE_LINE}{_NAMES.get(language, language)}",
        ]
    )


def _files(asked: Asked) -> list[str]:
    """That files came along, in our own words for their kinds: no model sees a name, which is its sender's."""
    kinds = [file.media_type for file in asked.message.files if not file.unwanted]
    return [f"{_document('files')} {', '.join(kinds)}."] if kinds else []


@cache
def _document(name: str) -> str:
    return Path(__file__).with_name("prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()

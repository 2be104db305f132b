"""The messages a model starts from: the prompt (a document in `prompts/`), the conversation so far, the question."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from agent.state import Asked
from core.chat import ChatMessage
from core.plain_text import one_line, visible

LANGUAGE_LINE = "Answer in this language: "
_NAMES = {"en": "English (en)", "nl": "Dutch (nl)"}


def opening_messages(asked: Asked, language: str) -> list[ChatMessage]:
    """System prompt, history of this person only, and the message, as a model reads them."""
    system = ChatMessage("system", _system(asked, language))
    history = [ChatMessage(past.role, visible(past.text)) for past in asked.history if past.text]
    return [system, *history, ChatMessage("user", visible(asked.message.text))]


def phrasing_prompt() -> str:
    """What is added for a model that may only phrase an answer."""
    return _document("phrase")


def language_in(system: str) -> str:
    """The language that a system prompt asks for; English when it does not say."""
    _, _, rest = system.rpartition(LANGUAGE_LINE)
    return next((language for language in _NAMES if f"({language})" in rest[:20]), "en")


def _system(asked: Asked, language: str) -> str:
    return "\n".join(
        [
            _document("system"),
            f"Today is {asked.at.date().isoformat()}.",
            f"The person's given name is {one_line(asked.requester.given_name)!r}.",
            f"{LANGUAGE_LINE}{_NAMES.get(language, language)}",
        ]
    )


@cache
def _document(name: str) -> str:
    return Path(__file__).with_name("prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()

"""What the person wants now, read from the conversation: a new request, or the answer to a question asked before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.intents import Intent, intent_of
from agent.words import CATALOGUE, say
from core.chat import ChatMessage

ASKS = (
    "ask_person",
    "ask_which_person",
    "ask_other_person",
    "ask_ticket",
    "ask_line",
    "ask_text",
    "ask_value",
    "ask_choice",
)
ASKS_FOR_TEXT = ("ask_line", "ask_text")
_FOLLOW_UP = re.compile(
    r"^(?:and|but|so|or|also|what about|how about|and if|what if|why|"
    r"en|maar|dus|of|ook|wat als|en als|hoe zit het|waarom)\b|"
    r"\b(?:that|those|it|this|then|there|dat|die|dit|daar|dan|ervan|erbij|hiervoor|daarvoor)\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"^\W*(\d{1,2})\W*$")
SHORT = 6


@dataclass(frozen=True, slots=True)
class Wish:
    """`text` is the request; `answers` what was answered to the questions about it, in order; `context` the question
    before, for a follow-up."""

    text: str
    answers: tuple[str, ...] = ()
    context: str = ""

    @property
    def with_context(self) -> str:
        """The request as a search needs it: with the question it follows upon."""
        return f"{self.context} {self.text}".strip()


def read_wish(messages: Sequence[ChatMessage], language: str) -> Wish:
    """The wish behind the last message of the person."""
    talk = [message for message in messages if message.role in ("user", "assistant") and not message.tool_calls]
    last = max(index for index, message in enumerate(talk) if message.role == "user")
    text = talk[last].text
    answers: list[str] = []
    at = last
    while at >= 2 and _answers(talk[at].text, talk[at - 1].text) and talk[at - 2].role == "user":
        answers.insert(0, _chosen(talk[at].text, talk[at - 1].text))
        at -= 2
    if answers:
        return Wish(talk[at].text, tuple(answers))
    before = next((message.text for message in reversed(talk[:last]) if message.role == "user"), "")
    if last >= 2 and intent_of(text) is Intent.CONFIRM and _offers_ticket(talk[last - 1].text):
        return Wish(say("ticket_request", language, question=before))
    follows = len(text.split()) <= SHORT and _FOLLOW_UP.search(text) is not None
    return Wish(text, (), before if follows else "")


def expects_answer(text: str) -> bool:
    """Whether a message of the desk's waits for a yes, a no or an answer."""
    return text.rstrip().endswith("?") or _asks(text) or _offers_ticket(text)


def _asks(text: str, keys: tuple[str, ...] = ASKS) -> bool:
    return any(_pattern(key, language).fullmatch(text) for key in keys for language in CATALOGUE.languages)


def _answers(text: str, question: str) -> bool:
    """A question is no name, number or choice: whoever asks something else instead has changed the subject."""
    return _asks(question) and (not text.rstrip().endswith("?") or _asks(question, ASKS_FOR_TEXT))


def _offers_ticket(text: str) -> bool:
    return any(_pattern("not_found_ticket", language).search(text) is not None for language in CATALOGUE.languages)


def _pattern(key: str, language: str) -> re.Pattern[str]:
    """A sentence of the catalogue as a pattern, its placeholders open."""
    sentence = CATALOGUE.keys(language).get(key, "\0")
    return re.compile(
        "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", sentence)),
        re.DOTALL,
    )


def _chosen(answer: str, question: str) -> str:
    """ "2" means the second line of a list that was offered; what is no choice stays as it is."""
    if match := _CHOICE.match(answer):
        for line in question.splitlines():
            if line.startswith(f"{match[1]}. "):
                return line.removeprefix(f"{match[1]}. ")
    return answer.strip()

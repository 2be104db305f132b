"""What the person wants now, read from the conversation: a new request, or the answer to a question asked before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.answers import could_answer
from agent.chosen import chosen
from agent.corrections import correction_in
from agent.follow_ups import context_of
from agent.intents import Intent, intent_of
from agent.question_form import is_question
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
    "ask_date",
    "ask_whose",
)
ASKS_FOR_TEXT = ("ask_line", "ask_text")
PATIENCE = 4
"""How many exchanges a question of the desk stays open when the person asks something else."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`text` is the request; `answers` what was answered to the questions about it, in order; `context` the question
    before, for a follow-up; `corrects` the request that this one may put right, with `correction` in its words;
    `offered` the title of the tool that was offered for it and taken."""

    text: str
    answers: tuple[str, ...] = ()
    context: str = ""
    corrects: Wish | None = None
    correction: str = ""
    offered: str = ""

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
    while (asked := _question_answered(talk, at)) is not None:
        answers.insert(0, _put(talk[at].text, talk[asked].text))
        at = asked - 1
    if title := _taken(talk, at):
        return Wish(talk[at - 2].text, tuple(answers), offered=title)
    if answers:
        return Wish(talk[at].text, tuple(answers))
    before = next((place for place in range(last - 1, -1, -1) if talk[place].role == "user"), None)
    if before is None:
        return Wish(text)
    if intent_of(text) is Intent.CONFIRM and _offers_ticket(talk[last - 1].text):
        return Wish(say("ticket_request", language, question=talk[before].text))
    context = context_of(text, [message.text for message in talk[:last] if message.role == "user"])
    if (correction := correction_in(text)) is None:
        return Wish(text, (), context)
    lists = (message.text for message in reversed(talk[:last]) if message.role == "assistant" and _asks(message.text))
    return Wish(text, (), context, read_wish(talk[: before + 1], language), chosen(correction, next(lists, "")))


def _taken(talk: Sequence[ChatMessage], at: int) -> str:
    """The title of the tool that was offered right before, and that this message takes: "yes", or the title itself."""
    if at < 2 or talk[at - 1].role != "assistant" or talk[at - 2].role != "user":
        return ""
    title = tool_offered(talk[at - 1].text)
    said = talk[at].text.strip().casefold()
    return title if title and (said == title.casefold() or intent_of(talk[at].text) is Intent.CONFIRM) else ""


def _put(answer: str, question: str) -> str:
    """What the answer says or chooses; "no wait, tom bakker" says "tom bakker"."""
    meant = chosen(answer, question)
    if meant == answer.strip() and not _asks(question, ASKS_FOR_TEXT):
        return chosen(correction_in(answer) or answer, question)
    return meant


def waiting_question(talk: Sequence[ChatMessage]) -> str | None:
    """The desk's question that the person has left open by asking something else; None when none is."""
    last = max((index for index, message in enumerate(talk) if message.role == "user"), default=0)
    asked = _left_open(talk, last)
    if asked is None or (asked == last - 1 and _answers(talk[last].text, talk[asked].text)):
        return None
    return None if could_answer(talk[last].text, talk[asked].text) else talk[asked].text


def _question_answered(talk: Sequence[ChatMessage], at: int) -> int | None:
    """Where the question stands that the message at `at` answers: right before it, or left open a while ago."""
    if at < 2:
        return None
    if _asks(talk[at - 1].text):
        return at - 1 if _answers(talk[at].text, talk[at - 1].text) and talk[at - 2].role == "user" else None
    asked = _left_open(talk, at)
    return asked if asked is not None and could_answer(talk[at].text, talk[asked].text) else None


def _left_open(talk: Sequence[ChatMessage], at: int) -> int | None:
    """The last question of the desk before `at`, when nothing the person said since was an answer or a way out."""
    asked = next((n for n in range(at - 1, max(-1, at - 2 * PATIENCE), -1) if _is_question_of_desk(talk, n)), None)
    if asked is None:
        return None
    since = [message.text for message in talk[asked + 1 : at] if message.role == "user"]
    ended = any(intent_of(text) is Intent.CANCEL or could_answer(text, talk[asked].text) for text in since)
    first_answers = bool(since) and _answers(since[0], talk[asked].text)
    return None if ended or first_answers else asked


def _is_question_of_desk(talk: Sequence[ChatMessage], at: int) -> bool:
    return at > 0 and talk[at].role == "assistant" and talk[at - 1].role == "user" and _asks(talk[at].text)


def expects_answer(text: str) -> bool:
    """Whether a message of the desk's waits for a yes, a no or an answer."""
    return text.rstrip().endswith("?") or _asks(text) or _offers_ticket(text) or bool(tool_offered(text))


def asks_for_value(text: str) -> bool:
    """Whether a message of the desk's asks for something that a request still needs: a name, a day, a line."""
    return _asks(text)


def _asks(text: str, keys: tuple[str, ...] = ASKS) -> bool:
    return any(_pattern(key, language).fullmatch(text) for key in keys for language in CATALOGUE.languages)


def _answers(text: str, question: str) -> bool:
    """A question is no name, number or choice: whoever asks something else instead has changed the subject."""
    if not _asks(question) or intent_of(text) is Intent.CANCEL:
        return False
    return _asks(question, ASKS_FOR_TEXT) or not (is_question(text) and len(text.split()) > 2)


def _offers_ticket(text: str) -> bool:
    return any(_pattern("not_found_ticket", language).search(text) is not None for language in CATALOGUE.languages)


def tool_offered(text: str) -> str:
    """The title of the tool that a message of the desk's offers; empty when it offers none."""
    found = (_offer(language).search(text) for language in CATALOGUE.languages)
    return next((match["title"] for match in found if match), "")


@lru_cache(maxsize=8)
def _offer(language: str) -> re.Pattern[str]:
    before, _, behind = CATALOGUE.keys(language)["not_found_tool"].partition("{title}")
    return re.compile(rf"{re.escape(before)}(?P<title>.+?){re.escape(behind.partition('{')[0])}")


@lru_cache(maxsize=200)
def _pattern(key: str, language: str) -> re.Pattern[str]:
    """A sentence of the catalogue as a pattern, its placeholders open."""
    sentence = CATALOGUE.keys(language).get(key, "\0")
    return re.compile(
        "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", sentence)),
        re.DOTALL,
    )

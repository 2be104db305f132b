"""A tool's arguments from what the person typed, by type; what is missing is asked for, one thing at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.dates import day_in, spans_in
from agent.enum_values import EnumValues
from agent.intents import Intent, intent_of
from agent.matter import LINE, remark, subject
from agent.meaning import Meaning
from agent.offers import ASKED, EXAMPLES
from agent.person_names import person_in
from agent.quantities import number_in, time_in
from agent.shapes import Shape, fits, is_date, resolved
from agent.ticket_numbers import queues_in, ticket_in
from agent.words import say
from core.chat import ToolSchema

PERSON = 100
_ASKED_BY_KIND = ("person", "ticket", "line", "text", "date")
_WHOLE_TEXT = ("question", "query")
"""Parameters of these names take the request as it is, with what it follows upon."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the person said of one request: first, in answer to questions (in order), and to put something right.

    `search` is the text as a search needs it, `seen` what stood in the conversation before.
    """

    text: str
    today: date
    answers: tuple[str, ...] = ()
    corrections: tuple[str, ...] = ()
    search: str = ""
    seen: str = ""


@dataclass(slots=True)
class Filled:
    """The arguments so far, and the question to ask next; `question` is empty when nothing is missing.

    `corrected`: the last correction changed something.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    question: str = ""
    corrected: bool = False


class ArgumentFilling:
    """Fills by `x-kind`, enum, format and type; knows nothing of particular tools. What it fills fits the schema."""

    def __init__(self, meaning: Meaning) -> None:
        self._enums = EnumValues(meaning)

    def fill(self, schema: ToolSchema, said: Said, language: str) -> Filled:
        """Every parameter that can be read from what was said. Blocking."""
        reading = _Reading(schema, said, self._enums)
        filled = Filled()
        for name, shape, needed in reading.parameters():
            _put(filled, name, shape, reading.value(name, shape, said.text, needed=needed))
        for answer in said.answers:
            self._answer(reading, answer, filled)
        for correction in said.corrections:
            filled.corrected = reading.correct(correction, filled)
        reading.complete(filled)
        if (missing := reading.missing(filled)) is not None:
            filled.question = question_for(*missing, language, schema.parameters.get(ASKED, {}))
        return filled

    @staticmethod
    def _answer(reading: _Reading, answer: str, filled: Filled) -> None:
        """To the first thing that is missing; when nothing is, it says better whom or what is meant (after a retry)."""
        missing = reading.missing(filled)
        if missing is None:
            reading.better(answer, filled)
            return
        name, shape = missing
        value = reading.value(name, shape, answer, needed=True, whole=True)
        _put(filled, name, shape, _as_typed(shape, answer) if value is None else value)


class _Reading:
    """One tool's parameters, and how each is read out of a text."""

    def __init__(self, schema: ToolSchema, said: Said, enums: EnumValues) -> None:
        parameters = schema.parameters
        self._required = frozenset(parameters.get("required", ()))
        self._shapes = {name: resolved(shape, parameters) for name, shape in parameters.get("properties", {}).items()}
        self._said, self._enums = said, enums
        self._queues = queues_in([schema.description, *parameters.get(EXAMPLES, ())])
        self._is_form = bool(parameters.get(ASKED))
        self._dates = sum(is_date(shape) for shape in self._shapes.values())
        free = [name for name, shape in self._shapes.items() if name in self._required and _is_free(shape)]
        self._texts = [] if self._is_form else free

    def parameters(self) -> Iterator[tuple[str, Shape, bool]]:
        """Name, shape and whether it is required, in the tool's own order."""
        return ((name, shape, name in self._required) for name, shape in self._shapes.items())

    def missing(self, filled: Filled) -> tuple[str, Shape] | None:
        """The first required parameter without a value."""
        return next(
            ((n, shape) for n, shape, needed in self.parameters() if needed and n not in filled.arguments), None
        )

    def value(self, name: str, shape: Shape, text: str, *, needed: bool, whole: bool = False) -> Any:
        """What the text gives for one parameter, or None. `whole`: it answers the question for just this one."""
        if self._is_form:
            return self._of_form(shape, text, whole=whole)
        if "enum" in shape:
            return self._enums.value(shape, text, needed=needed)
        if (typed := self._typed(shape, text, whole=whole)) is not None or not _is_free(shape):
            return typed if needed or not (is_date(shape) and self._takes_whole_text()) else None
        if not needed:
            return None
        return text.strip() if whole else self._free(name, shape, text)

    def _of_form(self, shape: Shape, text: str, *, whole: bool) -> Any:
        """Of a form's field only what was plainly said: a choice by its words, the one day; the rest is asked for."""
        if "enum" in shape:
            return self._enums.chosen(shape, text, whole=whole)
        if whole and _is_free(shape):
            return text.strip() or None
        return self._typed(shape, text, whole=whole) if whole or (is_date(shape) and self._dates == 1) else None

    def correct(self, correction: str, filled: Filled) -> bool:
        """Change the one argument that a correction speaks of; whether there was one."""
        found = {name: self._named(shape, correction) for name, shape, _ in self.parameters()}
        found = {name: value for name, value in found.items() if value is not None}
        if not found and not self._texts:  # with nothing else to correct, "no, anna visser" must be a name
            found = {
                name: person_in(correction, whole=True) for name, shape, _ in self.parameters() if _is_person(shape)
            }
        if not found and len(correction.split()) > 1:  # neither who, when nor where: then what it is about
            found = {name: correction[: self._shapes[name].get("maxLength", LINE)] for name in self._texts}
        before = dict(filled.arguments)
        for name, value in found.items():
            _put(filled, name, self._shapes[name], value)
        return filled.arguments != before

    def better(self, answer: str, filled: Filled) -> None:
        """Whom or which ticket the person means after all."""
        for name, shape, _ in self.parameters():
            if _is_person(shape):
                _put(filled, name, shape, person_in(answer, whole=True) or answer[:PERSON])
                return
            if shape.get("x-kind") == "ticket" and (ticket := self._typed(shape, answer, whole=True)):
                _put(filled, name, shape, ticket)
                return

    def complete(self, filled: Filled) -> None:
        """One line is all somebody said: then it is the description as well."""
        lines = [
            filled.arguments[n] for n, s, _ in self.parameters() if s.get("x-kind") == "line" and n in filled.arguments
        ]
        for name in self._texts:
            if lines and name not in filled.arguments:
                filled.arguments[name] = lines[0]

    def _named(self, shape: Shape, text: str) -> Any:
        return self._enums.named(shape, text) if "enum" in shape else self._typed(shape, text, whole=False)

    def _typed(self, shape: Shape, text: str, *, whole: bool) -> Any:
        """Persons, tickets, days, times, numbers, yes and no."""
        kind = shape.get("x-kind", "")
        if kind == "person":
            return person_in(self._without_days(text), whole=whole)
        if kind == "ticket":
            return ticket_in(text, self._queues, self._said.seen, whole=whole)
        if is_date(shape):
            day = day_in(text, self._said.today)
            return day.isoformat() if day else None
        if shape.get("format") == "time":
            return time_in(text)
        if shape.get("type") in ("integer", "number"):
            return number_in(self._without_names(text))
        if shape.get("type") == "boolean":
            return {Intent.CONFIRM: True, Intent.CANCEL: False}.get(intent_of(text) or Intent.ABOUT)
        return None

    def _free(self, name: str, shape: Shape, text: str) -> str | None:
        """The person's own words, as far as they are about the matter."""
        kind = shape.get("x-kind", "")
        if name in _WHOLE_TEXT:
            return (self._said.search or text).strip() or None
        if kind == "line":
            return subject(text) or None
        if kind == "text":
            adds = any(other.get("x-kind") == "ticket" for other in self._shapes.values())
            return (remark(text) if adds else text.strip() if subject(text) else "") or None
        return text.strip() or None if len(self._texts) == 1 else None

    def _takes_whole_text(self) -> bool:
        """A tool that is given the whole question reads the times in it itself."""
        return not self._required.isdisjoint(_WHOLE_TEXT)

    def _without_days(self, text: str) -> str:
        """ "Friday" is nobody; the "Jan" of "1 Jan" neither."""
        for span in reversed(spans_in(text, self._said.today)):
            text = f"{text[: span.start]} {text[span.end :]}"
        return text

    def _without_names(self, text: str) -> str:
        """The numbers in days and tickets are no numbers of their own."""
        return re.sub(r"\b[A-Za-z]{1,10}-?\d+\b|#\d+", " ", self._without_days(text))


def question_for(name: str, shape: Shape, language: str, asked: Mapping[str, str] | None = None) -> str:
    """The question for one missing parameter; a form's own words where it has some."""
    if asked and (label := asked.get(f"{name}.{language}") or asked.get(f"{name}.en")):
        return say("ask_value", language, what=label)
    kind = "date" if is_date(shape) else shape.get("x-kind", "")
    if kind in _ASKED_BY_KIND:
        return say(f"ask_{kind}", language)
    if "enum" in shape:
        return say("ask_choice", language, choices=", ".join(map(str, shape["enum"])))
    return say("ask_value", language, what=shape.get("title") or name.replace("_", " "))


def _put(filled: Filled, name: str, shape: Shape, value: Any) -> None:
    """Only what fits is kept: the rest counts as not said."""
    if isinstance(value, str):
        value = value[: shape.get("maxLength", len(value))]
    if shape.get("type") == "integer" and isinstance(value, float):
        return
    if value is not None and fits(value, shape):
        filled.arguments[name] = value


def _as_typed(shape: Shape, answer: str) -> str | None:
    """An answer that no rule could read is taken as it stands where any text will do; the tool checks it."""
    plain = shape.get("type") == "string" and "enum" not in shape and not is_date(shape)
    return answer[: shape.get("maxLength", LINE)].strip() or None if plain else None


def _is_person(shape: Shape) -> bool:
    return bool(shape.get("x-kind") == "person")


def _is_free(shape: Shape) -> bool:
    """Whether any text will do."""
    told = shape.get("x-kind", "") in ("person", "ticket", "date") or "enum" in shape or "format" in shape
    return shape.get("type") == "string" and not told

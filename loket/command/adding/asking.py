"""Questions in plain words, each with a default and a reason; a terminal, a file or the defaults answer them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from core.errors import ConfigError
from loket.command.nearest import did_you_mean
from loket.command.prompting import typed


def anything(answer: str) -> object:
    """Every answer can be."""
    return answer


@dataclass(frozen=True, slots=True)
class Question:
    """`key` is what an answers file calls it, `why` the reason in one sentence. `choices`: one of these only; `sound`
    raises `ConfigError`, which says what is wrong, for another answer that cannot be.

    An answer of many lines is given with `;` between them.
    """

    key: str
    text: str
    why: str
    default: str = ""
    choices: tuple[str, ...] = ()
    sound: Callable[[str], object] = anything


@dataclass(slots=True)
class Asker:
    """Asks. `given` are answers by key, or by operation and then key; without a terminal the default is taken.

    Whoever answers wrongly at the terminal is told why by `tell`, and asked again: nobody begins anew at the twelfth
    question. `used` are the keys that were asked for, so that a spelling mistake in a file can be told; `assumed`
    those that nobody answered.
    """

    given: Mapping[str, Any]
    prompt: Callable[[Question], str] | None = None
    tell: Callable[[str], None] = print
    used: set[str] = field(default_factory=set)
    assumed: list[str] = field(default_factory=list)

    def ask(self, question: Question, of: str = "") -> str:
        """The answer. Raises `ConfigError` for one of a file, or a default, that cannot be."""
        own = self.given.get(of)
        self.used |= {of, question.key}
        value = own.get(question.key) if isinstance(own, Mapping) else None
        value = self.given.get(question.key) if value is None else value
        if value is not None:
            return _sound(question, as_text(value))
        if self.prompt is None:
            self.assumed.append(question.key)
            return _sound(question, question.default)
        while True:
            try:
                return _sound(question, self.prompt(question))
            except ConfigError as error:
                self.tell(str(error))

    def refuse_unused(self) -> None:
        """Raises `ConfigError` for an answer that nobody asked for: most often a spelling mistake."""
        asked = sorted(self.used - {""})
        if stray := sorted(set(self.given) - self.used):
            meant = did_you_mean(stray[0], asked)
            raise ConfigError(f"nobody asks for {stray[0]!r}.{meant} There are: {', '.join(asked)}")


def _sound(question: Question, answer: str) -> str:
    answer = answer.strip()
    if question.choices and answer not in question.choices:
        meant = did_you_mean(answer, question.choices)
        raise ConfigError(f"{question.key}: {answer!r} is none of: {', '.join(question.choices)}.{meant}")
    question.sound(answer)
    return answer


def as_text(value: Any) -> str:
    """An answer of a file as it would have been typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={as_value(one)}" for key, one in value.items())
    return str(value)


def as_value(value: Any) -> str:
    """One value of a pair, as it would have been typed."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | list | Mapping) else str(value)


def lines_of(answer: str) -> list[str]:
    """The lines of an answer that may have several."""
    return [line.strip() for line in answer.split(";") if line.strip()]


def pairs_of(key: str, answer: str) -> dict[str, str]:
    """`a=b; c=d`. Raises `ConfigError` for a line that is no pair."""
    found = {}
    for line in lines_of(answer):
        name, joint, value = line.partition("=")
        if not joint or not name.strip() or not value.strip():
            raise ConfigError(f"{key}: {line!r} is not written as NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def at_the_terminal(console: Console) -> Callable[[Question], str]:
    """Asks, with the reason dimmed above the question; a reason that was just read is not said again."""
    said = ""

    def prompt(question: Question) -> str:
        nonlocal said
        if question.why != said:
            console.print(f"\n{question.why}", style="dim", markup=False, highlight=False)
            said = question.why
        choices = f" ({' / '.join(question.choices)})" if question.choices else ""
        return typed(f"{question.text}{choices}", question.default)

    return prompt


def telling(console: Console) -> Callable[[str], None]:
    """Says what is wrong with an answer."""
    return lambda text: console.print(text, style="yellow", markup=False, highlight=False)

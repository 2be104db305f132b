"""Questions in plain words, each with a default and a reason; a terminal, a file or the defaults answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.console import Console

from core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Question:
    """`key` is what an answers file calls it, `why` the reason in one sentence. `choices`: one of these only.

    An answer of many lines is given with `;` between them.
    """

    key: str
    text: str
    why: str
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class Asker:
    """Asks. `given` are answers by key, or by operation and then key; without a terminal the default is taken.

    `used` are the keys that were asked for, so that a spelling mistake in a file can be told.
    """

    given: Mapping[str, Any]
    prompt: Callable[[Question], str] | None = None
    used: set[str] = field(default_factory=set)

    def ask(self, question: Question, of: str = "") -> str:
        """The answer. Raises `ConfigError` for one that cannot be."""
        own = self.given.get(of)
        self.used |= {of, question.key}
        value = own.get(question.key) if isinstance(own, Mapping) else None
        value = self.given.get(question.key) if value is None else value
        if value is not None:
            return self._sound(question, as_text(value))
        if self.prompt is None:
            return self._sound(question, question.default)
        return self._sound(question, self.prompt(question))

    def refuse_unused(self) -> None:
        """Raises `ConfigError` for an answer that nobody asked for: most often a spelling mistake."""
        if stray := sorted(set(self.given) - self.used):
            raise ConfigError(f"nobody asks for {stray[0]!r}; there are: {', '.join(sorted(self.used - {''}))}")

    def _sound(self, question: Question, answer: str) -> str:
        if question.choices and answer not in question.choices:
            raise ConfigError(f"{question.key}: {answer!r} is none of: {', '.join(question.choices)}")
        return answer.strip()


def as_text(value: Any) -> str:
    """An answer of a file as it would have been typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={one}" for key, one in value.items())
    return str(value)


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
    """Asks with typer, the reason dimmed above the question."""

    def prompt(question: Question) -> str:
        console.print(f"\n{question.why}", style="dim", markup=False)
        choices = f" ({' / '.join(question.choices)})" if question.choices else ""
        while True:
            answer = str(typer.prompt(f"{question.text}{choices}", default=question.default, show_default=True))
            if not question.choices or answer in question.choices:
                return answer
            console.print(f"One of: {', '.join(question.choices)}", style="yellow", markup=False)

    return prompt

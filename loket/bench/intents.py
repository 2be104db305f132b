"""How often the right tool is chosen from a handful of examples, and how often a message that means none is refused."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.meaning import Meaning
from agent.offers import EXAMPLES
from agent.tool_choice import ToolChoice
from core.chat import ToolSchema
from core.errors import ConfigError
from core.ports import Embedder
from loket.bench import Row, milliseconds

NONE = "oos"
"""The intent of messages that mean none of the tools."""
KEPT = 60_000


@dataclass(slots=True)
class Counted:
    """What became of the messages: those that mean a tool, and those that mean none."""

    meant: int = 0
    right: int = 0
    refused_wrongly: int = 0
    none: int = 0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)


def intents(embedder: Embedder, train: Path, test: Path, examples: int, seed: int) -> list[Row]:
    """Each intent of `train` becomes a tool with so many of its messages as examples; `test` is then put to them.

    Both files are JSON lines with `text` and `intent`. Raises `ConfigError` for a file without them.
    """
    meaning = Meaning(embedder, KEPT)
    tools = _tools(_read(train), examples, random.Random(seed))  # noqa: S311 - a fixed choice, nothing secret
    choice = ToolChoice(meaning)
    begun = time.perf_counter()
    choice.choose("hello", tools)
    fitted = time.perf_counter() - begun
    counted = _count(choice, tools, meaning, _read(test))
    return [
        Row("tools, examples", f"{len(tools)}, {sum(len(tool.parameters[EXAMPLES]) for tool in tools)}"),
        Row("right tool", _share(counted.right, counted.meant)),
        Row("no tool chosen though there is one", _share(counted.refused_wrongly, counted.meant)),
        *([Row("refused, of those that mean no tool", _share(counted.refused, counted.none))] if counted.none else []),
        Row("learning the tools", f"{fitted:.1f} s, embedding included"),
        Row("choosing, the message's vector at hand", milliseconds(counted.seconds)),
    ]


def _count(
    choice: ToolChoice, tools: Sequence[ToolSchema], meaning: Meaning, lines: Sequence[tuple[str, str]]
) -> Counted:
    meaning.vectors([text.lower() for text, _ in lines])  # many at once: four times as fast
    counted = Counted()
    for text, intent in lines:
        begun = time.perf_counter()
        chosen = choice.choose(text, tools)
        counted.seconds.append(time.perf_counter() - begun)
        if intent == NONE:
            counted.none += 1
            counted.refused += not chosen
        else:
            counted.meant += 1
            counted.right += [one.schema.name for one in chosen] == [intent]
            counted.refused_wrongly += not chosen
    return counted


def _tools(lines: Sequence[tuple[str, str]], examples: int, chance: random.Random) -> list[ToolSchema]:
    said: dict[str, list[str]] = defaultdict(list)
    for text, intent in lines:
        if intent != NONE and text not in said[intent]:
            said[intent].append(text)
    return [
        ToolSchema(intent, "", {EXAMPLES: chance.sample(texts, min(examples, len(texts)))})
        for intent, texts in sorted(said.items())
    ]


def _read(file: Path) -> list[tuple[str, str]]:
    return list(_lines(file))


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            yield str(row["text"]), str(row["intent"])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{file.name}, line {number}: needs a JSON object with `text` and `intent`") from error


def _share(part: int, of: int) -> str:
    return f"{part} of {of} ({part / of:.3f})" if of else "none"

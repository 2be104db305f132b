"""What many added tools cost: the time of choosing and of a turn, and how often the right tool is still found."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from agent.builtin_model import BuiltinModel
from agent.offers import ALWAYS, EXAMPLES, SEARCH, schemas_of, told_schemas
from agent.shorthand import Shorthand
from agent.spelling import RequestSpelling
from agent.tool_choice import ToolChoice, Unseen
from core.chat import ChatMessage, ToolSchema
from core.ports import Embedder
from loket.bench import Row, percentile
from loket.bench.tools_catalogue import catalogue, example_documents, loaded, release_all, shelf_of
from loket.bench.turns import ORDINARY
from loket.counter import Counter
from loket.desk.asking import Asker
from policies import glossary
from tools.loaded import LoadedTool
from tools.loading import load_builtin
from tools.registry import Added, AddedTools, Registry

COSTS_AT_MOST, RIGHT_AT_LEAST, TOLD_AT_LEAST = 20.0, 0.90, 0.99
"""Milliseconds more a turn, with so many tools more; shares of the examples that were left out."""
NEW = 40
"""So many of the added tools are registered one at a time."""
WITHOUT, WITH = "built-in tools only", "with the added tools"


@dataclass(slots=True)
class Result:
    """The rows of a table, and the same figures by name for a line of JSON."""

    rows: list[Row] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, what: str, value: float, shown: str, target: str = "", *, met: bool = True) -> None:
        """One figure; a target that is not met is said to be missed."""
        self.rows.append(Row(what, shown, target + ("" if met else "  MISSED")))
        self.figures[name] = round(value, 4)


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of the house (with the examples that come with it), and the many."""

    house: tuple[LoadedTool, ...]
    many: tuple[LoadedTool, ...]

    @classmethod
    def made(cls, count: int) -> Tools:
        """So many besides those of the house; of two by one name the first stays."""
        house = {tool.name: tool for tool in load_builtin().available()}
        for document in example_documents():
            house.setdefault(document.name, loaded(document))
        many = [loaded(document) for document in catalogue(count) if document.name not in house]
        return cls(tuple(house.values()), tuple(many))


class Switched:
    """Added tools that are there or not, as it is set: the same counter is measured with and without."""

    def __init__(self, shelf: AddedTools) -> None:
        self._shelf = shelf
        self.on = False

    def __call__(self) -> Added:
        """See `AddedTools`."""
        return self._shelf() if self.on else Added()

    def before_change(self, hook: Callable[[Any], None]) -> None:
        """Nothing is released while it is measured."""


async def turn_costs(counter: Counter, employee_id: str, count: int, rounds: int, result: Result) -> None:
    """Each ordinary question with the many tools and without, one after the other, in turn first.

    The first round warms up. `counter` must be started; its registry is given the many tools.
    """
    await asyncio.to_thread(release_all, counter.database, catalogue(count))
    switched = Switched(shelf_of(counter.database, counter.registry.built_in))
    counter.registry._added = switched  # only a measurement changes tools between two turns
    for on in (True, False):
        switched.on = on
        await counter.runner.warm()
    asker = Asker(counter, seconds=120)
    turns: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds + 1):
        for place, question in enumerate(ORDINARY):
            for on in (True, False) if (number + place) % 2 else (False, True):
                switched.on = on
                answer = await asker.ask(employee_id, question)
                if number:
                    turns[on].append(float(answer.turn.ms))
    _compared(result, "turn_ms", "turn, from load to commit", turns)


def choosing_costs(model: BuiltinModel, tools: Tools, rounds: int, result: Result) -> None:
    """The choosing step alone: the tools offered, and the choice among them; in pairs."""
    registries = {False: Registry(tools.house), True: Registry((*tools.house, *tools.many))}
    took: dict[bool, list[float]] = {True: [], False: []}
    for on, registry in registries.items():
        began = time.perf_counter()
        model.warm(schemas_of(registry.available()))
        seconds = time.perf_counter() - began
        what = f"learning {len(registry.all())} tools, ahead of their first use"
        result.add(f"learning_s_{'with' if on else 'without'}", what, seconds, f"{seconds:.1f} s")
    for number in range(rounds + 1):
        for place, question in enumerate(ORDINARY):
            for on in (True, False) if (number + place) % 2 else (False, True):
                began = time.perf_counter()
                model.meant(question, schemas_of(registries[on].available()))
                if number:
                    took[on].append((time.perf_counter() - began) * 1000)
    _compared(result, "choosing_ms", "choosing among the tools", took)


def left_out(model: BuiltinModel, tools: Tools, samples: Path, result: Result) -> Tally[str]:
    """Each example of the house's tools taken out and asked: right tool first, taken, and told to a language model.

    First: it scores best. Taken: the choice is that tool and no other, which a bar keeps from what is none. Or offered:
    also where the search goes first and the tool is asked about behind it (a ticket and a person always are). Without
    the many tools and with them. Returns what was not taken with them, as `tool → what was chosen`.
    """
    missed: Tally[str] = Tally()
    choice = ToolChoice(model.meaning)
    for name, offered in ((WITHOUT, tools.house), (WITH, (*tools.house, *tools.many))):
        asked = _Asked(choice, schemas_of(offered), samples)
        missed.clear()
        for language in ("en", "nl"):
            judged = [
                asked.judge(tool.name, example)
                for tool in tools.house
                for example in dict.fromkeys(tool.examples[language])
            ]
            shares = {
                field.name: sum(getattr(one, field.name) for one in judged) / len(judged)
                for field in fields(Judged)
                if field.name != "miss"
            }
            missed.update(one.miss for one in judged if one.miss)
            what = f"example left out, {language}, {name} ({len(judged)})"
            key = f"{'with' if name == WITH else 'without'}_{language}"
            _share(result, f"first_{key}", f"{what}: right tool first", shares["first"], RIGHT_AT_LEAST)
            _share(result, f"taken_{key}", f"{what}: taken", shares["taken"])
            _share(result, f"offered_{key}", f"{what}: taken, or offered", shares["offered"])
            if name == WITH:
                _share(result, f"told_{key}", f"{what}: told to a language model", shares["told"], TOLD_AT_LEAST)
    return missed


def new_tools(model: BuiltinModel, tools: Tools, samples: Path, result: Result) -> None:
    """Each of the many, registered by itself a minute ago: asked in words it was not given, and by its description."""
    choice = ToolChoice(model.meaning)
    some = tools.many[:: max(1, len(tools.many) // NEW)][:NEW]
    right = {(way, language): 0 for way in ("examples", "description") for language in ("en", "nl")}
    for tool in some:
        offered = schemas_of((*tools.house, tool))
        bare = [replace(one, parameters=_bare(one)) if one.name == tool.name else one for one in offered]
        asked = _Asked(choice, offered, samples)
        for language in ("en", "nl"):
            example = tool.examples[language][0]
            right["examples", language] += asked.judge(tool.name, example).taken
            right["description", language] += model.meant(example, bare) == {tool.name}
    for (way, language), count in right.items():
        what = f"one tool registered just now, {language}, by its {way} alone ({len(some)})"
        _share(result, f"new_{way}_{language}", what, count / len(some))


def drawn(model: BuiltinModel, tools: Tools, quality: Path, result: Result) -> None:
    """Messages for the house, or for no tool: how many are taken elsewhere because the many tools are there."""
    questions = []
    for part in ("dev", "held"):
        cases = yaml.safe_load((quality / f"tool-choice-{part}.yaml").read_text(encoding="utf-8"))
        routes = yaml.safe_load((quality / f"routing-{part}.yaml").read_text(encoding="utf-8"))["routes"]
        questions += [str(text) for texts in cases.values() for text in texts]
        questions += [str(text) for text in routes["ordinary"]]
    house, every = schemas_of(tools.house), schemas_of((*tools.house, *tools.many))
    many = {tool.name for tool in tools.many}
    to_many = changed = 0
    for question in questions:
        before, after = model.meant(question, house), model.meant(question, every)
        changed += before != after
        to_many += not many.isdisjoint(after)
    _share(result, "drawn", f"messages for no added tool ({len(questions)}): drawn to one", to_many / len(questions))
    _share(result, "changed", "the same: another choice than without the added tools", changed / len(questions))


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of an example that was left out; `miss` in words where the tool was not taken."""

    first: bool
    taken: bool
    offered: bool
    told: bool
    miss: str


class _Asked:
    """Reads as the built-in model does, but without what was left out."""

    def __init__(self, choice: ToolChoice, schemas: Sequence[ToolSchema], samples: Path) -> None:
        self._schemas = schemas
        self._spelling, self._shorthand = RequestSpelling(), Shorthand(lambda: glossary.read(samples))
        self._unseen = choice.each_unseen(schemas)

    def judge(self, name: str, example: str) -> Judged:
        """What would become of an example of this tool that it was never given."""
        spelled = self._spelling.read(example, self._schemas, self._shorthand.vocabulary())
        read = self._shorthand.written_out(spelled.text)
        unseen = self._unseen(name, example)
        got = [choice.schema.name for choice in unseen.choose(read)]
        told = told_schemas(
            [ChatMessage("user", read)], self._schemas, lambda texts, _, most: unseen.nearest(texts, most)
        )
        taken = got == [name]
        return Judged(
            first=unseen.first(read) == name,
            taken=taken,
            offered=taken or (got == [SEARCH] and self._is_offered(name, unseen, read)),
            told=name in {tool.name for tool in told},
            miss="" if taken else f"{name} → {', '.join(got) or SEARCH}",
        )

    @staticmethod
    def _is_offered(name: str, unseen: Unseen, read: str) -> bool:
        """Behind a search in vain: what is nearly meant is asked about, a ticket and a person are offered anyway."""
        near = unseen.nearly(read)
        return name in ALWAYS or (near is not None and near.name == name)


def _bare(schema: ToolSchema) -> dict[str, Any]:
    return {key: value for key, value in schema.parameters.items() if key != EXAMPLES}


def _compared(result: Result, key: str, what: str, took: dict[bool, list[float]]) -> None:
    """In milliseconds: both, and the median of the differences of the pairs."""
    more = statistics.median(a - b for a, b in zip(took[True], took[False], strict=True))
    for on, name in ((False, WITHOUT), (True, WITH)):
        middle, late = statistics.median(took[on]), percentile(took[on], 0.95)
        result.add(
            f"{key}_{'with' if on else 'without'}", f"{what}, {name}", middle, f"p50 {middle:.1f}, p95 {late:.1f} ms"
        )
    result.add(
        f"{key}_more",
        f"{what}: more",
        more,
        f"{more:.1f} ms",
        f"at most {COSTS_AT_MOST:.0f} ms",
        met=more <= COSTS_AT_MOST,
    )


def _share(result: Result, key: str, what: str, share: float, least: float = 0.0) -> None:
    result.add(key, what, share, f"{share:.3f}", f"at least {least:.2f}" if least else "", met=share >= least)


def built_in(embedder: Embedder, samples: Path) -> BuiltinModel:
    """The built-in model with the sample glossary, as the counter has it."""
    return BuiltinModel(embedder, lambda: glossary.read(samples))

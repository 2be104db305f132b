"""The composition root: builds a `Counter` from the settings, with a parameter for each part that a test replaces.

`foundation.py` builds the lower half (database, tools, policies); only `loket/outside/` names outside systems.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from actions.gate import Gate
from actions.keys import ROLE_RINGS, GateKeys
from agent import inbox
from agent.builtin_model import BuiltinModel
from agent.parts import TurnParts
from agent.turn import TurnRunner
from core.chat import ChatModel
from core.ports import Channel, Embedder, Live
from loket.counter import Counter
from loket.delivery.delivery import LONGEST_SLEEP, SHARED_SLEEP, Delivery
from loket.delivery.live import LiveChannels
from loket.desk.desk import CounterDesk
from loket.desk.first_signs import FirstSigns
from loket.desk.forms import Forms
from loket.desk.front_page import FrontPages, Notice
from loket.desk.waiting_time import WaitingTime
from loket.engine import Engine, Queue
from loket.foundation import Foundation, lay_foundation
from loket.home import Home
from loket.outside.models import embedder_of, model_of, sight_of
from loket.service.bus import Bus, Silence
from loket.service.live_bus import LiveSender
from loket.service.roles import Role
from loket.settings import Settings
from loket.sweeps import Sweep
from loket.terminal.command_line import CommandLineChannel
from loket.vectors.remembered import RememberingEmbedder
from loket.words import SENTENCES
from storage import Database, Tx
from storage.audit_heads import AuditHeads
from storage.keys import load_or_create_signing_key
from storage.outbox import Kind

__all__ = ["Counter", "build"]


def build(
    settings: Settings,
    *,
    database: Database | None = None,
    embedder: Embedder | None = None,
    model: ChatModel | None = None,
    engine: Engine | None = None,
    channels: Iterable[Channel] = (),
    role: Role = Role.ALL,
    bus: Bus | None = None,
) -> Counter:
    """The counter as the settings describe it; nothing runs before `start`. Raises `ConfigError`.

    `model` takes the place of the language model of the settings; the built-in model stays the fallback. Another
    `role` than all gets only what it needs: no account that changes anything, no keys of votes, no model; it tells
    the others over the `bus` what just happened.
    """
    base = lay_foundation(settings, role, database, embedder or embedder_of(settings), engine)
    keys = GateKeys.load(base.home.keys, ROLE_RINGS[role.value])
    wake = partial(_wake, base.engine)
    gate = Gate(base.database, base.registry, base.systems, base.rules, keys, settings.gate, wake, base.measures)
    channels = tuple(channels)
    signs = FirstSigns(channels, WaitingTime(base.database), settings.serve.busy_seconds)
    shown = LiveChannels(channels, signs.over)
    model = model or (model_of(settings) if base.duties.thinks else None)
    parts, examples = _turn_parts(settings, base, gate, model, LiveSender(bus) if bus is not None else shown)
    return _counter(settings, base, gate, parts, examples, _Around(channels, shown, signs, bus or Silence()))


@dataclass(frozen=True, slots=True)
class _Around:
    """What people talk with and see, and the news between processes."""

    channels: tuple[Channel, ...]
    shown: LiveChannels
    signs: FirstSigns
    bus: Bus


def _turn_parts(
    settings: Settings, base: Foundation, gate: Gate, model: ChatModel | None, live: Live
) -> tuple[TurnParts, RememberingEmbedder]:
    examples = RememberingEmbedder(base.embedder, base.home.index / "examples.npz")
    fallback = BuiltinModel(examples, base.library.glossary)
    ai, meaning, systems = sight_of(settings), fallback.meaning, base.systems.read
    database, registry, agent, model = base.database, base.registry, settings.agent, model or fallback
    parts = TurnParts(
        database, gate, registry, systems, model, fallback, agent, ai, meaning, live=live, measures=base.measures
    )
    return parts, examples


def _counter(
    settings: Settings,
    base: Foundation,
    gate: Gate,
    parts: TurnParts,
    examples: RememberingEmbedder,
    around: _Around,
) -> Counter:
    directory, measures, signs = base.systems.read.directory, base.measures, around.signs
    delivery = _delivery(base, around)
    front, forms = _front(settings, base, gate, parts.model), Forms(base.database, gate, base.registry)
    often, left = settings.serve.sweep_seconds, _unhandled(settings)
    sweep = Sweep(base.database, gate, base.engine, left, delivery.deliver_due, often, measures)
    return Counter(
        duties=base.duties,
        bus=around.bus,
        home=base.home,
        database=base.database,
        world=base.world,
        directory=directory,
        registry=base.registry,
        library=base.library,
        embedder=base.embedder,
        examples=examples,
        gate=gate,
        desk=CounterDesk(
            base.database,
            base.engine,
            gate,
            directory,
            SENTENCES,
            delivery.wake,
            front,
            measures=measures,
            forms=forms,
            taken=signs.taken,
        ),
        signs=signs,
        shown=around.shown,
        runner=TurnRunner(parts),
        engine=base.engine,
        delivery=delivery,
        sweep=sweep,
        measures=measures,
        heads=_heads(base.home, base.database) if base.duties.sweeps else None,
        outside=base.there.real,
        way=base.way,
        closing=[*_closing(parts.model), *base.there.closing, *base.closing],
    )


def _delivery(base: Foundation, around: _Around) -> Delivery:
    """Replies leave by who holds the channels, notices by who may send codes; others may write rows at any time."""
    duties, sleep = base.duties, LONGEST_SLEEP if base.alone else SHARED_SLEEP
    kinds: tuple[Kind, ...] = (*(("reply",) if duties.talks else ()), *(("notify",) if duties.changes else ()))
    return Delivery(
        base.database,
        (*around.channels, CommandLineChannel()),
        base.systems.notifier,
        measures=base.measures,
        kinds=kinds,
        longest_sleep=sleep,
        answers=around.signs.over,
    )


def _front(settings: Settings, base: Foundation, gate: Gate, model: ChatModel) -> FrontPages:
    """Shown by whoever talks, who need not be whoever thinks: the name of the model comes from the settings there."""
    agent, llm = settings.agent, settings.llm
    name = llm.model if llm.is_set and settings.ai.level != "extract" else model.name
    notice = Notice(name, agent.retention_days, agent.service_desk)
    return FrontPages(gate.parts, base.registry, notice, agent.organisation_language)


def _unhandled(settings: Settings) -> Callable[[Tx], list[tuple[str, str]]]:
    """Alone, everything unhandled is known to the engine; among others, what just came is surely on its way."""
    age = timedelta(0) if settings.is_embedded else timedelta(seconds=settings.serve.sweep_seconds * 3)
    return partial(inbox.unhandled, older_than=age)


def _heads(home: Home, database: Database) -> AuditHeads:
    key = load_or_create_signing_key(home.keys / "audit-signing.pem")
    home.audit_public_key.parent.mkdir(exist_ok=True)
    home.audit_public_key.write_bytes(key.public_pem)
    return AuditHeads(database, home.audit_heads, key)


def _wake(engine: Engine, action_id: str) -> None:
    engine.submit(Queue.ACTIONS, action_id, partition=action_id)


def _closing(model: ChatModel) -> list[Callable[[], Awaitable[None]]]:
    close = getattr(model, "close", None)
    return [close] if close is not None else []

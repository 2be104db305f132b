"""The composition root: the only file that names concrete connectors. One parameter for each thing a test replaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from actions.gate import Gate
from actions.keys import ROLE_RINGS, GateKeys
from actions.overview import OwnRequests
from actions.parts import GateSystems
from actions.rules import RuleBook
from agent import inbox
from agent.builtin_model import BuiltinModel
from agent.parts import TurnParts
from agent.settings import AiSettings
from agent.turn import TurnRunner
from connectors.accounts.embedded import EmbeddedAccountReader, EmbeddedAccounts
from connectors.directory.embedded import EmbeddedDirectory
from connectors.embedded import World
from connectors.notify.embedded import FolderNotifier
from connectors.tickets.embedded import EmbeddedTickets
from core.chat import ChatModel
from core.measures import Relay
from core.ports import Channel, Embedder, Live, Requests
from loket.counter import Counter
from loket.delivery import LONGEST_SLEEP, SHARED_SLEEP, Delivery
from loket.desk import CounterDesk
from loket.engine import Engine, Queue
from loket.engine.inline import InlineEngine
from loket.home import Home
from loket.live import LiveChannels
from loket.prepared import PreparedEmbedder, prepared_file
from loket.remembered import RememberingEmbedder
from loket.service.bus import Bus, Silence
from loket.service.live_bus import LiveSender
from loket.service.roles import DUTIES, Duties, Role
from loket.settings import Settings
from loket.sweeps import Sweep
from loket.switchboard import Switchboard
from loket.words import SENTENCES
from policies.library import Library
from storage import Database, Tx
from storage.audit_heads import AuditHeads
from storage.keys import load_or_create_signing_key
from storage.outbox import Kind
from tools.loading import load_builtin
from tools.registry import Registry
from tools.systems import ChangeSystems, ReadSystems

__all__ = ["Counter", "build", "embedder_of"]


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
    base = _base(settings, role, database, embedder, engine)
    keys = GateKeys.load(base.home.keys, ROLE_RINGS[role.value])
    wake = partial(_wake, base.engine)
    gate = Gate(base.database, base.registry, base.systems, RuleBook(), keys, settings.gate, wake, base.measures)
    channels, live = tuple(channels), LiveSender(bus) if bus is not None else LiveChannels(tuple(channels))
    model = model or (model_of(settings) if base.duties.thinks else None)
    parts, examples = _turn_parts(settings, base, gate, model, live)
    return _counter(settings, base, gate, parts, examples, channels, bus or Silence())


@dataclass(frozen=True, slots=True)
class _Base:
    """What everything else stands on."""

    home: Home
    duties: Duties
    database: Database
    embedder: Embedder
    world: World
    engine: Engine
    registry: Registry
    library: Library
    systems: GateSystems
    measures: Relay
    alone: bool


def _base(
    settings: Settings, role: Role, database: Database | None, embedder: Embedder | None, engine: Engine | None
) -> _Base:
    home, duties = Home(settings.home, keys=settings.keys_folder, world=settings.world_folder), DUTIES[role]
    home.create()
    database = database or Database(settings.database)
    embedder = embedder or embedder_of(settings)
    world = world_of(home, database, read_only=not duties.changes)
    library = Library(database, home.index, embedder, settings.policies)
    engine, registry = engine or _engine(settings, home), load_builtin(Switchboard(database))
    systems = _systems(world, library, OwnRequests(database), duties)
    alone = role is Role.ALL and settings.is_embedded
    return _Base(
        home, duties, database, embedder, world, engine, registry, library, systems, measures=Relay(), alone=alone
    )


def _turn_parts(
    settings: Settings, base: _Base, gate: Gate, model: ChatModel | None, live: Live
) -> tuple[TurnParts, RememberingEmbedder]:
    examples = RememberingEmbedder(base.embedder, base.home.index / "examples.npz")
    fallback = BuiltinModel(examples, base.library.glossary)
    ai, meaning, systems = _ai(settings), fallback.meaning, base.systems.read
    database, registry, agent, model = base.database, base.registry, settings.agent, model or fallback
    parts = TurnParts(
        database, gate, registry, systems, model, fallback, agent, ai, meaning, live=live, measures=base.measures
    )
    return parts, examples


def _counter(
    settings: Settings,
    base: _Base,
    gate: Gate,
    parts: TurnParts,
    examples: RememberingEmbedder,
    channels: Iterable[Channel],
    bus: Bus,
) -> Counter:
    directory, measures = base.systems.read.directory, base.measures
    delivery = _delivery(base, channels)
    often, left = settings.serve.sweep_seconds, _unhandled(settings)
    sweep = Sweep(base.database, gate, base.engine, left, delivery.deliver_due, often, measures)
    return Counter(
        duties=base.duties,
        bus=bus,
        home=base.home,
        database=base.database,
        world=base.world,
        directory=directory,
        registry=base.registry,
        library=base.library,
        embedder=base.embedder,
        examples=examples,
        gate=gate,
        desk=CounterDesk(base.database, base.engine, gate, directory, SENTENCES, delivery.wake, measures),
        runner=TurnRunner(parts),
        engine=base.engine,
        delivery=delivery,
        sweep=sweep,
        measures=measures,
        heads=_heads(base.home, base.database) if base.duties.sweeps else None,
        closing=_closing(parts.model),
    )


def world_of(home: Home, database: Database, *, read_only: bool = False) -> World:
    """The embedded outside world; its clock is the database's, test offset included."""
    file, notes = home.world / "world.sqlite", home.world / "notes"
    return World(file, lambda: datetime.now(UTC) + database.clock_offset, notes, read_only=read_only)


def embedder_of(settings: Settings, threads: int = 1) -> Embedder:
    """The embedder of the settings; its weights are read at the first text. More `threads` are for reading in."""
    if settings.embedding.is_set:
        from connectors.models.openai_embeddings import OpenAIEmbedder

        return OpenAIEmbedder(settings.embedding, settings.outside)
    from connectors.models.sentence_encoder import SentenceEncoder

    return PreparedEmbedder(SentenceEncoder(threads), prepared_file())


def model_of(settings: Settings) -> ChatModel | None:
    """The language model of the settings; None when the built-in model is to do everything."""
    if settings.llm.is_set and settings.ai.level != "extract":
        from connectors.models.openai import OpenAIModel

        return OpenAIModel(settings.llm, settings.outside)
    return None


def _ai(settings: Settings) -> AiSettings:
    """A model on this machine may see text unmasked; any other gets placeholders (DESIGN.md section 6)."""
    host = urlsplit(settings.llm.base_url).hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        return settings.ai.model_copy(update={"mask": False})
    return settings.ai


def _engine(settings: Settings, home: Home) -> Engine:
    if settings.engine == "inline":
        return InlineEngine()
    from loket.engine.dbos_sqlite import SqliteEngine

    return SqliteEngine(home.queue, executor_id="embedded")


def _systems(world: World, library: Library, requests: Requests, duties: Duties) -> GateSystems:
    directory, tickets = EmbeddedDirectory(world), EmbeddedTickets(world)
    return GateSystems(
        read=ReadSystems(directory, EmbeddedAccountReader(world), tickets, library, requests),
        change=ChangeSystems(directory, EmbeddedAccounts(world), tickets) if duties.changes else None,
        notifier=FolderNotifier(world.notes, world.faults) if duties.changes else None,
    )


def _delivery(base: _Base, channels: Iterable[Channel]) -> Delivery:
    """Replies leave by who holds the channels, notices by who may send codes; others may write rows at any time."""
    duties, sleep = base.duties, LONGEST_SLEEP if base.alone else SHARED_SLEEP
    kinds: tuple[Kind, ...] = (*(("reply",) if duties.talks else ()), *(("notify",) if duties.changes else ()))
    notifier, measures = base.systems.notifier, base.measures
    return Delivery(base.database, channels, notifier, measures=measures, kinds=kinds, longest_sleep=sleep)


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

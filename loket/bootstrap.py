"""The composition root: the only file that names concrete connectors. One parameter for each thing a test replaces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
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
from core.ports import Channel, Embedder, Requests
from loket.counter import Counter
from loket.delivery import Delivery
from loket.desk import CounterDesk
from loket.engine import Engine, Queue
from loket.engine.inline import InlineEngine
from loket.home import Home
from loket.live import LiveChannels
from loket.prepared import PreparedEmbedder, prepared_file
from loket.remembered import RememberingEmbedder
from loket.settings import Settings
from loket.sweeps import Sweep
from loket.switchboard import Switchboard
from loket.words import SENTENCES
from policies.library import Library
from storage import Database
from storage.audit_heads import AuditHeads
from storage.keys import load_or_create_signing_key
from tools.loading import load_builtin
from tools.systems import ChangeSystems, ReadSystems

__all__ = ["Counter", "build", "embedder_of"]


def build(
    settings: Settings,
    *,
    database: Database | None = None,
    embedder: Embedder | None = None,
    model: ChatModel | None = None,
    world: World | None = None,
    engine: Engine | None = None,
    channels: Iterable[Channel] = (),
) -> Counter:
    """The counter as the settings describe it; nothing runs before `start`. Raises `ConfigError`.

    `model` takes the place of the language model of the settings; the built-in model stays the fallback.
    """
    home = Home(settings.home)
    home.create()
    database = database or Database(settings.database)
    embedder = embedder or embedder_of(settings)
    world = world or world_of(home, database)
    engine = engine or _engine(settings, home)
    registry = load_builtin(Switchboard(database))
    library = Library(database, home.index, embedder, settings.policies)
    systems = _systems(world, library, OwnRequests(database))
    wake = partial(_wake, engine)
    gate = Gate(database, registry, systems, RuleBook(), _keys(home), settings.gate, wake)
    examples = RememberingEmbedder(embedder, home.index / "examples.npz")
    fallback = BuiltinModel(examples, library.glossary)
    model = model or model_of(settings) or fallback
    channels = tuple(channels)
    ai, meaning, live = _ai(settings), fallback.meaning, LiveChannels(channels)
    parts = TurnParts(database, gate, registry, systems.read, model, fallback, settings.agent, ai, meaning, live)
    delivery = Delivery(database, channels, systems.notifier)
    return Counter(
        home=home,
        database=database,
        world=world,
        directory=systems.read.directory,
        registry=registry,
        library=library,
        embedder=embedder,
        examples=examples,
        gate=gate,
        desk=CounterDesk(database, engine, gate, systems.read.directory, SENTENCES, delivery.wake),
        runner=TurnRunner(parts),
        engine=engine,
        delivery=delivery,
        sweep=Sweep(database, gate, engine, inbox.unhandled, delivery.deliver_due),
        heads=_heads(home, database),
        closing=_closing(model),
    )


def world_of(home: Home, database: Database) -> World:
    """The embedded outside world; its clock is the database's, test offset included."""
    return World(home.world / "world.sqlite", lambda: datetime.now(UTC) + database.clock_offset, home.world / "notes")


def embedder_of(settings: Settings) -> Embedder:
    """The embedder of the settings; its weights are read at the first text."""
    if settings.embedding.is_set:
        from connectors.models.openai_embeddings import OpenAIEmbedder

        return OpenAIEmbedder(settings.embedding, settings.outside)
    from connectors.models.sentence_encoder import SentenceEncoder

    return PreparedEmbedder(SentenceEncoder(), prepared_file())


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


def _systems(world: World, library: Library, requests: Requests) -> GateSystems:
    directory, tickets = EmbeddedDirectory(world), EmbeddedTickets(world)
    return GateSystems(
        read=ReadSystems(directory, EmbeddedAccountReader(world), tickets, library, requests),
        change=ChangeSystems(directory, EmbeddedAccounts(world), tickets),
        notifier=FolderNotifier(world.notes, world.faults),
    )


def _keys(home: Home, role: str = "all") -> GateKeys:
    """Only what the role needs: a process that listens to a model holds nothing that makes a vote."""
    return GateKeys.load(home.keys, ROLE_RINGS[role])


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

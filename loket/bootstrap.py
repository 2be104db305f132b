"""The composition root: the only file that names concrete connectors. One parameter for each thing a test replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from policies.library import Library

from actions.gate import Gate
from actions.overview import OwnRequests
from actions.rules import RuleBook
from agent import inbox
from connectors.embedded import World
from core.chat import ChatModel
from core.ports import Channel, Embedder
from loket.counter import Counter
from loket.delivery import Delivery
from loket.desk import CounterDesk
from loket.engine import Engine
from loket.home import Home
from loket.settings import Settings
from loket.sweeps import Sweep
from loket.switchboard import Switchboard
from loket.words import SENTENCES
from storage import Database
from storage.keys import KeyRing
from tools.loading import load_builtin

__all__ = ["Counter", "build"]


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
    embedder = embedder or _embedder(settings)
    world = world or _world(home, database)
    engine = engine or _engine(settings, home)
    registry = load_builtin(Switchboard(database))
    library = Library(database, home.index, embedder, settings.policies)
    systems = _systems(world, library, OwnRequests(database))
    keys = KeyRing.load_or_create(home.keys / "envelopes.json")
    gate = Gate(database, registry, systems, RuleBook(), keys, settings.gate, wake=_waker(engine))
    closing: list[Callable[[], object]] = []
    runner = _runner(settings, TurnSources(database, gate, registry, systems.read, embedder), model)
    delivery = Delivery(database, channels, systems.notifier)
    desk = CounterDesk(database, engine, gate, systems.read.directory, SENTENCES, delivery.wake)
    return Counter(
        home=home,
        database=database,
        world=world,
        directory=systems.read.directory,
        registry=registry,
        library=library,
        gate=gate,
        desk=desk,
        runner=runner,
        engine=engine,
        delivery=delivery,
        sweep=Sweep(database, gate, engine, inbox.unhandled, delivery.deliver_due),
        heads=_heads(home, database),
    )

"""The lower half of the composition root: home, database, engine, outside systems, tools and policies, by role.

The embedded world is named here; any other system outside is `loket/outside/`'s to name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from actions.overview import OwnRequests
from actions.parts import GateSystems
from actions.roads import Pages
from actions.rules import RuleBook
from connectors.embedded import World
from core.measures import Relay
from core.ports import Embedder, Requests
from loket.added_tools import Admins, shelf_of
from loket.engine import Engine
from loket.engine.inline import InlineEngine
from loket.home import Home
from loket.outside.connected import Connected, connect
from loket.outside.egress import way_of
from loket.service.roles import DUTIES, Duties, Role
from loket.settings import Settings
from loket.switchboard import Switchboard
from policies.library import Library
from storage import Database
from tools.added.kinds import Way
from tools.loading import load_builtin
from tools.registry import Registry
from tools.systems import ChangeSystems, ReadSystems
from web_app.proof import step_up_of


@dataclass(frozen=True, slots=True)
class Foundation:
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
    there: Connected
    measures: Relay
    alone: bool
    way: Way
    rules: RuleBook
    closing: list[Callable[[], Awaitable[None]]]


def lay_foundation(
    settings: Settings, role: Role, database: Database | None, embedder: Embedder, engine: Engine | None
) -> Foundation:
    """As much of it as the role may have; `database` and `engine` where they are not those of the settings."""
    home, duties = Home(settings.home, keys=settings.keys_folder, world=settings.world_folder), DUTIES[role]
    home.create()
    database = database or Database(settings.database)
    world = world_of(home, database, read_only=not duties.changes)
    library = Library(database, home.index, embedder, settings.policies)
    way, closing = way_of(settings, role, database)
    rules = RuleBook()
    shelf = shelf_of(database, way, Admins(database, rules, settings.gate))
    engine, registry = engine or _engine(settings, home), load_builtin(Switchboard(database), shelf)
    there = connect(settings, world, duties, database)
    systems = _systems(settings, there, library, OwnRequests(database))
    alone = role is Role.ALL and settings.is_embedded
    return Foundation(
        home=home,
        duties=duties,
        database=database,
        embedder=embedder,
        world=world,
        engine=engine,
        registry=registry,
        library=library,
        systems=systems,
        there=there,
        measures=Relay(),
        alone=alone,
        way=way,
        rules=rules,
        closing=closing,
    )


def world_of(home: Home, database: Database, *, read_only: bool = False) -> World:
    """The embedded outside world; its clock is the database's, test offset included."""
    file, notes = home.world / "world.sqlite", home.world / "notes"
    return World(file, lambda: datetime.now(UTC) + database.clock_offset, notes, read_only=read_only)


def _engine(settings: Settings, home: Home) -> Engine:
    if settings.engine == "inline":
        return InlineEngine()
    from loket.engine.dbos_sqlite import SqliteEngine

    return SqliteEngine(home.queue, executor_id="embedded")


def _systems(settings: Settings, there: Connected, library: Library, requests: Requests) -> GateSystems:
    return GateSystems(
        read=ReadSystems(there.directory, there.accounts, there.tickets, library, requests),
        change=ChangeSystems(there.directory, *there.changing) if there.changing else None,
        notifier=there.notifier,
        pages=Pages(settings.reveal.in_links, sign_in=settings.oidc.proves),
        step_up=step_up_of(settings.oidc),
        publisher=library if there.changing and (settings.is_embedded or settings.policies.chroma_url) else None,
    )

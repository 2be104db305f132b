"""What channels ask about accounts that the directory may not know: implements `core.linking.Linking`."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

import structlog

from actions.linking.ending import end
from actions.linking.making import Made, Tie, make
from actions.linking.words import say
from actions.one_at_a_time import one_at_a_time
from connectors.directory import Directory, link_offers, links
from connectors.directory.links import IdentityLink
from core.errors import ConnectorError
from core.linking import Acquaintance, Profile
from core.people import ChannelIdentity, Employee, Standing
from core.replies import Link
from loket.outside.settings import LinkingSettings
from storage import Database, Tx, now

SYSTEM = "system:linking"
DAY = timedelta(days=1)
LOOKED_SECONDS = 600.0
"""How long it is remembered that nobody was found for an account, or that it was met: its next messages ask nobody."""
MOST_REMEMBERED = 10_000
MOST_FOUND = 25
log = structlog.get_logger("loket.linking")


class Introductions:
    """Belongs to the process that talks with channels. `page` is where offers lead to (`https://host/link`); empty
    where nobody can sign in: then nothing is offered. `told` is called when somebody has to be told something.
    """

    def __init__(
        self,
        database: Database,
        directory: Directory,
        settings: LinkingSettings,
        page: str,
        told: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._directory = directory
        self._settings = settings
        self._page = page if settings.sign_in else ""
        self._told = told
        self._clock = clock
        self._looked: OrderedDict[ChannelIdentity, float] = OrderedDict()
        self._noted: OrderedDict[ChannelIdentity, float] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def met(self, who: Acquaintance) -> None:
        """See `Linking`."""
        if who.identity.channel not in links.LINKABLE:
            return
        if who.standing is Standing.OUTSIDER or self._may_be_linked(who):
            await self._tried(who)
        elif self._clock() - self._noted.get(who.identity, float("-inf")) >= LOOKED_SECONDS:
            # Only that the link is in use may have to be noted: no message waits for that.
            _remember(self._noted, who.identity, self._clock())
            task = asyncio.get_running_loop().create_task(self._tried(who))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until all is noted of those who were met."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def offer(self, who: Acquaintance, language: str) -> Link | None:
        """See `Linking`. Also where a link ends whose employee has left: the account may be somebody else's by now."""
        if not self._page or who.standing is not Standing.MEMBER or who.identity.channel not in links.LINKABLE:
            return None
        try:
            token = await self._offered(who)
        except ConnectorError as error:
            log.warning("linking_missed", system=error.system)
            return None
        return Link(say("offer_label", language), f"{self._page}/{token}?lang={language}") if token else None

    async def departed(self, identity: ChannelIdentity) -> None:
        """See `Linking`."""
        try:
            await self._database.run(lambda tx: end(tx, identity, SYSTEM, "departed", origin=identity.channel))
        except ConnectorError as error:
            log.warning("linking_missed", system=error.system)

    def _may_be_linked(self, who: Acquaintance) -> bool:
        """Whether this message might make them known: then it waits for that."""
        trusted = who.identity.tenant in self._settings.trusted_tenants
        address = who.profile.address if who.profile is not None else ""
        return who.standing is Standing.MEMBER and trusted and bool(address)

    async def _tried(self, who: Acquaintance) -> None:
        try:
            await self._met(who)
        except ConnectorError as error:
            log.warning("linking_missed", system=error.system)

    async def _met(self, who: Acquaintance) -> None:
        identity = who.identity
        link, today = await self._database.read(lambda tx: _look(tx, identity))
        if link is not None:
            if who.standing is Standing.OUTSIDER:
                await self.departed(identity)
            elif not today:
                await self._database.run(lambda tx: links.used(tx, identity))
        elif who.standing is Standing.MEMBER and who.profile is not None:
            await self._by_address(identity, who.profile)

    async def _offered(self, who: Acquaintance) -> str | None:
        link = await self._database.read(lambda tx: links.find(tx, who.identity))
        person = await self._directory.by_identity(who.identity)
        if link is not None and (person is None or not person.active):
            await self._database.run(lambda tx: end(tx, who.identity, SYSTEM, "inactive"))
            return None
        if person is not None:
            return None
        return await self._database.run(lambda tx: _new_token(tx, who))

    async def _by_address(self, identity: ChannelIdentity, profile: Profile) -> None:
        """The second way, for workspaces whose addresses the organisation alone decides."""
        if identity.tenant not in self._settings.trusted_tenants or not profile.address:
            return
        if self._clock() - self._looked.get(identity, float("-inf")) < LOOKED_SECONDS:
            return
        person = await self._only_one(identity, profile.address)
        _remember(self._looked, identity, self._clock())
        if person is None:
            return
        contact = await self._directory.contact(person.employee_id)
        tie = Tie(identity, person, "email", SYSTEM, profile)
        if await self._database.run(lambda tx: make(tx, tie, contact)) is Made.LINKED:
            self._told()

    async def _only_one(self, identity: ChannelIdentity, address: str) -> Employee | None:
        """The one active employee whose work address this is, where the directory does not know the account itself."""
        if await self._directory.by_identity(identity) is not None:
            return None
        found = await self._directory.find(address, MOST_FOUND)
        theirs = [one for one in found if one.email.casefold() == address.casefold() and one.may_use_tools]
        return theirs[0] if len(theirs) == 1 else None


def _remember(kept: OrderedDict[ChannelIdentity, float], identity: ChannelIdentity, at: float) -> None:
    kept[identity] = at
    kept.move_to_end(identity)
    while len(kept) > MOST_REMEMBERED:
        kept.popitem(last=False)


def _new_token(tx: Tx, who: Acquaintance) -> str | None:
    one_at_a_time(tx, "subject", f"identity:{who.identity}")  # who sends ten messages at once counts ten times
    return link_offers.make(tx, who.identity, who.profile or Profile())


def _look(tx: Tx, identity: ChannelIdentity) -> tuple[IdentityLink | None, bool]:
    """The link, and whether it is known already that it was used today."""
    link = links.find(tx, identity)
    return link, link is not None and link.used_at > now(tx) - DAY

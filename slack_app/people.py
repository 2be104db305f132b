"""Who somebody is by Slack's word: one of ours, or a guest, a stranger, a bot, somebody who left."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import structlog

from core.errors import ConnectorError
from core.linking import Acquaintance, Profile
from core.people import Standing
from core.plain_text import one_line
from slack_app.calling import WebApi
from slack_app.guard import Guard, Origin
from slack_app.shapes import Json, Malformed, id_of, is_set, part_of, text_of

KEPT_SECONDS = 600.0
"""How long Slack's word is good; a `user_change` ends it at once."""
UNANSWERED_SECONDS = 3.0
"""So long nobody is asked for again after Slack did not answer: a burst must not wait a second for each message."""
LONGEST_SECONDS = 1.0
"""How long Slack is waited for: the event has to be stored and acknowledged within three."""
MOST_KEPT = 20_000
MOST_NAMED = 5
"""So many people whom a message mentions are looked up; further ones keep their id."""
NAME = 80
# What Slack says of somebody who is no ordinary member. https://docs.slack.dev/reference/objects/user-object/
_OUTSIDE = (
    "deleted",
    "is_bot",
    "is_workflow_bot",
    "is_connector_bot",
    "is_restricted",
    "is_ultra_restricted",
    "is_stranger",
    "is_invited_user",
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What Slack said of somebody."""

    standing: Standing
    name: str = ""
    profile: Profile = field(default_factory=Profile)


_NOBODY = Known(Standing.UNKNOWN)


class People:
    """Asks `users.info` and remembers. `clock` gives seconds that only grow."""

    def __init__(self, api: WebApi, guard: Guard, clock: Callable[[], float]) -> None:
        self._api = api
        self._guard = guard
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Known]] = OrderedDict()
        self._asked: dict[tuple[str, str], asyncio.Task[Known]] = {}
        self._changes = 0

    async def standing(self, origin: Origin, user: str, home: str = "") -> Standing:
        """What Slack says of this user of a workspace; `UNKNOWN` where it does not say so within a second.

        `home` is the workspace that the event says they belong to, if it says so. Within an organisation that may be
        a sister of ours, which only Slack's record of the person tells.
        """
        if home and not origin.enterprise and not self._guard.is_home(origin, home):
            return Standing.OUTSIDER
        return (await self._known(origin, user)).standing

    async def acquaintance(self, origin: Origin, user: str) -> Acquaintance:
        """Somebody of ours as Slack describes them, under the identity that their messages carry."""
        known = await self._known(origin, user)
        return Acquaintance(origin.identity(user), known.standing, known.profile)

    def described(self, origin: Origin, record: Json) -> Acquaintance | None:
        """The same from a record that Slack sent by itself; None where it does not say whose it is."""
        if not id_of(record, "team_id"):
            return None
        known = self._read(origin, record)
        return Acquaintance(origin.identity(id_of(record, "id")), known.standing, known.profile)

    async def names(self, origin: Origin, users: Collection[str]) -> Mapping[str, str]:
        """The names of some people, as far as Slack gives them within a second."""
        asked = tuple(users)[:MOST_NAMED]
        found = await asyncio.gather(*(self._known(origin, user) for user in asked))
        return {user: one.name for user, one in zip(asked, found, strict=True) if one.name}

    def forget(self, origin: Origin, user: str) -> None:
        """Something about this person has changed."""
        self._changes += 1  # an answer that is under way may be the old one
        self._kept.pop((origin.tenant, user), None)

    async def _known(self, origin: Origin, user: str) -> Known:
        key = (origin.tenant, user)
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        task = self._asked.get(key)
        if task is None:  # many messages of one person at once are one question
            task = self._asked[key] = asyncio.ensure_future(self._ask(origin, user))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, origin: Origin, user: str) -> Known:
        changes, until = self._changes, self._api.until(LONGEST_SECONDS)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                answer = await self._api.call(
                    origin.tenant, "users.info", lambda client: client.users_info(user=user), until=until
                )
            found = self._read(origin, part_of(answer, "user"))
        except (TimeoutError, ConnectorError, Malformed) as error:
            log.warning("slack_person_unanswered", reason=getattr(error, "code", "") or type(error).__name__)
            found = _NOBODY
        if changes == self._changes:
            self._keep((origin.tenant, user), found)
        return found

    def _read(self, origin: Origin, user: Json) -> Known:
        """Slack's record of somebody. Without an id it is no record."""
        if not id_of(user, "id"):
            return _NOBODY
        home, enterprise = id_of(user, "team_id"), id_of(part_of(user, "enterprise_user"), "enterprise_id")
        ours = self._guard.is_home(origin, home) or self._guard.is_home(origin, enterprise)
        outside = any(is_set(user, flag) for flag in _OUTSIDE) or not ours
        profile = part_of(user, "profile")
        name = text_of(profile, "real_name") or text_of(user, "real_name") or text_of(user, "name")
        standing, shown = Standing.OUTSIDER if outside else Standing.MEMBER, one_line(name)[:NAME]
        # An address that nobody confirmed is what somebody typed.
        address = text_of(profile, "email") if is_set(user, "is_email_confirmed") else ""
        return Known(standing, shown, Profile(shown, address, home))

    def _keep(self, key: tuple[str, str], found: Known) -> None:
        seconds = UNANSWERED_SECONDS if found is _NOBODY else KEPT_SECONDS
        self._kept[key] = (self._clock() + seconds, found)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

"""What is asked before anything is read: is it from Slack, from a workspace that we serve, from a person."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.people import ChannelIdentity
from slack_app.shapes import Json, id_of, is_set, part_of, parts_of, text_of

SKEW_SECONDS = 300
"""How far a signature's time may lie from ours, to both sides, as Slack advises."""
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
CHANNEL = "slack"
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something came from: the workspace that we are installed in, its organisation, and who we are there."""

    tenant: str
    enterprise: str = ""
    own: str = ""

    def identity(self, user: str, home: str = "") -> ChannelIdentity:
        """Who that is for the directory. With Enterprise Grid a person is one and the same in all workspaces.

        `home` is the workspace they belong to where that is another organisation's: nobody whom our directory knows.
        """
        return ChannelIdentity(CHANNEL, home or self.enterprise or self.tenant, user)


class Signatures:
    """Checks that a request was signed by Slack, and just now. `clock` gives seconds since 1970.

    Source: https://docs.slack.dev/authentication/verifying-requests-from-slack/
    """

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def holds(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
        """False for anything else than exactly one good signature with its time; never raises."""
        found: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            found.setdefault(name.lower(), []).append(value)
        times, signatures = found.get(b"x-slack-request-timestamp", []), found.get(b"x-slack-signature", [])
        if not self._secret or len(times) != 1 or len(signatures) != 1 or not _TIMESTAMP.fullmatch(times[0]):
            return False
        if abs(self._clock() - int(times[0])) > SKEW_SECONDS:
            return False
        made = hmac.new(self._secret, b"v0:" + times[0] + b":" + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={made}".encode(), signatures[0])


class Guard:
    """Which workspaces are served. Nobody is, until there are some."""

    def __init__(self, served: Iterable[str]) -> None:
        self._served = frozenset(served)

    @property
    def is_open(self) -> bool:
        """Whether anybody at all is served."""
        return bool(self._served)

    def serve_only(self, tenant: str) -> None:
        """Where nobody was named: the workspace that our one token belongs to, and no other."""
        if not self._served:
            self._served = frozenset({tenant})

    def admits(self, origin: Origin) -> bool:
        """Whether this workspace, or the organisation it belongs to, is served."""
        return origin.tenant in self._served or (bool(origin.enterprise) and origin.enterprise in self._served)

    def is_home(self, origin: Origin, home: str) -> bool:
        """Whether somebody who belongs to the workspace or organisation `home` is one of ours."""
        return bool(home) and (home in (origin.tenant, origin.enterprise) or home in self._served)


def origin_of(body: Json) -> Origin:
    """Where an event or a click came from. Raises `Malformed`.

    In a channel shared with others, `authorizations` names the workspace that we are installed in, and `team_id` of
    the event may be the others'. A click in an organisation that installed us as a whole names no team of its own.
    """
    installed = next(iter(parts_of(body, "authorizations")), {})
    view, user = part_of(body, "view"), part_of(body, "user") if isinstance(body.get("user"), dict) else {}
    team, enterprise = part_of(body, "team"), part_of(body, "enterprise")
    tenant = (
        id_of(view, "app_installed_team_id")
        or id_of(installed, "team_id")
        or id_of(team, "id")
        or id_of(body, "team_id")
        or id_of(user, "team_id")
    )
    above = id_of(installed, "enterprise_id") or id_of(enterprise, "id") or id_of(body, "enterprise_id")
    above = above or id_of(team, "enterprise_id")
    own = id_of(installed, "user_id") if is_set(installed, "is_bot") else ""
    return Origin(tenant or above, above, own)


def is_from_a_machine(event: Json, own: str) -> bool:
    """Whether a post was not typed by a person: ours, another app's, a workflow's, Slack's own."""
    user = text_of(event, "user")
    subtype = text_of(event, "subtype")
    return (
        not user
        or user in (own, SLACKBOT)
        or bool(event.get("bot_id"))
        or bool(event.get("bot_profile"))
        or bool(event.get("app_id"))
        or subtype == "bot_message"
    )

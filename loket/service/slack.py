"""What of Slack one process holds: who speaks there, what comes in, and the files that people send along."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from core.errors import ConfigError
from core.file_names import MEGABYTE
from core.ports import Channel
from loket.attachments.fetching import Fetching
from loket.counter import Counter
from loket.home import Home
from loket.linking.introductions import Introductions
from loket.linking.offering import OfferingChannel
from loket.linking.wiring import introductions
from loket.settings import Settings
from slack_app.app import SlackApp, SlackParts, build_slack
from slack_app.channel import SlackChannel
from slack_app.files import SlackFiles
from slack_app.installing.oauth import InstallParts, install_routes
from slack_app.installing.store import KEY_FILE
from slack_app.installing.wire import Wire
from slack_app.many_workspaces import ManyWorkspaces
from slack_app.one_workspace import OneWorkspace
from storage import Database
from storage.keys import KeyRing

_PAGE = re.compile(r"https://[^\s(),;<>]+")


class SlackSide:
    """Speaks and listens in Slack. `channel` is there before the counter, `open` joins the two, `close` comes last.

    Raises `ConfigError` for settings that cannot work together.
    """

    def __init__(self, settings: Settings, home: Home, database: Database) -> None:
        self._settings = settings
        self._database = database
        slack = settings.slack
        self._wire = Wire(slack, settings.outside)
        self._installs: InstallParts | None = None
        self._clients: OneWorkspace | ManyWorkspaces
        if slack.bot_token.get_secret_value():
            self._clients = OneWorkspace(slack, self._wire, database)
        elif slack.client_id:
            keys = KeyRing.load_or_create(home.keys / KEY_FILE)
            self._installs = InstallParts(slack, database, keys, self._wire)
            self._clients = ManyWorkspaces(slack, self._wire, database, keys)
        else:
            raise ConfigError("Slack needs LOKET_SLACK_BOT_TOKEN (one workspace) or LOKET_SLACK_CLIENT_ID (several)")
        self.channel = SlackChannel(slack, self._clients, database, link_hosts=_our_hosts(settings))
        self._app: SlackApp | None = None
        self._fetching: Fetching | None = None
        self._linking: Introductions | None = None

    def open(
        self, counter: Counter, accepting: Callable[[], bool], through: Channel | None = None
    ) -> Sequence[BaseRoute]:
        """Join Slack to the counter; returns the addresses that Slack and installing admins reach. Nothing runs yet.

        `through` is what replies leave by, for who wants to see them go; the channel itself by default.
        """
        slack = self._settings.slack
        linking = self._linking = introductions(self._settings.linking, self._settings.oidc, counter)
        parts = SlackParts(
            settings=slack,
            desk=counter.desk,
            database=self._database,
            clients=self._clients,
            channel=self.channel,
            wire=self._wire,
            accepting=accepting,
            departed=self._clients.departed,
            met=linking.met,
        )
        self._app = build_slack(parts)
        counter.delivery.add_channel(OfferingChannel(through or self.channel, linking, self._app.known_as))
        files = {self.channel.name: SlackFiles(self._clients, slack)}
        self._fetching = Fetching(self._database, files, counter.gate.parts.keys, slack.max_file_mb * MEGABYTE)
        installs = install_routes(self._installs) if self._installs is not None else []
        return [*self._app.routes, *installs]

    @property
    def app(self) -> SlackApp:
        """The edge, once the counter is there."""
        assert self._app is not None  # noqa: S101 - `open` comes first
        return self._app

    async def start(self) -> None:
        """Listen, and fetch files. Raises `ConfigError` for a token or workspace that an operator has to put right."""
        await self.app.start()
        if self._fetching is not None:
            await self._fetching.start()

    async def stop(self) -> None:
        """Take in nothing more; what is to be said still leaves."""
        if self._fetching is not None:
            await self._fetching.stop()
        await self.app.stop()
        if self._linking is not None:
            await self._linking.settle()

    async def close(self) -> None:
        """Give the connections back."""
        await self.channel.close()
        await self._clients.close()


def _our_hosts(settings: Settings) -> frozenset[str]:
    """Where our own pages are, the tickets, and what the settings tell people to turn to: a reply may lead there.

    A host behind an `@` is one to whose people mail may be written.
    """
    pages = [settings.oidc.home if settings.oidc.is_set else "", settings.reveal.address, settings.slack.public_url]
    pages += [settings.jira.browse_url or settings.jira.url]
    pages += [page for said in settings.agent.model_dump().values() for page in _PAGE.findall(str(said))]
    hosts = (urlsplit(page).hostname for page in pages if page)
    mail = (f"@{domain.lower()}" for domain in settings.agent.work_domains)
    return frozenset((*(host for host in hosts if host), *mail))

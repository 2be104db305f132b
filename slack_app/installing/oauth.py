"""Installing with OAuth: a browser goes to Slack, comes back with a code, and we are in a workspace, or are not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.errors import ConfigError, ConnectorError
from slack_app.installing import begun, pages, store
from slack_app.installing.addresses import INSTALL, REDIRECT
from slack_app.installing.answers import SlackSaysNo, word
from slack_app.installing.begun import Begun
from slack_app.installing.store import Installed, Tokens
from slack_app.installing.tokens import TokenEndpoint
from slack_app.installing.wire import Wire
from slack_app.scopes import SCOPES
from slack_app.settings import SlackSettings
from storage import AuditEntry, Database, Tx
from storage.audit import record
from storage.keys import KeyRing

log = structlog.get_logger(__name__)
LONGEST_QUERY = 8_192


@dataclass(frozen=True, slots=True)
class InstallParts:
    """What installing needs. `keys` is the ring of `store.KEY_FILE`."""

    settings: SlackSettings
    database: Database
    keys: KeyRing
    wire: Wire


def install_routes(parts: InstallParts) -> list[Route]:
    """The two addresses of an install. Raises `ConfigError` for settings that cannot work."""
    installing = Installing(parts)
    return [
        Route(INSTALL, installing.begin, methods=["GET"]),
        Route(REDIRECT, installing.finish, methods=["GET"]),
    ]


class NotInstalled(Exception):
    """An install that ends without one. `reason` ends a key of the catalogue; `said` is Slack's word for it."""

    def __init__(self, reason: str, status: int = 403, said: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.said = said


class NotBegunHere(NotInstalled):
    """What came back belongs to no install of this browser. Anybody can send that: it leaves no line in the log."""


class Installing:
    """The install as two requests of one browser, which may reach different processes."""

    def __init__(self, parts: InstallParts) -> None:
        settings = parts.settings
        if not settings.client_id or not settings.client_secret.get_secret_value():
            raise ConfigError("installing with OAuth needs LOKET_SLACK_CLIENT_ID and LOKET_SLACK_CLIENT_SECRET")
        if not settings.public_url.startswith("https://"):
            raise ConfigError("installing with OAuth needs LOKET_SLACK_PUBLIC_URL, such as https://loket.example.gov")
        if not settings.workspaces:
            raise ConfigError("installing with OAuth needs LOKET_SLACK_WORKSPACES: without it nobody may install")
        self._settings = settings
        self._database = parts.database
        self._keys = parts.keys
        self._wire = parts.wire
        self._endpoint = TokenEndpoint(settings, parts.wire)

    async def begin(self, request: Request) -> Response:
        """`GET /slack/install`: send the browser to Slack, with the cookie that binds it."""
        language = pages.language_of(request)
        try:
            if await self._database.read(begun.too_many):
                return pages.refused(language, "unavailable", 503)
            filed = await self._database.run(begun.begin)
        except ConnectorError:
            log.warning("slack_install_unavailable", reason="database")
            return pages.refused(language, "unavailable", 503)
        response = RedirectResponse(self._address(filed), 303, headers=pages.SAFE)
        seconds, name = int(begun.LIFE.total_seconds()), begun.cookie_name(filed.state)
        response.set_cookie(name, filed.secret, seconds, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def finish(self, request: Request) -> Response:
        """`GET /slack/oauth_redirect`: the browser is back. Whatever happens, the same address never counts again."""
        language = pages.language_of(request)
        try:
            response = await self._finish(request, language)
        except NotBegunHere as no:
            response = pages.refused(language, no.reason, no.status)
        except NotInstalled as no:
            log.warning("slack_install_refused", reason=no.reason)
            response = pages.refused(language, no.reason, no.status, no.said)
        except SlackSaysNo as no:
            log.warning("slack_install_refused", reason=no.reason)
            response = pages.refused(language, "slack_no", 502, no.reason)
        except ConnectorError as error:
            log.warning("slack_install_unavailable", reason=error.system)
            response = pages.refused(language, "unavailable", 503)
        state = request.query_params.get("state", "")
        if begun.is_secret(state):
            name = begun.cookie_name(state)
            response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
        return response

    async def _finish(self, request: Request, language: str) -> Response:
        answer = _answer(request)
        await self._use_up(request, answer.get("state", ""))
        code = answer.get("code", "")
        if "error" in answer:
            raise NotInstalled("cancelled", said=word(answer["error"]))
        if not 0 < len(code) <= 2_048 or not code.isascii() or not code.isprintable():
            raise NotInstalled("unreadable", 400)
        about, tokens = await self._endpoint.redeem(code, self._redirect_uri)
        address = await self._kept(about, tokens)
        log.info("slack_installed")
        lacking = sorted(set(SCOPES) - about.scopes)
        return pages.installed(language, about.name, lacking, address if self._wire.is_slack(address) else "")

    async def _kept(self, about: Installed, tokens: Tokens) -> str:
        """Keep the installation if it is one of ours, else have Slack forget the token; returns where it is."""
        try:
            if not self._settings.workspaces & {about.tenant, about.enterprise}:
                await self._database.run(lambda tx: record(tx, _entry(about, "refused:not_served")))
                raise NotInstalled("not_served")
            team, enterprise, address = await self._endpoint.belongs_to(tokens)
            if about.tenant != (enterprise if about.org_wide else team):
                raise NotInstalled("unreadable", 502)
            await self._database.run(partial(self._put, about=about, tokens=tokens))
        except NotInstalled:
            await self._endpoint.revoke(tokens)  # nobody holds it any more: it must not go on working
            raise
        except ConnectorError:
            # Where the app was installed before, Slack may have given the very token that we go on using.
            if not await self._database.read(lambda tx: store.exists(tx, about.tenant)):
                await self._endpoint.revoke(tokens)
            raise
        return address

    def _put(self, tx: Tx, about: Installed, tokens: Tokens) -> None:
        store.put(tx, self._keys, about, tokens)
        record(tx, _entry(about, "done"))

    async def _use_up(self, request: Request, state: str) -> None:
        if not begun.is_secret(state):
            raise NotBegunHere("unreadable", 400)
        secret = request.cookies.get(begun.cookie_name(state), "")
        if not begun.is_secret(secret):
            raise NotBegunHere("other_browser")
        if not await self._database.read(lambda tx: begun.is_there(tx, state, secret)):
            raise NotBegunHere("too_old")
        if not await self._database.run(lambda tx: begun.take(tx, state, secret)):
            raise NotBegunHere("too_old")

    def _address(self, filed: Begun) -> str:
        wanted = {
            "client_id": self._settings.client_id,
            "scope": ",".join(SCOPES),
            "user_scope": "",
            "state": filed.state,
            "redirect_uri": self._redirect_uri,
        }
        return f"{self._settings.authorize_url}?{urlencode(wanted)}"

    @property
    def _redirect_uri(self) -> str:
        return f"{self._settings.public_url.rstrip('/')}{REDIRECT}"


def _entry(about: Installed, result: str) -> AuditEntry:
    actor = f"slack:{about.tenant}:{about.installed_by or 'unknown'}"
    return AuditEntry(actor, "slack.installed", f"slack:{about.tenant}", result, origin="slack")


def _answer(request: Request) -> dict[str, str]:
    """The parameters of the address, each once. Raises `NotBegunHere` for more."""
    query: bytes = request.scope["query_string"]
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=20) if query else []
    except ValueError:
        raise NotBegunHere("unreadable", 400) from None
    answer = dict(pairs)
    if len(query) > LONGEST_QUERY or len(answer) != len(pairs):
        raise NotBegunHere("unreadable", 400)
    return answer

"""The HTTP pages besides the JSON API: proof of identity, one-time reveal, return from a sign-in, news from Jira."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.routing import BaseRoute

from actions.opening import Reveals
from actions.ticket_news import TicketNews
from connectors.fetch import HttpFetch
from connectors.http import async_client
from core.errors import ConfigError
from loket.counter import Counter
from loket.linking.wiring import link_pages
from loket.settings import Settings
from web_app import looks, proof, reveal
from web_app.approving_pages import ApprovingPages
from web_app.jira_hook import JiraHook
from web_app.linking import PURPOSE
from web_app.proof_pages import ProofPages
from web_app.reveal import RevealPage
from web_app.sign_in.flow import Handler, SignIn
from web_app.sign_in.returning import Returning
from web_app.sign_in.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Pages:
    """The routes, and what to close when nobody is served any more."""

    routes: list[BaseRoute] = field(default_factory=list)
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def close(self) -> None:
        """Give connections back."""
        for close in self.closing:
            await close()


def pages_of(settings: Settings, counter: Counter) -> Pages:
    """The pages that the settings switch on; none by default. Raises `ConfigError`."""
    pages, handlers = Pages(), dict[str, Handler]()
    sign_in = _sign_in(settings, counter, pages) if settings.oidc.is_set else None
    if sign_in is not None and settings.oidc.proves:
        proving = ProofPages(sign_in, counter.gate, counter.desk, counter.database)
        approving = ApprovingPages(sign_in, counter.gate, counter.desk, counter.database)
        handlers |= {proof.PURPOSE: proving.signed_in, proof.APPROVE: approving.signed_in}
        pages.routes.extend([*proving.routes(), *approving.routes()])
    if settings.reveal.is_set:
        sessions = Sessions(counter.database, counter.directory, reveal.SESSION, reveal.LIFE) if sign_in else None
        shown = RevealPage(Reveals(counter.gate.parts), sign_in, sessions)
        handlers[reveal.PURPOSE] = shown.signed_in
        pages.routes.extend(shown.routes())
    if sign_in is not None and (linking := link_pages(settings.linking, sign_in, counter)) is not None:
        handlers[PURPOSE] = linking.signed_in
        pages.routes.extend(linking.routes())
    if sign_in is not None:
        pages.routes.extend(Returning(sign_in, counter.database, handlers).routes())
    if pages.routes:
        pages.routes.extend(looks.routes())
    if settings.jira.hook_secret.get_secret_value():
        news = TicketNews(counter.database)
        hook = JiraHook(settings.jira.hook_secret, settings.jira.projects, news.heard, time.time)
        pages.routes.extend(hook.routes())
    return pages


def _sign_in(settings: Settings, counter: Counter, pages: Pages) -> SignIn:
    oidc = settings.oidc
    if oidc.client_secret is None and oidc.key_file is None:
        raise ConfigError("LOKET_OIDC_ISSUER is set: this process needs LOKET_OIDC_CLIENT_SECRET or _KEY_FILE too")
    client = async_client(settings.outside, oidc.timeout_seconds)
    pages.closing.append(client.aclose)
    return SignIn(oidc, counter.database, counter.directory, HttpFetch("sign-in", client, oidc.timeout_seconds))

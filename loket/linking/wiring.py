"""Builds both halves of account linking for a process that talks with channels and serves pages."""

from __future__ import annotations

from loket.counter import OUTBOX, Counter
from loket.linking.introductions import Introductions
from loket.outside.settings import LinkingSettings
from web_app.linking import LIFE, PATH, SESSION, LinkPages
from web_app.sign_in.flow import SignIn
from web_app.sign_in.sessions import Sessions
from web_app.sign_in.settings import OidcSettings


def introductions(settings: LinkingSettings, oidc: OidcSettings, counter: Counter) -> Introductions:
    """What channels ask; offers lead to our page where people can sign in, and there are none elsewhere."""
    page = f"{oidc.home}{PATH}" if oidc.is_set else ""
    return Introductions(counter.database, counter.directory, settings, page, lambda: _tell(counter))


def link_pages(settings: LinkingSettings, sign_in: SignIn, counter: Counter) -> LinkPages | None:
    """The page behind the offers; None where linking by sign-in is switched off."""
    if not settings.sign_in:
        return None
    sessions = Sessions(counter.database, counter.directory, SESSION, LIFE)
    must_match = settings.email_must_match
    return LinkPages(counter.gate.parts, sign_in, sessions, must_match=must_match, told=lambda: _tell(counter))


def _tell(counter: Counter) -> None:
    """There are notices in the outbox: for us, or for whoever sends them."""
    counter.delivery.wake()
    counter.bus.tell(OUTBOX)

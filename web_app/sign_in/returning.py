"""Where browsers come back to from the provider: one address for every purpose, and one answer to all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ConnectorError
from storage import AuditEntry, Database
from storage.audit import record
from web_app.pages import language_of, page, paragraph
from web_app.responses import failure
from web_app.sign_in.flow import Handler, SignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.words import say

log = structlog.get_logger(__name__)
ANYBODY = frozenset({"no_state", "other_browser", "used_or_old", "unreadable_answer"})
"""Reasons that anybody on the network can bring about as often as they like: for the log, not for the audit."""
_SENTENCES: Mapping[str, str] = {
    "stranger": "no_stranger",
    "no_employee_claim": "no_stranger",
    "claim_acr": "no_strength",
    "claim_amr": "no_strength",
    "proves_nothing": "no_strength",
}


class Returning:
    """The route of `OidcSettings.redirect_uri`. `handlers`: what follows, by the purpose the sign-in was begun for."""

    def __init__(self, sign_in: SignIn, database: Database, handlers: Mapping[str, Handler]) -> None:
        self._sign_in = sign_in
        self._database = database
        self._handlers = dict(handlers)

    def routes(self) -> Sequence[Route]:
        """Where it is."""
        return [Route("/signed-in", self.returned, methods=["GET"])]

    async def returned(self, request: Request) -> Response:
        """A browser came back."""
        if request.method != "GET":  # HEAD comes along with every GET
            return failure(405)
        try:
            response = await self._followed(request)
        except NotSignedIn as no:
            await note_refused(self._database, no)
            response = refused_page(no, language_of(request))
        except ConnectorError as error:
            log.warning("sign_in_unavailable", system=error.system, detail=error.detail)
            response = away_page(language_of(request))
        self._sign_in.forget(request, response)
        return response

    async def _followed(self, request: Request) -> Response:
        signed = await self._sign_in.finish(request)
        handler = self._handlers.get(signed.purpose)
        if handler is None:
            raise NotSignedIn("no_purpose")
        return await handler(signed, request)


def refused_page(no: NotSignedIn, language: str) -> Response:
    """What a person sees who is not signed in. It says nothing that helps an attacker."""
    text = paragraph(say(_SENTENCES.get(no.reason, "no_text"), language), important=True)
    return page(say("no_title", language), [text], language, status=403)


def away_page(language: str) -> Response:
    """What a person sees while the provider or the directory is away."""
    return page(say("no_title", language), [paragraph(say("no_away", language), important=True)], language, status=503)


async def note_refused(database: Database, no: NotSignedIn) -> None:
    """Keep that a sign-in was refused, and why."""
    log.warning("sign_in_refused", reason=no.reason)
    if no.reason in ANYBODY:
        return
    entry = AuditEntry("system:sign-in", "sign_in.refused", "sign_in:oidc", f"refused:{no.reason}", origin="web")
    await database.run(lambda tx: record(tx, entry))

"""The pages of the step-up: a link from a card, one button, the provider, and what came of it.

Opening the page changes nothing and tells nothing: whoever looks ahead for a link (a chat's preview, a mail scanner)
sees the same as everybody. The proof itself is taken when the browser comes back from the provider.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ConnectorError
from core.ports import Decision
from core.sign_in import SignedIn
from storage import Database
from web_app.pages import button, is_cross_site, language_for, language_of, page, paragraph
from web_app.proof import PATH, PURPOSE
from web_app.responses import failure
from web_app.sign_in.flow import SignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.returning import away_page, note_refused, refused_page
from web_app.sign_in.words import say

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
log = structlog.get_logger(__name__)


class Links(Protocol):
    """What is asked of the gate: the hash of a link's token in, whether it still holds out."""

    async def proof_wanted(self, reference: str) -> bool:
        """Whether a link still holds."""


class Proving(Protocol):
    """What is asked of the desk, which delivers what follows."""

    async def prove_by_sign_in(self, signed: SignedIn) -> Decision:
        """Take a sign-in as proof of identity."""


class ProofPages:
    """`GET` and `POST /proof/TOKEN`, and what follows a sign-in of the purpose `step_up` (give `signed_in` to
    `Returning`)."""

    def __init__(self, sign_in: SignIn, links: Links, desk: Proving, database: Database) -> None:
        self._sign_in = sign_in
        self._links = links
        self._desk = desk
        self._database = database

    def routes(self) -> Sequence[Route]:
        """Where they are."""
        path = f"{PATH}/{{token}}"
        return [Route(path, self.shown, methods=["GET"]), Route(path, self.pressed, methods=["POST"])]

    async def shown(self, request: Request) -> Response:
        """The page with its one button. Nothing happens."""
        language = language_for(request)
        try:
            if not await self._wanted(request):
                return _gone(language)
            provider = (await self._sign_in.provider.endpoints()).authorization
        except ConnectorError as error:
            log.warning("proof_unavailable", system=error.system, detail=error.detail)
            return away_page(language)
        parts = [
            paragraph(say("proof_what", language)),
            paragraph(say("proof_warning", language), tone="warning"),
            paragraph(say("proof_how", language)),
            button(say("proof_button", language)),
        ]
        return page(say("proof_title", language), parts, language, leads_to=[provider], switch=True)

    async def pressed(self, request: Request) -> Response:
        """Off to the provider. The link is spent by a proof, not by a try: people close windows."""
        language = language_for(request)
        if is_cross_site(request):
            return failure(403)
        try:
            if not await self._wanted(request):
                return _gone(language)
            return await self._sign_in.begin(PURPOSE, _reference(request), fresh=True)
        except NotSignedIn as no:
            await note_refused(self._database, no)
            return refused_page(no, language)
        except ConnectorError as error:
            log.warning("proof_unavailable", system=error.system, detail=error.detail)
            return away_page(language)

    async def signed_in(self, signed: SignedIn, request: Request) -> Response:
        """Back from the provider as somebody: the gate says whether it counts, in the person's own language."""
        language = signed.language or language_of(request)
        decision = await self._desk.prove_by_sign_in(signed)
        title = say("proof_done_title" if decision.accepted else "proof_refused_title", language)
        said = paragraph(decision.text, important=True, tone="done" if decision.accepted else "note")
        parts = [said, paragraph(say("proof_not_you", language))]
        return page(title, parts, language, status=200 if decision.accepted else 403)

    async def _wanted(self, request: Request) -> bool:
        reference = _reference(request)
        return bool(reference) and await self._links.proof_wanted(reference)


def _reference(request: Request) -> str:
    """How a link is named once it is opened: the SHA-256 of its token. Empty for what is no token."""
    token = request.path_params["token"]
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else ""


def _gone(language: str) -> Response:
    text = paragraph(say("proof_gone", language), important=True)
    return page(say("proof_gone_title", language), [text], language, status=410)

"""The pages on which an approver says yes where a click alone does not count: sign in, read the whole card, approve.

Looking at the link (GET, HEAD) changes nothing and tells nothing, however often. What would be approved is shown only
to its approver, signed in for this very link, in the browser they did so in; and the vote is a POST from that page.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.approval_links import LIFE
from actions.approving import ToApprove
from core.errors import ConnectorError
from core.ports import Decision
from core.sign_in import SignedIn
from storage import Database
from web_app.form_field import only_field
from web_app.pages import Tone, button, facts, is_cross_site, language_of, page, paragraph
from web_app.proof import APPROVE, APPROVE_PATH
from web_app.responses import Failed, failure
from web_app.sign_in.cookies import cookie, drop_cookie, hashed, is_secret, new_secret, set_cookie
from web_app.sign_in.flow import SignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.returning import away_page, note_refused, refused_page
from web_app.sign_in.words import say

READ_PATH = "/approving"
MOST_BYTES = 1_024
_FORM = "shown"
log = structlog.get_logger(__name__)


class Asked(Protocol):
    """What is asked of the gate. A `reference` is the hash of a link's token, `browser_hash` that of a cookie."""

    async def approval_wanted(self, reference: str) -> bool:
        """Whether a link still holds."""

    async def approver_signed_in(self, signed: SignedIn, browser_hash: str) -> Decision:
        """An approver came back from signing in."""

    async def to_approve(self, reference: str, browser_hash: str) -> ToApprove | None:
        """What they would approve."""


class Voting(Protocol):
    """What is asked of the desk, which delivers what follows."""

    async def approve_signed_in(self, reference: str, browser_hash: str, language: str) -> Decision:
        """Cast their vote."""


class ApprovingPages:
    """`/approve/TOKEN` with its one button; after the sign-in `/approving/REFERENCE`, which shows all and asks."""

    def __init__(self, sign_in: SignIn, gate: Asked, desk: Voting, database: Database) -> None:
        self._sign_in = sign_in
        self._gate = gate
        self._desk = desk
        self._database = database

    def routes(self) -> Sequence[Route]:
        """Where they are."""
        link, read = f"{APPROVE_PATH}/{{token}}", f"{READ_PATH}/{{reference}}"
        return [
            Route(link, self.opened, methods=["GET"]),
            Route(link, self.begun, methods=["POST"]),
            Route(read, self.read, methods=["GET"]),
            Route(read, self.approved, methods=["POST"]),
        ]

    async def opened(self, request: Request) -> Response:
        """The page with its one button. Nothing happens, and nothing of the request is told."""
        language = language_of(request)
        try:
            if not await self._wanted(request):
                return _gone(language)
            provider = (await self._sign_in.provider.endpoints()).authorization
        except ConnectorError as error:
            log.warning("approving_unavailable", system=error.system, detail=error.detail)
            return away_page(language)
        parts = [paragraph(say(f"approve_{key}", language)) for key in ("what", "warning", "how")]
        parts.append(button(say("approve_button", language)))
        return page(say("approve_title", language), parts, language, leads_to=[provider])

    async def begun(self, request: Request) -> Response:
        """Off to the provider. The link is spent by a vote, not by a try."""
        language = language_of(request)
        if is_cross_site(request):
            return failure(403)
        try:
            if not await self._wanted(request):
                return _gone(language)
            return await self._sign_in.begin(APPROVE, _reference(request), fresh=True)
        except NotSignedIn as no:
            await note_refused(self._database, no)
            return refused_page(no, language)
        except ConnectorError as error:
            log.warning("approving_unavailable", system=error.system, detail=error.detail)
            return away_page(language)

    async def signed_in(self, signed: SignedIn, request: Request) -> Response:
        """Back from the provider as somebody: on to the page that shows what to approve, or a no. No vote yet."""
        browser = new_secret()
        decision = await self._gate.approver_signed_in(signed, hashed(browser))
        if not decision.accepted:
            return _said(decision, signed.language or language_of(request))
        response = RedirectResponse(f"{READ_PATH}/{signed.reference}", 303)
        set_cookie(response, _cookie_name(signed.reference), browser, int(LIFE.total_seconds()))
        return response

    async def read(self, request: Request) -> Response:
        """All that would be done, to whoever signed in for it; as often as they like."""
        reference, browser = _here(request)
        try:
            found = await self._gate.to_approve(reference, hashed(browser)) if browser else None
        except ConnectorError as error:
            log.warning("approving_unavailable", system=error.system, detail=error.detail)
            return away_page(language_of(request))
        return _shown(found, _form_word(browser, reference)) if found else _gone(language_of(request))

    async def approved(self, request: Request) -> Response:
        """The yes. Only from the page that showed it: the form carries a word that only that page could know."""
        language, (reference, browser) = language_of(request), _here(request)
        if is_cross_site(request):
            return failure(403)
        if not browser:
            return _gone(language)
        try:
            word, sent = _form_word(browser, reference), await _sent(request)
            found = await self._gate.to_approve(reference, hashed(browser))
            language = found.approver.language if found else language
            if not hmac.compare_digest(sent.encode(), word.encode()):
                return _shown(found, word, again=True) if found else _gone(language)
            decision = await self._desk.approve_signed_in(reference, hashed(browser), language)
        except Failed as failed:
            return failure(failed.status)
        except ConnectorError as error:
            log.warning("approving_unavailable", system=error.system, detail=error.detail)
            return away_page(language)
        response = _said(decision, language)
        if decision.accepted:
            drop_cookie(response, _cookie_name(reference))
        return response

    async def _wanted(self, request: Request) -> bool:
        reference = _reference(request)
        return bool(reference) and await self._gate.approval_wanted(reference)


def _shown(found: ToApprove, word: str, *, again: bool = False) -> Response:
    """`again`: another page said yes than the one that this sign-in led to, such as that of a tab left open."""
    language, card, approver = found.approver.language, found.card, found.approver
    rang = [(say("approve_rang", language), found.callback)] if found.callback else []
    pairs = [(fact.label, fact.value) for fact in card.facts]
    parts = [paragraph(say("approve_again", language), important=True)] if again else []
    parts += [
        paragraph(say("approve_you", language, name=approver.name, id=approver.employee_id)),
        paragraph(card.title),
        facts([*pairs, *rang, (say("approve_state", language), card.state)]),
        button(say("approve_yes_button", language), {_FORM: word}),
        paragraph(say("approve_no_how", language)),
    ]
    return page(say("approve_shown_title", language), parts, language, status=409 if again else 200, wrong=again)


def _said(decision: Decision, language: str) -> Response:
    title = say("approve_done_title" if decision.accepted else "approve_refused_title", language)
    tone: Tone = "done" if decision.accepted else "note"
    parts = [paragraph(decision.text, important=True, tone=tone), paragraph(say("approve_close", language))]
    return page(title, parts, language, status=200 if decision.accepted else 403)


def _gone(language: str) -> Response:
    text = paragraph(say("approve_gone", language), important=True)
    return page(say("approve_gone_title", language), [text], language, status=410)


def _reference(request: Request) -> str:
    """How a link is named once it is opened: the SHA-256 of its token. Empty for what is no token."""
    token = request.path_params["token"]
    return hashed(token) if is_secret(token) else ""


def _cookie_name(reference: str) -> str:
    """Each link has a cookie of its own: two requests in two tabs do not disturb each other."""
    return f"loket-approving-{reference[:16]}"


def _here(request: Request) -> tuple[str, str]:
    """Which link it is about, and this browser's secret for it; an empty secret in any other browser."""
    reference = request.path_params["reference"]
    known = len(reference) == 64 and all(letter in "0123456789abcdef" for letter in reference)
    return (reference, cookie(request, _cookie_name(reference))) if known else ("", "")


def _form_word(browser: str, reference: str) -> str:
    """What the form of this page carries: it follows from the cookie, which no other page can read."""
    return hmac.digest(browser.encode(), f"approve\n{reference}".encode(), hashlib.sha256).hex()


async def _sent(request: Request) -> str:
    """The word that came back with the form. Raises `Failed` for anything that is not this form: 400, 408, 413."""
    name, word = await only_field(request, MOST_BYTES)
    if name != _FORM:
        raise Failed(400)
    return word

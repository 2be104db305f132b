"""The page on which a stranger of a chat shows who they are: `/link/<token>`.

Looking at it changes nothing and names nobody. It leads to the sign-in of the organisation; after that it says which
account would count as whom, and only a button then links them. The danger it is built against: somebody sends the
link to *their* account to a colleague, and the colleague signs in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.linking.making import Made, disown, link_by_sign_in
from actions.linking.young import quiet_hours
from actions.parts import GateParts
from connectors.directory import link_offers
from connectors.directory.link_offers import Offer
from connectors.directory.links import hashed
from core.errors import ConnectorError
from core.sign_in import SignedIn
from web_app.form_field import only_field
from web_app.linking_page import asking, ended, linked
from web_app.linking_page import confirming as confirming_page
from web_app.pages import is_cross_site, language_for
from web_app.responses import Failed, failure
from web_app.sign_in.cookies import cookie, drop_cookie, is_secret, set_cookie
from web_app.sign_in.flow import SignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.returning import away_page, note_refused, refused_page
from web_app.sign_in.sessions import Session, Sessions

PURPOSE = "link"
"""What a sign-in for this page is begun for; its reference is the hash of the token."""
SESSION = "link"
PATH = "/link"
LIFE = timedelta(minutes=10)
"""How long after a sign-in the account can be linked with it."""
MOST_BYTES = 512
_LINK = "link-offer"
log = structlog.get_logger(__name__)


class LinkPages:
    """`sessions` must be called `SESSION` and live for `LIFE`; give `signed_in` to `Returning`.

    `must_match`: an address that the channel vouches for must be the work address of whoever signs in. `told` is
    called when somebody has to be told something.
    """

    def __init__(
        self,
        parts: GateParts,
        sign_in: SignIn,
        sessions: Sessions,
        *,
        must_match: bool = True,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        self._parts = parts
        self._sign_in = sign_in
        self._sessions = sessions
        self._must_match = must_match
        self._told = told

    def routes(self) -> Sequence[Route]:
        """Where it is. HEAD comes along with GET."""
        path = f"{PATH}/{{token}}"
        return [Route(path, self.looked_at, methods=["GET"]), Route(path, self.pressed, methods=["POST"])]

    async def looked_at(self, request: Request) -> Response:
        """GET and HEAD: a button to sign in; whom it would link only for who has signed in for this very link."""
        language = language_for(request)
        try:
            offer = await self._offer(request)
            if offer is None:
                return ended(Made.GONE, language)
            session = await self._session(request, offer)
            if session is None:
                provider = (await self._sign_in.provider.endpoints()).authorization
                return asking(language, provider)
            return confirming_page(offer, session.employee, language)
        except ConnectorError as error:
            return self._away(error, language)

    async def pressed(self, request: Request) -> Response:
        """POST: off to the provider, the link itself, or "this is not mine"."""
        language = language_for(request)
        if is_cross_site(request):
            return failure(403)
        try:
            do = await _wish(request)
            offer = await self._offer(request)
            if offer is None:
                return ended(Made.GONE, language)
            if do == "sign_in":
                return await self._begin(request, offer)
            return await self._decided(request, offer, do)
        except Failed as failed:
            return failure(failed.status)
        except NotSignedIn as no:
            await note_refused(self._parts.database, no)
            return refused_page(no, language)
        except ConnectorError as error:
            return self._away(error, language)

    async def signed_in(self, signed: SignedIn, request: Request) -> Response:
        """Back from the provider as somebody: to the page they left from. Nothing is linked yet."""
        token = cookie(request, _LINK)
        if not token or hashed(token) != signed.reference:
            raise NotSignedIn("no_link")
        response = RedirectResponse(f"{PATH}/{token}?lang={signed.language or language_for(request)}", 303)
        await self._sessions.open(signed, response)
        drop_cookie(response, _LINK)
        return response

    async def _decided(self, request: Request, offer: Offer, do: str) -> Response:
        """A button that only somebody who signed in for this link has seen."""
        session, language = await self._session(request, offer), language_for(request)
        if session is None:
            raise NotSignedIn("no_session")
        if do == "link":
            made = await link_by_sign_in(self._parts, session.employee, offer.token_hash, must_match=self._must_match)
        else:
            made = await disown(self._parts, session.employee, offer.token_hash)
        self._told()
        if made in (Made.LINKED, Made.ALREADY):
            hours = await self._parts.database.read(
                lambda tx: quiet_hours(self._parts.rules.current(tx)[1], about_account=True)
            )
            response = linked(offer, language, hours)
        else:
            response = ended(made, language)
        await self._sessions.close(request, response)  # it has served
        return response

    async def _begin(self, request: Request, offer: Offer) -> Response:
        """Anew, where the provider can vouch for that: a browser that somebody left open links nothing."""
        response = await self._sign_in.begin(PURPOSE, offer.token_hash, fresh=self._sign_in.settings.proves)
        set_cookie(response, _LINK, request.path_params["token"], int(LIFE.total_seconds()) * 2)
        return response

    async def _offer(self, request: Request) -> Offer | None:
        token = request.path_params["token"]
        if not is_secret(token):
            return None
        return await self._parts.database.read(lambda tx: link_offers.find(tx, hashed(token)))

    async def _session(self, request: Request, offer: Offer) -> Session | None:
        session = await self._sessions.of(request)
        mine = session is not None and (session.purpose, session.reference) == (PURPOSE, offer.token_hash)
        return session if mine else None

    def _away(self, error: ConnectorError, language: str) -> Response:
        log.warning("link_page_unavailable", system=error.system)
        return away_page(language)


async def _wish(request: Request) -> str:
    """Which button it was. Raises `Failed` for anything that is none: 400, 408, 413."""
    name, wish = await only_field(request, MOST_BYTES)
    if name != "do" or wish not in ("sign_in", "link", "not_mine"):
        raise Failed(400)
    return wish

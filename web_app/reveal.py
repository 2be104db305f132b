"""The page on which a temporary credential is seen once: `/reveal/<token>`.

Looking at it (GET, HEAD) shows a form, asks the database nothing and uses nothing up: link previews and robots may
come as often as they like. Only a POST with what the page asks for shows anything, and whatever is wrong gets the
same answer after the same time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.opening import Reveals, Shown, Signer
from actions.revealing import guard_of, hash_of
from actions.roads import Guard
from core.errors import ConnectorError
from core.sign_in import SignedIn
from web_app.bodies import read_body
from web_app.pace import Pace
from web_app.pages import is_cross_site, language_for
from web_app.responses import Failed, failure
from web_app.reveal_page import asking, shown
from web_app.sign_in.cookies import cookie, drop_cookie, is_secret, set_cookie
from web_app.sign_in.flow import SignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.returning import refused_page
from web_app.sign_in.sessions import Session, Sessions

PURPOSE = "reveal"
"""What a sign-in for this page is begun for; its reference is the hash of the token."""
SESSION = "reveal"
LIFE = timedelta(minutes=5)
"""How long after a sign-in the credential can be shown with it."""
FLOOR_SECONDS = 0.3
"""How long a POST takes at least: every no takes as long as every other, wherever it was found out."""
MOST_BYTES = 2_048
A_MINUTE, AT_ONCE = 30, 20
_LINK = "reveal-link"
_FIELDS = frozenset({"do", "code"})
log = structlog.get_logger(__name__)


class RevealPage:
    """The page. `sign_in` and `sessions` are None where nobody can sign in: then only codes open anything.

    `sessions` must be called `reveal` and live for `LIFE`.
    """

    def __init__(
        self,
        reveals: Reveals,
        sign_in: SignIn | None = None,
        sessions: Sessions | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._reveals = reveals
        self._sign_in = sign_in
        self._sessions = sessions
        self._pace = pace or Pace(A_MINUTE, AT_ONCE)

    def routes(self) -> Sequence[Route]:
        """Where it is. HEAD comes along with GET."""
        return [
            Route("/reveal/{token}", self.looked_at, methods=["GET"]),
            Route("/reveal/{token}", self.asked, methods=["POST"]),
        ]

    async def looked_at(self, request: Request) -> Response:
        """GET and HEAD: the form, for every token there could be."""
        return await self._asking(request)

    async def asked(self, request: Request) -> Response:
        """POST: the credential, or the one no there is."""
        began = time.monotonic()
        address = request.client.host if request.client else ""
        with self._pace.turn(address) as allowed:
            if not allowed:
                return await self._asking(request, "reveal_busy")
            try:
                response = await self._answer(request)
            except Failed as failed:
                response = failure(failed.status)
            except NotSignedIn as no:
                response = refused_page(no, language_for(request))
            except ConnectorError as error:
                log.warning("reveal_unavailable", system=error.system)
                response = await self._asking(request, "reveal_away")
            await asyncio.sleep(max(0.0, began + FLOOR_SECONDS - time.monotonic()))
            return response

    async def signed_in(self, signed: SignedIn, request: Request) -> Response:
        """Somebody came back from the provider: to the page they left from, which still shows nothing by itself."""
        token = next((token for token in _tokens(request) if hash_of(token) == signed.reference), "")
        if not token or self._sessions is None:
            raise NotSignedIn("no_link")
        response = RedirectResponse(f"/reveal/{token}?lang={language_for(request)}", 303)
        await self._sessions.open(signed, response)
        drop_cookie(response, _LINK)
        return response

    async def _answer(self, request: Request) -> Response:
        fields = await _fields(request)
        token = request.path_params["token"]
        if is_cross_site(request):
            return await self._asking(request, "reveal_no")
        guard = guard_of(token)
        if guard is Guard.CODE:
            found = await self._reveals.by_code(token, fields.get("code", ""))
        elif fields.get("do") == "sign_in":
            return await self._begin(request, token)
        else:
            found = await self._by_sign_in(request, token)
        if found is None:
            return await self._asking(request, "reveal_no")
        response = shown(found, language_for(request))
        if self._sessions is not None and guard is not Guard.CODE:  # it has served
            await self._sessions.close(request, response)
        return response

    async def _by_sign_in(self, request: Request, token: str) -> Shown | None:
        session: Session | None = await self._sessions.of(request) if self._sessions is not None else None
        if session is None or session.purpose != PURPOSE:
            return None
        signer = Signer(session.employee, session.method, session.signed_in_at, session.reference)
        return await self._reveals.by_sign_in(token, signer)

    async def _begin(self, request: Request, token: str) -> Response:
        if self._sign_in is None or not is_secret(token[1:]):
            return await self._asking(request, "reveal_no")
        response = await self._sign_in.begin(PURPOSE, hash_of(token), fresh=True)
        set_cookie(response, _LINK, token[1:], int(LIFE.total_seconds()) * 2)
        return response

    async def _asking(self, request: Request, no: str = "") -> Response:
        guard = guard_of(request.path_params["token"])
        signed_in = bool(cookie(request, f"loket-{SESSION}"))
        provider = "" if guard is Guard.CODE else await self._provider()
        return asking(guard, language_for(request), provider, signed_in=signed_in, no=no)

    async def _provider(self) -> str:
        """Where "sign in" sends browsers on. A provider that is away is found out when somebody presses it."""
        if self._sign_in is None:
            return ""
        try:
            return (await self._sign_in.provider.endpoints()).authorization
        except ConnectorError as error:
            log.warning("reveal_unavailable", system=error.system)
            return self._sign_in.settings.issuer


def _tokens(request: Request) -> list[str]:
    """The tokens that the browser may have left from: its cookie holds all but the first letter."""
    kept = cookie(request, _LINK)
    return [f"{letter}{kept}" for letter in "sa"] if kept else []


async def _fields(request: Request) -> dict[str, str]:
    """The form, each field once. Raises `Failed` for anything else: 400, 408, 413."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Failed(400)
    body = await read_body(request, MOST_BYTES)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=4)
    except ValueError:
        raise Failed(400) from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not fields.keys() <= _FIELDS:
        raise Failed(400)
    return fields

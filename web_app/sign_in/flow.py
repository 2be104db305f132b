"""Signing in: a browser is sent to the provider, comes back with a code, and leaves as somebody or as nobody."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connectors.directory import Directory
from connectors.fetch import Fetch
from core.sign_in import SignedIn
from storage import Database, Tx
from web_app.sign_in import begun
from web_app.sign_in.begun import Begun, cookie_name
from web_app.sign_in.cookies import cookie, drop_cookie, is_secret, set_cookie
from web_app.sign_in.id_token import Expected, check
from web_app.sign_in.provider import Provider
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings
from web_app.sign_in.tokens import TokenEndpoint
from web_app.sign_in.whose import employee_of, method_of

Handler = Callable[[SignedIn, Request], Awaitable[Response]]
"""What follows a sign-in of one purpose."""
LONGEST_QUERY = 8_192


class SignIn:
    """Sign-ins at one provider. `clock` gives seconds since 1970, as the provider's tokens do.

    `begin` sends a browser away, `finish` takes it back; both may be in different processes.
    """

    def __init__(
        self,
        settings: OidcSettings,
        database: Database,
        directory: Directory,
        fetch: Fetch,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self._database = database
        self._directory = directory
        self._clock = clock
        self.provider = Provider(settings, fetch)
        self._tokens = TokenEndpoint(settings, self.provider, fetch)

    async def begin(self, purpose: str, reference: str, *, fresh: bool = True) -> Response:
        """The answer that sends this browser to the provider, with the cookie that binds it.

        `fresh`: the person signs in anew whatever they did before, and in the way that proves identity. Raises
        `NotSignedIn` where no sign-in can prove identity, `ConnectorError` when the provider cannot be read.
        """
        if fresh and not self.settings.proves:
            raise NotSignedIn("proves_nothing")
        where = (await self.provider.endpoints()).authorization

        def file(tx: Tx) -> Begun:
            begun.forget_old(tx)
            return begun.begin(tx, purpose, reference, fresh=fresh)

        filed = await self._database.run(file)
        response = RedirectResponse(self._address(where, filed), 303)
        set_cookie(response, cookie_name(filed.state), filed.secret, int(begun.LIFE.total_seconds()))
        return response

    async def finish(self, request: Request) -> SignedIn:
        """Who came back, and what for. Raises `NotSignedIn` for everything that is not exactly right.

        Whatever happens, the same address never counts a second time.
        """
        answer = _answer(request)
        filed = await self._taken(request, answer)
        endpoints = await self.provider.endpoints()
        self._refuse_mix_up(answer, names_itself=endpoints.names_itself)
        code = answer.get("code", "")
        if "error" in answer or not 0 < len(code) <= 2048 or not code.isascii():
            raise NotSignedIn("provider_said_no")
        tokens = await self._tokens.redeem(code, filed.verifier)
        expected = Expected(
            filed.nonce, code, tokens.access_token, filed.begun_at.timestamp(), filed.fresh, self._clock()
        )
        claims = await check(tokens.id_token, self.provider, self.settings, expected)
        employee, identity = await employee_of(claims, self.settings, self._directory)
        method = method_of(claims, self.settings, fresh=filed.fresh)
        at = datetime.fromtimestamp(claims.at, UTC)
        acr = " ".join(sorted(claims.acr))[:100]
        who, language = employee.employee_id, employee.language
        return SignedIn(who, identity, method, at, filed.purpose, filed.reference, acr, language)

    def forget(self, request: Request, response: Response) -> None:
        """Have the browser forget the cookie of the sign-in it came back from."""
        state = request.query_params.get("state", "")
        if is_secret(state):
            drop_cookie(response, cookie_name(state))

    def _address(self, where: str, filed: Begun) -> str:
        """The authorization request: code, PKCE with S256, state and nonce; for proof also "sign in now, and well"."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        settings = self.settings
        more = {}
        if filed.fresh:
            wanted = " ".join(settings.acr_to_ask)
            more = {"prompt": "login", "max_age": "0", **({"acr_values": wanted} if wanted else {})}
        address: str = prepare_grant_uri(
            where,
            client_id=settings.client_id,
            response_type="code",
            redirect_uri=settings.redirect_uri,
            scope=settings.scope,
            state=filed.state,
            nonce=filed.nonce,
            code_challenge=create_s256_code_challenge(filed.verifier),
            code_challenge_method="S256",
            **more,
        )
        return address

    async def _taken(self, request: Request, answer: dict[str, str]) -> Begun:
        state = answer.get("state", "")
        if not is_secret(state):
            raise NotSignedIn("no_state")
        secret = cookie(request, cookie_name(state))
        if not secret:
            raise NotSignedIn("other_browser")
        if not await self._database.read(lambda tx: begun.is_there(tx, state, secret)):
            raise NotSignedIn("used_or_old")
        filed = await self._database.run(lambda tx: begun.take(tx, state, secret))
        if filed is None:
            raise NotSignedIn("used_or_old")
        return filed

    def _refuse_mix_up(self, answer: dict[str, str], *, names_itself: bool) -> None:
        """RFC 9207: the answer of another provider must not be taken for this one's."""
        said = answer.get("iss")
        if (said is None and names_itself) or (said is not None and said != self.settings.issuer):
            raise NotSignedIn("mix_up")


def _answer(request: Request) -> dict[str, str]:
    """The parameters of the address, each once. Raises `NotSignedIn` for more."""
    query: bytes = request.scope["query_string"]
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=20) if query else []
    except ValueError:
        pairs = []
    answer = dict(pairs)
    if len(query) > LONGEST_QUERY or len(answer) != len(pairs):
        raise NotSignedIn("unreadable_answer")
    return answer

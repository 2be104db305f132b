"""One token for all callers: fetched in a thread of our own, kept until shortly before it ends, read for its roles."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pydantic import SecretStr

from connectors.graph.certificate import Certificate
from connectors.graph.settings import EntraSettings
from connectors.graph.sign_in import Issued, SignIn, SignInLost, SignInRefused
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.settings import OutsideSettings
from core.errors import ConnectorError

EARLY = 120.0
"""A token is replaced so many seconds before its end."""
REST = 15.0
"""After a refusal of the credential nobody tries again for so many seconds: it would only be refused again."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of the application: its permissions (`roles`) and its object id. `readable`: it says so."""

    roles: frozenset[str]
    object_id: str
    readable: bool


class Tokens:
    """Raises `ConnectorError`: nothing of Graph's was asked yet. The constructor reads the certificate, no network."""

    def __init__(self, settings: EntraSettings, outside: OutsideSettings | None = None) -> None:
        self.certificate = (
            Certificate.read(settings.certificate_file, settings.certificate_passphrase)
            if settings.certificate_file
            else None
        )
        self._sign_in = SignIn(settings, outside or OutsideSettings(), self.certificate)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="loket-entra")
        self._one_at_a_time = asyncio.Lock()
        self._kept: Issued | None = None
        self._ends = 0.0
        self._refused: str = ""
        self._rests_until = 0.0

    async def get(self, deadline: Deadline, *, not_this: SecretStr | None = None) -> SecretStr:
        """A token that holds for at least two minutes; another than `not_this`, which Graph has turned down."""
        try:
            async with asyncio.timeout(deadline.left), self._one_at_a_time:
                kept = self._kept
                if kept is not None and kept.token != not_this and time.monotonic() < self._ends:
                    return kept.token
                return await self._new(fresh=not_this is not None)
        except TimeoutError:
            raise ConnectorError(SYSTEM, "the sign-in of the application takes too long") from None

    async def claims(self, deadline: Deadline) -> Claims:
        """What the token says; `loket doctor` and the agent's start read it, nothing else relies on it."""
        return read_claims(await self.get(deadline))

    def close(self) -> None:
        """Let the threads go; one that still waits for an answer ends by its own time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._sign_in.close()

    async def _new(self, *, fresh: bool) -> SecretStr:
        if time.monotonic() < self._rests_until:
            raise ConnectorError(SYSTEM, self._refused)
        begun = time.monotonic()
        try:
            issued = await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._sign_in.issue(fresh=fresh)
            )
        except SignInRefused as error:
            self._refused, self._rests_until = str(error), time.monotonic() + REST
            raise ConnectorError(SYSTEM, str(error)) from None
        except SignInLost as error:
            raise ConnectorError(SYSTEM, str(error)) from None
        self._kept, self._ends = issued, begun + issued.seconds - EARLY
        return issued.token


def read_claims(token: SecretStr) -> Claims:
    """The claims of our own token, unverified: Graph verifies it, we only look what we were given."""
    parts = token.get_secret_value().split(".")
    try:
        body = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return Claims(frozenset(), "", readable=False)
    if not isinstance(body, dict):
        return Claims(frozenset(), "", readable=False)
    roles, object_id = body.get("roles", []), body.get("oid", "")
    if not isinstance(roles, list) or not isinstance(object_id, str):
        return Claims(frozenset(), "", readable=False)
    return Claims(frozenset(str(role) for role in roles), object_id, readable=True)

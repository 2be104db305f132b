"""Calls to a directory: in threads of its own, with one end for everything, over connections that are used again."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from pydantic import SecretStr

from connectors.examination import Seen
from connectors.ldap.call import BoundedSocket, Call
from connectors.ldap.link import Link
from connectors.ldap.refusal import ConnectionBroke, ServerAway, SignInRefused
from connectors.ldap.settings import LdapSettings
from core.errors import ConfigError, ConnectorError, EffectUnknown, Refused

T = TypeVar("T")
IDLE_SECONDS = 60.0
"""A connection that was not used for so long is not used again: firewalls forget them without telling anybody."""
AWAY_SECONDS = 30.0
"""So long a server that failed is asked after the others."""
BREATH_SECONDS = 2.0
"""So long after all servers failed nobody tries again: who asks then hears it at once."""
REFUSED_SECONDS = 1800.0
"""So long a refused sign-in is not tried again: directories lock an account after some in a quarter of an hour."""


class LdapSession:
    """A directory, asked as one account. `writing` takes the account that may change things.

    Raises `ConfigError` when the certificate file cannot be read or the account is not set.
    """

    def __init__(self, settings: LdapSettings, system: str = "directory", *, writing: bool = False) -> None:
        self.settings = settings
        self.system = system
        name = settings.write_bind_dn if writing else settings.bind_dn
        password = settings.write_bind_password if writing else settings.bind_password
        if not settings.is_set or not name or password is None:
            raise ConfigError(f"LOKET_LDAP_{'WRITE_' * writing}BIND_DN and _PASSWORD are needed for the {system}")
        self._account: tuple[str, SecretStr] = (name, password)
        self._context = _context(settings)
        self._threads = ThreadPoolExecutor(settings.connections, thread_name_prefix=f"ldap-{system}")
        self._idle: deque[Link] = deque()
        self._lock = threading.Lock()
        self._signing_in = threading.Lock()
        self._failed_at: dict[str, float] = {}
        self._no_sign_in_until = 0.0
        self._closed = False

    async def run(self, work: Callable[[Link], T]) -> T:
        """`work` with a connection, in a thread. Done once more when a connection breaks before a change was sent.

        Raises `ConnectorError`, at the latest after `total_seconds`, and `EffectUnknown` when a change was sent that
        the server has not refused, whatever went wrong then.
        """
        call = Call(self.system, time.monotonic() + self.settings.total_seconds)
        try:
            future = self._threads.submit(self._work, work, call)
        except RuntimeError as error:
            raise ConnectorError(self.system, "the connection to the directory is closed") from error
        try:
            async with asyncio.timeout(self.settings.total_seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            call.give_up()
            kind = EffectUnknown if call.may_have_changed else ConnectorError
            raise kind(self.system, "the directory did not answer in time") from None
        finally:
            call.give_up()  # for an asker who was cancelled; after the work is done there is nothing left to cut

    async def reach(self) -> Sequence[Seen]:
        """Whether each server can be reached under verified TLS, for `loket doctor`. Signs in nowhere."""
        loop = asyncio.get_running_loop()
        looks = (loop.run_in_executor(self._threads, self._reach, url) for url in self.settings.servers)
        return await asyncio.gather(*looks)

    async def close(self) -> None:
        """End all connections. What is under way ends with an error."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            links, self._idle = list(self._idle), deque()
        for link in links:
            link.close()

    def _reach(self, url: str) -> Seen:
        from connectors.ldap.opening import open_server

        call = Call(self.system, time.monotonic() + self.settings.total_seconds)
        try:
            connection, _over = open_server(self.settings, self._context, call, url)
        except ConnectorError as error:
            return Seen(
                f"server {url}", False, error.detail, "check LOKET_LDAP_URLS, the network and LOKET_LDAP_CA_FILE"
            )
        connection.strategy.close()
        return Seen(f"server {url}", True, "answers under verified TLS")

    def _work(self, work: Callable[[Link], T], call: Call) -> T:
        try:
            return self._with_a_link(work, call)
        except EffectUnknown:
            raise
        except (ConnectorError, Refused) as error:
            if call.may_have_changed:
                raise EffectUnknown(self.system, "only part of the change is known to have happened") from error
            raise

    def _with_a_link(self, work: Callable[[Link], T], call: Call) -> T:
        link, used_before = self._link(call)
        try:
            return self._once(work, link, call)
        except ConnectionBroke:
            if call.may_have_changed or call.left <= 0:
                raise
            if not used_before and len(self.settings.servers) > 1:
                self._failed_at[link.server] = time.monotonic()
        with self._lock:
            stale, self._idle = list(self._idle), deque()  # of the same age, and so of the same fate
        for other in stale:
            other.close()
        link, _ = self._link(call)
        return self._once(work, link, call)

    def _once(self, work: Callable[[Link], T], link: Link, call: Call) -> T:
        whole = False
        try:
            link.serve(call)
            result = work(link)
            whole = True
        except (ConnectionBroke, EffectUnknown):
            raise
        except (ConnectorError, Refused):
            whole = True  # the server answered, or nobody asked it anything
            raise
        finally:
            self._put_back(link, whole=call.let_go() and whole)
        return result

    def _put_back(self, link: Link, *, whole: bool) -> None:
        with self._lock:
            if whole and not self._closed:
                self._idle.append(link)
                return
        link.close()

    def _link(self, call: Call) -> tuple[Link, bool]:
        """A connection that is signed in, and whether it was used before."""
        while True:
            with self._lock:
                link = self._idle.pop() if self._idle else None
            if link is None:
                return self._new_link(call), False
            if time.monotonic() - link.used_at < IDLE_SECONDS:
                return link, True
            link.close()

    def _new_link(self, call: Call) -> Link:
        servers = sorted(self.settings.servers, key=self._is_away)
        last = [self._failed_at.get(url, -BREATH_SECONDS) for url in servers]
        if time.monotonic() - min(last) < BREATH_SECONDS:
            raise ConnectorError(self.system, "no server of the directory could be reached a moment ago")
        trouble = []
        for url in servers:
            try:
                link = self._open(call, url)
            except ServerAway as away:
                self._failed_at[url] = time.monotonic()
                trouble.append(away.detail)
                if call.left <= 0:
                    break
            else:
                self._failed_at.pop(url, None)
                return link
        raise ConnectorError(self.system, "; ".join(trouble) or "the directory did not answer in time")

    def _is_away(self, url: str) -> bool:
        return time.monotonic() - self._failed_at.get(url, -AWAY_SECONDS) < AWAY_SECONDS

    def _open(self, call: Call, url: str) -> Link:
        from connectors.ldap.opening import open_server, sign_in

        self._refuse_sign_in()
        opened = open_server(self.settings, self._context, call, url)
        # One at a time: eight threads with a wrong password are eight failures, and the account is locked.
        if not self._signing_in.acquire(timeout=call.left):
            opened[0].strategy.close()
            raise ServerAway(self.system, "the sign-in of others took too long")
        try:
            self._refuse_sign_in_over(opened)
            return sign_in(self.settings, call, opened, url, self._account)
        except SignInRefused:
            self._no_sign_in_until = time.monotonic() + REFUSED_SECONDS
            raise
        finally:
            self._signing_in.release()

    def _refuse_sign_in_over(self, opened: tuple[Any, BoundedSocket]) -> None:
        """The same for a connection that waited while another was refused."""
        try:
            self._refuse_sign_in()
        except SignInRefused:
            opened[0].strategy.close()
            raise

    def _refuse_sign_in(self) -> None:
        left = self._no_sign_in_until - time.monotonic()
        if left > 0:
            raise SignInRefused(
                self.system,
                "the directory did not let the service account in; to keep it from being locked out, the next try is "
                f"in {left / 60:.0f} minutes or after a restart",
            )


def _context(settings: LdapSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the certificate file {settings.ca_file} cannot be read") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context

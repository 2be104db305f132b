"""Opening a connection: TLS with a checked certificate first, then the sign-in; never a password before that."""

from __future__ import annotations

import math
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from ldap3 import NONE, SIMPLE, SYNC, Connection, Server, Tls
from pydantic import SecretStr

from connectors.ldap.call import BoundedSocket, Call
from connectors.ldap.lean_decoding import decode_lean
from connectors.ldap.link import Link
from connectors.ldap.refusal import ServerAway, SignInRefused
from connectors.ldap.settings import LdapSettings
from connectors.not_accepted import why
from core.errors import ConnectorError

INVALID_CREDENTIALS = 49
BUSY, UNAVAILABLE = 51, 52


class VerifiedTls(Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS as Python checks it: the chain, the dates and the name. `trouble` says why it did not come about."""

    def __init__(self, context: ssl.SSLContext, host: str, until: float) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._host = host
        self._until = until
        self.trouble = ""
        self.over: BoundedSocket | None = None

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Called by the library for `ldaps://` and after StartTLS alike. Raises OSError."""
        connection.socket.settimeout(max(0.01, self._until - time.monotonic()))
        try:
            secure = self._context.wrap_socket(connection.socket, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            self.trouble = f"its certificate is not accepted: {why(error)}"
            raise
        except OSError as error:
            self.trouble = f"TLS did not come about ({type(error).__name__})"
            raise
        self.over = BoundedSocket(secure, self._until)
        connection.socket = self.over


def open_server(settings: LdapSettings, context: ssl.SSLContext, call: Call, url: str) -> tuple[Any, BoundedSocket]:
    """A connection under verified TLS, not signed in yet. Raises `ServerAway`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    until = min(call.until, time.monotonic() + settings.connect_seconds)
    tls = VerifiedTls(context, host, until)
    secure = parts.scheme == "ldaps"
    connection: Any = None
    try:
        server = Server(
            host,
            port=parts.port or (636 if secure else 389),
            use_ssl=secure,
            tls=tls,
            get_info=NONE,
            connect_timeout=max(0.01, until - time.monotonic()),
        )
        connection = Connection(
            server,
            client_strategy=SYNC,
            authentication=None,
            auto_referrals=False,
            auto_range=False,
            auto_escape=False,
            auto_encode=False,
            check_names=False,
            return_empty_attributes=False,
            raise_exceptions=False,
            # Whole seconds, for as long as the connection is not under TLS; then `BoundedSocket` counts.
            receive_timeout=math.ceil(settings.connect_seconds),
        )
        decode_lean(connection.strategy)
        connection.open(read_server_info=False)
        if not secure:
            connection.start_tls(read_server_info=False)
    except Exception as error:  # noqa: BLE001 - the library raises whatever its parser trips over
        if connection is not None and connection.socket is not None:
            connection.socket.close()  # the library leaves it open
        raise ServerAway(call.system, f"{host}: {tls.trouble or _why(error)}") from None
    if tls.over is None:
        raise ServerAway(call.system, f"{host}: TLS did not come about")
    try:
        call.use(tls.over)
    except ConnectorError:
        connection.strategy.close()
        raise
    return connection, tls.over


def sign_in(
    settings: LdapSettings, call: Call, opened: tuple[Any, BoundedSocket], url: str, account: tuple[str, SecretStr]
) -> Link:
    """The same connection, signed in. Raises `SignInRefused`, `ServerAway` or `ConnectorError`."""
    connection, over = opened
    host = urlsplit(url).hostname
    over.allow(min(call.until, time.monotonic() + settings.connect_seconds))
    connection.user, connection.password = account[0], account[1].get_secret_value()
    connection.authentication = SIMPLE
    try:
        connection.bind(read_server_info=False)
        code, name = int(connection.result["result"]), str(connection.result["description"])
    except Exception as error:  # noqa: BLE001 - the library raises whatever its parser trips over
        connection.strategy.close()
        raise ServerAway(call.system, f"{host}: {_why(error)}") from None
    finally:
        connection.password = None
    if code == 0:
        return Link(connection, over, settings, call.system, url, account[0])
    connection.strategy.close()
    if code == INVALID_CREDENTIALS:
        why = _why_refused(settings, str(connection.result.get("message") or ""))
        raise SignInRefused(call.system, f"{host} does not let the service account in: {why}")
    if code in (BUSY, UNAVAILABLE):
        raise ServerAway(call.system, f"{host} is {name}")
    raise ConnectorError(call.system, f"{host} answered {name} ({code}) to the sign-in of the service account")


def _shut(connection: Any) -> None:
    # What was not opened as a whole, the library does not close.
    half_open = getattr(connection, "socket", None)
    if half_open is not None:
        half_open.close()


def _why_refused(settings: LdapSettings, message: str) -> str:
    from connectors.ldap.active_directory import bind_fault

    fault = bind_fault(message) if settings.kind == "active_directory" else ""
    return fault or "check its name and password"


def _why(error: Exception) -> str:
    # The names of the library's errors tell a refused connection from a silent one; their texts may hold anything.
    return f"no connection ({type(error).__name__})"

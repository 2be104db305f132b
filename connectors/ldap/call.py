"""One call of somebody who waits: its end, what it has changed so far, and how to cut it short from outside."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from datetime import UTC, datetime

from core.errors import ConnectorError


class BoundedSocket:
    """What the LDAP library reads from: never after `until`, and never more than `most` octets for one question.

    Its own time limit counts each piece that arrives, so a server that drips would hold a thread for ever.
    """

    def __init__(self, inner: socket.socket, until: float) -> None:
        self.inner = inner
        self._until = until
        self._left = 0
        self.allow(until)

    def allow(self, until: float, most: int = 32_000_000) -> None:
        """From here on: until this moment of the monotonic clock, and so many octets."""
        self._until = until
        self._left = most

    @property
    def certificate_ends_at(self) -> datetime:
        """Until when the certificate of the other side is valid, in UTC. Only over TLS that was verified."""
        assert isinstance(self.inner, ssl.SSLSocket)  # noqa: S101 - there is no other conversation
        held = self.inner.getpeercert() or {}
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(held["notAfter"])), UTC)

    def recv(self, size: int) -> bytes:
        """Up to `size` octets. Raises OSError (a TimeoutError among them) when time or size is used up."""
        self._set_time()
        data = self.inner.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise OSError("the answer is larger than agreed")
        return data

    def sendall(self, data: bytes) -> None:
        """All of it. Raises OSError."""
        self._set_time()
        self.inner.sendall(data)

    def settimeout(self, _seconds: float | None) -> None:
        """Nothing: the end is set by `allow`."""

    def shutdown(self, how: int) -> None:
        """End the conversation; a read that waits in another thread returns. Raises OSError."""
        # The method of the plain socket: the one of the TLS socket would first take away what the reader works with.
        socket.socket.shutdown(self.inner, how)

    def close(self) -> None:
        """Close it."""
        self.inner.close()

    def _set_time(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time left")
        self.inner.settimeout(left)


class Call:
    """The state of one call. The thread that works and the asker who gives up share it.

    `until` is a moment of the monotonic clock.
    """

    def __init__(self, system: str, until: float) -> None:
        self.system = system
        self.until = until
        self._lock = threading.Lock()
        self._given_up = False
        self._changes = 0
        self._socket: BoundedSocket | None = None

    @property
    def left(self) -> float:
        """Seconds until the end, at least 0."""
        return max(0.0, self.until - time.monotonic())

    @property
    def may_have_changed(self) -> bool:
        """Was a change sent that the server has not refused?"""
        with self._lock:
            return self._changes > 0

    def use(self, over: BoundedSocket) -> None:
        """Work goes on over this connection. Raises `ConnectorError` when nobody waits any more."""
        with self._lock:
            self._refuse_if_late()
            self._socket = over

    def let_go(self) -> bool:
        """The work is done with its connection. False when it was cut: then nobody may use it again."""
        with self._lock:
            self._socket = None
            return not self._given_up

    def begin_change(self) -> None:
        """A change is about to be sent. Raises `ConnectorError` when nobody waits any more: then it is not sent."""
        with self._lock:
            self._refuse_if_late()
            self._changes += 1

    def change_refused(self) -> None:
        """The server said that the last change did not happen."""
        with self._lock:
            self._changes -= 1

    def give_up(self) -> None:
        """Nobody waits any more: what has not been sent is never sent, and a waiting read ends now."""
        with self._lock:
            self._given_up = True
            over = self._socket
        if over is not None:
            try:
                over.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # closed already

    def _refuse_if_late(self) -> None:
        if self._given_up or time.monotonic() >= self.until:
            raise ConnectorError(self.system, "the directory did not answer in time")

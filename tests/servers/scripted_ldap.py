"""An LDAP server over real TLS that says what a test tells it to: results no real server can be made to give."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.certificates import Certificates, Issued

TAGS = {0x60: "bind", 0x63: "search", 0x66: "modify", 0x77: "extended"}
ANSWERS = {"bind": 0x61, "search": 0x65, "modify": 0x67, "extended": 0x78}
DIAGNOSTIC = b"words of the server about cn=secret-canary"


class ScriptedLdap:
    """`results` has the result code for each operation (0 where nothing is said); `heard` is all that came in.

    `before` is sent before every search result: entries and references. `raw`, when it is set, is sent in the place of
    the answer to a search. `plain`: no TLS, for what a client must not do.
    """

    def __init__(self, issued: Issued | None, host: str = "127.0.0.1") -> None:
        self.results: dict[str, int] = {}
        self.referral: bytes = b""
        self.before: list[bytes] = []
        self.raw: bytes | None = None
        self.count: Counter[str] = Counter()
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"{'ldaps' if issued else 'ldap'}://{host}:{self.port}"
        self._context: ssl.SSLContext | None = None
        if issued:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(issued.certificate, issued.key)
        self._open: list[socket.socket] = []

    def serve(self) -> None:
        """Until `close`; a thread for each connection."""
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def close(self) -> None:
        """End everything."""
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _talk(self, client: socket.socket) -> None:
        with suppress(OSError, IndexError):  # what is no LDAP ends the conversation
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            self._open.append(client)
            waiting = b""
            while data := client.recv(65536):
                self.heard += data
                waiting += data
                while message := _first(waiting):
                    waiting = waiting[len(message) :]
                    for answer in self._answers(message):
                        client.sendall(answer)
        client.close()

    def _answers(self, message: bytes) -> Iterator[bytes]:
        number, tag = _number_and_tag(message)
        operation = TAGS.get(tag, "")
        self.count[operation] += 1
        if operation == "search":
            if self.raw is not None:
                yield self.raw
                return
            yield from (_tlv(0x30, _tlv(2, number) + part) for part in self.before)
        if operation:
            code = self.results.get(operation, 0)
            referral = _tlv(0xA3, _tlv(4, self.referral)) if self.referral and code == 10 else b""
            inside = _tlv(0x0A, bytes([code])) + _tlv(4, b"") + _tlv(4, DIAGNOSTIC) + referral
            yield _tlv(0x30, _tlv(2, number) + _tlv(ANSWERS[operation], inside))


def entry(dn: str, **attributes: str) -> bytes:
    """An entry of a search, for `before`."""
    pairs = b"".join(
        _tlv(0x30, _tlv(4, name.encode()) + _tlv(0x31, _tlv(4, value.encode()))) for name, value in attributes.items()
    )
    return _tlv(0x64, _tlv(4, dn.encode()) + _tlv(0x30, pairs))


def reference(url: str) -> bytes:
    """A reference to another server, for `before`."""
    return _tlv(0x73, _tlv(4, url.encode()))


@contextmanager
def scripted_ldap(
    certificates: Certificates | None, *names: str, days: float = 20, starts: float = 0
) -> Iterator[ScriptedLdap]:
    """One that listens on loopback until the end of the block; `names` are in its certificate (127.0.0.1 alone)."""
    names = names or ("127.0.0.1",)
    issued = certificates.issue(*names, days=days, file="scripted", starts=starts) if certificates else None
    server = ScriptedLdap(issued)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(10)


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + value


def _first(data: bytes) -> bytes:
    """The first whole message; empty while it is not all there."""
    if len(data) < 2:
        return b""
    more = data[1] & 0x7F if data[1] & 0x80 else 0
    size = int.from_bytes(data[2 : 2 + more], "big") if more else data[1]
    end = 2 + more + size
    return data[:end] if len(data) >= end else b""


def _number_and_tag(message: bytes) -> tuple[bytes, int]:
    at = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    size = message[at + 1]
    return message[at + 2 : at + 2 + size], message[at + 2 + size]

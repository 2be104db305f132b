"""A front before an LDAP server that ends TLS, reads each request, and fails on demand: cut, silent, or dripping.

with ldap_front((domain.address, 636), domain.certificates) as front:
    front.fail("modify", "cut after")        # the server does it; nobody hears of it
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from tests.servers.certificates import Certificates

Operation = Literal["bind", "search", "modify", "extended", "compare"]
How = Literal["cut before", "cut after", "silent after", "silent before", "drip"]
TAGS: dict[int, Operation] = {0x60: "bind", 0x63: "search", 0x66: "modify", 0x77: "extended", 0x6E: "compare"}
DRIP_SECONDS = 0.2


class LdapFront:
    """`url` is where it listens. `count` says how many requests of each kind came."""

    def __init__(self, server: tuple[str, int], certificates: Certificates) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ldaps://127.0.0.1:{self._listening.getsockname()[1]}"
        self.count: Counter[str] = Counter()
        self.connections = 0
        self._faults: dict[str, How] = {}
        self._meanwhile: dict[str, Callable[[], None]] = {}
        self._open: list[socket.socket] = []
        self._ended = threading.Event()
        self._outside = ssl.create_default_context(cafile=certificates.ca_file)
        issued = certificates.issue("127.0.0.1", file=f"front-{self._listening.getsockname()[1]}")
        self._inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._inside.load_cert_chain(issued.certificate, issued.key)

    def fail(self, operation: Operation, how: How) -> None:
        """From now on every request of this kind meets this fault."""
        self._faults[operation] = how

    def meanwhile(self, operation: Operation, work: Callable[[], None]) -> None:
        """Do this once, between the arrival of the next request of this kind and its passing on."""
        self._meanwhile[operation] = work

    def heal(self) -> None:
        """No more faults."""
        self._faults.clear()

    def serve(self) -> None:
        """Until `close`; a thread for each connection."""
        while not self._ended.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connection, args=(client,), daemon=True).start()

    def close(self) -> None:
        """End everything."""
        self._ended.set()
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _connection(self, raw: socket.socket) -> None:
        with suppress(OSError, ConnectionError, ValueError):
            client = self._inside.wrap_socket(raw, server_side=True)
            server = self._outside.wrap_socket(socket.create_connection(self._server), server_hostname=self._server[0])
            self._open += [client, server]
            try:
                self._talk(client, server)
            finally:
                client.close()
                server.close()

    def _talk(self, client: ssl.SSLSocket, server: ssl.SSLSocket) -> None:
        while message := _message(client):
            operation = TAGS.get(_tag(message), "")
            self.count[operation] += 1
            self._meanwhile.pop(operation, _nothing)()
            how = self._faults.get(operation)
            if how == "cut before":
                return
            if how == "silent before":
                self._ended.wait()
                return
            server.sendall(message)
            if operation and not self._answer(client, server, how):  # to unbind and abandon nobody answers
                return

    def _answer(self, client: ssl.SSLSocket, server: ssl.SSLSocket, how: str | None) -> bool:
        """Pass on the whole answer. False when the connection is to end."""
        while answer := _message(server):
            if how == "cut after":
                return False
            if how == "silent after":
                self._ended.wait()
                return False
            self._pass_on(client, answer, how)
            if _tag(answer) not in (0x64, 0x73):  # an entry or a reference: more is to come
                return True
        return False

    def _pass_on(self, client: ssl.SSLSocket, answer: bytes, how: str | None) -> None:
        if how != "drip":
            client.sendall(answer)
            return
        for octet in answer:
            client.sendall(bytes([octet]))
            if self._ended.wait(DRIP_SECONDS):
                return


@contextmanager
def ldap_front(server: tuple[str, int], certificates: Certificates) -> Iterator[LdapFront]:
    """One that listens on loopback until the end of the block."""
    front = LdapFront(server, certificates)
    thread = threading.Thread(target=front.serve, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        front.close()
        thread.join(10)


@contextmanager
def silent_server() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"ldaps://127.0.0.1:{listening.getsockname()[1]}"


def _nothing() -> None:
    return None


def _message(source: ssl.SSLSocket) -> bytes:
    """One whole LDAP message; empty when there is none any more."""
    head = _exactly(source, 2)
    if not head:
        return b""
    length, more = head[1], b""
    if length & 0x80:
        more = _exactly(source, length & 0x7F)
        length = int.from_bytes(more, "big")
    return head + more + _exactly(source, length)


def _tag(message: bytes) -> int:
    """The tag of the operation, which follows the number of the message."""
    at = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    return message[at + 2 + message[at + 1]]


def _exactly(source: ssl.SSLSocket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = source.recv(size - len(data))
        if not part:
            return b""
        data += part
    return data

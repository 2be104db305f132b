"""HTTPS for made-up hosts without touching name resolution: a proxy that answers every CONNECT itself, with its own CA.

Whatever a client asks for goes through here, so `asked` is the whole list of hosts it ever tried to reach.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

FOREVER = 60.0


@dataclass(frozen=True)
class Request:
    """One request; `path` is still encoded, `query` too."""

    host: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """`how` it is sent: `whole`, `never`, `cut` (the connection ends) or `drip` (the headers, then hardly more)."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = "whole"


Handler = Callable[[Request], Awaitable[Reply]]


class Front:
    """Listens as a proxy, ends the TLS of every host in its certificate, and hands requests to the handler."""

    def __init__(self, handler: Handler, folder: Path, hosts: Iterable[str]) -> None:
        self._handler = handler
        self.ca_file, self._server_tls = _certificates(folder, hosts)
        self.asked: list[str] = []
        self.address = ""
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with any number of requests."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError, EOFError):
            await self._tunnel(reader, writer)
        self._open.discard(task)
        writer.transport.abort()  # a polite end of TLS would wait for clients that keep connections

    async def stop(self) -> None:
        """Hang up on whoever is still served."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.decode("ascii").split(" ", 2)
        host, _, port = target.rpartition(":")
        self.asked.append(host)
        assert (method, port) == ("CONNECT", "443")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.start_tls(self._server_tls)
        while await self._one(host, reader, writer):
            pass

    async def _one(self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        assert headers["host"] == host
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        path, _, query = target.partition("?")
        reply = await self._handler(Request(host, method, path, query, headers, body))
        return await _send(writer, reply)


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    if reply.how == "never":
        await asyncio.sleep(FOREVER)
        return False
    if reply.how == "cut":
        return False
    headers = {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode())
    if reply.how == "drip":
        for letter in reply.body:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.3)
        return False
    writer.write(reply.body)
    await writer.drain()
    return True


@asynccontextmanager
async def tls_front(handler: Handler, folder: Path, hosts: Iterable[str]) -> AsyncIterator[Front]:
    """A front at work; `address` is what to set as the proxy, `ca_file` what to trust."""
    front = Front(handler, folder, hosts)
    server = await asyncio.start_server(front.serve, "127.0.0.1", 0)
    front.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        server.close()
        await front.stop()


def self_signed(folder: Path, name: str, days: tuple[int, int] = (-1, 30)) -> Path:
    """A PEM file with a key and a certificate of its own, as an application signs in with; valid from and until, in
    days from now."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now + timedelta(days=days[0]))
    certificate = builder.not_valid_after(now + timedelta(days=days[1])).sign(key, hashes.SHA256())
    path = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


def _certificates(folder: Path, hosts: Iterable[str]) -> tuple[Path, ssl.SSLContext]:
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
    now = datetime.now(UTC)

    def begun(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))

    root = begun(issuer, authority.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    root_certificate = root.sign(authority, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    leaf = begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "front")]), server.public_key())
    leaf_certificate = leaf.add_extension(names, critical=False).sign(authority, hashes.SHA256())
    ca_file, pair = folder / "ca.pem", folder / "front.pem"
    ca_file.write_bytes(root_certificate.public_bytes(Encoding.PEM))
    private = server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair.write_bytes(private + leaf_certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return ca_file, context

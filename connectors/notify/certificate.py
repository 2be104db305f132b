"""Certificates of the servers that messages go through: whom we trust, and how long theirs still holds."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from connectors.examination import Seen
from core.errors import ConfigError

SOON_DAYS = 21


@dataclass(frozen=True, slots=True)
class Look:
    """What an encrypted connection shows: the version of TLS, and when the certificate ends (seconds since 1970)."""

    tls: str
    ends: float


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Certificate and name of the server are checked, TLS 1.2 or newer. Raises `ConfigError` for a bad file."""
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError):
        raise ConfigError(f"the certificate file {ca_file} cannot be read") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def look_of(version: str | None, certificate: object) -> Look:
    """The same of an open connection. Raises ValueError when it shows no certificate."""
    ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
    if not version or not isinstance(ends, str):
        raise ValueError("no certificate was shown")
    return Look(version, ssl.cert_time_to_seconds(ends))


def ends_soon(what: str, ends: float) -> Seen:
    """Whether a certificate that ends then (seconds since 1970) should be renewed."""
    days = int((ends - time.time()) // 86_400)
    advice = "renew the server's certificate: on the day it ends nothing is sent any more"
    return Seen(what, good=days >= SOON_DAYS, detail=f"valid for {days} days", advice=advice, fatal=False)


async def look_at(url: str, context: ssl.SSLContext, proxy: str) -> Look:
    """Shake hands with the server of an https address and ask nothing of it. Raises OSError, ValueError."""
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 443
    if not proxy:
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    else:
        reader, writer = await _through(proxy, host, port)
        try:
            await _connect(reader, writer, host, port)
            await writer.start_tls(context, server_hostname=host)
        except BaseException:
            writer.transport.abort()
            raise
    try:
        shown = writer.get_extra_info("ssl_object")
        return look_of(shown.version(), shown.getpeercert())
    finally:
        writer.transport.abort()  # nothing was asked, so there is nothing to wait for


async def _through(proxy: str, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    way = urlsplit(proxy)
    encrypted = way.scheme == "https"
    return await asyncio.open_connection(way.hostname, way.port or (443 if encrypted else 80), ssl=encrypted or None)


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    name = f"[{host}]" if ":" in host else host
    writer.write(f"CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise ValueError("the proxy gives no answer of HTTP") from None
    if head.split(b" ")[1:2] != [b"200"]:
        raise ValueError("the proxy does not connect to it")

"""A gateway for text messages with real TLS: takes one exact shape of request, knows repeats, fails as it is told to.

async with sms_gateway(certificates) as gateway:
    notifier = SmsNotifier(gateway.settings(), gateway.outside())
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from connectors.notify.settings import SmsSettings
from connectors.settings import OutsideSettings
from tests.servers.certificates import Certificates, Issued

KEY = "gw-9f2c71d0a4"
FOREVER = 60.0
TEMPLATE = (
    '{"messages": [{"to": "{to}", "from": "{sender}", "body": {"type": "text", "content": "{text}"}}], "ref": "{key}"}'
)

ANSWERS: dict[str, tuple[int, bytes]] = {
    "bad request": (400, b'{"error": "invalid number +31655501001, text: Your code is 482913"}'),
    "no key": (401, b'{"error": "unknown key gw-9f2c71d0a4"}'),
    "forbidden": (403, b"{}"),
    "not found": (404, b"{}"),
    "timed out": (408, b"{}"),
    "at work": (409, b"{}"),
    "too busy": (429, b"{}"),
    "redirect": (307, b""),
    "broken": (500, b"oops: Your code is 482913"),
    "bad gateway": (502, b"<html>"),
    "another success": (204, b""),
    "no number": (202, b'{"messages": []}'),
    "html": (202, b"<html>welcome</html>"),
    "huge": (202, b"[" * 200_000),
}
FAULTS = (*ANSWERS, "hangs", "hangs up", "trickles", "hangs after taking", "broken after taking")


@dataclass
class Sent:
    """One message that left the gateway."""

    to: str
    sender: str
    text: str
    ref: str


@dataclass
class Gateway:
    """What it was asked. `violations`: every difference from the one request it takes."""

    url: str = ""
    ca_file: str = ""
    fault: str = ""
    header: str = "authorization"
    proof: str = f"Bearer {KEY}"
    form: bool = False
    key_header: str = "Idempotency-Key"
    sent: list[Sent] = field(default_factory=list)
    taken: dict[str, Sent] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def settings(self, **changes: Any) -> SmsSettings:
        """Settings that reach it."""
        usual: dict[str, Any] = {
            "url": self.url, "key": KEY, "template": TEMPLATE, "sender": "DHB", "key_header": self.key_header,
            "success": "202", "id_path": "messages.0.id", "read_seconds": 1,
        }  # fmt: skip
        return SmsSettings.model_validate({**usual, **changes})

    def outside(self, **changes: Any) -> OutsideSettings:
        """The way to it."""
        usual = {"ca_file": self.ca_file, "connect_seconds": 1, "max_response_bytes": 20_000}
        return OutsideSettings.model_validate({**usual, **changes})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while head := await reader.readuntil(b"\r\n\r\n"):
            line, headers = _parsed(head)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(headers)
            if self.fault == "hangs":
                await asyncio.sleep(FOREVER)
            if self.fault == "hangs up":
                return
            if self.fault in ANSWERS:
                await _answer(writer, *ANSWERS[self.fault])
                continue
            await self._take(writer, line, headers, body)

    async def _take(self, writer: asyncio.StreamWriter, line: str, headers: dict[str, str], body: bytes) -> None:
        wrong = [*self._wrong_head(line, headers)]
        message = self._form(body, wrong) if self.form else self._json(body, wrong)
        self.violations += wrong
        if wrong or message is None:
            await _answer(writer, 400, json.dumps({"wrong": wrong}).encode())
            return
        token = headers.get(self.key_header.lower(), "") if self.key_header else ""
        if not token or token not in self.taken:
            self.sent.append(message)
            self.taken[token] = message
        if self.fault == "hangs after taking":
            await asyncio.sleep(FOREVER)
        if self.fault == "broken after taking":
            await _answer(writer, 500, b"oops")
            return
        answer = json.dumps({"messages": [{"id": f"m-{len(self.sent)}"}]}).encode()
        await _answer(writer, 202, answer, slowly=self.fault == "trickles")

    def _wrong_head(self, line: str, headers: dict[str, str]) -> list[str]:
        wrong = []
        kind = "application/x-www-form-urlencoded" if self.form else "application/json"
        if line != "POST /v1/messages HTTP/1.1":
            wrong.append(line)
        if headers.get(self.header) != self.proof:
            wrong.append(f"the proof in {self.header}")
        if headers.get("content-type") != kind:
            wrong.append("the kind of body")
        if self.key_header and not re.fullmatch(r"[0-9a-f]{32}", headers.get(self.key_header.lower(), "")):
            wrong.append("the idempotency key")
        return wrong

    def _json(self, body: bytes, wrong: list[str]) -> Sent | None:
        asked = json.loads(body)
        match asked:
            case {"messages": [{"to": str(to), "from": str(who), "body": {"content": str(text)}}], "ref": str(ref)}:
                message = Sent(to, who, text, ref)
                if asked == _exactly(message):
                    return self._checked(message, wrong)
        wrong.append("another shape")
        return None

    def _form(self, body: bytes, wrong: list[str]) -> Sent | None:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, keep_blank_values=True)
        if set(fields) != {"to", "from", "text", "ref"} or any(len(values) != 1 for values in fields.values()):
            wrong.append("other fields")
            return None
        one = {name: values[0] for name, values in fields.items()}
        return self._checked(Sent(one["to"], one["from"], one["text"], one["ref"]), wrong)

    def _checked(self, message: Sent, wrong: list[str]) -> Sent:
        if not re.fullmatch(r"\+?[1-9]\d{6,14}", message.to):
            wrong.append("the number")
        if not message.text:
            wrong.append("no text")
        return message


@asynccontextmanager
async def sms_gateway(
    certificates: Certificates, *, issued: Issued | None = None, fault: str = ""
) -> AsyncIterator[Gateway]:
    """A gateway on loopback, known as `localhost`. `issued`: another certificate than a good one."""
    issued = issued or certificates.issue("localhost", file="sms")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(issued.certificate, issued.key)
    gateway = Gateway(ca_file=str(certificates.ca_file), fault=fault)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.ensure_future(gateway.serve(reader, writer)))
        with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            await task
        tasks.discard(task)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust)
    gateway.url = f"https://localhost:{listening.sockets[0].getsockname()[1]}/v1/messages"
    try:
        yield gateway
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)


def _exactly(message: Sent) -> dict[str, Any]:
    body = {"type": "text", "content": message.text}
    return {"messages": [{"to": message.to, "from": message.sender, "body": body}], "ref": message.ref}


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    line, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs = (one.partition(":") for one in rest)
    return line, {name.lower(): value.strip() for name, _, value in pairs}


async def _answer(writer: asyncio.StreamWriter, code: int, body: bytes, *, slowly: bool = False) -> None:
    place = "Location: https://localhost:9/v1/other\r\n" if code == 307 else ""
    writer.write(
        f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n{place}Content-Length: {len(body)}\r\n\r\n".encode()
    )
    for letter in body if slowly else ():
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.4)
    writer.write(b"" if slowly else body)
    await writer.drain()

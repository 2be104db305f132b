"""A mail server with real TLS: refuses what a strict one would, remembers all it was told, and fails as it is told to.

async with mail_server(certificates) as server:
    notifier = SmtpNotifier(server.settings(), OutsideSettings())
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import email
import email.policy
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from connectors.notify.settings import SmtpSettings
from tests.servers.certificates import Certificates, Issued

USER, PASSWORD = "svc-loket", "Zw4rte-Kat é#7"
FOREVER = 60.0

FAULTS = (
    "no starttls", "starttls refused", "injects", "injects half a line", "no auth", "auth refused", "auth locked",
    "hangs at greeting", "hangs at EHLO", "hangs at STARTTLS", "hangs in TLS", "hangs at AUTH", "hangs at MAIL",
    "hangs at RCPT", "hangs at DATA", "hangs at dot", "hangs at QUIT", "hangs up at dot", "hangs up at AUTH",
    "trickles", "endless", "long line", "garbage", "sender refused", "no such mailbox", "too busy at dot",
    "refused at dot", "garbage at dot", "echoes",
)  # fmt: skip


@dataclass
class Letter:
    """One mail that was accepted: the envelope, and what is in it."""

    sender: str
    receiver: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        """Parsed."""
        return cast(EmailMessage, email.message_from_bytes(self.raw, policy=email.policy.SMTP))

    @property
    def text(self) -> str:
        """The text, without the line end that every mail has."""
        return str(self.mail.get_content()).replace("\r\n", "\n").removesuffix("\n")


@dataclass
class MailServer:
    """What it was told. `in_clear`: every line that came before encryption; `violations`: every broken rule."""

    host: str
    port: int
    ca_file: str
    implicit: bool
    fault: str = ""
    methods: str = "PLAIN LOGIN"
    letters: list[Letter] = field(default_factory=list)
    in_clear: list[str] = field(default_factory=list)
    sign_ins: list[tuple[str, str]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def settings(self, **changes: Any) -> SmtpSettings:
        """Settings that reach it."""
        usual: dict[str, Any] = {
            "host": self.host, "port": self.port, "tls": "implicit" if self.implicit else "starttls", "user": USER,
            "password": PASSWORD, "sender": "loket@dhb.example", "ca_file": self.ca_file, "step_seconds": 1,
            "total_seconds": 3,
        }  # fmt: skip
        return SmtpSettings.model_validate({**usual, **changes})


class _Session:
    """One connection."""

    def __init__(
        self, server: MailServer, trust: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.trust, self.reader, self.writer = server, trust, reader, writer
        self.encrypted, self.signed_in = server.implicit, False
        self.greeted = False
        self.sender = self.receiver = ""

    async def serve(self) -> None:
        """From greeting to goodbye."""
        await self._hang("hangs at greeting")
        if self.server.fault == "trickles":
            for letter in "220 mail.dhb.example ESMTP ready and slow":
                await self._raw(letter.encode())
                await asyncio.sleep(0.3)
        if self.server.fault == "endless":
            while True:
                await self._raw(b"220-and another thing\r\n" * 50)
                await asyncio.sleep(0.01)
        if self.server.fault == "long line":
            await self._raw(b"220 " + b"x" * 100_000 + b"\r\n")
        await self._say("hello there" if self.server.fault == "garbage" else "220 mail.dhb.example ESMTP")
        while line := await self._line():
            if not await self._obey(line):
                return

    async def _obey(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        self.server.commands.append(word.upper())
        handler = getattr(self, f"_{word.lower()}", None)
        if handler is None:
            self._wrong(f"unknown command {word}")
            await self._say("500 5.5.2 what?")
            return True
        await self._hang(f"hangs at {word.upper()}")
        return bool(await handler(rest))

    async def _ehlo(self, name: str) -> bool:
        if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name):
            self._wrong(f"EHLO {name}")
        self.greeted = True
        offers = ["mail.dhb.example", "PIPELINING", "SIZE 1000000", "ENHANCEDSTATUSCODES"]
        if not self.encrypted and self.server.fault != "no starttls":
            offers.append("STARTTLS")
        if (self.encrypted and self.server.fault != "no auth") or self.server.fault == "no starttls":
            offers.append(f"AUTH {self.server.methods}")
        if not self.encrypted:
            offers.append("AUTH PLAIN LOGIN")  # a trap: nothing said in clear may be believed
        await self._raw("".join(f"250-{offer}\r\n" for offer in offers).encode() + b"250 HELP\r\n")
        return True

    async def _starttls(self, rest: str) -> bool:
        if self.server.fault == "starttls refused":
            await self._say("454 4.7.0 TLS not available")
            return True
        injected = {"injects": b"250-mail.dhb.example\r\n250 AUTH PLAIN\r\n", "injects half a line": b"250-AUTH PLAIN"}
        self.writer.write(b"220 2.0.0 go ahead\r\n" + injected.get(self.server.fault, b""))
        if self.server.fault == "hangs in TLS":
            await asyncio.sleep(FOREVER)
        await self.writer.start_tls(self.trust)  # before anything else runs: the client's hello must meet TLS
        self.encrypted, self.greeted = True, False
        return True

    async def _auth(self, rest: str) -> bool:
        if self.server.fault == "hangs up at AUTH":
            return False
        if not self.encrypted:
            self._wrong("AUTH in clear")
        method, _, first = rest.partition(" ")
        if method == "PLAIN":
            _, user, password = _decoded(first).split("\0")
        else:
            await self._say("334 VXNlcm5hbWU6")
            user = _decoded(await self._line())
            await self._say("334 UGFzc3dvcmQ6")
            password = _decoded(await self._line())
        self.server.sign_ins.append((user, password))
        self.signed_in = (user, password) == (USER, PASSWORD) and not self.server.fault.startswith("auth")
        if self.signed_in:
            await self._say("235 2.7.0 welcome")
        elif self.server.fault == "auth locked":
            await self._say("454 4.7.0 try later")
        else:
            await self._say(f"535 5.7.8 no such account {user} with {password}")  # what a server must not, and some do
        return True

    async def _mail(self, rest: str) -> bool:
        if not (self.encrypted and self.greeted and (self.signed_in or self.server.fault == "no auth")):
            self._wrong("MAIL before TLS, EHLO and AUTH")
            await self._say("530 5.7.0 not yet")
            return True
        self.sender = self._path(rest, "FROM")
        if self.server.fault == "sender refused":
            await self._say(f"550 5.7.60 {USER} may not send as {self.sender}")
        else:
            await self._say("250 2.1.0 ok")
        return True

    async def _rcpt(self, rest: str) -> bool:
        self.receiver = self._path(rest, "TO")
        if self.server.fault == "no such mailbox":
            await self._say(f"550 5.1.1 {self.receiver} is unknown")
        else:
            await self._say("250 2.1.5 ok")
        return True

    async def _data(self, rest: str) -> bool:
        if not (self.sender and self.receiver):
            self._wrong("DATA without an envelope")
        await self._say("354 go ahead")
        raw = (await self.reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
        raw = re.sub(rb"(?m)^\.\.", b".", raw)
        self._check(raw)
        fault = self.server.fault
        if fault in ("too busy at dot", "refused at dot", "echoes"):
            await self._say(
                {"too busy at dot": "451 4.3.0 later", "refused at dot": "554 5.7.1 no"}.get(fault, f"554 {raw!r}")
            )
            return True
        self.server.letters.append(Letter(self.sender, self.receiver, raw))
        await self._hang("hangs at dot")
        if fault == "hangs up at dot":
            return False
        await self._say("what was that" if fault == "garbage at dot" else "250 2.0.0 taken")
        self.sender = self.receiver = ""
        return True

    async def _quit(self, rest: str) -> bool:
        await self._say("221 2.0.0 bye")
        return False

    def _check(self, raw: bytes) -> None:
        if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
            self._wrong("a bare line end")
        if any(len(line) > 998 for line in raw.split(b"\r\n")) or not raw.isascii():
            self._wrong("a line too long, or not ASCII, without an extension")
        mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
        self.server.violations += [f"mail: {type(defect).__name__}" for part in mail.walk() for defect in part.defects]
        for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"):
            if len(mail.get_all(name, [])) != 1:
                self._wrong(f"{len(mail.get_all(name, []))} headers {name}")
        for name in ("Bcc", "Cc", "Reply-To"):
            if name in mail:
                self._wrong(f"a header {name}")

    def _path(self, rest: str, word: str) -> str:
        match = re.fullmatch(rf"{word}:<([^<>\s]+@[^<>\s]+)>", rest)
        if not match:
            self._wrong(f"{word}: {rest}")
            return ""
        return match.group(1)

    def _wrong(self, what: str) -> None:
        self.server.violations.append(what)

    async def _line(self) -> str:
        raw = await self.reader.readline()
        if raw and (not raw.endswith(b"\r\n") or len(raw) > 512):
            self._wrong("a command without CRLF, or too long")
        line = raw.decode("utf-8", "replace").removesuffix("\r\n")
        if line and not self.encrypted:
            self.server.in_clear.append(line)
        return line

    async def _say(self, line: str) -> None:
        await self._raw(f"{line}\r\n".encode())

    async def _raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def _hang(self, when: str) -> None:
        while self.server.fault == when:  # noqa: ASYNC110 - until the test takes the word away
            await asyncio.sleep(0.02)


@asynccontextmanager
async def mail_server(
    certificates: Certificates, *, issued: Issued | None = None, implicit: bool = False, fault: str = ""
) -> AsyncIterator[MailServer]:
    """A server on loopback, known as `localhost`. `issued`: another certificate than a good one."""
    issued = issued or certificates.issue("localhost", file="mail")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(issued.certificate, issued.key)
    server = MailServer("localhost", 0, str(certificates.ca_file), implicit, fault)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(task := asyncio.ensure_future(_Session(server, trust, reader, writer).serve()))
        with suppress(asyncio.CancelledError, ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, ValueError):
            await task
        tasks.discard(task)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=trust if implicit else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)


def _decoded(coded: str) -> str:
    try:
        return base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""

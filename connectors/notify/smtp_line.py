"""One connection to a mail server, in a thread: encrypted and certified before a word of ours; others can end it.

STARTTLS as in RFC 3207. What was said before it counts for nothing, and an answer that lies ready before the encryption
begins is somebody on the way who speaks for the server.
"""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress

from connectors.notify.certificate import Look, look_of
from connectors.notify.settings import SmtpSettings

_STATUS = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")
_DOT = re.compile(rb"(?m)^\.")
_GOODBYE_SECONDS = 1.0

MOST_LINES, MOST_BYTES = 100, 2_000
"""The longest answer that is read: lines, and bytes of a line (RFC 5321 allows 512)."""


class Trouble(Exception):
    """Why it did not go on, in words that quote nothing but numbers of the server. `rejected`: the account was."""

    def __init__(self, detail: str, *, rejected: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.rejected = rejected


class Line:
    """One connection. `cut` may be called by any other thread; all else by the one that works."""

    def __init__(self, settings: SmtpSettings, trust: ssl.SSLContext) -> None:
        self._settings, self._trust = settings, trust
        self._lock = threading.Lock()
        self._raw: socket.socket | None = None
        self._cut = self._left = False
        self._client = _Client(self, settings)
        self.step = "waiting for a free line"

    @property
    def may_have_left(self) -> bool:
        """Whether the message was on its way."""
        return self._left

    def cut(self) -> None:
        """End it now, whatever it waits for; a line that is not open yet never opens."""
        with self._lock:
            self._cut = True
            if self._raw is not None:
                _shut(self._raw)

    def open(self) -> Look:
        """Connect, encrypt, check the certificate, sign in. Raises `Trouble` and what sockets raise."""
        if self._cut:
            raise Trouble("it took too long")
        self.step = "connecting"
        self._expect(self._client.connect(self._settings.host, self._settings.port), 220)
        if self._settings.tls == "starttls":
            self._expect(self._client.ehlo(), 250)
            self._encrypt()
        self.step = "EHLO"
        self._expect(self._client.ehlo(), 250)
        return self._look()

    def sign_in(self) -> None:
        """Show the account, once: a second try with another method could lock it. Raises `Trouble`."""
        user, password = self._settings.user, self._settings.password.get_secret_value()
        if not user:
            return
        self.step = "signing in"
        methods = str(self._client.esmtp_features.get("auth", "")).upper().split()
        if "PLAIN" in methods:
            both = "\0".join(("", user, password))
            self._signed(self._client.docmd("AUTH", f"PLAIN {_coded(both)}"), 235)
        elif "LOGIN" in methods:
            self._signed(self._client.docmd("AUTH", "LOGIN"), 334)
            self._signed(self._client.docmd(_coded(user)), 334)
            self._signed(self._client.docmd(_coded(password)), 235)
        else:
            raise Trouble("the server offers neither AUTH PLAIN nor AUTH LOGIN")

    def begin(self) -> None:
        """Name the sender; nothing is sent by that. Raises `Trouble`."""
        self.step = "MAIL FROM"
        self._expect(self._client.docmd("MAIL", f"FROM:<{self._settings.sender}>"), 250)

    def deliver(self, address: str, mail: bytes) -> None:
        """Hand over one mail. From the first byte of its text on it may have left. Raises `Trouble`."""
        self.step = "RCPT TO"
        self._expect(self._client.docmd("RCPT", f"TO:<{address}>"), 250, 251)
        self.step = "DATA"
        self._expect(self._client.docmd("DATA"), 354)
        self.step = "the message"
        with self._lock:
            if self._cut:
                raise Trouble("it took too long")
            self._left = True
        self._client.send(_DOT.sub(b"..", mail) + b".\r\n")
        answer = self._client.getreply()
        if 400 <= answer[0] <= 599:
            self._left = False
        self._expect(answer, 250)

    def close(self) -> None:
        """Say goodbye, shortly, and hang up."""
        with suppress(smtplib.SMTPException, OSError, ValueError, Trouble):  # what there was to say has been said
            if self._client.sock is not None and not self._cut:
                self._client.sock.settimeout(_GOODBYE_SECONDS)
                self._client.docmd("QUIT")
        self._client.close()
        with self._lock:
            if self._raw is not None:
                self._raw.close()
                self._raw = None

    def take(self, connection: socket.socket) -> None:
        """A connection was made: from now on it can be cut. Raises `Trouble` when it was cut before."""
        with self._lock:
            if self._cut:
                connection.close()
                raise Trouble("it took too long")
            self._raw = connection.dup()

    def encrypted(self, connection: socket.socket) -> ssl.SSLSocket:
        """The connection under TLS, with the server's certificate and name checked. Raises ssl.SSLError."""
        self.step = "TLS"
        return self._trust.wrap_socket(connection, server_hostname=self._settings.host)

    def _encrypt(self) -> None:
        self.step = "STARTTLS"
        if not self._client.has_extn("starttls"):
            raise Trouble("the server does not offer STARTTLS; nothing is sent in clear")
        self._expect(self._client.docmd("STARTTLS"), 220)
        if self._client.read_ahead():
            raise Trouble("an answer came before the encryption: somebody on the way speaks for the server")
        self._client.secure()

    def _look(self) -> Look:
        connection = self._client.sock
        if not isinstance(connection, ssl.SSLSocket) or connection.version() is None:
            raise Trouble("the connection is not encrypted")  # cannot be; nothing below may run if it is
        return look_of(connection.version(), connection.getpeercert())

    def _signed(self, answer: tuple[int, bytes], code: int) -> None:
        if answer[0] in (530, 534, 535, 538):
            raise Trouble(f"the server refuses the account ({_numbers(answer)})", rejected=True)
        self._expect(answer, code)

    def _expect(self, answer: tuple[int, bytes], *codes: int) -> None:
        if answer[0] not in codes:
            raise Trouble(f"{self.step}: the server answers {_numbers(answer)}")


class _Client(smtplib.SMTP):
    """The library's client, with the connection made and encrypted by `Line`."""

    def __init__(self, line: Line, settings: SmtpSettings) -> None:
        # A name of its own: the library would ask the DNS for this machine's, and tell it to the server.
        super().__init__(local_hostname=settings.sender.rpartition("@")[2], timeout=settings.step_seconds)
        self._line, self._implicit = line, settings.tls == "implicit"

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        self._line.take(connection)
        return self._line.encrypted(connection) if self._implicit else connection

    def getreply(self) -> tuple[int, bytes]:
        """One answer: the library's own reads as many lines as a server likes to send. Raises `Trouble`, OSError."""
        if self.file is None and self.sock is not None:
            self.file = self.sock.makefile("rb")
        words = []
        for _ in range(MOST_LINES):
            line = self.file.readline(MOST_BYTES) if self.file is not None else b""
            if not line:
                raise Trouble(f"{self._line.step}: the server hung up")
            words.append(line[4:].strip())
            if not line.endswith(b"\n") or not line[:3].isdigit():
                return -1, b""
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(words)
        raise Trouble(f"{self._line.step}: the server's answer does not end")

    def read_ahead(self) -> bool:
        """Whether more came than the answer that was read: in clear, so from whoever is on the way."""
        connection, file = self.sock, self.file
        if connection is None or file is None:
            return True
        connection.settimeout(0)
        try:
            return bool(file.peek(1))
        except OSError:
            return False
        finally:
            connection.settimeout(self.timeout)

    def secure(self) -> None:
        """Go on under TLS, and forget what was said before."""
        if self.sock is None or self.file is None:
            raise Trouble("the server hung up")
        self.file.close()
        self.sock, self.file = self._line.encrypted(self.sock), None
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        connection.shutdown(socket.SHUT_RDWR)  # also wakes the thread that reads or writes


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _numbers(answer: tuple[int, bytes]) -> str:
    """The status codes of an answer. Its words may quote the account, the address or the text: they are left out."""
    code, words = answer
    status = _STATUS.match(words)
    return f"{code} {status.group(1).decode()}" if status else "what is no answer of SMTP" if code < 0 else str(code)

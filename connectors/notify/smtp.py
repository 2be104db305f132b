"""Mail to work and private mailboxes through the organisation's mail server: encrypted, or not at all."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pydantic import SecretStr

from connectors.examination import Seen
from connectors.not_accepted import why
from connectors.notify import Road
from connectors.notify.certificate import Look, ends_soon, trust
from connectors.notify.letter import letter
from connectors.notify.once import Once
from connectors.notify.settings import SmtpSettings
from connectors.notify.smtp_line import Line, Trouble
from connectors.settings import OutsideSettings
from core.errors import ConnectorError, EffectUnknown

LINES = 4
"""How many messages are handed over at a time."""

REJECTED_SECONDS = 900
"""How long an account that was refused is not tried again: mail servers lock one that knocks every few seconds."""

_CUT_SECONDS = 1.0

SEE = "see docs/connect-mail-and-sms.md"
ADVICE = {
    "connecting": "check LOKET_SMTP_HOST, _PORT and _TLS, and that the firewall lets this machine out to them",
    "STARTTLS": "switch STARTTLS on at the server, or use LOKET_SMTP_TLS=implicit with port 465",
    "TLS": "LOKET_SMTP_HOST must be the name in the certificate, LOKET_SMTP_CA_FILE the authority that signed it",
    "signing in": "check LOKET_SMTP_USER and _PASSWORD, and that the account may send by SMTP",
    "MAIL FROM": "let the account send as LOKET_SMTP_SENDER",
}
"""What to change, by the step at which it broke off."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a conversation ended. `left`: the message may be with the server."""

    good: bool
    detail: str = ""
    left: bool = False
    rejected: bool = False
    step: str = ""
    look: Look | None = None


class SmtpNotifier:
    """Implements `Notifier` for both kinds of mail.

    A repeat of a key carries the same Message-ID. This process sends a key once; after a crash between the server's
    answer and the caller's record it may leave twice, which SMTP gives no means to prevent.
    """

    name = "mail"
    roads = frozenset({Road.WORK_MAIL, Road.PRIVATE_MAIL})

    def __init__(self, settings: SmtpSettings, outside: OutsideSettings) -> None:
        """Raises `ConfigError` for a certificate file that cannot be read. Nothing is connected yet."""
        self._settings = settings
        self._trust = trust(settings.ca_file or outside.ca_file)
        self._once = Once(self.name)
        self._pool = ThreadPoolExecutor(max_workers=LINES, thread_name_prefix="loket-mail")
        self._lines: set[Line] = set()
        self._rejected_until = 0.0

    async def send(self, road: Road, address: str, subject: str, text: SecretStr, key: str) -> None:
        """Hand one mail to the server. Raises `ConnectorError` when it surely did not leave, `EffectUnknown` when it
        may have. Neither names the address or what the server said."""
        if road not in self.roads:
            raise ConnectorError(self.name, f"{road.value} is no mail")
        mail = letter(self._settings, road, address, subject, text, key, datetime.now(UTC))
        await self._once.send(road, key, partial(self._send, address, mail))

    async def _send(self, address: str, mail: bytes) -> None:
        if (left := self._rejected_until - time.monotonic()) > 0:
            detail = f"the server refused the account; it is not tried again for {left / 60:.0f} minutes"
            raise ConnectorError(self.name, detail)

        def hand_over(line: Line) -> Look:
            look = line.open()
            line.sign_in()
            line.begin()
            line.deliver(address, mail)
            return look

        end = await self._conversation(hand_over)
        if end.rejected:
            self._rejected_until = time.monotonic() + REJECTED_SECONDS
        if end.left and not end.good:
            raise EffectUnknown(self.name, f"{end.detail}: the message may have left")
        if not end.good:
            raise ConnectorError(self.name, end.detail)

    async def powers(self) -> Sequence[str]:
        """What it can do to others: it writes to people in the organisation's name."""
        return ("notify.mail",)

    async def examine(self) -> Sequence[Seen]:
        """Connect, encrypt, sign in and name the sender. No mail is sent."""

        def knock(line: Line) -> Look:
            look = line.open()
            line.sign_in()
            line.begin()
            return look

        server = f"{self._settings.host}:{self._settings.port}"
        end = await self._conversation(knock)
        if not end.good or end.look is None:
            return [Seen("mail", good=False, detail=f"{server}: {end.detail}", advice=ADVICE.get(end.step, SEE))]
        account = f"signed in as {self._settings.user}" if self._settings.user else "the server asks for no account"
        return [
            Seen("mail", good=True, detail=f"{server} answers under {end.look.tls}; {account}; sender accepted"),
            ends_soon("mail certificate", end.look.ends),
        ]

    async def close(self) -> None:
        """Hang up on every line that is open; what was on its way ends as in doubt."""
        for line in tuple(self._lines):
            line.cut()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _conversation(self, work: Callable[[Line], Look]) -> _End:
        line = Line(self._settings, self._trust)
        self._lines.add(line)
        future = asyncio.get_running_loop().run_in_executor(self._pool, _held, line, work)
        try:
            done, _ = await asyncio.wait([future], timeout=self._settings.total_seconds)
            if done:
                return future.result()
            line.cut()
            done, _ = await asyncio.wait([future], timeout=_CUT_SECONDS)
            if done and future.result().good:
                return future.result()
            detail = f"{line.step}: no end in {self._settings.total_seconds:.0f} seconds"
            return _End(good=False, left=line.may_have_left, detail=detail, step=line.step)
        finally:
            line.cut()  # also when whoever waited has gone
            future.cancel()
            self._lines.discard(line)


def _held(line: Line, work: Callable[[Line], Look]) -> _End:
    """One conversation from start to end, in a thread. Never raises: what is raised there may quote what was said."""
    try:
        return _End(good=True, look=work(line))
    except Trouble as trouble:
        rejected = trouble.rejected
        return _End(good=False, left=line.may_have_left, detail=trouble.detail, rejected=rejected, step=line.step)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return _End(good=False, left=line.may_have_left, detail=f"{line.step}: {_words(error)}", step=line.step)
    finally:
        line.close()


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not accepted ({why(error)})"
    if isinstance(error, ssl.SSLError):
        return "no encryption could be agreed"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server hung up"
    if isinstance(error, OSError) and error.strerror:
        return f"no connection ({error.strerror})"
    return f"it broke off ({type(error).__name__})"

"""A whole password reset whose code leaves by a gateway and whose credential leaves by a mail server, both real."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from actions.records import State
from connectors.notify.by_road import ByRoad
from connectors.notify.sms import SmsNotifier
from connectors.notify.smtp import SmtpNotifier
from loket.logs import FIELDS
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.servers.certificates import Certificates
from tests.servers.sms import Gateway, sms_gateway
from tests.servers.smtp import MailServer, mail_server

WHO, APPROVER = "E1001", "E1003"


@pytest.fixture
def room() -> Iterator[GateOnly]:
    with room_on() as room:
        yield room


class Office:
    """The gate with its two servers."""

    def __init__(self, room: GateOnly, mail: MailServer, gateway: Gateway) -> None:
        self.room, self.mail, self.gateway = room, mail, gateway

    @property
    def code(self) -> str:
        """What the phone shows last."""
        return re.findall(r"\b\d{6}\b", self.gateway.sent[-1].text)[0]

    async def asked(self) -> str:
        """A reset that waits for its code."""
        action_id = await self.room.propose(WHO, "reset_my_password")
        await self.room.click(WHO, action_id, "confirm")
        await self.room.settle()
        return action_id

    async def carried_out(self, action_id: str) -> None:
        """Proved and approved."""
        await self.room.click(WHO, action_id, "prove", code=self.code)
        await self.room.click(APPROVER, action_id, "approve", reason="looks right")
        await self.room.settle()
        await self.room.gate.sweep()

    async def later(self, seconds: int) -> None:
        """The next look at what waits."""
        self.room.advance_clock(timedelta(seconds=seconds))
        await self.room.gate.sweep()
        await self.room.settle()


@pytest.fixture
async def office(room: GateOnly, tmp_path: Path) -> AsyncIterator[Office]:
    certificates = Certificates(tmp_path / "certificates")
    async with mail_server(certificates) as mail, sms_gateway(certificates) as gateway:
        outside = gateway.outside()
        notifier = ByRoad(SmtpNotifier(mail.settings(), outside), SmsNotifier(gateway.settings(), outside))
        parts = room.gate.parts
        room.gate.parts = replace(parts, systems=replace(parts.systems, notifier=notifier))
        yield Office(room, mail, gateway)
        await notifier.close()
        assert mail.violations + gateway.violations == []


async def test_the_code_goes_by_phone_and_the_credential_by_mail(office: Office) -> None:
    with structlog.testing.capture_logs() as logged:
        action_id = await office.asked()
        code = office.code
        await office.carried_out(action_id)
    assert await office.room.state(action_id) is State.DONE
    (letter,) = office.mail.letters
    credential = letter.text.split("is ")[1].split(" - ")[0]
    account = office.room.world.signs_in("sanne.dewit", credential)
    assert account == "must_change"
    assert code not in letter.text
    assert not [sent for sent in office.gateway.sent if credential in sent.text]
    assert not [secret for secret in (code, credential) if secret in str(logged)]
    assert len(office.gateway.sent) == 1


async def test_a_gateway_that_is_down_for_a_while_delays_the_code_and_sends_it_once(office: Office) -> None:
    office.gateway.fault = "too busy"
    with structlog.testing.capture_logs() as logged:
        await office.asked()
        await office.later(6)
    assert office.gateway.sent == []
    told = [one for one in logged if one["event"] == "message_not_sent"]
    assert [(one["road"], one["error"], one["problem"]) for one in told] == [
        ("sms", "ConnectorError", "the gateway answers 429")
    ] * 2
    assert not [name for one in told for name in one if name not in {*FIELDS, "log_level"}], "the log would drop it"
    office.gateway.fault = ""
    await office.later(6)
    await office.later(6)
    assert len(office.gateway.sent) == 1


async def test_a_mail_in_doubt_comes_three_times_at_most_and_ends_with_a_person_told(office: Office) -> None:
    action_id = await office.asked()
    office.mail.fault = "hangs up at dot"
    await office.carried_out(action_id)
    for _ in range(8):
        await office.later(6)
    assert len(office.mail.letters) == 3
    assert len({letter.mail["Message-ID"] for letter in office.mail.letters}) == 1
    await office.later(5 * 3600)
    assert await office.room.state(action_id) is State.DONE
    assert len(office.mail.letters) == 3

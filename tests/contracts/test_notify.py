"""What every notifier promises, asked of each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.faults import Faults
from connectors.notify import Notifier, Road
from connectors.notify.by_road import ByRoad
from connectors.notify.embedded import FolderNotifier, Note, read_notes
from connectors.notify.letter import message_id
from connectors.notify.sms import SmsNotifier, token_of
from connectors.notify.smtp import SmtpNotifier
from core.errors import ConnectorError, EffectUnknown
from tests.servers.certificates import Certificates
from tests.servers.sms import Gateway, sms_gateway
from tests.servers.smtp import MailServer, mail_server

CODE = SecretStr("Your code is 482913")
TO = {Road.SMS: "+31655501001", Road.WORK_MAIL: "a@dhb.example", Road.PRIVATE_MAIL: "a@mail.example"}


@dataclass
class Case:
    """A notifier, what its receivers can read, and what can go wrong with it: `refuse`, or `doubt` after the effect."""

    notifier: Notifier
    arrived: Callable[[], list[tuple[str, str]]]
    fail: Callable[[str], None]
    numbers: Callable[[], list[str]]
    number_of: Callable[[Road, str], str]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["embedded", "smtp and a gateway"])
async def case(request: pytest.FixtureRequest, tmp_path: Path, certificates: Certificates) -> AsyncIterator[Case]:
    if request.param == "embedded":
        yield _embedded(tmp_path / "notes")
        return
    async with _real(certificates) as real:
        yield real


def _embedded(folder: Path) -> Case:
    faults, notes = Faults(), lambda: read_notes(folder)
    return Case(
        FolderNotifier(folder, faults),
        lambda: [(note.address, note.text.get_secret_value()) for note in notes()],
        lambda how: faults.fail_next("notify", "after" if how == "doubt" else how),
        lambda: [note.key for note in notes()],
        lambda road, key: key,
    )


@asynccontextmanager
async def _real(certificates: Certificates) -> AsyncIterator[Case]:
    async with mail_server(certificates) as mail, sms_gateway(certificates) as gateway:
        notifier = ByRoad(
            SmtpNotifier(mail.settings(), gateway.outside()), SmsNotifier(gateway.settings(), gateway.outside())
        )

        def fail(how: str) -> None:
            mail.fault = {"refuse": "refused at dot", "doubt": "hangs up at dot", "": ""}[how]
            gateway.fault = {"refuse": "bad request", "doubt": "broken after taking", "": ""}[how]

        yield Case(notifier, lambda: _arrived(mail, gateway), fail, lambda: _numbers(mail, gateway), _number_of)
        await notifier.close()
        assert mail.violations + gateway.violations == []


def _arrived(mail: MailServer, gateway: Gateway) -> list[tuple[str, str]]:
    return [(one.receiver, one.text) for one in mail.letters] + [(one.to, one.text) for one in gateway.sent]


def _numbers(mail: MailServer, gateway: Gateway) -> list[str]:
    return [str(one.mail["Message-ID"]) for one in mail.letters] + [one.ref for one in gateway.sent]


def _number_of(road: Road, key: str) -> str:
    return token_of(key) if road is Road.SMS else message_id(road, key, "loket@dhb.example")


# --- every one of them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("road", Road)
async def test_a_message_arrives_whole(case: Case, road: Road) -> None:
    await case.notifier.send(road, TO[road], "Code", CODE, "a-1:code")
    assert case.arrived() == [(TO[road], "Your code is 482913")]
    assert case.numbers() == [case.number_of(road, "a-1:code")]


@pytest.mark.parametrize("road", Road)
async def test_the_same_key_is_sent_once(case: Case, road: Road) -> None:
    await asyncio.gather(*(case.notifier.send(road, TO[road], "Code", CODE, "a-1:code") for _ in range(8)))
    assert len(case.arrived()) == 1


@pytest.mark.parametrize("road", Road)
async def test_a_repeat_never_replaces_what_was_sent(case: Case, road: Road) -> None:
    await case.notifier.send(road, TO[road], "Code", CODE, "a-1:code")
    await case.notifier.send(road, TO[road], "Code", SecretStr("another text"), "a-1:code")
    assert case.arrived() == [(TO[road], CODE.get_secret_value())]


async def test_one_key_by_several_roads_is_sent_by_each(case: Case) -> None:
    for road in Road:
        await case.notifier.send(road, TO[road], "Code", CODE, "a-1")
    assert sorted(to for to, _ in case.arrived()) == sorted(TO.values())


async def test_messages_arrive_in_the_order_they_were_sent(case: Case) -> None:
    for index in range(5):
        await case.notifier.send(Road.WORK_MAIL, "a@dhb.example", f"No {index}", SecretStr(f"No {index}"), f"a-{index}")
    assert [text for _, text in case.arrived()] == [f"No {index}" for index in range(5)]


@pytest.mark.parametrize(
    ("road", "address", "subject"),
    [
        (Road.SMS, "a@mail.example", "x"),
        (Road.SMS, "0655501001", "x"),
        (Road.SMS, "+31655501001\n+31655501002", "x"),
        (Road.WORK_MAIL, "+31655501001", "x"),
        (Road.WORK_MAIL, "a@dhb.example,b@evil.example", "x"),
        (Road.PRIVATE_MAIL, "a@mail.example\nBcc: b@evil.example", "x"),
        (Road.PRIVATE_MAIL, "a@mail.example", "x\nBcc: b@evil.example"),
        (Road.PRIVATE_MAIL, "", "x"),
    ],
)
async def test_a_wrong_address_is_refused_without_repeating_it(
    case: Case, road: Road, address: str, subject: str
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await case.notifier.send(road, address, subject, CODE, "a-1")
    assert not address or address not in str(refused.value)
    assert "482913" not in str(refused.value)
    assert case.arrived() == []


@pytest.mark.parametrize("road", Road)
async def test_a_road_that_is_closed_says_that_nothing_was_sent(case: Case, road: Road) -> None:
    case.fail("refuse")
    with pytest.raises(ConnectorError) as refused:
        await case.notifier.send(road, TO[road], "Code", CODE, "a-1")
    assert not isinstance(refused.value, EffectUnknown)
    assert case.arrived() == []


@pytest.mark.parametrize("road", Road)
async def test_a_doubt_says_so_and_its_repeat_has_the_same_number(case: Case, road: Road) -> None:
    case.fail("doubt")
    with pytest.raises(EffectUnknown):
        await case.notifier.send(road, TO[road], "Code", CODE, "a-1")
    if not isinstance(case.notifier, FolderNotifier):
        case.fail("")
    await case.notifier.send(road, TO[road], "Code", CODE, "a-1")
    assert set(case.numbers()) == {case.number_of(road, "a-1")}


# --- the embedded one alone --------------------------------------------------------------------------------------


def test_only_the_owner_can_read_the_messages(tmp_path: Path) -> None:
    asyncio.run(FolderNotifier(tmp_path).send(Road.PRIVATE_MAIL, "a@mail.example", "New", CODE, "a-1"))
    (file,) = tmp_path.glob("*/*.json")
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*/.sending-*"))


def test_a_note_shows_no_secret() -> None:
    assert "482913" not in repr(Note(Road.SMS, "+31655501001", "Code", CODE, "a-1"))


async def test_a_folder_that_cannot_be_written_is_a_connector_error(tmp_path: Path) -> None:
    blocked = tmp_path / "notes"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(ConnectorError) as failure:
        await FolderNotifier(blocked).send(Road.SMS, "+31655501001", "Code", CODE, "a-1")
    assert "482913" not in str(failure.value)

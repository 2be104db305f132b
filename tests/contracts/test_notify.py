"""What every notifier promises, asked of each of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.faults import Faults
from connectors.notify import Notifier, Road
from connectors.notify.embedded import FolderNotifier, read_notes
from core.errors import ConnectorError

CODE = SecretStr("Your code is 482913")


@dataclass
class Case:
    """A notifier, the folder where its messages arrive, and what can go wrong with it."""

    notifier: Notifier
    folder: Path
    faults: Faults


@pytest.fixture(params=["embedded"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    assert request.param == "embedded"
    faults = Faults()
    return Case(FolderNotifier(tmp_path / "notes", faults), tmp_path / "notes", faults)


async def test_a_message_arrives_whole(case: Case) -> None:
    await case.notifier.send(Road.SMS, "+31655501001", "Code", CODE, "a-1:code")
    (note,) = read_notes(case.folder)
    assert (note.road, note.address, note.subject, note.key) == (Road.SMS, "+31655501001", "Code", "a-1:code")
    assert note.text.get_secret_value() == "Your code is 482913"
    assert "482913" not in repr(note)


async def test_the_same_key_is_sent_once(case: Case) -> None:
    await asyncio.gather(*(case.notifier.send(Road.SMS, "+31655501001", "Code", CODE, "a-1:code") for _ in range(8)))
    assert len(read_notes(case.folder)) == 1


async def test_a_repeat_never_replaces_what_was_sent(case: Case) -> None:
    await case.notifier.send(Road.SMS, "+31655501001", "Code", CODE, "a-1:code")
    await case.notifier.send(Road.SMS, "+31655501001", "Code", SecretStr("another text"), "a-1:code")
    (note,) = read_notes(case.folder)
    assert note.text.get_secret_value() == CODE.get_secret_value()


async def test_messages_arrive_in_the_order_they_were_sent(case: Case) -> None:
    for index in range(5):
        await case.notifier.send(Road.WORK_MAIL, "a@dhb.example", f"No {index}", SecretStr("x"), f"a-{index}")
    assert [note.subject for note in read_notes(case.folder)] == [f"No {index}" for index in range(5)]


async def test_only_the_owner_can_read_the_messages(case: Case) -> None:
    await case.notifier.send(Road.PRIVATE_MAIL, "a@mail.example", "New", CODE, "a-1")
    (file,) = case.folder.glob("*/*.json")
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert not list(case.folder.glob("*/.sending-*"))


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
    assert read_notes(case.folder) == []


async def test_a_road_that_is_closed_says_that_nothing_was_sent(case: Case) -> None:
    case.faults.fail_next("notify", "refuse")
    with pytest.raises(ConnectorError):
        await case.notifier.send(Road.SMS, "+31655501001", "Code", CODE, "a-1")
    assert read_notes(case.folder) == []


async def test_a_folder_that_cannot_be_written_is_a_connector_error(tmp_path: Path) -> None:
    blocked = tmp_path / "notes"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(ConnectorError) as failure:
        await FolderNotifier(blocked).send(Road.SMS, "+31655501001", "Code", CODE, "a-1")
    assert "482913" not in str(failure.value)

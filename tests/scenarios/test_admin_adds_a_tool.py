"""An admin adds a tool of each kind: drafted, checked, released by others, used in the chat, switched off again."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from actions.records import Origin
from core.errors import Refused, ToolRetry
from core.fields import Filled
from loket.command.adding.checking import Examined, Examiner
from loket.command.adding.files import document_of_text
from loket.command.adding.sources import Wanted, read_source
from loket.switchboard import Switchboard
from storage import Database
from tests.desk import Desk
from tests.models import ScriptedModel, calls, says
from tests.reading import text_of
from tests.servers.mcp_http import TOKEN, slot_server
from tools.added import versions
from tools.added.document import ToolDocument, read_document
from tools.added.kinds import Way
from tools.added.shelf import Shelf
from tools.added.versions import Version
from tools.loading import load_builtin
from tools.registry import Registry

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
AUTHOR, SECOND, THIRD = "E1009", "E1010", "E1011"
SOON = 5.0
BOOKING = {
    "title": {"en": "Reserve a time at the counter", "nl": "Tijd aan de balie reserveren"},
    "risk": "sensitive",
    "rule": {"tier": "sensitive", "approvers": ["it-approvers"]},
    "rate_limit": {"times": 5, "per": "day"},
    "credential": {"write": {"from": "env", "name": "LOKET_TOOL_SLOTS"}},
    "contract": [{"arguments": {"day": "2026-12-01", "time": "09:00"}}],
    "examples": {
        "en": ["reserve a time at the counter", "I want a time at the counter", "counter time please",
               "book a counter time for me", "counter appointment at nine"],
        "nl": ["reserveer een tijd aan de balie", "ik wil een tijd aan de balie", "balietijd graag",
               "balie afspraak om negen uur", "plek aan de balie reserveren"],
    },
}  # fmt: skip
FORM = (EXAMPLES / "book_a_slot" / "form.yaml").read_text(encoding="utf-8")


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setenv("LOKET_TOOL_LEAVE", "staff-key-of-the-example")
    async with Desk.start(documents=()) as desk:
        yield desk


# --- the way of an admin, as the commands go it ----------------------------------------------------------------------


async def examined(desk: Desk, document: ToolDocument, asker: str = AUTHOR) -> Examined:
    person = await desk.counter.directory.by_id(asker)
    return await Examiner(desk.counter, desk.counter.way, person).examine(document)


async def drafted(desk: Desk, document: ToolDocument, author: str = AUTHOR) -> Version:
    return await desk.database.run(lambda tx: versions.draft(tx, document, f"employee:{author}", "terminal"))


async def checked(desk: Desk, document: ToolDocument, asker: str = AUTHOR) -> Version:
    """Drafted and checked: everything has passed."""
    version = await drafted(desk, document)
    report = (await examined(desk, document, asker)).report
    assert report.passed, [one for one in report.findings if not one.passed]
    await desk.database.run(
        lambda tx: versions.record_check(
            tx, version.name, version.hash, passed=report.passed, report=report.encoded(), by=f"employee:{AUTHOR}"
        )
    )
    return version


async def proposed(desk: Desk, version: Version, by: str = AUTHOR, groups: tuple[str, ...] = ()) -> str:
    """`loket tools release`: shown, filed and confirmed; returns the action's id."""
    admin = await desk.counter.directory.by_id(by)
    assert admin is not None
    arguments = {"name": version.name, "version": version.number, "document_hash": version.hash}
    arguments |= {"groups": list(groups), "places": []}
    prepared = await desk.counter.gate.prepare(admin, "release_tool", arguments, "en")
    action_id = str(uuid.uuid4())
    address, identity = desk._where(by, "terminal", None)
    origin = Origin(action_id, f"terminal:local:{action_id}", f"command:{by}", address, identity)
    await desk.database.run(lambda tx: desk.counter.gate.propose(tx, prepared, origin))
    assert (await desk.click(by, action_id, "confirm")).accepted
    return action_id


async def released(desk: Desk, version: Version, groups: tuple[str, ...] = ()) -> None:
    action_id = await proposed(desk, version, groups=groups)
    for admin in (SECOND, THIRD):
        decision = await desk.click(admin, action_id, "approve")
        assert decision.accepted, decision.text
    assert await desk.state(action_id) == "done"
    await until(lambda: is_in_force(desk.counter.registry, version))


def is_in_force(registry: Registry, version: Version) -> bool:
    added = registry._added()
    return any(one.loaded.name == version.name and version.hash in one.loaded.tool.pins[0] for one in added.tools)


async def until(true: object, seconds: float = SOON) -> None:
    """Wait until it is so, at most as long as we promise."""
    assert callable(true)
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, f"not within {seconds} seconds"
        await asyncio.sleep(0.05)


def second_process(desk: Desk) -> Registry:
    """The registry of another process on the same database."""
    database = Database(str(desk.database.engine.url))
    return load_builtin(Switchboard(database), Shelf(database, Way(role="web"), desk.counter.registry.built_in))


async def off_everywhere_within_five_seconds(desk: Desk, name: str) -> None:
    other = second_process(desk)
    assert name in other.names
    admin = await desk.counter.directory.by_id(SECOND)
    assert admin is not None
    await desk.counter.gate.switch_off(admin, name, "drill")
    await until(lambda: name not in other.names)
    await until(lambda: name not in desk.counter.registry.names)


async def rolled_back(desk: Desk, first: Version, document: ToolDocument) -> None:
    """A second version is released, and then the first again."""
    second = await checked(desk, document.model_copy(update={"description": f"{document.description} In two minutes."}))
    await released(desk, second)
    assert await desk.database.read(lambda tx: versions.earlier(tx, first.name)) == [first.number]
    await released(desk, first)


# --- a form ----------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_a_form_from_a_file_to_a_ticket_and_back(desk: Desk) -> None:
    document = document_of_text(FORM, "form.yaml")
    first = await checked(desk, document)
    assert "book_a_slot" not in desk.counter.registry.names, "a draft is quarantined"
    await released(desk, first)
    replies = await desk.say("E1002", "I want to book a slot at the IT desk")
    assert any(reply.form and reply.form.tool == "book_a_slot" for reply in replies), [reply.text for reply in replies]
    values = {
        "day": f"{desk.clock.now() + timedelta(days=3):%Y-%m-%d}",
        "part_of_day": "morning",
        "what_for": "A new phone",
    }
    address, identity = desk._where("E1002", "terminal", None)
    filling = await desk.counter.desk.fill(Filled("terminal:local:form-1", identity, address, "book_a_slot", values))
    assert filling.accepted, filling
    await desk.settle()
    action_id = [post.reply.card.action_id for post in desk.posts() if post.reply.card][-1]
    assert not desk.effects(), "nothing happens before the yes"
    assert (await desk.click("E1002", action_id, "confirm")).accepted
    assert not desk.effects(), "nothing happens before the approval"
    assert (await desk.click("E1006", action_id, "approve")).accepted
    assert [effect.kind for effect in desk.effects()] == ["ticket_created"]
    await rolled_back(desk, first, document)
    await off_everywhere_within_five_seconds(desk, "book_a_slot")


async def test_a_canary_is_offered_to_its_groups_only(desk: Desk) -> None:
    version = await checked(desk, document_of_text(FORM, "form.yaml"))
    await released(desk, version, groups=("service-desk",))
    people = [await desk.counter.directory.by_id(one) for one in ("E1005", "E1002")]
    offered = [
        "book_a_slot" in {one.name for one in desk.counter.registry.offered_to(person)} for person in people if person
    ]
    assert offered == [True, False]


# --- an operation of a service ---------------------------------------------------------------------------------------


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def leave() -> Iterator[tuple[ToolDocument, list[str]]]:
    """The service of the example at work, its document on its port, and whose numbers were asked for."""
    server = module_of(EXAMPLES / "my_leave_balance" / "service.py").LeaveServer(0, "staff-key-of-the-example")
    server.document = server.document.replace("8099", str(server.server_port))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    text = (EXAMPLES / "my_leave_balance" / "my_leave_balance.yaml").read_text(encoding="utf-8")
    yield read_document(text.replace("8099", str(server.server_port)), "my_leave_balance.yaml"), server.asked
    server.shutdown()
    server.server_close()


@pytest.mark.thorough
async def test_an_operation_bound_to_who_asks(desk: Desk, leave: tuple[ToolDocument, list[str]]) -> None:
    document, asked = leave
    first = await checked(desk, document, asker="E1002")
    await released(desk, first)
    asked.clear()
    replies = await desk.say("E1002", "how many hours of leave do I have left")
    assert "41.5" in text_of(replies)
    await desk.say("E1002", "how many hours of leave does E1001 have left")
    assert set(asked) == {"E1002"}, "nobody else's number is ever asked for"
    await rolled_back(desk, first, document)
    await off_everywhere_within_five_seconds(desk, "my_leave_balance")


# --- a tool of an MCP server -----------------------------------------------------------------------------------------


async def test_a_tool_of_an_mcp_server_that_an_approver_has_to_agree_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOKET_TOOL_SLOTS", TOKEN)
    model = ScriptedModel([calls("slots_book_slot", day="2026-12-01", time="09:00"), says("Waiting.")])
    with slot_server() as server:
        async with Desk.start(documents=(), model=model) as desk:
            wanted = Wanted(server.url, mcp=True, internal=True, credential="env:LOKET_TOOL_SLOTS")
            source = await read_source(wanted, desk.counter.way, desk.counter.registry.built_in)
            (offer,) = [one for one in source.offers if one.proposal.wire_name == "book_slot"]
            values = offer.bind(dict.fromkeys(offer.proposal.to_bind, "requester.employee_id"))
            document = ToolDocument.model_validate({**values, **BOOKING, "name": "slots_book_slot"})
            first = await checked(desk, document)
            await released(desk, first)
            action_id = await desk.ask_for("E1002", "reserve a time at the counter on 2026-12-01 at 09:00")
            await desk.click("E1002", action_id, "confirm")
            assert server.switches.booked == []
            await desk.click("E1003", action_id, "approve")
            assert [one[:2] for one in server.switches.booked] == [("2026-12-01", "09:00")]
            assert desk.sinks_with(TOKEN) == []
            await off_everywhere_within_five_seconds(desk, "slots_book_slot")


# --- a function of a package -----------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The package of the example, as pip leaves it; what was imported of it goes with it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    code = (EXAMPLES / "opening_hours_package" / "opening_hours.py").read_text(encoding="utf-8")
    (tmp_path / "opening_hours.py").write_text(code, encoding="utf-8")
    info = tmp_path / "loket_opening_hours-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: loket-opening-hours\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[loket.tools]\nopening_hours = opening_hours:opening_hours\n")
    (info / "RECORD").write_text(f"opening_hours.py,,\n{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")
    yield "loket-opening-hours"
    sys.modules.pop("opening_hours", None)


@pytest.mark.thorough
async def test_a_function_of_a_package(desk: Desk, package: str) -> None:
    source = await read_source(Wanted(f"package:{package}"), desk.counter.way, desk.counter.registry.built_in)
    (offer,) = source.offers
    words = {
        "title": {"en": "Opening hours of our counters", "nl": "Openingstijden van onze loketten"},
        "examples": {
            "en": ["when is the counter in Utrecht open", "opening hours of the counter in The Hague",
                   "is the counter open on Friday", "counter hours Utrecht", "until when is the counter open"],
            "nl": ["wanneer is het loket in Utrecht open", "openingstijden loket Den Haag",
                   "is het loket vrijdag open", "loket Utrecht tijden", "tot hoe laat is het loket open"],
        },
        "contract": [{"arguments": {"site": "Utrecht"}}],
    }  # fmt: skip
    document = ToolDocument.model_validate({**offer.bind({}), **words})
    first = await checked(desk, document)
    await released(desk, first)
    replies = await desk.say("E1002", "when is the counter in Utrecht open")
    assert "9:00" in text_of(replies), text_of(replies)
    await off_everywhere_within_five_seconds(desk, "opening_hours")


# --- what is refused -------------------------------------------------------------------------------------------------


async def test_what_was_never_checked_or_was_edited_since_is_not_proposed(desk: Desk) -> None:
    document = document_of_text(FORM, "form.yaml")
    version = await checked(desk, document)
    edited = await drafted(desk, document.model_copy(update={"description": "Books a slot at some other desk."}))
    with pytest.raises(ToolRetry, match="has not passed"):
        await proposed(desk, edited)
    with pytest.raises(ToolRetry, match="no version"):
        await proposed(
            desk, Version(**{**{name: getattr(version, name) for name in version.__slots__}, "hash": "0" * 64})
        )


async def test_its_author_has_no_vote_and_nobody_else_than_an_admin_proposes(desk: Desk) -> None:
    version = await checked(desk, document_of_text(FORM, "form.yaml"))
    action_id = await proposed(desk, version, by=SECOND)
    assert not (await desk.click(AUTHOR, action_id, "approve")).accepted
    assert not (await desk.click(SECOND, action_id, "approve")).accepted
    with pytest.raises(Refused):
        await proposed(desk, version, by="E1002")

"""A person is erased: not a word, name or channel id of theirs is left anywhere, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from actions.results import not_me_code
from core.errors import LoketError
from core.feedback import Feedback
from core.people import ChannelIdentity
from core.replies import Reply
from loket.command.operator import operator
from loket.engine import Queue
from loket.engine.dbos_postgres import PostgresEngine
from loket.engine.dbos_sqlite import SqliteEngine
from loket.home import Home
from loket.retention.erasure import Erased, Erasure, StillOpen
from loket.retention.export import Export
from loket.retention.rules import COVER
from loket.terminal.channel import TerminalChannel, address_of
from storage import Database
from storage.audit_verifier import verify
from tests.command_line import Run
from tests.desk import SPARE_ROOM, Desk
from tests.reading import disguises, holds
from tests.staff import ADMIN, JOOST, KARIM, MARIA, PRIYA, SANNE, TOM

pytest_plugins = ["tests.fixtures_storage", "tests.fixtures_command"]
pytestmark = pytest.mark.slow

CANARY = "zandloper-4711"
EDITED = "waterklok-2288"
OF_THE_TEST = {"posts", "streamed", "decisions", "prompts"}
"""What `Desk.sinks` remembers itself: the chat, which keeps its own terms."""
OPERATOR = "operator:beheer@loket-1"


@asynccontextmanager
async def started(url: str = "", home: Path | None = None) -> AsyncIterator[Desk]:
    async with Desk.start(database_url=url, home=home, settings={"ai": {"level": "extract"}}) as desk:
        yield desk


def eraser(desk: Desk) -> Erasure:
    counter = desk.counter
    return Erasure(counter.database, counter.directory, counter.gate, counter.home, frozenset({"dhb.example"}))


async def erase(desk: Desk, who: str = TOM, **how: Any) -> Erased:
    return await eraser(desk).erase(who, OPERATOR, "asked for it on 3 March", **how)


def written(desk: Desk, *texts: str) -> dict[str, list[str]]:
    """Where any of these still stands, plain or disguised, the chat itself aside."""
    sinks = {place: text for place, text in desk.sinks().items() if place not in OF_THE_TEST}
    found = {text: [place for place, held in sinks.items() if holds(held, text)] for text in texts}
    return {text: places for text, places in found.items() if places}


async def play(desk: Desk, who: str, word: str) -> dict[str, str]:
    """A rich day: `word` in all that this person can type, in three channels. Returns the action of each end."""
    identity = ChannelIdentity("slack", "TDHB", f"U{who}")
    first = desk.message(who, f"may I bring my dog {word} to the office?", "slack_dm", None)
    await desk.deliver(replace(first, complete=True))
    await desk.settle()
    again = desk.message(who, f"may I bring my cat {word} and {EDITED} to the office?", "slack_dm", None)
    await desk.deliver(replace(again, edits=first.event_id, complete=True))
    await desk.settle()
    await desk.counter.desk.feedback(Feedback("", identity, False, f"that says nothing about {word}"))
    await desk.say(who, f"where is meeting room {word}?", via="slack_channel", thread=f"thread-{word}")
    await desk.say(who, f"what about {word} then?", via="teams_dm")
    ticket = await desk.ask_for(who, f"please open a ticket: my screen {word} is broken", via="slack_dm")
    await desk.click(who, ticket, "confirm", via="slack_dm")
    denied = await desk.ask_for(who, "reset my password", via="slack_dm")
    await desk.click(who, denied, "confirm", via="slack_dm")
    await desk.click(who, denied, "prove", via="slack_dm", code=f"{word}")
    await desk.click(who, denied, "prove", via="slack_dm", code=desk.code(who))
    await desk.click(PRIYA, denied, "deny", reason=f"heard {word} on the phone")
    done = await desk.ask_for(who, "reset my password", via="slack_dm")
    await desk.prove(who, done, via="slack_dm")
    await desk.click(PRIYA, done, "approve")
    room = TerminalChannel(desk.counter.home.rooms)
    await room.send(address_of(f"U{who}-{word}"), Reply(f"you said {word}", "en"), f"told:{done}:note")
    await desk.settle()
    return {"ticket": ticket, "denied": denied, "done": done}


def rows_of(desk: Desk, who: str, actions: Iterable[str]) -> dict[str, list[str]]:
    """Every row of every table that names somebody or one of their actions, as it stands."""
    tables = sa.MetaData()
    tables.reflect(desk.database.engine)
    marks = (f'"{who}"', f"'{who}'", f"U{who}", *actions)
    with desk.database.reading() as tx:
        return {
            table.name: [
                text
                for row in tx.execute(sa.select(table).order_by(*table.primary_key.columns))
                if any(mark in (text := repr(tuple(row))) for mark in marks)
            ]
            for table in tables.sorted_tables
        }


async def test_not_a_word_name_or_channel_id_is_left_anywhere(database_url: str) -> None:
    async with started(database_url) as desk:
        ended = await play(desk, TOM, CANARY)
        before = written(desk, CANARY, EDITED, "Tom Bakker", f"U{TOM}", "tom.bakker")
        assert set(before) == {CANARY, EDITED, "Tom Bakker", f"U{TOM}", "tom.bakker"}
        assert {"table messages", "table inbox", "table outbox", "table actions", "table feedback"} <= set(
            before[CANARY]
        )
        done = await erase(desk)
        assert done.traces_cleared
        assert {one.what for one in done.removed if one.count} >= {
            "messages",
            "opinions",
            "events",
            "actions",
            "replies and cards",
            "personal payload of the audit",
            "lines in terminal rooms",
        }
        assert written(desk, CANARY, EDITED, "Tom Bakker", f"U{TOM}", "tom.bakker") == {}
        assert len(disguises(CANARY)) > 6  # the search above looked for all of them
        assert {name: await desk.state(action) for name, action in ended.items()} == {
            "ticket": "done",
            "denied": "denied",
            "done": "done",
        }
        report = verify(desk.database.url)
        assert (report.problems, report.erased > 0) == ((), True)


async def test_another_persons_data_is_untouched_byte_for_byte(database_url: str) -> None:
    async with started(database_url) as desk:
        await play(desk, TOM, CANARY)
        others = await play(desk, MARIA, "regenmeter-9034")
        before = rows_of(desk, MARIA, others.values())
        assert {name for name, rows in before.items() if rows} >= {"messages", "actions", "outbox", "audit", "inbox"}
        exported = await Export(desk.database, desk.counter.directory, desk.counter.home).document(MARIA, OPERATOR)
        before = rows_of(desk, MARIA, others.values())
        await erase(desk)
        assert rows_of(desk, MARIA, others.values()) == before
        again = await Export(desk.database, desk.counter.directory, desk.counter.home).document(MARIA, OPERATOR)
        assert {name: again[name] for name in ("messages", "actions", "replies", "events", "terminal", "spend")} == {
            name: exported[name] for name in ("messages", "actions", "replies", "events", "terminal", "spend")
        }


async def test_an_approvers_reasons_and_name_leave_other_peoples_cards(database_url: str) -> None:
    async with started(database_url) as desk:
        theirs = await play(desk, TOM, "regenmeter-9034")
        reset = await desk.ask_for(SANNE, "reset mijn wachtwoord")
        await desk.prove(SANNE, reset)
        await desk.click(PRIYA, reset, "take")
        await desk.click(PRIYA, reset, "deny", reason=f"call me about {CANARY}")
        assert written(desk, CANARY, "Priya Raman")
        await erase(desk, PRIYA)
        left = written(desk, CANARY, "Priya Raman", f"U{PRIYA}")
        assert left == {}
        assert await desk.state(reset) == "denied"
        assert "regenmeter-9034" in str(written(desk, "regenmeter-9034"))
        with desk.database.reading() as tx:
            cast = tx.execute(sa.text("SELECT employee_id, verdict, reason FROM votes ORDER BY at")).all()
        assert (PRIYA, "deny", "") in {tuple(row) for row in cast}
        assert theirs
        assert verify(desk.database.url).ok


async def test_a_person_with_an_open_request_is_not_erased_until_it_is_withdrawn(database_url: str) -> None:
    async with started(database_url) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        with pytest.raises(StillOpen, match=rf"{TOM} has open requests: {reset[:8]} \(awaiting_approval"):
            await erase(desk)
        assert await desk.state(reset) == "awaiting_approval"
        done = await erase(desk, cancel_open=True)
        assert done.withdrawn == 1
        assert await desk.state(reset) == "cancelled"
        assert not (await desk.click(PRIYA, reset, "approve")).accepted
        assert written(desk, "Tom Bakker") == {}


async def test_an_action_in_doubt_is_not_withdrawn_and_stands_in_the_way() -> None:
    async with started() as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        desk.world.fail_next("accounts", "after")
        await desk.click(PRIYA, reset, "approve")
        assert await desk.state(reset) == "unknown"
        with pytest.raises(StillOpen, match="in doubt"):
            await erase(desk, cancel_open=True)


async def test_a_message_without_an_answer_stands_in_the_way_until_it_is_dropped() -> None:
    async with started() as desk:
        await desk.counter.engine.stop()
        await desk.counter.desk.receive(desk.message(TOM, f"hello {CANARY}", "slack_dm", None))
        with pytest.raises(StillOpen, match="1 message"):
            await erase(desk)
        await erase(desk, cancel_open=True)
        assert written(desk, CANARY) == {}


async def test_a_change_can_still_be_reported_as_unwanted_after_the_erasure() -> None:
    async with started() as desk:
        ended = await play(desk, TOM, CANARY)
        action = await desk.counter.gate.show(ended["done"])
        assert action is not None
        code = not_me_code(action)
        await erase(desk)
        assert (await desk.counter.gate.not_me(code)).accepted
        await desk.settle()
        assert written(desk, CANARY, "Tom Bakker") == {}


async def test_an_erased_person_is_answered_like_a_new_one_and_old_events_stay_known() -> None:
    async with started() as desk:
        message = replace(desk.message(TOM, f"may I bring {CANARY}?", "slack_dm", None), complete=True)
        await desk.deliver(message)
        await desk.settle()
        await erase(desk)
        before = len(desk.posts())
        await desk.deliver(message)
        await desk.settle()
        assert len(desk.posts()) == before
        assert len(await desk.say(TOM, "how many days of leave do I get?", via="slack_dm")) >= 1


async def test_erasing_twice_or_somebody_unknown_does_no_harm() -> None:
    async with started() as desk:
        await play(desk, TOM, CANARY)
        await erase(desk)
        again = await erase(desk)
        assert {one.what for one in again.removed if one.count} <= {"personal payload of the audit", "log lines"}
        with pytest.raises(LoketError, match="nothing is known of E7777"):
            await erase(desk, "E7777")
        assert verify(desk.database.url).ok


async def test_the_audit_says_who_erased_whom_and_why_and_not_what() -> None:
    async with started() as desk:
        await play(desk, TOM, CANARY)
        await erase(desk)
        rows = [line for line in desk.sinks()["table audit"].splitlines() if "person.erased" in line]
        assert len(rows) == 1
        assert OPERATOR in rows[0]
        assert f"employee:{TOM}" in rows[0]
        assert "asked for it on 3 March" in desk.sinks()["table audit_payload"]


async def test_words_in_an_owners_answer_a_kept_run_and_a_file_of_cases_are_found(tmp_path: Path) -> None:
    async with started() as desk:
        question = f"may I bring my dog {CANARY} to the office?"
        await desk.say(TOM, question, via="slack_dm")
        answer = (
            f"---\ntitle: Dogs\naudience: [all-staff]\nlanguage: en\nowner: Facilities\nquestions: ['{question}']\n"
        )
        await desk.add_documents({"dogs.md": f"{answer}---\n# Dogs\n\nDogs stay at home, guide dogs may come.\n"})
        kept = desk.counter.home.folder / "eval" / "cases-20260301T000000000000.json"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"question": question}))
        other = kept.with_name("cases-20260302T000000000000.json")
        other.write_text(json.dumps({"question": "may I bring my parrot?"}))
        cases = tmp_path / "cases.yaml"
        cases.write_text(f"version: 1\ncases:\n  - question: '{question}'\n")
        done = await erase(desk, cases=[cases])
        assert [Path(place).name for place in done.found] == ["dogs.md", "cases.yaml"]
        assert not kept.exists()
        assert other.exists()


async def test_the_remembered_vectors_hold_no_words_of_people(tmp_path: Path) -> None:
    async with started(home=tmp_path / "home") as desk:
        await desk.counter.warm()
        await desk.say(TOM, f"may I bring my dog {CANARY} to the office?", via="slack_dm")
        await desk.counter.warm()
        file = desk.counter.home.index / "examples.npz"
        if file.exists():
            with np.load(file, allow_pickle=False) as stored:
                assert not any(CANARY in text for text in stored["texts"].tolist())
        assert not any(place.startswith("file index") for place in desk.sinks_with(CANARY))


async def test_what_spilt_into_an_index_file_is_found_and_said() -> None:
    async with started() as desk:
        await desk.say(TOM, f"may I bring my dog {CANARY} to the office?", via="slack_dm")
        spilt = desk.counter.home.index / "vectors" / "spare.bin"
        spilt.write_bytes(b"\0" * 100 + b"Tom Bakker" + b"\0" * 100)
        assert str(spilt) in (await erase(desk)).spilt


async def test_an_export_holds_all_of_a_person_and_no_secret(database_url: str) -> None:
    async with started(database_url) as desk:
        ended = await play(desk, TOM, CANARY)
        await desk.say(SANNE, "mag mijn hond regenmeter-9034 mee naar kantoor?")
        document = await Export(desk.database, desk.counter.directory, desk.counter.home).document(TOM, OPERATOR)
        text = json.dumps(document, ensure_ascii=False)
        for source in ("messages", "opinions", "actions", "replies", "events", "turns", "audit", "spend", "terminal"):
            assert document[source], source
        assert {row["action_id"] for row in document["actions"]} == set(ended.values())
        assert CANARY in json.dumps(document["messages"])
        assert "regenmeter-9034" not in text
        with desk.database.reading() as tx:
            for row in tx.execute(sa.text("SELECT nonce, seal, proof_stamp, confirm_stamp FROM actions")):
                assert not any(value and value in text for value in row)
        action = await desk.counter.gate.show(ended["done"])
        assert action is not None
        assert not_me_code(action) not in text
        for secret in (desk.code(TOM), desk.credential(TOM)):
            assert secret not in text
        assert "person.exported" in desk.sinks()["table audit"]


def test_the_operator_comes_from_the_system_and_not_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = operator()
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert operator() == before
    assert before.startswith("operator:")


@pytest.mark.parametrize("approver", [KARIM, JOOST])
async def test_colleagues_who_did_nothing_can_be_erased_too(approver: str) -> None:
    async with started() as desk:
        await play(desk, ADMIN, CANARY)
        await erase(desk, approver)
        assert written(desk, CANARY)
        assert COVER not in str(written(desk, CANARY))


def test_the_command_copies_and_erases_and_no_file_of_the_home_folder_holds_a_trace(loket: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"

    async def a_day() -> None:
        async with started(home=home) as desk:
            await desk.say(TOM, f"may I bring my dog {CANARY} to the office?", via="slack_dm")
            reset = await desk.ask_for(TOM, "reset my password", via="slack_dm")
            await desk.click(TOM, reset, "confirm", via="slack_dm")

    asyncio.run(a_day())
    code, out, _ = loket("people", "export", TOM, "--out", "tom.json")
    assert (code, "messages: 4" in out) == (0, True)
    assert (tmp_path / "tom.json").stat().st_mode & 0o077 == 0
    assert CANARY in (tmp_path / "tom.json").read_text()
    code, _, err = loket("people", "export", TOM, "--out", "tom.json")
    assert (code, "there already" in err) == (2, True)
    code, _, err = loket("people", "erase", TOM, "--reason", "asked", "--yes")
    assert (code, "has open requests" in err, "--cancel-open" in err) == (1, True, True)
    code, out, _ = loket("people", "erase", TOM, "--reason", "asked", "--cancel-open", "--yes")
    assert (code, "1 open request(s) withdrawn" in out, "What stays" in out) == (0, True, True)
    files = [file for file in home.rglob("*") if file.is_file() and not file.is_relative_to(home / "world")]
    for mark in (CANARY, "Tom Bakker", f"U{TOM}"):
        left = [file for file in files if holds(file.read_bytes().decode("latin-1"), mark)]
        assert [file for file in left if file.name not in SPARE_ROOM] == [], mark
    code, out, _ = loket("audit", "verify")
    assert (code, "The chain is whole" in out) == (0, True)
    code, _, err = loket("people", "erase", "E7777", "--reason", "a slip", "--yes")
    assert (code, "nothing is known of E7777" in err) == (1, True)


async def test_nothing_of_a_message_lies_in_the_queue(tmp_path: Path) -> None:
    home = tmp_path / "home"
    engine = SqliteEngine(Home(home).queue, executor_id="erasing")
    async with Desk.start(home=home, engine=engine, settings={"ai": {"level": "extract"}}) as desk:
        assert await desk.say(TOM, "may I bring my dog to the office?", via="slack_dm")
        assert partitions_in(home / "queue.sqlite") == []


async def test_the_queue_forgets_who_talked_while_it_goes_on_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turns of an earlier version, which DBOS kept a record of."""
    monkeypatch.setattr("loket.engine.dbos_sqlite.RECORDED", frozenset(Queue))
    home = tmp_path / "home"
    engine = SqliteEngine(Home(home).queue, executor_id="erasing")
    async with Desk.start(home=home, engine=engine, settings={"ai": {"level": "extract"}}) as desk:
        await desk.say(TOM, "may I bring my dog to the office?", via="slack_dm")
        await desk.say(SANNE, "mag mijn hond mee naar kantoor?", via="slack_dm")
        partitions = partitions_in(home / "queue.sqlite")
        assert {f"U{TOM}", f"U{SANNE}"} == {partition.rpartition(":")[2] for partition in partitions}
        done = await erase(desk)
        assert {one.what: one.count for one in done.removed}["finished work of the queue"] == 1
        assert [partition.rpartition(":")[2] for partition in partitions_in(home / "queue.sqlite")] == [f"U{SANNE}"]
        for file in home.glob("queue.sqlite*"):
            assert f"U{TOM}".encode() not in file.read_bytes(), file.name
        assert await desk.say(TOM, "how many days of leave do I get?", via="slack_dm")


_AS_AN_EARLIER_VERSION = sa.text(
    "SELECT dbos.enqueue_workflow('work', 'turns', CAST(ARRAY[] AS json[]), workflow_id => :id,"
    " queue_partition_key => :partition, application_name => 'loket')"
)


@pytest.mark.postgres
async def test_the_queue_on_postgres_forgets_who_talked(postgres_url: str) -> None:
    database = Database(postgres_url)
    engine = PostgresEngine(database, executor_id="erasing")
    async with Desk.start(database_url=postgres_url, engine=engine, settings={"ai": {"level": "extract"}}) as desk:
        await desk.say(TOM, "may I bring my dog to the office?", via="slack_dm")
        await desk.say(SANNE, "mag mijn hond mee naar kantoor?", via="slack_dm")
        with desk.database.transaction() as tx:
            assert tx.execute(sa.text("SELECT * FROM work")).all() == []  # what is done is nowhere in the queue
            for event_id, partition in tx.execute(sa.text("SELECT event_id, partition FROM inbox")).all():
                tx.execute(_AS_AN_EARLIER_VERSION, {"id": f"turns:{event_id}", "partition": partition})
            tx.execute(sa.text("UPDATE dbos.workflow_status SET status = 'SUCCESS'"))
        await erase(desk)
        with desk.database.reading() as tx:
            keys = tx.execute(sa.text("SELECT queue_partition_key FROM dbos.workflow_status")).scalars().all()
        assert [key.rpartition(":")[2] for key in keys] == [f"U{SANNE}"]
    database.close()


def partitions_in(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [
            json.loads(inputs)["positionalArgs"][2]
            for (inputs,) in connection.execute("SELECT inputs FROM workflow_input")
        ]

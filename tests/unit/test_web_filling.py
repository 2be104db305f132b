"""Forms at the door: what is not theirs first, then a form from its fields to its draft, a draft changed, and Stop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConnectorError
from loket.service.listening import Listening
from tests.door_room import OTHER, SECRET, SOURCE, DoorRoom, click, event
from tests.staff import SANNE, TOM

pytestmark = pytest.mark.slow
pytest_plugins = ["tests.fixtures_door"]
PAGE = Path(__file__).parents[2] / "docs" / "events-door.md"
TICKET = {"queue": "IT", "summary": "The projector is dark", "description": "Room 3.12, since this morning."}


def body(body_id: str, user: str = TOM, **more: Any) -> dict[str, Any]:
    """Who and where, and whatever else."""
    return {"id": body_id, "user": user, "room": user, "place": "direct", **more}


async def form(door: DoorRoom, body_id: str, user: str = TOM, source: str = SOURCE, **what: str) -> Any:
    answer = await door.post("/v1/forms", body(body_id, user, **what), source)
    assert answer.status_code == 200, answer.text
    return answer.json()["form"]


async def fill(
    door: DoorRoom, body_id: str, values: dict[str, str], user: str = TOM, source: str = SOURCE, **more: str
) -> Any:
    answers = body(body_id, user, **{"tool": "create_ticket", "values": values, **more})
    answer = await door.post("/v1/forms/answers", answers, source)
    assert answer.status_code == 200, answer.text
    await door.settle()
    return answer.json()


async def endings(door: DoorRoom) -> list[dict[str, Any]]:
    """The posts that end a turn; the first words to anybody say that this is an AI, and are none."""
    return [post for post in await door.said() if post["reply"]["outcome"]]


async def drafts(door: DoorRoom, source: str = SOURCE) -> dict[str, dict[str, Any]]:
    """The newest card of each action."""
    cards = [post["reply"]["card"] for post in await door.said(source) if post["reply"]["card"]]
    return {card["action_id"]: card for card in cards}


# --- what is not theirs, and what cannot be read ------------------------------------------------------------------


async def test_another_persons_draft_and_another_sources_are_neither_shown_nor_replaced(door: DoorRoom) -> None:
    assert (await fill(door, "1", TICKET))["accepted"]
    [draft] = await drafts(door)
    assert await form(door, "2", SANNE, action_id=draft) is None
    assert await form(door, "3", SANNE, OTHER, action_id=draft) is None
    assert not (await fill(door, "4", TICKET, SANNE, replaces=draft))["accepted"]
    assert set(await drafts(door)) == {draft}


async def test_a_stranger_gets_no_form_and_nothing_of_theirs_is_kept(door: DoorRoom) -> None:
    assert await form(door, "1", "E9999", tool="create_ticket") is None
    filled = await fill(door, "2", TICKET, "E9999")
    assert not filled["accepted"]
    assert filled["text"]
    assert door.rows("inbox") == []


async def test_a_tool_that_is_about_a_person_or_the_gates_own_has_no_form(door: DoorRoom) -> None:
    for number, tool in enumerate(("reset_password_for", "change_rules", "find_person", "no_such_tool")):
        assert await form(door, f"form-{number}", tool=tool) is None
        assert not (await fill(door, f"fill-{number}", TICKET, tool=tool))["accepted"]
    assert await drafts(door) == {}


async def test_what_is_no_form_is_400_and_leaves_nothing(door: DoorRoom) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/v1/forms", {}),
        ("/v1/forms", {"tool": "create_ticket", "action_id": "a-1"}),
        ("/v1/forms", {"tool": "create ticket"}),
        ("/v1/forms", {"tool": "x" * 65}),
        ("/v1/forms", {"tool": "create_ticket", "standing": "member"}),
        ("/v1/forms", {"action_id": "../1"}),
        ("/v1/forms/answers", {"tool": "create_ticket"}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": []}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": {"summary": 7}}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": {"summary": None}}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": {"": "x"}}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": {"é": "x"}}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": {"summary": "x" * 16_001}}),
        ("/v1/forms/answers", {"tool": "create_ticket", "values": {f"f{n}": "x" for n in range(101)}}),
        ("/v1/forms/answers", {"values": TICKET}),
        ("/v1/stops", {"event": "1"}),
        ("/v1/stops", {"place": "everywhere"}),
        ("/v1/stops", {"room": "a:b"}),
    ]
    for path, more in wrong:
        assert (await door.post(path, body("1", **more))).status_code == 400, (path, more)
    twice = json.dumps(body("1", tool="create_ticket", values=TICKET)).encode()[:-1] + b', "values": {}}'
    assert (await door.post("/v1/forms/answers", twice)).status_code == 400
    assert (await door.post("/v1/forms?x=1", body("1", tool="create_ticket"))).status_code == 400
    assert door.rows("door_calls") == door.rows("inbox") == []


@pytest.mark.parametrize("path", ["/v1/forms", "/v1/forms/answers", "/v1/stops"])
async def test_unsigned_it_is_401_and_while_draining_503(door: DoorRoom, path: str) -> None:
    assert (await door.http.post(path, json=body("1", tool="create_ticket", values=TICKET))).status_code == 401
    door.accepting = False
    assert (await door.post(path, body("1", tool="create_ticket"))).status_code == 503
    assert door.rows("door_calls") == []


# --- sent again ---------------------------------------------------------------------------------------------------


async def test_a_captured_request_for_a_form_shows_nothing_a_second_time(door: DoorRoom) -> None:
    await fill(door, "1", TICKET)
    [draft] = await drafts(door)
    asked = body("2", action_id=draft)
    assert (await door.post("/v1/forms", asked)).status_code == 200
    assert (await door.post("/v1/forms", asked)).status_code == 409
    assert TICKET["summary"] not in str(door.rows("door_calls"))


async def test_a_form_that_could_not_be_asked_for_may_be_asked_for_again(
    door: DoorRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:

        async def nobody(_: object) -> None:
            raise ConnectorError("directory", "away")

        away.setattr(door.counter.desk._directory, "by_identity", nobody)
        assert (await door.post("/v1/forms", body("1", tool="create_ticket"))).status_code == 503
    assert await form(door, "1", tool="create_ticket") is not None


async def test_the_same_answers_many_times_at_once_are_one_draft(any_door: DoorRoom) -> None:
    sent = body("1", tool="create_ticket", values=TICKET)
    answers = await asyncio.gather(*(any_door.post("/v1/forms/answers", sent) for _ in range(8)))
    await any_door.settle()
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["accepted"]
    assert len(await drafts(any_door)) == 1
    other = body("1", tool="create_ticket", values=TICKET, replaces=next(iter(await drafts(any_door))))
    assert (await any_door.post("/v1/forms/answers", other)).status_code == 409


async def test_an_event_and_a_form_of_one_id_are_two(door: DoorRoom) -> None:
    await door.post("/v1/events", event("1", TOM, "hello"))
    await door.settle()
    await fill(door, "1", TICKET)
    assert [post["event"] for post in await endings(door)] == ["1", "form:1"]


async def test_a_captured_stop_does_not_stop_what_is_asked_later(door: DoorRoom) -> None:
    first = await door.post("/v1/stops", body("1"))
    assert first.json() == {"stopped": False}
    await door.post("/v1/events", event("2", TOM, "hello"))
    assert (await door.post("/v1/stops", body("1"))).json() == {"stopped": False}
    await door.settle()
    assert [post["event"] for post in await endings(door)] == ["2"]
    assert (await endings(door))[0]["reply"]["outcome"] != "stopped"


# --- what it is for -----------------------------------------------------------------------------------------------


async def test_a_reply_carries_the_form_that_it_offers_as_data(door: DoorRoom) -> None:
    await door.post("/v1/events", event("1", TOM, "file a ticket"))
    await door.settle()
    [post] = await endings(door)
    offered = post["reply"]["form"]
    empty = await form(door, "2", tool="create_ticket")
    assert [{**field, "value": ""} for field in offered["fields"]] == empty["fields"]
    assert (offered["tool"], offered["replaces"], offered["language"]) == ("create_ticket", "", "en")
    queue, summary, description = offered["fields"]
    assert (queue["name"], queue["kind"], queue["required"]) == ("queue", "choice", True)
    assert {"value": "IT", "label": queue["choices"][0]["label"]} in queue["choices"]
    assert (summary["kind"], description["kind"]) == ("text", "long_text")
    assert description["most"] == 4000


async def test_what_is_wrong_is_said_by_field_and_then_a_draft_follows(any_door: DoorRoom) -> None:
    wrong = await fill(any_door, "1", {"queue": "LEGAL", "summary": " ", "description": "x" * 4001})
    assert not wrong["accepted"]
    assert set(wrong["errors"]) == {"queue", "summary", "description"}
    assert "4000" in wrong["errors"]["description"]
    assert await drafts(any_door) == {}
    forged = await fill(any_door, "2", {**TICKET, "approver": "E1003"})
    assert not forged["accepted"]
    assert await drafts(any_door) == {}
    assert (await fill(any_door, "3", TICKET))["accepted"]
    [draft] = (await drafts(any_door)).values()
    assert TICKET["description"] in str(draft["facts"])
    answer = await any_door.post("/v1/clicks", click("4", TOM, draft["action_id"], "confirm"))
    assert answer.json()["accepted"]


async def test_a_draft_is_changed_in_its_form_and_only_the_new_one_can_be_confirmed(door: DoorRoom) -> None:
    await fill(door, "1", TICKET)
    [old] = (await drafts(door)).values()
    assert "edit" in [button["verb"] for button in old["buttons"]]
    shown = await form(door, "2", action_id=old["action_id"])
    assert {field["name"]: field["value"] for field in shown["fields"]} == TICKET
    assert shown["replaces"] == old["action_id"]
    changed = {**TICKET, "description": "Room 3.14, since yesterday."}
    again = await fill(door, "3", changed, replaces=shown["replaces"])
    assert again["accepted"]
    cards = await drafts(door)
    [new] = set(cards) - {old["action_id"]}
    assert "3.14" in str(cards[new]["facts"])
    late = await door.post("/v1/clicks", click("4", TOM, old["action_id"], "confirm"))
    assert not late.json()["accepted"]
    assert await form(door, "5", action_id=old["action_id"]) is None
    assert (await door.post("/v1/clicks", click("6", TOM, new, "confirm"))).json()["accepted"]
    assert not (await fill(door, "7", TICKET, replaces=new))["accepted"]


async def test_stop_ends_what_is_not_answered_yet(door: DoorRoom) -> None:
    asked = event("1", TOM, "hello") | {"complete": False}  # a greeting: it waits for what follows
    await door.post("/v1/events", asked)
    assert (await door.post("/v1/stops", body("2", SANNE))).json() == {"stopped": False}
    assert (await door.post("/v1/stops", body("3"))).json() == {"stopped": True}
    assert (await door.post("/v1/stops", body("3"))).json() == {"stopped": True}
    await door.settle()
    assert [post["reply"]["outcome"] for post in await endings(door)] == ["stopped"]


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="the examples use curl and openssl")
async def test_the_examples_of_the_page_do_what_it_says(door: DoorRoom) -> None:
    blocks = PAGE.read_text(encoding="utf-8").split("```sh\n")[1:]
    script = "set -eu\n" + "\n".join(block.partition("```")[0] for block in blocks)
    listening = Listening(door.app, "127.0.0.1", 0)
    where = await listening.start()
    try:
        shell = await asyncio.create_subprocess_exec(
            "sh", "-c", script, env={"PATH": os.environ["PATH"], "SECRET": SECRET, "LOKET": where},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, trouble = await asyncio.wait_for(shell.communicate(), 120)
    finally:
        await listening.stop()
    assert (shell.returncode, trouble) == (0, b"")
    said = [json.loads(line) for line in printed.decode().splitlines()]
    event_taken, replies, asked, wrong, accepted, edit, changed, taken_too, stopped, with_file, kept = said
    assert event_taken == taken_too == {"accepted": True}
    assert replies["posts"][0]["event"] == "1"
    assert asked["form"]["tool"] == "create_ticket"
    assert set(wrong["errors"]) == {"queue", "description"}
    assert accepted["accepted"]
    assert {field["name"]: field["value"] for field in edit["form"]["fields"]}["description"] == "A wheel came off."
    assert changed["accepted"]
    assert set(stopped) == {"stopped"}  # it may have been answered already
    assert with_file == {"accepted": True, "files": [{"unwanted": ""}]}
    assert kept == {"kept": True, "reason": ""}
    await door.settle()
    assert len(await drafts(door)) >= 2

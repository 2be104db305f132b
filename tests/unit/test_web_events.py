"""The door with the counter behind it: forged, repeated and broken requests first, then what it is for."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from actions.tables import envelopes
from core.errors import ConnectorError
from core.ports import Decision
from tests.door_room import OTHER, SOURCE, DoorRoom, click, event, signed
from tests.staff import SANNE, TOM

pytestmark = pytest.mark.slow
pytest_plugins = ["tests.fixtures_door"]
CANARY = "zeer-geheime-kanarie"


# --- broken bodies -----------------------------------------------------------------------------------------------

WHOLE = event("1", TOM, "hello")
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"hello",
    "no object": b"[]",
    "bad UTF-8": json.dumps(WHOLE).encode().replace(b"hello", b"he\xff\xfello"),
    "a BOM in UTF-16": json.dumps(WHOLE).encode("utf-16"),
    "deep nesting": b"[" * 60_000,
    "deep nesting inside": json.dumps(WHOLE).encode()[:-1] + b', "x": ' + b'{"a":' * 9_000 + b"1" + b"}" * 9_000 + b"}",
    "a key twice": json.dumps(WHOLE).encode()[:-1] + b', "user": "E1001"}',
    "a key twice, written otherwise": json.dumps(WHOLE).encode()[:-1] + b', "us\\u0065r": "E1001"}',
    "NaN": json.dumps(WHOLE).encode()[:-1] + b', "sent_at": NaN}',
    "a number without end": json.dumps(WHOLE).encode()[:-1] + b', "sent_at": ' + b"9" * 5_000 + b"}",
    "two documents": json.dumps(WHOLE).encode() * 2,
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_body_that_is_no_event_is_400_and_leaves_nothing(door: DoorRoom, name: str) -> None:
    assert (await door.post("/v1/events", BROKEN[name])).status_code == 400
    assert door.rows("inbox") == []


async def test_every_field_is_held_to_its_kind_and_length(door: DoorRoom) -> None:
    wrong: list[dict[str, Any]] = [
        {"id": "x" * 10_000},
        {"id": ""},
        {"id": 7},
        {"id": "a:b"},
        {"id": "a\x00b"},
        {"id": "a\n"},
        {"id": "é"},
        {"user": "E1002:x"},
        {"user": "u" * 61},
        {"user": None},
        {"room": "r" * 101},
        {"room": "\ud800"},
        {"thread": "t" * 65},
        {"place": "everywhere"},
        {"place": True},
        {"text": ""},
        {"text": "x" * 16_001},
        {"text": "\u200b\u2060"},
        {"text": ["hello"]},
        {"sent_at": "yesterday"},
        {"sent_at": "2026-11-26T09:00:00"},
        {"sent_at": "0001-01-01T00:00:00+14:00"},
        {"sent_at": "9999-12-31T23:59:59-14:00"},
        {"sent_at": 10**30},
        {"complete": "yes"},
        {"complete": 1},
        {"edits": ""},
        {"edits": "a:b"},
        {"channel": "slack"},
        {"tenant": OTHER},
        {"event_id": "slack:TDHB:1"},
    ]
    for change in wrong:
        answer = await door.post("/v1/events", {**WHOLE, **change})
        assert answer.status_code == 400, change
        assert answer.json() == {"error": "The request cannot be read: see the description of the door."}
    for missing in ("id", "user", "room", "place", "text"):
        assert (await door.post("/v1/events", {k: v for k, v in WHOLE.items() if k != missing})).status_code == 400
    assert door.rows("inbox") == []


async def test_text_may_hold_what_nobody_can_see_and_is_stored_without_it(any_door: DoorRoom) -> None:
    texts = ["h\x00el\u202elo", "h\u200bello \ud800there", "he\U000e0041llo"]
    for number, text in enumerate(texts):
        assert (await any_door.post("/v1/events", event(f"n{number}", TOM, text))).status_code == 202
        await any_door.settle()
    stored = str(any_door.rows("inbox"))
    assert "hello" in stored
    assert not any(hidden in stored for hidden in ("\x00", "\\u0000", "\u202e", "\\u202e", "\u200b", "\\ud800"))
    assert len({post["event"] for post in await any_door.said()}) == len(texts)


@pytest.mark.parametrize("path", ["/v1/clicks", "/v1/feedback"])
async def test_broken_clicks_and_opinions_are_400(door: DoorRoom, path: str) -> None:
    sound = click("c1", TOM, "a" * 36, "approve") if path == "/v1/clicks" else {"id": "f1", "user": TOM, "good": True}
    wrong: list[dict[str, Any]] = [{"id": "x" * 10_000}, {"user": 7}, {"extra": 1}, {"id": "a:b"}]
    if path == "/v1/clicks":
        wrong += [{"verb": "grant"}, {"action_id": "../x"}, {"action_id": "é"}, {"fields": {"A": "x"}}]
        wrong += [
            {"fields": {"code": 7}},
            {"fields": {f"f{'x' * n}": "" for n in range(11)}},
            {"fields": {"code": "9" * 2001}},
        ]
    else:
        wrong += [{"good": "yes"}, {"good": 1}, {"comment": "x" * 2001}, {"event": "a:b"}]
    for change in wrong:
        assert (await door.post(path, {**sound, **change})).status_code == 400, change
    assert door.rows("door_calls") == []


async def test_a_query_on_what_is_posted_is_refused(door: DoorRoom) -> None:
    body = json.dumps(WHOLE).encode()
    headers = signed("POST", "/v1/events?x=1", body)
    assert (await door.http.post("/v1/events?x=1", content=body, headers=headers)).status_code == 400


# --- who may do what ---------------------------------------------------------------------------------------------


async def test_a_source_speaks_for_its_own_users_only(door: DoorRoom) -> None:
    """`E1004` is nobody at the portal: the same name at another source is another person."""
    answer = await door.post("/v1/events", event("1", "E1004", "reset my password"), OTHER)
    assert answer.status_code == 202
    await door.settle()
    assert [post["reply"]["outcome"] for post in await door.said(OTHER)] == ["refused_identity"]
    assert door.rows("actions") == []


async def test_a_source_reads_nothing_of_another(any_door: DoorRoom) -> None:
    """Also not by naming the other's room, the other's event, or a number before it."""
    assert (await any_door.post("/v1/events", event("1", SANNE, CANARY))).status_code == 202
    assert (await any_door.post("/v1/events", event("1", SANNE, "hello", room=SANNE), OTHER)).status_code == 202
    await any_door.settle()
    mine, others = await any_door.said(SOURCE), await any_door.said(OTHER)
    assert mine
    assert others
    assert {post["post_id"] for post in mine}.isdisjoint({post["post_id"] for post in others})
    assert len(any_door.rows("turns")) == 2, "the same id of two sources is two events"


async def test_the_address_of_a_reply_is_the_source_s_own(door: DoorRoom) -> None:
    for number, name in enumerate(("#general", "door/portal/x", "..", "%")):
        await door.post("/v1/events", event(f"r{number}", TOM, "hello", room=name, place="shared", thread="t1"))
    await door.settle()
    assert await door.said(OTHER) == []
    assert {post["room"] for post in await door.said()} >= {"#general", "door/portal/x", "..", "%"}


async def test_nobody_approves_through_the_door_what_they_may_not(door: DoorRoom) -> None:
    card = await door.draft(TOM, "reset my password")
    for number, who in enumerate((TOM, "nobody", SANNE)):
        answer = await door.post("/v1/clicks", click(f"c{number}", who, card["action_id"], "approve"))
        assert answer.status_code == 200
        assert answer.json()["accepted"] is False
    assert door.counter.world.effects() == []


# --- again and again ---------------------------------------------------------------------------------------------


async def test_a_replayed_event_is_one_turn_and_says_the_same(any_door: DoorRoom) -> None:
    body = json.dumps(event("1", TOM, "hello")).encode()
    headers = signed("POST", "/v1/events", body)

    async def send() -> tuple[int, Any]:
        answer = await any_door.http.post("/v1/events", content=body, headers=headers)
        return answer.status_code, answer.json()

    first = await asyncio.gather(*(send() for _ in range(10)))
    await any_door.settle()
    later = await asyncio.gather(*(send() for _ in range(10)))
    await any_door.settle()
    assert {status for status, _ in (*first, *later)} == {202}
    assert all(said == {"accepted": True} for _, said in (*first, *later))
    assert len(any_door.rows("turns")) == 1
    assert len({post["post_id"] for post in await any_door.said()}) == len(await any_door.said())


async def test_a_replayed_edit_undoes_no_later_one(any_door: DoorRoom) -> None:
    await any_door.counter.engine.stop()
    question = {**event("1", TOM, "first words"), "complete": False}
    edits = [event(f"e{number}", TOM, f"words {number}", edits="1") for number in (1, 2)]
    for body in (question, *edits, edits[0], edits[0]):
        assert (await any_door.post("/v1/events", body)).status_code == 202
    stored = str(any_door.rows("inbox"))
    assert "words 2" in stored
    assert "words 1" not in stored


async def test_a_replayed_wish_is_one_action(any_door: DoorRoom) -> None:
    for _ in range(3):
        await any_door.draft(TOM, "reset my password")
    assert len(any_door.rows("actions")) == 1


async def test_a_replayed_click_has_one_effect_and_one_answer(any_door: DoorRoom) -> None:
    """Confirming, having a code sent, a wrong code, taking: ten times each, several at once."""
    card = await any_door.draft(TOM, "reset my password")
    action_id = card["action_id"]

    async def ten(body: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps(body).encode()
        headers = signed("POST", "/v1/clicks", content)
        answers = await asyncio.gather(
            *(any_door.http.post("/v1/clicks", content=content, headers=headers) for _ in range(10))
        )
        await any_door.settle()
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        decision: dict[str, Any] = answers[0].json()
        return decision

    assert (await ten(click("c1", TOM, action_id, "confirm")))["accepted"]
    assert len([note for note in any_door.notes() if "code" in note]) == 1
    for _ in range(2):
        assert not (await ten(click("wrong", TOM, action_id, "prove", code="000000")))["accepted"]
    with any_door.counter.database.reading() as tx:
        tries = tx.execute(sa.select(envelopes.c.tries).where(envelopes.c.kind == "code")).scalars().all()
    assert tries == [1], "a wrong code counts once, however often it comes"
    any_door.counter.database.clock_offset += timedelta(minutes=2)
    assert (await ten(click("again", TOM, action_id, "send_code")))["accepted"]
    any_door.counter.database.clock_offset += timedelta(minutes=2)
    assert (await ten(click("again", TOM, action_id, "send_code")))["accepted"]
    await any_door.settle()
    assert len([note for note in any_door.notes() if "code" in note]) == 2, "a replay sends no third code"


async def test_an_id_cannot_be_used_for_another_click(door: DoorRoom) -> None:
    card = await door.draft(TOM, "reset my password")
    first = click("c1", TOM, card["action_id"], "confirm")
    assert (await door.post("/v1/clicks", first)).json()["accepted"]
    for change in ({"verb": "cancel"}, {"user": SANNE}, {"action_id": "b" * 36}, {"room": "elsewhere"}):
        assert (await door.post("/v1/clicks", {**first, **change})).status_code == 409
    assert (await door.post("/v1/clicks", first)).json()["accepted"]
    assert (await door.post("/v1/feedback", {"id": "c1", "user": TOM, "good": True})).status_code == 409


async def test_a_replayed_opinion_undoes_no_later_one(door: DoorRoom) -> None:
    await door.post("/v1/events", event("1", TOM, "hello"))
    await door.settle()
    bad = {"id": "f1", "user": TOM, "good": False, "event": "1", "comment": "useless"}
    assert (await door.post("/v1/feedback", bad)).json()["text"]
    assert (await door.post("/v1/feedback", {**bad, "id": "f2", "good": True, "comment": ""})).status_code == 200
    assert (await door.post("/v1/feedback", bad)).status_code == 200
    assert len(door.rows("feedback")) == 1
    assert "useless" not in str(door.rows("feedback"))


async def test_an_answer_kept_for_repeats_holds_no_code(door: DoorRoom) -> None:
    card = await door.draft(TOM, "reset my password")
    await door.post("/v1/clicks", click("c1", TOM, card["action_id"], "confirm"))
    await door.settle()
    await door.post("/v1/clicks", click("c2", TOM, card["action_id"], "prove", code="493817"))
    assert "493817" not in str(door.rows("door_calls"))


# --- a process that dies, a database that is away ----------------------------------------------------------------


async def test_a_click_left_behind_by_a_crash_is_done_by_the_next_try_or_never_again(door: DoorRoom) -> None:
    """What the gate takes once is done again; what would count twice is not, and the caller is told."""
    card = await door.draft(TOM, "reset my password")
    decide = door.counter.desk.decide

    async def dies(_: object) -> Decision:
        raise asyncio.CancelledError

    for click_id, verb in (("c1", "confirm"), ("c2", "send_code")):
        door.counter.desk.decide = dies  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await door.post("/v1/clicks", click(click_id, TOM, card["action_id"], verb))
        door.counter.desk.decide = decide  # type: ignore[method-assign]
    door.counter.database.clock_offset += timedelta(minutes=3)
    done = await door.post("/v1/clicks", click("c1", TOM, card["action_id"], "confirm"))
    assert done.json()["accepted"]
    assert (await door.post("/v1/clicks", click("c2", TOM, card["action_id"], "send_code"))).status_code == 409


async def test_what_an_outside_system_refused_may_be_tried_again_with_the_same_id(door: DoorRoom) -> None:
    card = await door.draft(TOM, "reset my password")
    door.counter.world.fail_next("directory", "refuse")
    first = await door.post("/v1/clicks", click("c1", TOM, card["action_id"], "confirm"))
    assert first.status_code == 503
    assert int(first.headers["retry-after"]) > 0
    assert (await door.post("/v1/clicks", click("c1", TOM, card["action_id"], "confirm"))).json()["accepted"]


async def test_an_event_is_not_acknowledged_before_it_is_stored(
    door: DoorRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise ConnectorError("database", "the disk is full: " + CANARY)

    with monkeypatch.context() as broken:
        broken.setattr(door.counter.database, "run", full)
        answer = await door.post("/v1/events", event("1", TOM, "hello"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert CANARY not in answer.text
    assert door.rows("inbox") == []
    assert (await door.post("/v1/events", event("1", TOM, "hello"))).status_code == 202
    assert len(door.rows("inbox")) == 1


async def test_while_it_drains_nothing_new_is_taken_and_what_is_there_can_be_read(door: DoorRoom) -> None:
    await door.post("/v1/events", event("1", TOM, "hello"))
    await door.settle()
    door.accepting = False
    for path, body in (
        ("/v1/events", event("2", TOM, "hello")),
        ("/v1/clicks", click("c", TOM, "a" * 36, "approve")),
        ("/v1/feedback", {"id": "f", "user": TOM, "good": True}),
    ):
        answer = await door.post(path, body)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
    assert len(door.rows("inbox")) == 1
    assert await door.said()


# --- what it is for ----------------------------------------------------------------------------------------------


async def test_a_reset_goes_through_the_door_from_wish_to_effect(any_door: DoorRoom) -> None:
    card = await any_door.draft(TOM, "reset my password")
    action_id = card["action_id"]
    assert (await any_door.post("/v1/clicks", click("c1", TOM, action_id, "confirm"))).json()["accepted"]
    await any_door.settle()
    code = re.findall(r"\b[0-9]{6}\b", any_door.notes()[-1])[-1]
    proved = (await any_door.post("/v1/clicks", click("c2", TOM, action_id, "prove", code=code))).json()
    assert proved["accepted"], proved
    approved = (await any_door.post("/v1/clicks", click("c3", "E1003", action_id, "approve"))).json()
    assert approved["accepted"], approved
    await any_door.settle()
    assert [effect.kind for effect in any_door.counter.world.effects()] == ["credential_set"]
    posts = await any_door.said()
    states = {post["room"]: post["reply"]["card"]["state"] for post in posts if post["reply"]["card"]}
    assert states == {TOM: "done", "it-approvers": "done"}
    first = {post["post_id"] for post in posts if not post["replaces"]}
    assert {post["replaces"] for post in posts} - {0} <= first, "an update names the post it takes the place of"


async def test_what_a_person_wrote_is_in_no_header_and_no_error(door: DoorRoom) -> None:
    answer = await door.post("/v1/events", event("1", TOM, CANARY))
    assert CANARY not in answer.text + str(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers

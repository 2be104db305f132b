"""Buttons and forms in Slack: who pressed is Slack's word, what may be done is the desk's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.events import Place, Verb
from core.people import ChannelIdentity, Standing
from core.ports import Decision
from core.replies import Button, Card, Fact, Link
from loket.logs import logging_to
from slack_app import deciding
from slack_app.views import ids
from tests.slack_edge import ACTION, ROOT, TEAM, Edge, click, edge, written_in

DENY = Card(
    ACTION,
    "Reset a password",
    "waits for approval",
    (Fact("Account", "s.dewit"),),
    (Button(Verb.APPROVE, "Approve"), Button(Verb.DENY, "Deny", ("reason",)), Button(Verb.PROVE, "Code", ("code",))),
)
APPROVE, DENIES = f"{ids.CARD}{Verb.APPROVE}", f"{ids.CARD}{Verb.DENY}"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge(tmp_path) as made:
        made.desk.cards[ACTION] = DENY
        yield made


def told(here: Edge, user: str = "UE1003", room: str = "C0GENERAL") -> list[str]:
    """What one person was told alone."""
    calls = [one for one in here.calls("chat.postEphemeral") if (one["user"], one["channel"]) == (user, room)]
    return [str(one["text"]) for one in calls]


def sent(here: Edge, verb: str, fields: dict[str, str], user: str = "UE1003", **state: Any) -> dict[str, Any]:
    """A `view_submission` as Slack posts it."""
    place = {"tenant": TEAM, "room": "C0GENERAL", "thread": ROOT, "user": user, "shared": True}
    metadata = {"about": ACTION, "place": place, "language": "en", **state}
    return {
        "type": "view_submission",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": f"{ids.FORM}{verb}",
            "private_metadata": json.dumps(metadata),
            "state": {"values": {name: {name: {"value": value}} for name, value in fields.items()}},
        },
    }


async def test_a_click_is_decided_before_it_is_acknowledged(here: Edge) -> None:
    assert await here.press(click(APPROVE, ACTION)) == (200, {})
    (decided,) = here.desk.clicks
    assert decided.identity == ChannelIdentity("slack", TEAM, "UE1003")
    assert (decided.action_id, decided.verb, decided.standing) == (ACTION, Verb.APPROVE, Standing.MEMBER)
    assert (decided.address.room, decided.address.thread) == ("C0GENERAL", ROOT)
    assert decided.address.place is Place.SHARED
    await here.settle()
    assert told(here) == []  # the card says it


async def test_a_refusal_is_told_to_who_pressed_and_to_nobody_else(here: Edge) -> None:
    here.desk.decision = Decision(False, "You may not approve your own request.", "")
    await here.press(click(APPROVE, ACTION))
    await here.settle()
    assert "You may not approve your own request." in str(told(here))
    assert told(here, "UE1002") == []


async def test_what_is_told_stands_where_it_was_pressed(here: Edge) -> None:
    tom = here.slack.people["UE1003"]
    root = await tom.post("C0GENERAL", "lunch, anybody?")
    here.desk.decision = Decision(False, "You may not approve your own request.", "")
    stands = {"type": "message", "channel_id": "C0GENERAL", "message_ts": root.ts}
    await here.press(click(APPROVE, ACTION, container=stands, message={"ts": root.ts}))
    await here.settle()
    assert [one.thread_ts for one in tom.sees("C0GENERAL") if one.ephemeral_to == "UE1003"] == [root.ts]


async def test_a_yes_that_is_not_enough_is_told_too(here: Edge) -> None:
    here.desk.decision = Decision(True, "Your yes is recorded. 2 people are needed.", "awaiting_approval")
    await here.press(click(APPROVE, ACTION))
    await here.settle()
    assert "2 people are needed" in str(told(here))


LINK = Link("Sign in to approve", "https://desk.dhb.example/approve/kq3Zt0J5c8m1Yx7sBv2Nw9Rf4Ld6Ha0Ge3Ui5Op8Tk1")
SIGN_IN_FIRST = Decision(False, "Your yes is not cast yet: this takes a fresh sign-in.", "awaiting_approval", (LINK,))


async def test_a_link_in_the_place_of_a_vote_is_seen_by_who_pressed_and_by_nobody_else(here: Edge) -> None:
    here.desk.decision = SIGN_IN_FIRST
    await here.press(click(APPROVE, ACTION))
    await here.settle()
    (whisper,) = here.calls("chat.postEphemeral")
    assert (whisper["user"], whisper["channel"]) == ("UE1003", "C0GENERAL")
    assert "not cast yet" in whisper["text"]
    (button,) = (
        json.loads(whisper["blocks"])[-1]["elements"]
        if isinstance(whisper["blocks"], str)
        else (whisper["blocks"][-1]["elements"])
    )
    assert (button["url"], button["text"]["text"]) == (LINK.address, LINK.label)
    others = [one for one in here.calls("chat.postMessage") if LINK.address in str(one)]
    assert others == []


async def test_a_link_that_follows_a_form_comes_into_the_chat_and_the_form_closes(here: Edge) -> None:
    here.desk.decision = SIGN_IN_FIRST
    assert await here.press(sent(here, "approve", {"callback": "rang him"})) == (200, {"response_action": "clear"})
    await here.settle()
    assert LINK.address in str(here.calls("chat.postEphemeral"))


async def test_who_pressed_is_who_slack_says_whatever_the_button_carries(here: Edge) -> None:
    for value in (f"{ACTION} UE1002", f"UE1002:{ACTION}", '{"user":"UE1002"}', "", "x" * 1999, "../../etc"):
        status, _ = await here.press(click(APPROVE, value))
        assert status == 200
    await here.settle()
    assert here.desk.clicks == []
    assert "no such request" in str(told(here)).lower() or "aanvraag" in str(told(here)).lower()
    await here.press(click(APPROVE, ACTION, message={"ts": "1700000000.000100", "user": "UE1002", "text": ACTION}))
    assert [one.identity.user for one in here.desk.clicks] == ["UE1003"]


async def test_a_button_that_is_none_of_ours_does_nothing(here: Edge) -> None:
    for name in ("card.", "card.become_admin", "card.link.1", "approve", "", "form.approve", "card.approve.now"):
        assert (await here.press(click(name, ACTION)))[0] == 200
    assert here.desk.clicks == []


async def test_a_stranger_in_a_shared_channel_approves_nothing(here: Edge) -> None:
    await here.press(click(f"{ids.CARD}{Verb.TAKE}", ACTION, home="T0OTHER"))
    assert here.desk.clicks[-1].standing is Standing.OUTSIDER
    assert here.desk.clicks[-1].identity.tenant == "T0OTHER"
    await here.press(click(APPROVE, ACTION, home="T0OTHER"))
    assert len(here.desk.clicks) == 1  # no card for them, so no click either
    here.slack.people["UE1002"].account.guest = True
    await here.press(click(f"{ids.CARD}{Verb.TAKE}", ACTION, user="UE1002"))
    assert here.desk.clicks[-1].standing is Standing.OUTSIDER
    await here.press(click(APPROVE, ACTION, team={"id": "T0OTHER"}))
    assert len(here.desk.clicks) == 2


async def test_the_same_click_that_is_delivered_twice_has_one_event_id(here: Edge) -> None:
    payload = click(APPROVE, ACTION)
    await here.press(payload)
    await here.press(payload)
    await here.press(click(APPROVE, ACTION))
    first, again, other = here.desk.clicks
    assert first.event_id == again.event_id != other.event_id
    assert first.event_id.startswith(f"slack:{TEAM}:")


async def test_a_slow_decision_is_acknowledged_and_told_afterwards(here: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "LONGEST_SECONDS", 0.05)
    here.desk.slow = asyncio.Event()
    here.desk.decision = Decision(False, "Somebody else was faster.", "")
    assert await here.press(click(APPROVE, ACTION)) == (200, {})
    here.desk.slow.set()
    await here.settle()
    assert "Somebody else was faster." in str(told(here))
    here.desk.slow = asyncio.Event()
    status, answer = await here.press(sent(here, "prove", {"code": "123456"}))
    assert (status, answer["response_action"]) == (200, "update")
    here.desk.slow.set()
    await here.settle()
    assert len(told(here)) == 2


async def test_a_desk_that_is_away_is_told_and_not_hidden(here: Edge) -> None:
    here.desk.down = True
    assert await here.press(click(APPROVE, ACTION)) == (200, {})
    await here.settle()
    assert len(told(here)) == 1
    _, answer = await here.press(sent(here, "deny", {"reason": "not now"}))
    assert list(answer["errors"]) == ["reason"]


# --- forms ------------------------------------------------------------------------------------------------------------


async def test_a_button_that_asks_for_something_opens_its_form_and_decides_nothing(here: Edge) -> None:
    await here.press(click(DENIES, ACTION, trigger_id="T1.2"))
    await here.settle()
    assert here.desk.clicks == []
    opened = here.calls("views.open")
    assert len(opened) == 1
    assert ids.FORM in str(opened[0])


async def test_a_form_is_decided_with_its_fields(here: Edge) -> None:
    status, answer = await here.press(sent(here, "deny", {"reason": "I rang, it was not them."}))
    assert (status, answer) == (200, {"response_action": "clear"})
    (decided,) = here.desk.clicks
    assert (decided.verb, dict(decided.fields)) == (Verb.DENY, {"reason": "I rang, it was not them."})
    assert (decided.address.room, decided.address.thread) == ("C0GENERAL", ROOT)


async def test_what_is_wrong_with_a_form_is_said_at_its_field(here: Edge) -> None:
    _, answer = await here.press(sent(here, "deny", {"reason": "   "}))
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == ["reason"]
    assert here.desk.clicks == []
    here.desk.decision = Decision(False, "That is not the code. You have at most 5 tries in all.", "awaiting_proof")
    _, answer = await here.press(sent(here, "prove", {"code": "000000"}))
    assert answer["errors"] == {"code": "That is not the code. You have at most 5 tries in all."}


async def test_a_form_cannot_speak_for_another_workspace_or_person(here: Edge) -> None:
    place = {"tenant": "T0OTHER", "room": "C0OTHER", "user": "UE1002", "shared": True}
    await here.press(sent(here, "deny", {"reason": "no"}, place=place))
    (decided,) = here.desk.clicks
    assert decided.identity.user == "UE1003"
    assert (decided.address.tenant, decided.address.room) == (TEAM, "")
    other = "11111111-0000-5000-8000-000000000002"
    await here.press(sent(here, "deny", {"reason": "no"}, about=other))
    assert here.desk.clicks[-1].action_id == other  # the desk says whether this person may: nobody else does


async def test_a_form_that_is_none_of_ours_is_refused(here: Edge) -> None:
    good = sent(here, "deny", {"reason": "no"})
    for change in (
        {"callback_id": "other"},
        {"callback_id": "form."},
        {"callback_id": "form.become_admin"},
        {"private_metadata": ""},
        {"private_metadata": "{"},
        {"private_metadata": "[]"},
        {"private_metadata": '{"about":7,"place":{},"language":"en"}'},
        {"private_metadata": '{"about":"x","place":"x","language":"en"}'},
        {"state": {"values": {}}},
        {"state": {"values": []}},
        {"state": "x"},
    ):
        assert (await here.press({**good, "view": {**good["view"], **change}}))[0] == 400, change
    assert (await here.press({**good, "view": None}))[0] == 400
    assert (await here.press({**good, "user": {}}))[0] == 400
    assert here.desk.clicks == []


async def test_a_code_reaches_the_desk_and_no_log(here: Edge, tmp_path: Path) -> None:
    with logging_to(tmp_path / "log", "debug"):
        await here.press(sent(here, "prove", {"code": "918273"}))
        here.desk.down = True
        await here.press(sent(here, "prove", {"code": "918273"}))
    assert [one.fields["code"] for one in here.desk.clicks] == ["918273", "918273"]
    assert "918273" not in str([one.event_id for one in here.desk.clicks])
    logged = written_in(tmp_path)
    assert "slack_click_failed" in logged
    assert "918273" not in logged


async def test_malformed_clicks_are_refused(here: Edge) -> None:
    good = click(APPROVE, ACTION)
    for change in (
        {"actions": []},
        {"actions": None},
        {"actions": "x"},
        {"actions": [7]},
        {"actions": [{"action_id": ["x"]}]},
        {"user": None},
        {"user": {"id": 5}},
        {"container": "x"},
        {"container": {"channel_id": "c d"}},
        {"channel": []},
        {"view": "x"},
        {"message": {"ts": "now"}},
    ):
        broken = {**good, **change}
        if "message" in change:
            broken["container"] = {"channel_id": "C0GENERAL"}
        assert (await here.press(broken))[0] == 400, change
    assert here.desk.clicks == []


# --- suggestions and thumbs -------------------------------------------------------------------------------------------


async def test_a_suggestion_is_what_the_person_says_who_chose_it(here: Edge) -> None:
    await here.press(click(f"{ids.SUGGEST}1", "How many days of leave do I get?"))
    said = here.desk.last
    assert (said.text, said.complete, said.identity.user) == ("How many days of leave do I get?", True, "UE1003")
    assert said.address.thread == ROOT
    assert here.threads() == [("UE1003", ROOT)]
    direct = {"type": "message", "channel_id": "DUE1003", "message_ts": "1700000000.000100"}
    await here.press(click(f"{ids.SUGGEST}0", "Talk to a person", room="DUE1003", container=direct))
    assert here.desk.last.address.place is Place.DIRECT
    assert here.desk.last.address.anchor == ROOT


async def test_a_suggestion_from_home_is_answered_in_the_direct_chat(here: Edge) -> None:
    view = {"id": "V1", "type": "home", "private_metadata": ""}
    home = click(f"{ids.SUGGEST}1", "Talk to a person", container={"type": "view", "view_id": "V1"}, view=view)
    del home["channel"], home["message"]
    assert (await here.press(home))[0] == 200
    assert here.desk.last.address.room == here.slack.people["UE1003"].im


async def test_thumbs_are_kept_and_a_thumb_down_asks_why(here: Edge) -> None:
    await here.press(click(ids.FEEDBACK, "good slack:TDHB:abc"))
    await here.settle()
    assert [(one.good, one.event_id) for one in here.desk.opinions] == [(True, "slack:TDHB:abc")]
    assert here.calls("views.open") == []
    await here.press(click(ids.FEEDBACK, "bad slack:TDHB:abc"))
    await here.settle()
    assert here.desk.opinions[-1].good is False
    assert len(here.calls("views.open")) == 1
    form = sent(here, "x", {"comment": "That is the old rule."}, about="slack:TDHB:abc")
    form["view"]["callback_id"] = ids.COMMENT
    assert await here.press(form) == (200, {})
    assert here.desk.opinions[-1].comment == "That is the old rule."
    for value in ("", "good", "perhaps slack:x", "bad " + "x" * 300):
        assert (await here.press(click(ids.FEEDBACK, value)))[0] == 200
    assert len(here.desk.opinions) == 3

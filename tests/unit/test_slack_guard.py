"""The edge before strangers: what is not Slack's, not signed, not whole, or not ours reaches nobody."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.people import ChannelIdentity, Standing
from loket.logs import logging_to
from slack_app import knowing
from slack_app.guard import Guard, Origin, Signatures, origin_of
from slack_app.shapes import Malformed
from slack_app.tables import slack_threads
from tests.slack_edge import ACTION, ROOT, TEAM, Edge, click, edge, message, wrapped, written_in


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge(tmp_path) as made:
        yield made


async def raw(here: Edge, body: bytes, headers: dict[str, str]) -> int:
    status, answer = await here.slack.send_raw(body, headers, here.url)
    assert b"Traceback" not in answer
    assert b"Error" not in answer
    return status


JSON = {"Content-Type": "application/json"}


async def test_a_signed_event_is_taken(here: Edge) -> None:
    assert await here.post(message("how many days of leave do I get?")) == 200
    assert here.desk.texts == ["how many days of leave do I get?"]


async def test_a_forged_a_missing_and_an_odd_signature_are_refused_and_nothing_is_kept(here: Edge) -> None:
    body = json.dumps(message("reset the password of the mayor")).encode()
    good = here.slack.signed(body)
    stamp, name = good["X-Slack-Request-Timestamp"], "X-Slack-Signature"
    now = int(time.time())
    for headers in (
        {},
        {"X-Slack-Request-Timestamp": stamp},
        {name: good[name]},
        {**good, name: good[name][:-1] + ("0" if good[name][-1] != "0" else "1")},
        {**good, name: good[name].upper()},
        {**good, name: ""},
        {**good, name: "v0=é"},
        {**good, name: "v1" + good[name][2:]},
        {**good, "X-Slack-Request-Timestamp": "yesterday"},
        {**good, "X-Slack-Request-Timestamp": ""},
        {**good, "X-Slack-Request-Timestamp": "-1"},
        {**good, "X-Slack-Request-Timestamp": "1e9"},
        {**good, "X-Slack-Request-Timestamp": "9" * 400},
        {**good, "X-Slack-Request-Timestamp": f"{stamp}.0"},
        here.slack.signed(body, now - 301),
        here.slack.signed(body, now + 400),
        here.slack.signed(body + b" "),
    ):
        encoded = {key: value.encode().decode("latin-1") for key, value in headers.items()}
        assert await raw(here, body, {**JSON, **encoded}) == 401, headers
    assert here.desk.received == 0


async def test_an_old_body_that_is_sent_again_is_one_message_at_first_and_refused_later(here: Edge) -> None:
    body = json.dumps(message("my badge is lost")).encode()
    signed = {**JSON, **here.slack.signed(body)}
    assert [await raw(here, body, signed) for _ in range(3)] == [200, 200, 200]
    here.state.offset = 301.0
    assert await raw(here, body, signed) == 401
    assert len(here.desk.messages) == 1


async def test_names_of_headers_come_in_any_case(here: Edge) -> None:
    body = json.dumps(message("hello there, a question about leave")).encode()
    for change in (str.upper, str.lower, str.title):
        headers = {change(key): value for key, value in here.slack.signed(body).items()}
        assert await raw(here, body, {"content-TYPE": "application/json; charset=utf-8", **headers}) == 200


async def test_what_is_signed_but_is_nothing_that_slack_sends_is_a_400(here: Edge) -> None:
    deep = b'{"type":"event_callback","event":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001
    event = message("hello")["event"]
    bodies: list[bytes] = [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\xff\xfe\x00",
        b"payload=%7B%7D",
        deep,
        b"[" * 100_000,
        *(
            json.dumps(one).encode()
            for one in (
                {},
                {"type": None},
                {"type": 7},
                {"type": ["event_callback"]},
                {"type": "command"},
                wrapped(event, type="event"),
                {"type": "event_callback", "team_id": TEAM, "event": "x"},
                {"type": "event_callback", "team_id": {"a": 1}, "event": event},
                {"type": "event_callback", "team_id": "'; DROP TABLE", "event": event},
                {"type": "event_callback", "authorizations": 5, "team_id": TEAM, "event": event},
                {"type": "event_callback", "authorizations": ["x"], "team_id": TEAM, "event": event},
                wrapped({**event, "text": {"no": "text"}}),
                wrapped({**event, "user": "me and you"}),
                wrapped({**event, "user": {"id": "UE1002"}}),
                wrapped({**event, "ts": "now"}),
                wrapped({**event, "ts": None}),
                wrapped({**event, "channel": None}),
                wrapped({**event, "channel": "../../etc"}),
                wrapped({**event, "thread_ts": 17.5}),
                wrapped({**event, "files": {"a": 1}, "subtype": "file_share"}),
                wrapped({**event, "files": [{"id": "F1", "size": "big"}], "subtype": "file_share"}),
                wrapped({**event, "files": [{"id": "F1", "size": -1}], "subtype": "file_share"}),
                wrapped({**event, "subtype": ["file_share"]}),
                wrapped({**event, "subtype": "message_deleted", "previous_message": {"user": "UE1002"}}),
                wrapped({"type": "tokens_revoked", "tokens": {"bot": "B1"}}),
                wrapped({"type": "user_change", "user": "UE1002"}),
                wrapped({"type": "agent_session_stopped", "channel": "D1"}),
            )
        ),
    ]
    for body in bodies:
        assert await here.post(body) == 400, body[:120]
    body = json.dumps(message("hello")).encode()
    for kind in ("text/plain", "", "multipart/form-data; boundary=x", "application/xml"):
        assert await raw(here, body, {"Content-Type": kind, **here.slack.signed(body)}) == 400, kind
    assert here.desk.received == 0


JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "TDHB",
    "é" * 300,
    "../..",
    [],
    ["x"],
    [[]],
    [{}],
    {},
    {"id": {}},
]


def mutated(body: Any, chance: random.Random) -> Any:
    """A copy in which one value, somewhere, is something else, or gone."""
    copy = json.loads(json.dumps(body))
    at, holder, key = copy, None, None
    while isinstance(at, (dict, list)) and at and (holder is None or chance.random() < 0.75):
        holder, key = at, chance.choice(list(at) if isinstance(at, dict) else range(len(at)))
        at = at[key]
    if chance.random() < 0.15:
        del holder[key]
    else:
        holder[key] = chance.choice(JUNK)
    return copy


async def test_signed_nonsense_of_any_shape_is_never_an_accident(here: Edge) -> None:
    chance = random.Random(20261126)
    file = {"id": "F1", "name": "a.png", "mimetype": "image/png", "size": 9, "url_private": "https://files.slack.com/a"}
    said = {"type": "message", "user": "UE1002", "text": "a", "ts": "1700000000.000100", "edited": {"user": "UE1002"}}
    events = [
        message("see <@UE1003> & <https://x|y>", files=[file], subtype="file_share"),
        message("<@UBOT> hello", room="C0GENERAL", thread_ts=ROOT, type="app_mention"),
        message("", subtype="message_changed", message={**said, "text": "b"}, previous_message=said),
        message("", subtype="message_deleted", deleted_ts="1700000000.000100", previous_message=said),
        wrapped({"type": "agent_session_stopped", "channel": "DUE1002", "thread_ts": ROOT, "user": "UE1002"}),
        wrapped({"type": "app_home_opened", "user": "UE1002", "tab": "home", "channel": "DUE1002"}),
        wrapped({"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}),
    ]
    state = {"about": "x", "place": {"tenant": TEAM}, "language": "en"}
    view = {"id": "V1", "callback_id": "form.deny", "private_metadata": json.dumps(state)}
    view["state"] = {"values": {"reason": {"reason": {"value": "no"}}}}
    presses = [
        click("card.approve", ACTION),
        click("feedback", "bad slack:x"),
        {**click("x", "y"), "type": "view_submission", "view": view},
    ]
    seen = set()
    for _ in range(60):
        seen |= {await here.post(mutated(body, chance)) for body in events}
        seen |= {(await here.press(mutated(body, chance)))[0] for body in presses}
    assert seen == {200, 400}


async def test_a_body_over_a_megabyte_is_not_read_to_its_end(here: Edge) -> None:
    body = json.dumps(message("a" * (1024 * 1024))).encode()
    async with httpx.AsyncClient() as http:
        answer = await http.post(here.url, content=body, headers={**JSON, **here.slack.signed(body)})
    assert answer.status_code == 413
    just = json.dumps(message("a" * 60_000)).encode()
    assert await here.post(just) == 400
    assert here.desk.received == 0


async def test_slack_may_look_at_the_address_and_at_the_certificate(here: Edge) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    status, answer = await here.slack.send_raw(body, {**JSON, **here.slack.signed(body)}, here.url)
    assert (status, json.loads(answer)) == (200, {"challenge": "3eZbrw1aB"})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await raw(here, b"ssl_check=1&token=abc", form) == 200
    assert await raw(here, b"ssl_check=1&payload=%7B%7D&ssl_check=2", form) == 401
    assert await raw(here, body, JSON) == 401


async def test_a_workspace_that_is_not_served_is_dropped_and_slack_does_not_send_it_again(here: Edge) -> None:
    body = message("let me in")
    stranger = {"team_id": "T0OTHER", "user_id": "UBOT", "is_bot": True}
    assert await here.post({**body, "team_id": "T0OTHER", "authorizations": [stranger]}) == 200
    assert await here.post({**body, "team_id": "T0OTHER", "authorizations": []}) == 200
    assert await here.post({**body, "team_id": None, "authorizations": []}) == 200
    assert here.desk.received == 0
    # In a channel that is shared, the envelope may name the others' workspace: ours is where we are installed.
    assert await here.post({**body, "team_id": "T0OTHER"}) == 200
    assert here.desk.received == 1
    assert here.desk.last.address.tenant == TEAM


async def test_while_the_process_drains_slack_is_asked_to_come_again(here: Edge) -> None:
    here.state.accepting = False
    assert await here.post(message("hello there, a question")) == 503
    here.state.accepting = True
    assert await here.post(message("hello there, a question")) == 200
    assert here.desk.received == 1


async def test_what_cannot_be_stored_is_not_acknowledged_and_slack_sends_it_again(here: Edge) -> None:
    sanne, here.slack.courier.retries = here.slack.people["UE1002"], (0.0, 0.0, 0.0)
    here.desk.down = True
    await sanne.dm("is anybody there?")
    assert here.slack.deliveries[-1].status == 500
    assert here.slack.deliveries[-1].tries == 4
    here.desk.down = False
    await here.slack.courier.bring_event(here.slack.deliveries[-1])
    assert here.slack.deliveries[-1].acknowledged
    assert here.desk.texts == ["is anybody there?"]


async def test_a_question_in_a_channel_is_not_acknowledged_before_its_thread_is_known(here: Edge) -> None:
    sanne, here.slack.courier.retries = here.slack.people["UE1002"], (0.0, 0.0, 0.0)
    slack_threads.drop(here.database.engine)
    asked = await sanne.post("C0GENERAL", "<@UBOT> how do I report sick?")
    assert {delivery.status for delivery in here.slack.deliveries[-2:]} == {500}
    slack_threads.create(here.database.engine)
    await here.slack.courier.bring_event(here.slack.deliveries[-1])
    await sanne.post("C0GENERAL", "and on a Sunday?", thread_ts=asked.ts)
    assert here.desk.texts == ["how do I report sick?", "and on a Sunday?"]


async def test_fifty_deliveries_at_once_are_one_message(here: Edge) -> None:
    body = message("my screen is black")
    assert set(await asyncio.gather(*(here.post({**body, "event_id": f"Ev{n}"}) for n in range(50)))) == {200}
    assert len(here.desk.messages) == 1
    assert len(here.calls("users.info")) == 1


async def test_a_bad_token_stops_the_start_with_one_line(tmp_path: Path) -> None:
    async with edge(tmp_path, start=False) as made:
        made.slack.faults.fail("auth.test", error="invalid_auth")
        with pytest.raises(ConfigError, match="LOKET_SLACK_BOT_TOKEN"):
            await made.app.start()


async def test_a_slack_that_is_away_at_the_start_is_asked_again_and_meanwhile_nothing_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(knowing, "AGAIN_SECONDS", 0.05)
    async with edge(tmp_path, start=False) as made:
        made.slack.faults.fail("auth.test", status=503, times=2)
        await made.app.start()
        assert await made.post(message("hello there, a question")) == 503
        async with asyncio.timeout(5):
            while await made.post(message("hello there, a question")) != 200:
                pass
        assert made.desk.received == 1


async def test_nobody_is_served_who_is_not_named(tmp_path: Path) -> None:
    async with edge(tmp_path, workspaces=frozenset({"T0OTHER"})) as made:
        assert await made.post(message("hello there, a question")) == 200
        assert made.desk.received == 0


async def test_what_people_write_stands_in_no_log(here: Edge, tmp_path: Path) -> None:
    here.desk.down = True
    with logging_to(tmp_path / "log", "debug"):
        await here.post(message("canary-in-the-mine"))
        await here.post(b'{"canary-in-the-mine"')
        await here.post(wrapped({**message("canary-in-the-mine")["event"], "ts": "canary-in-the-mine"}))
    logged = written_in(tmp_path)
    assert "slack_not_stored" in logged
    assert "canary-in-the-mine" not in logged


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"x-slack-signature", b"X-Slack-Request-Timestamp", b"other"]),
            st.one_of(st.binary(max_size=90), st.just(b"1700000000"), st.just(b"v0=" + b"0" * 64)),
        ),
        max_size=5,
    ),
    st.binary(max_size=50),
)
def test_no_header_and_no_body_makes_the_check_of_signatures_fail_in_another_way(
    headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    assert Signatures("a-secret", lambda: 1_700_000_000.0).holds(headers, body) is False


def test_without_a_secret_nothing_is_signed() -> None:
    assert not Signatures("", lambda: 1.0).holds(
        [(b"x-slack-signature", b"v0="), (b"x-slack-request-timestamp", b"1")], b""
    )


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just("T0AB"), st.just("TDHB")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["id", "team_id", "user_id", "enterprise_id", "is_bot", "app_installed_team_id"]), inner
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(["authorizations", "team", "team_id", "enterprise", "enterprise_id", "user", "view"]), anything
    )
)
def test_where_something_came_from_is_an_id_or_malformed(body: dict[str, object]) -> None:
    try:
        origin = origin_of(body)
    except Malformed:
        return
    assert all(isinstance(one, str) and len(one) <= 30 for one in (origin.tenant, origin.enterprise, origin.own))


def test_an_organisation_admits_its_workspaces_and_no_others() -> None:
    guard = Guard({"E0DHB"})
    assert guard.admits(Origin("T1", "E0DHB"))
    assert not guard.admits(Origin("T1"))
    assert not guard.admits(Origin(""))
    assert guard.is_home(Origin("T1", "E0DHB"), "E0DHB")
    assert not guard.is_home(Origin("T1", "E0DHB"), "T2")
    guard.serve_only("T9")
    assert not guard.admits(Origin("T9"))


@pytest.mark.parametrize(
    ("about", "standing"),
    [
        ({}, Standing.MEMBER),
        ({"guest": True}, Standing.OUTSIDER),
        ({"deactivated": True}, Standing.OUTSIDER),
        ({"bot": True}, Standing.OUTSIDER),
        ({"stranger_of": "T0OTHER"}, Standing.OUTSIDER),
    ],
)
async def test_slack_says_who_somebody_is(here: Edge, about: dict[str, object], standing: Standing) -> None:
    here.slack.add_person("UE1050", name="Jo Visser", **about)
    assert await here.post(message("how many days of leave do I get?", "UE1050")) == 200
    assert here.desk.last.standing is standing


async def test_a_stranger_in_a_shared_channel_stays_one_whatever_slack_says_later(here: Edge) -> None:
    event = message("reset my password", "UE1002")
    event["event"] |= {"user_team": "T0OTHER"}
    await here.post(event)
    assert here.desk.last.standing is Standing.OUTSIDER
    assert here.desk.last.identity.tenant == "T0OTHER"
    assert here.calls("users.info") == []


async def test_where_slack_does_not_say_who_that_is_nobody_is_let_in(here: Edge) -> None:
    here.slack.faults.fail("users.info", status=503, times=1)
    await here.post(message("how many days of leave do I get?"))
    assert here.desk.last.standing is Standing.UNKNOWN
    here.slack.faults.fail("users.info", error="user_not_found")
    await here.post(message("and parental leave?", "UE1003"))
    assert here.desk.last.standing is Standing.UNKNOWN


async def test_slacks_word_is_kept_until_slack_says_that_it_changed(here: Edge) -> None:
    sanne = here.slack.people["UE1002"]
    for number in range(5):
        await sanne.dm(f"question {number} about leave")
    assert len(here.calls("users.info")) == 1
    assert {who.standing for who in here.met} == {Standing.MEMBER}
    await here.slack.change_person("UE1002", guest=True)
    assert here.met[-1].standing is Standing.OUTSIDER
    assert here.met[-1].identity == ChannelIdentity("slack", TEAM, "UE1002")
    await sanne.dm("and now?")
    assert here.desk.last.standing is Standing.OUTSIDER
    assert len(here.calls("users.info")) == 2

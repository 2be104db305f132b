"""Slack over a connection that we open: the same edge, no address of ours."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.events import Verb
from core.ports import Decision
from core.replies import Button, Card
from slack_app import socket_mode
from slack_app.views import ids
from tests.slack_edge import ACTION, ROOT, TEAM, click, edge


async def test_messages_come_in_and_are_acknowledged_once_stored(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket") as here:
        assert here.app.routes == ()
        assert here.slack.socket.connections == 1
        sanne = here.slack.people["UE1002"]
        await sanne.dm("how many days of leave do I get?")
        post = await sanne.post("C0GENERAL", "<@UBOT> how do I report sick?")
        await sanne.post("C0GENERAL", "and on a Sunday?", thread_ts=post.ts)
        assert all(one.acknowledged for one in here.slack.deliveries)
        assert here.desk.texts == [
            "how many days of leave do I get?",
            "how do I report sick?",
            "and on a Sunday?",
        ]


async def test_what_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket") as here:
        here.slack.courier.retries, here.slack.courier.patience = (0.0, 0.0), 0.2
        here.desk.down = True
        await here.slack.people["UE1002"].dm("is anybody there?")
        assert here.slack.deliveries[-1].tries == 3
        assert not here.slack.deliveries[-1].acknowledged
        here.desk.down = False
        await here.slack.courier.bring_event(here.slack.deliveries[-1])
        assert here.slack.deliveries[-1].acknowledged
        assert here.desk.texts == ["is anybody there?"]


async def test_the_error_of_a_form_comes_back_over_the_connection(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket") as here:
        here.desk.cards[ACTION] = Card(ACTION, "Reset", "waits", buttons=(Button(Verb.DENY, "Deny", ("reason",)),))
        here.desk.decision = Decision(False, "It is too late for that.", "")
        place = {"tenant": TEAM, "room": "C0GENERAL", "thread": ROOT, "user": "UE1003", "shared": True}
        view = {
            "id": "V1",
            "type": "modal",
            "callback_id": f"{ids.FORM}deny",
            "private_metadata": json.dumps({"about": ACTION, "place": place, "language": "en"}),
            "state": {"values": {"reason": {"reason": {"value": "no"}}}},
        }
        body = {**click("x", ACTION), "type": "view_submission", "view": view}
        answer = await here.slack.socket.send(_interaction(body), None, 3.0)
        assert answer == {"response_action": "errors", "errors": {"reason": "It is too late for that."}}
        assert await here.slack.socket.send(_interaction(click(f"{ids.CARD}take", ACTION)), None, 3.0) is None
        assert [one.verb for one in here.desk.clicks] == [Verb.DENY, Verb.TAKE]


async def test_a_lost_connection_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_mode, "PING_SECONDS", 0.05)
    monkeypatch.setattr(socket_mode, "WATCH_SECONDS", 0.05)
    async with edge(tmp_path, mode="socket") as here:
        for end in (here.slack.socket.disconnect, here.slack.socket.drop):
            await end()
            async with asyncio.timeout(5):
                while here.slack.socket.connections != 1:  # noqa: ASYNC110 - the simulator has no event for it
                    await asyncio.sleep(0.02)
            await here.slack.people["UE1002"].dm("still there?")
            assert here.slack.deliveries[-1].acknowledged
        assert len(here.desk.messages) == 2


async def test_a_slack_that_is_away_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_mode, "PING_SECONDS", 0.05)
    monkeypatch.setattr(socket_mode, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(socket_mode, "CONNECT_SECONDS", 0.05)
    async with edge(tmp_path, mode="socket", start=False) as here:
        here.slack.faults.fail("apps.connections.open", status=503, times=4)
        await here.app.start()
        async with asyncio.timeout(5):
            while here.slack.socket.connections != 1:  # noqa: ASYNC110 - the simulator has no event for it
                await asyncio.sleep(0.02)
        await here.slack.people["UE1002"].dm("good morning, a question")
        assert len(here.desk.messages) == 1


async def test_a_bad_app_token_stops_the_start_with_one_line(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket", start=False) as here:
        here.slack.faults.fail("apps.connections.open", error="invalid_auth")
        with pytest.raises(ConfigError, match="LOKET_SLACK_APP_TOKEN"):
            await here.app.start()


async def test_a_stop_finishes_what_is_being_stored(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket") as here:
        here.desk.slow = asyncio.Event()
        pressing = asyncio.ensure_future(
            here.slack.socket.send(_interaction(click(f"{ids.CARD}take", ACTION)), None, 3.0)
        )
        async with asyncio.timeout(3):
            while not here.desk.clicks:  # noqa: ASYNC110 - the desk has no event for it
                await asyncio.sleep(0.01)
        stopping = asyncio.ensure_future(here.app.stop())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        here.desk.slow.set()
        assert await pressing is None
        await stopping
        assert here.slack.socket.connections == 0


async def test_while_the_process_drains_nothing_is_acknowledged(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket") as here:
        here.slack.courier.retries, here.slack.courier.patience = (), 0.2
        here.state.accepting = False
        await here.slack.people["UE1002"].dm("is anybody there?")
        assert not here.slack.deliveries[-1].acknowledged
        assert here.desk.received == 0


async def test_odd_envelopes_do_not_end_the_connection(tmp_path: Path) -> None:
    async with edge(tmp_path, mode="socket") as here:
        for text in (
            '{"envelope_id":"1","type":"events_api","payload":"x"}',
            '{"envelope_id":"2","type":"events_api","payload":{"type":"event_callback","event":"x"}}',
            '{"envelope_id":"3","type":"events_api","payload":{"type":"event_callback","authorizations":7}}',
            '{"envelope_id":"4","type":"events_api","payload":{"type":"block_actions","actions":[]}}',
            '{"envelope_id":"5","type":"hello"}',
            "not json",
        ):
            await here.slack.socket._pick().send_str(text)
        await here.slack.people["UE1002"].dm("how many days of leave do I get?")
        assert len(here.desk.messages) == 1


def _interaction(body: dict[str, object]) -> object:
    from simulators.slack import Delivery

    return Delivery("interaction", str(body["type"]), "", body)

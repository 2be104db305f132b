"""The simulated Slack brings events as Slack does: signed, with retries, only those that were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import SlackSimulator
from tests.slack_room import Listener, call, listening, refusal

Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator.start() as simulator:
        tom = simulator.add_person("UE1002", name="Tom")
        simulator.add_channel("C-GENERAL", [tom])
        yield simulator


@pytest.fixture
async def app(slack: SlackSimulator) -> AsyncIterator[Listener]:
    async with listening(slack) as listener:
        yield listener


async def test_a_direct_message_is_brought_signed(slack: SlackSimulator, app: Listener) -> None:
    message = await slack.people["UE1002"].dm("hoi")
    verifier = SignatureVerifier(slack.signing_secret)
    headers = {key.lower(): value for key, value in app.headers[0].items()}
    assert verifier.is_valid_request(app.raw[0], headers)
    body = app.heard[0]
    assert (body["team_id"], body["type"], body["is_ext_shared_channel"]) == ("TDHB", "event_callback", False)
    assert body["authorizations"][0]["user_id"] == "UBOT"
    event = body["event"]
    assert (event["type"], event["channel_type"], event["text"]) == ("message", "im", "hoi")
    assert (event["ts"], event["user"], event["channel"]) == (message.ts, "UE1002", "DUE1002")
    assert "thread_ts" not in event
    assert slack.deliveries[0].event_id == body["event_id"]


async def test_a_mention_comes_as_two_events_of_the_same_message(slack: SlackSimulator, app: Listener) -> None:
    message = await slack.people["UE1002"].post("C-GENERAL", "<@UBOT> help")
    assert sorted(event["type"] for event in app.events) == ["app_mention", "message"]
    assert {event["ts"] for event in app.events} == {message.ts}
    assert len({body["event_id"] for body in app.heard}) == 2
    await slack.people["UE1002"].post("C-GENERAL", "gewoon praten")
    assert len(app.events) == 3


async def test_an_edit_and_a_deletion_are_events_too(slack: SlackSimulator, app: Listener) -> None:
    tom = slack.people["UE1002"]
    message = await tom.dm("een")
    await tom.edit(message, "twee")
    await tom.delete(message)
    changed, deleted = app.events[1:]
    assert (changed["subtype"], changed["message"]["text"], changed["message"]["ts"]) == (
        "message_changed",
        "twee",
        message.ts,
    )
    assert changed["previous_message"]["text"] == "een"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.ts)
    assert tom.sees(tom.im) == []


async def test_a_preview_of_a_link_is_a_change_that_nobody_made(slack: SlackSimulator, app: Listener) -> None:
    message = await slack.people["UE1002"].dm("zie https://intranet.example/verlof")
    await slack.unfurl(message)
    event = app.events[1]
    assert event["subtype"] == "message_changed"
    assert event["message"]["text"] == event["previous_message"]["text"]
    assert "edited" not in event["message"]


async def test_what_the_app_says_comes_back_to_it_as_an_event(slack: SlackSimulator, app: Listener) -> None:
    await call(slack, "chat.postMessage", channel="UE1002", text="van mij")
    await asyncio.sleep(0.05)
    assert [event["bot_id"] for event in app.events] == ["BBOT"]
    assert (slack.deliveries, len(slack.echoes)) == ([], 1)


async def test_an_event_that_is_not_taken_in_comes_back_three_times(slack: SlackSimulator, app: Listener) -> None:
    app.answer = lambda body: web.Response(status=500)
    writing = asyncio.create_task(slack.people["UE1002"].dm("hoi"))
    for pause in (0, 60, 300):
        await asyncio.sleep(0.05)
        slack.clock.advance(pause)
    await writing
    assert [headers.get("X-Slack-Retry-Num") for headers in app.headers] == [None, "1", "2", "3"]
    assert app.headers[1]["X-Slack-Retry-Reason"] == "http_error"
    assert len({body["event_id"] for body in app.heard}) == 1
    (delivery,) = slack.deliveries
    assert (delivery.tries, delivery.status, delivery.acknowledged) == (4, 500, False)
    assert slack.unacknowledged == [delivery]


async def test_the_second_try_comes_at_once_and_ends_it(slack: SlackSimulator, app: Listener) -> None:
    answers: Iterator[int] = iter((503, 200))
    app.answer = lambda body: web.Response(status=next(answers))
    await slack.people["UE1002"].dm("hoi")
    (delivery,) = slack.deliveries
    assert (delivery.tries, delivery.acknowledged) == (2, True)


async def test_an_app_can_ask_for_no_retry(slack: SlackSimulator, app: Listener) -> None:
    app.answer = lambda body: web.Response(status=400, headers={"X-Slack-No-Retry": "1"})
    await slack.people["UE1002"].dm("hoi")
    assert slack.deliveries[0].tries == 1


async def test_an_app_that_does_not_answer_or_is_not_there_is_tried_again(slack: SlackSimulator) -> None:
    slack.courier.retries, slack.courier.patience = (0.0,), 0.1
    async with listening(slack) as app:
        gone = app.url
    slack.deliver_to(gone)
    await slack.people["UE1002"].dm("hoi")
    assert (slack.deliveries[0].tries, slack.deliveries[0].status) == (2, 0)


async def test_only_what_was_asked_for_in_the_manifest_comes() -> None:
    manifest = {
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention", "message.channels"]}},
    }
    async with SlackSimulator.start(manifest) as slack, listening(slack) as app:
        tom = slack.add_person("UE1002")
        slack.add_channel("C-GENERAL", [tom])
        await tom.post("C-GENERAL", "<@UBOT> help")
        await tom.dm("hoi")
        assert await tom.open_home() is None
        assert [event["type"] for event in app.events] == ["app_mention"]  # message.channels lacks its scope


async def test_nothing_comes_from_a_channel_that_the_app_is_not_in(slack: SlackSimulator, app: Listener) -> None:
    slack.add_channel("C-ELSEWHERE", ["UE1002"], bot=False)
    await slack.people["UE1002"].post("C-ELSEWHERE", "<@UBOT> help")
    assert app.events == []


async def test_a_stranger_in_a_shared_channel_is_recognisable(slack: SlackSimulator, app: Listener) -> None:
    eve = slack.add_person("USTRANGER", name="Eve", stranger_of="T-OTHER")
    slack.add_channel("C-SHARED", [eve], shared_with="T-OTHER")
    await eve.post("C-SHARED", "<@UBOT> help")
    assert all(body["is_ext_shared_channel"] for body in app.heard)
    assert {event["user_team"] for event in app.events} == {"T-OTHER"}
    user = (await call(slack, "users.info", user="USTRANGER"))["user"]
    assert (user["is_stranger"], user["team_id"]) == (True, "T-OTHER")
    assert await refusal(slack, "users.lookupByEmail", email="eve@example.nl") == "users_not_found"


async def test_a_change_of_somebody_is_told(slack: SlackSimulator, app: Listener) -> None:
    await slack.change_person("UE1002", guest=True)
    assert app.events[0]["type"] == "user_change"
    assert app.events[0]["user"]["is_restricted"] is True
    assert (await call(slack, "users.info", user="UE1002"))["user"]["is_restricted"] is True


async def test_an_organisation_stands_in_every_event_of_its_workspaces(slack: SlackSimulator, app: Listener) -> None:
    slack.add_workspace("T-GRID", enterprise="E-RIJK")
    piet = slack.add_person("W77", name="Piet", team="T-GRID")
    await piet.dm("hoi")
    body = app.heard[0]
    assert (body["team_id"], body["enterprise_id"]) == ("T-GRID", "E-RIJK")
    assert body["authorizations"][0]["enterprise_id"] == "E-RIJK"
    user = (await call(slack, "users.info", user="W77", token=slack.bot_token("T-GRID")))["user"]
    assert user["enterprise_user"]["enterprise_id"] == "E-RIJK"


async def test_any_bytes_can_be_thrown_at_the_app(slack: SlackSimulator, app: Listener) -> None:
    app.answer = lambda body: web.Response(status=418, text="nee")
    body = b'{"type": "url_verification"}'
    status, answer = await slack.send_raw(body, {"Content-Type": "application/json", **slack.signed(body, at=1.0)})
    assert (status, answer) == (418, b"nee")
    assert app.headers[0]["X-Slack-Request-Timestamp"] == "1"


async def test_a_file_is_shared_and_can_be_fetched_with_the_apps_token_only(
    slack: SlackSimulator, app: Listener
) -> None:
    import aiohttp

    await slack.people["UE1002"].dm("zie bijlage", files=[("fout.png", b"\x89PNG")])
    event = app.events[0]
    (file,) = event["files"]
    assert (event["subtype"], file["name"], file["size"], file["mimetype"]) == (
        "file_share",
        "fout.png",
        4,
        "image/png",
    )
    info = (await call(slack, "files.info", file=file["id"]))["file"]
    assert info["url_private_download"] == file["url_private_download"]
    async with aiohttp.ClientSession() as session:
        with_token = {"Authorization": f"Bearer {slack.bot_token()}"}
        async with session.get(file["url_private_download"], headers=with_token) as answer:
            assert await answer.read() == b"\x89PNG"
        async with session.get(file["url_private_download"]) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


# --- Socket Mode -------------------------------------------------------------------------------------------------


async def test_the_sdks_socket_client_takes_events_in_and_a_silent_one_is_asked_again(slack: SlackSimulator) -> None:
    client = SocketModeClient(
        app_token=slack.app_token, web_client=AsyncWebClient(token=slack.app_token, base_url=slack.api_url)
    )
    heard: list[SocketModeRequest] = []

    async def take(socket: Any, request: SocketModeRequest) -> None:
        heard.append(request)
        if request.retry_attempt or request.type == "interactive":
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    client.socket_mode_request_listeners.append(take)  # type: ignore[arg-type]
    slack.courier.patience = 0.2
    await client.connect()
    try:
        await slack.people["UE1002"].dm("hoi")
    finally:
        await client.disconnect()
        await client.close()
    assert [(request.type, request.retry_attempt, request.retry_reason) for request in heard] == [
        ("events_api", 0, ""),
        ("events_api", 1, "timeout"),
    ]
    assert heard[0].payload["event"]["text"] == "hoi"
    assert slack.deliveries[0].acknowledged


async def test_a_socket_address_works_once_and_needs_socket_mode(slack: SlackSimulator) -> None:
    import aiohttp

    url = (await call(slack, "apps.connections.open", token=slack.app_token))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as socket:
            assert (await socket.receive_json())["type"] == "hello"
            await slack.socket.disconnect()
            assert (await socket.receive_json())["reason"] == "refresh_requested"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    async with SlackSimulator.start({}) as other:
        assert await refusal(other, "apps.connections.open", token=other.app_token) == "socket_mode_not_enabled"

"""The language model client: what it asks, what it understands, and what it survives. No network."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from connectors.models.openai import OpenAIModel, Time
from connectors.settings import LlmSettings, OutsideSettings
from core.chat import ChatMessage, ModelTurn, ToolCall, ToolSchema
from core.errors import ModelError
from tests.servers.chat_rules import problems

URL = "https://llm.dhb.example/v1/chat/completions"
KEY = "sk-canary-9f31c7"
ASK = [ChatMessage("system", "You are Loket."), ChatMessage("user", "Who is Sanne's manager?")]
FIND = ToolSchema("find_person", "Find a colleague.", {"type": "object", "properties": {"name": {"type": "string"}}})


class Watch:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def model(watch: Watch) -> AsyncIterator[OpenAIModel]:
    opened = open_model(watch)
    yield opened
    await opened.close()


def open_model(watch: Watch, **settings: Any) -> OpenAIModel:
    chosen = {"base_url": "https://llm.dhb.example/v1", "model": "small", "key": SecretStr(KEY), **settings}
    outside = OutsideSettings(max_response_bytes=100_000)
    return OpenAIModel(LlmSettings(**chosen), outside, Time(watch.clock, watch.sleep))


def answer(message: dict[str, Any] | None, **rest: Any) -> httpx.Response:
    usage = {"prompt_tokens": 11, "completion_tokens": 5}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage, **rest}
    return httpx.Response(200, content=json.dumps(body).encode())


def calls(*made: tuple[str, str, object]) -> dict[str, Any]:
    listed = [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for call_id, name, arguments in made
    ]
    return {"role": "assistant", "content": None, "tool_calls": listed}


def events(*chunks: dict[str, Any], done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, *(["data: [DONE]\n\n"] if done else [])]).encode()


def piece(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


@respx.mock
async def test_a_tool_call_goes_there_and_back(model: OpenAIModel) -> None:
    route = respx.post(URL).mock(
        side_effect=[
            answer(calls(("c1", "find_person", '{"name": "Sanne"}'))),
            answer({"role": "assistant", "content": " Ineke Smit. "}),
        ]
    )
    first = await model.complete(ASK, [FIND])
    assert first == ModelTurn("", (ToolCall("c1", "find_person", '{"name": "Sanne"}'),), 11, 5)
    said = ChatMessage("assistant", "", first.tool_calls)
    found = ChatMessage("tool", "Manager: Ineke Smit", call_id="c1")
    assert (await model.complete([*ASK, said, found], [FIND])).text == "Ineke Smit."

    body = json.loads(route.calls[1].request.content)
    assert body["model"] == "small"
    assert body["temperature"] == 0
    assert body["max_tokens"] == 1200
    assert body["tools"][0]["function"]["name"] == "find_person"
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert body["messages"][2]["tool_calls"][0]["id"] == body["messages"][3]["tool_call_id"] == "c1"
    assert route.calls[0].request.headers["authorization"] == f"Bearer {KEY}"


@respx.mock
async def test_models_that_refuse_a_temperature_and_the_old_limit_are_sent_neither(watch: Watch) -> None:
    route = respx.post(URL).mock(return_value=answer({"content": "hi"}))
    model = open_model(watch, limit_name="max_completion_tokens", temperature="", max_output_tokens=99)
    await model.complete(ASK, [FIND])
    await model.close()
    body = json.loads(route.calls[0].request.content)
    assert body["max_completion_tokens"] == 99
    assert not {"max_tokens", "temperature"} & body.keys()
    assert problems(body) == []


@respx.mock
async def test_a_server_without_a_key_is_sent_none(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-elsewhere")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-from-elsewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    route = respx.post(URL).mock(return_value=answer({"content": "hi"}))
    model = open_model(watch, key=None)
    await model.complete(ASK, [])
    headers = route.calls[0].request.headers
    assert "authorization" not in headers
    assert "openai-organization" not in headers
    await model.close()


@respx.mock
async def test_a_busy_server_is_asked_again_after_the_pause_it_names(model: OpenAIModel, watch: Watch) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "3"}, json={"error": {"message": f"slow down {KEY}"}})
    route = respx.post(URL).mock(side_effect=[busy, answer({"content": "here"})])
    assert (await model.complete(ASK, [])).text == "here"
    assert route.call_count == 2
    assert watch.slept == [3.0]


@respx.mock
async def test_a_pause_longer_than_anybody_waits_is_not_waited_for(model: OpenAIModel, watch: Watch) -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(429, headers={"Retry-After": "120"}))
    with pytest.raises(ModelError, match="too busy"):
        await model.complete(ASK, [])
    assert route.call_count == 1
    assert watch.slept == []


@respx.mock
async def test_a_server_that_keeps_failing_is_left_alone_and_tried_again_later(
    model: OpenAIModel, watch: Watch
) -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(503))
    for _ in range(2):
        with pytest.raises(ModelError):
            await model.complete(ASK, [])
    assert route.call_count == 5
    with pytest.raises(ModelError, match="left alone"):
        await model.complete(ASK, [])
    assert route.call_count == 5
    watch.now += 31
    route.mock(return_value=answer({"content": "back"}))
    assert (await model.complete(ASK, [])).text == "back"
    assert (await model.complete(ASK, [])).text == "back"


@respx.mock
async def test_one_trial_after_the_rest_and_a_failure_keeps_it_shut(model: OpenAIModel, watch: Watch) -> None:
    route = respx.post(URL).mock(return_value=httpx.Response(500))
    for _ in range(2):
        with pytest.raises(ModelError):
            await model.complete(ASK, [])
    watch.now += 31
    with pytest.raises(ModelError):
        await model.complete(ASK, [])
    assert route.call_count == 6
    with pytest.raises(ModelError, match="left alone"):
        await model.complete(ASK, [])
    assert route.call_count == 6


@respx.mock
async def test_a_connection_that_cannot_be_made_is_tried_three_times(model: OpenAIModel, watch: Watch) -> None:
    route = respx.post(URL).mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(ModelError, match="cannot be reached"):
        await model.complete(ASK, [])
    assert route.call_count == 3
    assert len(watch.slept) == 2
    assert 0.25 <= watch.slept[0] <= 0.5 <= watch.slept[1] <= 1.0


@respx.mock
async def test_a_server_that_took_the_question_and_falls_silent_is_not_asked_again(model: OpenAIModel) -> None:
    route = respx.post(URL).mock(side_effect=httpx.ReadTimeout("silence"))
    with pytest.raises(ModelError, match="in time"):
        await model.complete(ASK, [])
    assert route.call_count == 1


@respx.mock
async def test_a_server_that_never_answers_is_given_up_at_the_deadline(watch: Watch) -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    respx.post(URL).mock(side_effect=never)
    model = open_model(watch, timeout_seconds=0.05)
    with pytest.raises(ModelError, match="in time"):
        await model.complete(ASK, [])
    await model.close()


@respx.mock
async def test_a_caller_who_stops_waiting_is_let_go(model: OpenAIModel) -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    respx.post(URL).mock(side_effect=never)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await model.complete(ASK, [])


GARBAGE = {
    "empty body": httpx.Response(200, content=b""),
    "not json": httpx.Response(200, content=b"<html>gateway</html>"),
    "half json": httpx.Response(200, content=b'{"choices": [{"mess'),
    "deep json": httpx.Response(200, content=b"[" * 50_000),
    "a list": httpx.Response(200, json=[1, 2]),
    "a number": httpx.Response(200, json=7),
    "no choices": httpx.Response(200, json={"choices": []}),
    "choices of text": httpx.Response(200, json={"choices": "hello"}),
    "no message": answer(None),
    "nothing said": answer({"content": ""}),
    "null said": answer({"content": None, "tool_calls": None}),
    "white space": answer({"content": " \n\t "}),
    "nameless call": answer(calls(("c1", "", "{}"))),
    "calls of text": answer({"content": None, "tool_calls": "reset_my_password"}),
    "far too long": answer({"content": "a" * 70_000}),
    "larger than agreed": httpx.Response(200, content=b"a" * 200_000),
    "compressed": httpx.Response(200, headers={"content-encoding": "x-bomb"}, content=b"a"),
    "bad request": httpx.Response(400, json={"error": {"message": f"bad {KEY}"}}),
    "wrong key": httpx.Response(401, json={"error": {"message": f"Incorrect API key provided: {KEY}"}}),
    "no such model": httpx.Response(404, text=f"no {KEY}"),
    "redirect": httpx.Response(302, headers={"location": "https://evil.example/v1"}),
    "large error": httpx.Response(500, content=b"e" * 300_000),
}


@pytest.mark.parametrize("kind", GARBAGE)
@respx.mock
async def test_garbage_is_a_model_error_with_a_fixed_sentence(
    model: OpenAIModel, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    respx.post(URL).mock(return_value=GARBAGE[kind])
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelError) as failure:
        await model.complete(ASK, [FIND])
    told = "".join(traceback.format_exception(failure.value)) + repr(failure.value) + repr(model) + caplog.text
    assert KEY not in told
    assert failure.value.__context__ is None or isinstance(failure.value.__context__, TimeoutError)
    assert len(str(failure.value)) < 120


@respx.mock
async def test_calls_under_one_id_get_ids_of_their_own(model: OpenAIModel) -> None:
    respx.post(URL).mock(return_value=answer(calls(("same", "a", "{}"), ("same", "b", "{}"))))
    turn = await model.complete(ASK, [])
    assert len({call.call_id for call in turn.tool_calls}) == 2
    assert [call.name for call in turn.tool_calls] == ["a", "b"]


@respx.mock
async def test_odd_answers_are_brought_into_form(model: OpenAIModel) -> None:
    odd = calls(("", "a", {"x": 1}), ("", "b", None), ("", "c", "{not json"))
    odd["content"] = [{"type": "text", "text": "He\ud800l\x00lo"}, {"type": "image"}]
    respx.post(URL).mock(return_value=answer(odd, usage={"prompt_tokens": "many", "completion_tokens": -4}))
    turn = await model.complete(ASK, [])
    assert turn.text == "He?llo"
    assert [call.arguments for call in turn.tool_calls] == ['{"x": 1}', "{}", "{not json"]
    assert (turn.tokens_in, turn.tokens_out) == (0, 0)


@respx.mock
async def test_broken_arguments_in_the_history_do_not_break_the_next_question(model: OpenAIModel) -> None:
    route = respx.post(URL).mock(return_value=answer({"content": "ok"}))
    said = ChatMessage("assistant", "", (ToolCall("c1", "odd näme!", "{not json"),))
    await model.complete([*ASK, said, ChatMessage("tool", "no such tool", call_id="c1")], [])
    function = json.loads(route.calls[0].request.content)["messages"][2]["tool_calls"][0]["function"]
    assert function == {"name": "odd_n_me_", "arguments": "{}"}


@respx.mock
async def test_the_next_model_answers_when_the_first_one_cannot(watch: Watch) -> None:
    route = respx.post(URL).mock(side_effect=[httpx.Response(404), answer({"content": "from the other"})])
    model = open_model(watch, fallback_models="small, other")
    assert (await model.complete(ASK, [])).text == "from the other"
    assert [json.loads(call.request.content)["model"] for call in route.calls] == ["small", "other"]
    await model.close()


async def gather(model: OpenAIModel) -> tuple[list[str], ModelTurn | None]:
    texts: list[str] = []
    turn = None
    async for part in model.stream(ASK, [FIND]):
        if isinstance(part, ModelTurn):
            turn = part
        else:
            texts.append(part.text)
    return texts, turn


@respx.mock
async def test_a_stream_gives_its_text_and_then_the_whole_turn(model: OpenAIModel) -> None:
    body = events(
        piece({"role": "assistant", "content": ""}),
        piece({"content": "Ine"}),
        piece({"content": "ke"}),
        piece({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "find_person", "arguments": '{"na'}}]}),
        piece({"tool_calls": [{"index": 0, "function": {"arguments": 'me": "S"}'}}]}),
        piece({}, finish="tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}},
    )
    respx.post(URL).mock(return_value=httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body))
    texts, turn = await gather(model)
    assert texts == ["Ine", "ke"]
    assert turn == ModelTurn("Ineke", (ToolCall("c1", "find_person", '{"name": "S"}'),), 7, 3)


class CutOff(httpx.AsyncByteStream):
    """A body whose connection breaks."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield events(piece({"content": "Your manager is"}), done=False)
        raise httpx.ReadError("connection reset")


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, stream=CutOff()),
        httpx.Response(200, content=events(piece({"content": "Your manager is"}), done=False)),
        httpx.Response(200, content=events(piece({"content": "Your manager is"}))),
        httpx.Response(200, content=events(piece({"content": "Your"}), done=False) + b"data: {not json\n\n"),
        httpx.Response(200, content=events({"error": {"message": f"quota of {KEY}"}})),
        httpx.Response(200, content=events(piece({"content": "a" * 70_000}, finish="stop"))),
        httpx.Response(200, content=events({"choices": "x"}, {"choices": [7]}, piece({"tool_calls": ["x", {}]}))),
        httpx.Response(200, content=b"data: " + b"[" * 20_000 + b"\n\n"),
    ],
    ids=["reset", "no end", "no finish", "bad chunk", "error event", "too long", "odd shapes", "deep"],
)
@respx.mock
async def test_a_stream_that_breaks_is_a_model_error_and_never_half_a_turn(
    model: OpenAIModel, response: httpx.Response
) -> None:
    response.headers["content-type"] = "text/event-stream"
    respx.post(URL).mock(return_value=response)
    with pytest.raises(ModelError) as failure:
        await gather(model)
    assert KEY not in "".join(traceback.format_exception(failure.value))


@respx.mock
async def test_a_stream_that_trickles_is_given_up_at_the_deadline(watch: Watch) -> None:
    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield events(piece({"content": "a"}), done=False)
            while True:
                await asyncio.sleep(0.01)
                yield b": still here\n\n"

    respx.post(URL).mock(
        return_value=httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Trickle())
    )
    model = open_model(watch, timeout_seconds=0.2)
    with pytest.raises(ModelError, match="in time"):
        await gather(model)
    await model.close()


@respx.mock
async def test_a_reader_who_stops_early_closes_the_stream(model: OpenAIModel) -> None:
    body = events(*(piece({"content": f"{index} "}) for index in range(50)), piece({}, finish="stop"))
    respx.post(URL).mock(return_value=httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body))
    parts = model.stream(ASK, [])
    async for _ in parts:
        break
    await parts.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", ["sk bad", "sk-bad\n", "sk-bäd", "sk-\x00"])
def test_a_key_that_no_header_can_hold_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="no spaces") as refused:
        LlmSettings(key=SecretStr(key))
    problem = refused.value.errors(include_input=False)[0]["msg"]  # type: ignore[attr-defined]
    assert key not in problem


@pytest.mark.parametrize("url", ["llm.example", "ftp://x/v1", "https://user:secret@llm.example/v1", "https://x/v1?k=s"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        LlmSettings(base_url=url)


def test_settings_keep_their_key_to_themselves() -> None:
    settings = LlmSettings(base_url="https://llm.example/v1/", model="m", key=SecretStr(KEY), fallback_models="m, n,")
    assert KEY not in repr(settings)
    assert KEY not in settings.model_dump_json()
    assert settings.models == ("m", "n")
    assert settings.base_url == "https://llm.example/v1"
    assert LlmSettings.model_validate({"key": ""}).key is None
    assert not LlmSettings().is_set

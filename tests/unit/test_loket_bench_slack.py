"""The bench of Slack is harder on the service than Slack: nothing it does may make a figure look better."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from connectors.models.openai import OpenAIModel
from connectors.settings import LlmSettings
from core.chat import ChatMessage, ModelTurn, TextDelta, ToolSchema
from loket.bench.load.arrivals import Arrival
from loket.bench.servers.llm import LONG_QUESTION, LONG_TOOL, MODEL, running_llm
from loket.bench.servers.writing import sentences_of
from loket.bench.slack.accounts import settle_accounts
from loket.bench.slack.asking import Asked, Question, ask, ask_all, first_signs, last_posts
from loket.bench.slack.clicking import Changes, Clicked
from loket.bench.slack.figures import figures_of_clicks
from loket.bench.slack.filing import has_buttons, value_of
from loket.bench.slack.growing import Window, spread
from loket.bench.slack.organisation import ENTERPRISE, STREAMS_EACH, found, origin_of, workspaces_for
from loket.migrate import upgrade
from simulators.slack import SimMessage, SlackSimulator
from simulators.slack.records import Call
from slack_app.streaming import STARTS_A_MINUTE
from storage import Database

PASSAGE = (
    '<passage number="{}" language="en" status="in_force" title="Leave" heading="Days">\n'
    "You get twenty-five days of leave in every calendar year. Short. | a | table |\n"
    "Leave that is left over may be taken until the first of July.\n"
    "</passage>"
)
FOUND = "\n".join(PASSAGE.format(number) for number in (1, 2))
FIRST = "You get twenty-five days of leave in every calendar year."


@asynccontextmanager
async def app_that_takes(slack: SlackSimulator, seconds: float) -> AsyncIterator[None]:
    """An app that needs so many seconds for each event, one after the other."""
    turn = asyncio.Lock()

    async def take(_: web.Request) -> web.Response:
        async with turn:
            await asyncio.sleep(seconds)
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.deliver_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    try:
        yield
    finally:
        await runner.cleanup()


# --- the slow model ------------------------------------------------------------------------------------------------


def test_it_copies_whole_sentences_with_their_source_each_once() -> None:
    said = sentences_of(f"{FOUND}\n{PASSAGE.format(1)}")
    assert said[0] == f"{FIRST} [1]"
    assert len(said) == len(set(said)) == 4
    assert not [one for one in said if "|" in one or "Short" in one]
    assert sentences_of("<data>\nR1.01\n</data>") == ()


async def test_asked_at_length_it_searches_and_then_writes_slowly() -> None:
    offered = [ToolSchema(LONG_TOOL, "Search.", {"type": "object", "properties": {}})]
    asked = [ChatMessage("user", LONG_QUESTION)]
    with running_llm(0, sentences=3, apart_ms=60) as url:
        model = OpenAIModel(LlmSettings(base_url=url, model=MODEL))
        called = [item async for item in model.stream(asked, offered)][-1]
        assert isinstance(called, ModelTurn)
        assert [call.name for call in called.tool_calls] == [LONG_TOOL]
        result = ChatMessage("tool", FOUND, (), called.tool_calls[0].call_id)
        heard = [
            (time.monotonic(), item)
            async for item in model.stream([*asked, ChatMessage("assistant", "", called.tool_calls), result], offered)
        ]
        await model.close()
    pieces = [(at, item.text) for at, item in heard if isinstance(item, TextDelta)]
    assert [text.strip()[-3:] for _, text in pieces] == ["[1]", "[1]", "[2]"]
    assert pieces[-1][0] - pieces[0][0] > 0.08
    whole = heard[-1][1]
    assert isinstance(whole, ModelTurn)
    assert whole.text.startswith(FIRST)


@pytest.mark.slow
def test_no_other_command_loads_a_slack() -> None:
    asked = "import sys, loket.command; print([one for one in sys.modules if one.startswith('simulators')])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


# --- the organisation ----------------------------------------------------------------------------------------------


def test_no_workspace_has_more_streams_than_the_service_may_start_in_a_minute() -> None:
    for streams in (0, 1, STREAMS_EACH, STREAMS_EACH + 1, 200):
        assert streams / workspaces_for(streams) <= STREAMS_EACH < STARTS_A_MINUTE


async def test_one_token_speaks_in_every_workspace() -> None:
    async with SlackSimulator.start(echo=False) as slack:
        teams = found(slack, 3)
        token = slack.world.give_token(ENTERPRISE)
        assert [slack.world.team_of(token, {"team_id": team}) for team in teams] == teams
        assert not slack.pacing.on


# --- what is timed -------------------------------------------------------------------------------------------------


@pytest.mark.timed
async def test_a_message_is_timed_from_when_it_was_due_and_waits_for_no_other() -> None:
    async with SlackSimulator.start(echo=False) as slack, app_that_takes(slack, 0.1):
        people = [slack.add_person(f"UM{number}") for number in range(3)]
        asked = Asked()
        began = time.perf_counter()
        await ask_all(people, [Arrival(0.0, "e", "", "")] * 3, "Where do I work?", asked, lambda sent: None)
        assert time.perf_counter() - began < 0.6
    first, second, third = sorted(asked.acknowledged)
    assert 0.1 <= first < second < third
    assert third >= 0.3
    assert len({one.event_id for one in asked.questions}) == 3


@pytest.mark.timed
async def test_a_late_driver_makes_no_figure_better() -> None:
    async with SlackSimulator.start(echo=False) as slack, app_that_takes(slack, 0.0):
        asked = Asked()
        question = await ask(slack.add_person("UM1"), "Where do I work?", time.perf_counter() - 2, asked)
    assert asked.acknowledged[0] > 2
    assert abs(time.time() - 2 - question.due) < 1


def test_a_sign_of_life_is_the_first_call_that_its_author_sees() -> None:
    question = Question("e", SimMessage("D1", "5.0", "U1", "T1"), due=100.0)
    slack = SlackSimulator(None, echo=False)
    status = {"channel_id": "D1", "thread_ts": "5.0"}
    slack.world.calls += [
        Call("users.info", {"user": "U1"}, "T1", 100.1, 200, True),
        Call("agents.sessions.setStatus", status, "T1", 100.2, 200, False, "missing_scope"),
        Call("agents.sessions.setStatus", {**status, "thread_ts": "4.0"}, "T1", 100.3, 200, True),
        Call("assistant.threads.setStatus", status, "T1", 100.5, 200, True),
        Call("chat.postMessage", {"channel": "D1", "thread_ts": "5.0"}, "T1", 101.0, 200, True),
    ]
    assert [round(seconds, 3) for seconds in first_signs(slack, [question])] == [0.5]


def test_the_answer_is_the_last_post_below_a_question_and_not_the_notice_before_it() -> None:
    question = Question("e", SimMessage("D1", "5.0", "U1", "T1"), due=100.0)
    slack = SlackSimulator(None, echo=False)
    post = {"channel": "D1", "thread_ts": "5.0"}
    slack.world.calls += [
        Call("chat.postMessage", post, "T1", 101.0, 200, True),
        Call("chat.postMessage", post, "T1", 102.0, 200, True),
        Call("chat.postMessage", post, "T1", 103.0, 200, False, "ratelimited"),
        Call("chat.postMessage", {**post, "thread_ts": "6.0"}, "T1", 104.0, 200, True),
    ]
    assert [round(seconds, 3) for seconds in last_posts(slack, [question])] == [2.0]


def test_the_fewest_answers_that_grew_are_told_beside_the_mean() -> None:
    assert spread(Window(growing=[200, 100, 150])) == (100, 150)
    assert spread(Window()) == (0, 0)


# --- what is counted -----------------------------------------------------------------------------------------------


async def test_what_was_taken_in_and_never_answered_is_lost_and_what_stands_twice_is_doubled(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'loket.sqlite'}")
    upgrade(database)
    async with SlackSimulator.start(echo=False) as slack:
        tom = slack.add_person("UM1")
        slack.courier.retries = (0.0, 0.0, 0.0)
        async with app_that_takes(slack, 0.0):
            taken = (await asking(slack, "UM1")).questions[0]
        slack.deliver_to("http://127.0.0.1:9/slack/events")
        refused = (await asking(slack, "UM1")).questions[0]
        marker = {"event_type": "loket_reply", "event_payload": {"key": f"turn:{taken.event_id}:0", "part": 0}}
        for ts in ("9000000000.1", "9000000000.2"):
            post = SimMessage(tom.im, ts, "UBOT", "TDHB", "R1.01", thread_ts=taken.post.ts, bot_id="BBOT")
            post.metadata = marker
            slack.world.rooms[tom.im].messages[ts] = post
        post.streaming = True
        accounts = settle_accounts(database, slack, [taken, refused])
    database.close()
    assert (accounts.refused, accounts.lost, accounts.doubled, accounts.growing) == (1, 1, 1, 1)
    assert accounts.outcomes == {"none": 1}


async def asking(slack: SlackSimulator, user: str) -> Asked:
    """One message of somebody."""
    asked = Asked()
    await ask(slack.people[user], "Where do I work?", time.perf_counter(), asked)
    return asked


async def test_a_change_is_noticed_once_and_only_of_the_post_that_was_asked_for() -> None:
    async with SlackSimulator.start(echo=False) as slack:
        changes = Changes(slack)
        card, other = SimMessage("C1", "1.0", "UBOT", "T1"), SimMessage("C1", "2.0", "UBOT", "T1")
        moment = changes.of(card)
        slack.world.hear(other, "message_changed")
        slack.world.hear(card, "")
        assert not moment.done()
        slack.world.hear(card, "message_changed")
        first = moment.result()
        slack.world.hear(card, "message_changed")
        assert moment.result() == first


def test_a_card_is_over_when_nothing_of_it_can_be_pressed() -> None:
    button = {"type": "button", "action_id": "card.approve", "value": "a1", "text": {"type": "plain_text", "text": "A"}}
    post = SimMessage("C1", "1.0", "UBOT", "T1", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])
    assert has_buttons(post)
    assert (value_of(post, "approve"), value_of(post, "deny")) == ("a1", "")
    post.blocks = [{**post.blocks[0], "elements": [{**button, "action_id": "suggest.1"}]}]
    assert not has_buttons(post)


def test_clicks_that_came_to_nothing_miss_their_targets() -> None:
    figures = {one.what: one for one in figures_of_clicks(Clicked([0.01], [1.2], [], unchanged=1, with_buttons=1))}
    missed = {what for what, one in figures.items() if one.missed}
    assert missed == {
        "click to the approvers' card, p95",
        "click to the requester's card, p95",
        "cards that did not change",
        "cards with buttons in the end",
        "resets beside the clicks",
    }
    assert origin_of("T1").identity("U1").tenant == ENTERPRISE

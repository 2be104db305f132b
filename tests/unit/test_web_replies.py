"""What a source reads: its own posts, all of them, each once, in order; previews while they are new."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from core.errors import ConnectorError
from core.events import Address, Message, Place
from core.people import ChannelIdentity
from core.replies import Reply
from storage import Database
from tests.door_room import KEYS, OTHER, SOURCE, Listening, signed
from web_app import feed as feeds
from web_app.door import Door
from web_app.feed import Feed, Preview, Reader, TooManyReaders
from web_app.guard import Guard
from web_app.posts import Post, PostsChannel
from web_app.replies import Outgoing
from web_app.tables import posts as posts_table


class Reading:
    """Posts, their readers, and nothing else of the desk."""

    def __init__(self, database: Database) -> None:
        self.feed = Feed()
        self.channel = PostsChannel(database, self.feed)
        self.database = database
        self.accepting = True
        door = Door(KEYS, lambda: datetime.now(UTC).timestamp(), 300)
        self.app = Starlette(routes=Outgoing(self.channel, self.feed, lambda: self.accepting).routes(door))
        self.app.add_middleware(Guard)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://desk")

    async def get(self, target: str, source: str = SOURCE) -> httpx.Response:
        return await self.http.get(target, headers=signed("GET", target, b"", source))

    async def read(self, after: int = 0, wait: float = 0, source: str = SOURCE) -> list[dict[str, Any]]:
        answer = await self.get(f"/v1/replies?after={after}&wait={wait}", source)
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.json()["posts"]
        return found

    def listen(self, target: str = "/v1/stream?after=0", source: str = SOURCE) -> Listening:
        return Listening(self.app, target, signed("GET", target, b"", source))


@pytest.fixture
async def reading(database: Database) -> AsyncIterator[Reading]:
    """On both databases."""
    opened = Reading(database)
    yield opened
    await opened.http.aclose()


def address(room: str = "E1002", source: str = SOURCE, thread: str | None = None) -> Address:
    return Address("door", source, room, Place.DIRECT, thread, "E1002")


def reply(text: str = "Hello.") -> Reply:
    return Reply(text, "en")


def message(number: int = 1, source: str = SOURCE) -> Message:
    identity = ChannelIdentity("door", source, "E1002")
    return Message(f"door:{source}:{number}", identity, address(source=source), "hello", datetime.now(UTC))


# --- attacks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/v1/replies?after=0&wait=0", "/v1/stream?after=0"])
async def test_a_source_reads_its_own_posts_only(reading: Reading, target: str) -> None:
    await reading.channel.send(address(source=OTHER), reply("for the portal only"), "k1")
    await reading.channel.send(address(), reply("for us"), "k2")
    reading.accepting = False  # a stream then ends by itself
    answer = await reading.get(target)
    assert "for us" in answer.text
    assert "portal only" not in answer.text
    assert "portal only" in (await reading.get(target, OTHER)).text


@pytest.mark.parametrize(
    "query",
    [
        *("after=-1", "after=x", "after=1.5", "after=", "after=1&after=2", "wait=0&x=1", "after=%D9%A1", "after=1%00"),
        *("after=" + "9" * 30, "&&&&&&", "after", "after=1;wait=2", "wait=1e9"),
    ],
)
async def test_a_question_that_is_not_understood_is_400(reading: Reading, query: str) -> None:
    assert (await reading.get(f"/v1/replies?{query}")).status_code == 400
    assert (await reading.get(f"/v1/stream?{query}")).status_code == 400


async def test_the_largest_number_there_can_be_finds_nothing_and_breaks_nothing(reading: Reading) -> None:
    assert await reading.read(after=10**18 - 1) == []


async def test_text_cannot_begin_an_event_of_its_own(reading: Reading) -> None:
    forged = 'hi\n\nevent: post\ndata: {"room": "forged"}\n\n\r\n: \u2028'
    await reading.channel.send(address(), reply(forged), "k1")
    await reading.channel.sentence(message(), forged)
    reading.accepting = False
    lines = (await reading.get("/v1/stream?after=0")).text.split("\n")
    assert len([line for line in lines if line.startswith("event:")]) == 1
    data = next(line for line in lines if line.startswith("data:")).removeprefix("data: ")
    assert json.loads(data)["reply"]["text"] == forged


async def test_a_source_hears_that_an_event_was_taken_in_and_how_busy_it_is(reading: Reading) -> None:
    stream, elsewhere = reading.listen(), reading.listen(source=OTHER)
    await asyncio.gather(stream.until(": hello"), elsewhere.until(": hello"))
    await reading.channel.taken(message(), "It is busy.")
    await reading.channel.taken(message(2))
    await reading.channel.send(address(source=OTHER), reply("for the portal"), "k1")
    text = await stream.until('"event": "2"')
    assert text.count("event: taken") == 2
    assert '"event": "1", "room": "E1002", "thread": null, "user": "E1002", "text": "It is busy."' in text
    assert "taken" not in await elsewhere.until("for the portal")
    await stream.leave()
    await elsewhere.leave()


async def test_too_many_readers_are_429(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST_READERS", 2)
    with reading.feed.reader(SOURCE), reading.feed.reader(SOURCE):
        for target in ("/v1/replies?wait=0", "/v1/stream"):
            answer = await reading.get(target)
            assert answer.status_code == 429
            assert "retry-after" in answer.headers
        assert await reading.read(source=OTHER) == []
        with pytest.raises(TooManyReaders), reading.feed.reader(SOURCE):
            pass
    assert await reading.read() == []


# --- posts -------------------------------------------------------------------------------------------------------


async def test_the_same_key_is_one_post_and_one_receipt(reading: Reading) -> None:
    receipts = await asyncio.gather(*(reading.channel.send(address(), reply(), "k1") for _ in range(10)))
    assert len(set(receipts)) == 1
    assert len(await reading.read()) == 1


async def test_an_update_is_a_row_of_its_own_that_names_what_it_replaces(reading: Reading) -> None:
    receipt = await reading.channel.send(address(thread="t"), reply("waiting"), "turn:door:local:ev-7:0")
    await reading.channel.update(address(thread="t"), receipt, reply("done"))
    await reading.channel.update(address(thread="t"), receipt, reply("done"))  # delivered once more after a crash
    await reading.channel.update(address(thread="t"), receipt, reply("waiting"))
    await reading.channel.update(address(thread="t"), receipt, reply("done"))
    found = await reading.read()
    assert [post["reply"]["text"] for post in found] == ["waiting", "done", "waiting", "done"]
    assert [post["replaces"] for post in found] == [0, *[int(receipt)] * 3]
    assert found[0]["event"] == "ev-7"
    assert {post["thread"] for post in found} == {"t"}
    with pytest.raises(ValueError, match="invalid literal"):
        await reading.channel.update(address(), "no receipt", reply())


async def test_a_private_reply_goes_to_a_room_of_the_person_alone(reading: Reading) -> None:
    direct = await reading.channel.direct(SOURCE, "E1002")
    assert (direct.channel, direct.tenant, direct.place, direct.user) == ("door", SOURCE, Place.DIRECT, "E1002")


async def test_posts_are_read_in_order_a_page_at_a_time(reading: Reading) -> None:
    for number in range(150):
        await reading.channel.send(address(), reply(str(number)), f"k{number}")
    first = (await reading.get("/v1/replies?wait=0")).json()
    second = (await reading.get(f"/v1/replies?wait=0&after={first['next']}")).json()
    third = (await reading.get(f"/v1/replies?wait=0&after={second['next']}")).json()
    assert [post["reply"]["text"] for post in first["posts"] + second["posts"]] == [str(n) for n in range(150)]
    assert third == {"posts": [], "next": second["next"]}


async def test_nothing_is_missed_while_many_write_at_once(reading: Reading) -> None:
    """Numbers are drawn and committed in the same order: else a reader passes over the slower of two writers."""
    seen: list[int] = []
    done = threading.Event()

    async def follow() -> None:
        after = 0
        while not done.is_set() or await reading.channel.after(SOURCE, after, 1):
            for post in await reading.channel.after(SOURCE, after, 100):
                seen.append(post.post_id)
                after = post.post_id

    async def write(writer: int) -> None:
        for number in range(15):
            await reading.channel.send(address(), reply(), f"{writer}-{number}")

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(writer) for writer in range(6)))
    done.set()
    await following
    assert sorted(seen) == seen
    assert len(seen) == 90


@pytest.mark.postgres
async def test_a_reader_never_sees_a_later_post_before_an_earlier_one(postgres_url: str) -> None:
    """A writer that has drawn its number and is slow to commit holds the next writer up, not only the reader."""
    database = Database(postgres_url)
    from storage import metadata
    from web_app.posts import _in_order, _row

    metadata.create_all(database.engine)
    reading = Reading(database)
    drawn, commit = threading.Event(), threading.Event()

    def slow() -> None:
        with database.transaction() as tx:
            _in_order(tx, SOURCE)
            tx.add(posts_table, key="slow", **_row(tx, address(), reply("slow")))
            drawn.set()
            commit.wait(10)

    writer = threading.Thread(target=slow)
    writer.start()
    await asyncio.to_thread(drawn.wait, 10)
    quick = asyncio.create_task(reading.channel.send(address(), reply("quick"), "quick"))
    elsewhere = await reading.channel.send(address(source=OTHER), reply(), "other")  # another source waits for nobody
    await asyncio.sleep(0.2)
    assert int(elsewhere) > 0
    assert await reading.read() == []
    commit.set()
    await quick
    writer.join()
    assert [post["reply"]["text"] for post in await reading.read()] == ["slow", "quick"]
    await reading.http.aclose()
    database.close()


# --- waiting -----------------------------------------------------------------------------------------------------


@pytest.mark.timed
async def test_whoever_waits_is_answered_as_soon_as_there_is_a_post(reading: Reading) -> None:
    waiting = asyncio.create_task(reading.read(wait=20))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await reading.channel.send(address(), reply(), "k1")
    assert len(await waiting) == 1
    assert asyncio.get_running_loop().time() - began < 0.4


async def test_a_post_of_another_process_is_found_within_a_second(reading: Reading) -> None:
    waiting = asyncio.create_task(reading.read(wait=20))
    await asyncio.sleep(0.1)
    await PostsChannel(reading.database, Feed()).send(address(), reply(), "k1")
    assert len(await asyncio.wait_for(waiting, 1.0)) == 1


@pytest.mark.timed
async def test_whoever_waits_in_vain_is_answered_in_time_and_forgotten(reading: Reading) -> None:
    began = asyncio.get_running_loop().time()
    assert (await reading.get("/v1/replies?after=7&wait=1")).json() == {"posts": [], "next": 7}
    assert 0.9 < asyncio.get_running_loop().time() - began < 2
    assert not reading.feed.is_full(SOURCE)
    assert reading.feed._readers == {}


async def test_a_draining_process_lets_nobody_wait(reading: Reading) -> None:
    waiting = asyncio.create_task(reading.read(wait=20))
    await asyncio.sleep(0.1)
    reading.accepting = False
    assert await asyncio.wait_for(waiting, 1.0) == []


# --- streams -----------------------------------------------------------------------------------------------------


async def test_a_stream_shows_life_sentences_and_the_post_that_counts(reading: Reading) -> None:
    listening = reading.listen()
    await listening.until(": hello")
    await reading.channel.begun(message())
    await reading.channel.sentence(message(), "Full-time staff get 200 hours. [1]")
    await reading.channel.withdraw(message())
    await reading.channel.sentence(message(source=OTHER), "for the portal only")
    await listening.until("event: withdraw")
    await reading.channel.send(address(), reply("200 hours."), "turn:door:local:1:0")
    text = await listening.until('200 hours."')
    kinds = [line.removeprefix("event: ") for line in text.split("\n") if line.startswith("event: ")]
    assert kinds == ["begun", "sentence", "withdraw", "post"]
    assert '"event": "1"' in text
    assert "id: 1\n" in text
    assert "portal only" not in text
    await listening.leave()
    assert reading.feed._readers == {}


@pytest.mark.timed
async def test_sentences_alone_make_no_work_for_the_database(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    after = reading.channel.after

    async def counted(*asked: Any) -> list[Post]:
        nonlocal looks
        looks += 1
        return await after(*asked)

    monkeypatch.setattr(reading.channel, "after", counted)
    listening = reading.listen()
    await listening.until(": hello")
    began = asyncio.get_running_loop().time()
    for number in range(50):
        await reading.channel.sentence(message(), f"sentence {number}")
        await asyncio.sleep(0.01)
    await listening.until("sentence 49")
    assert looks <= 2 + (asyncio.get_running_loop().time() - began) / 0.5
    await listening.leave()


async def test_a_long_queue_of_posts_is_read_to_its_end_by_a_stream(reading: Reading) -> None:
    for number in range(230):
        await reading.channel.send(address(), reply(f"post {number}."), f"k{number}")
    listening = reading.listen()
    assert (await listening.until("post 229.", 10)).count("event: post") == 230
    await listening.leave()


async def test_a_quiet_stream_says_that_it_is_there(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web_app.replies.HEARTBEAT_SECONDS", 0.2)
    listening = reading.listen()
    await listening.until(": still here")
    await listening.leave()


async def test_a_stream_ends_when_the_process_drains(reading: Reading) -> None:
    listening = reading.listen()
    await listening.until(": hello")
    reading.accepting = False
    await asyncio.wait_for(listening.task, 2)
    assert reading.feed._readers == {}


async def test_a_stream_ends_after_its_time_so_that_a_key_taken_away_reads_no_more(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web_app.replies.STREAM_SECONDS", 0.3)
    listening = reading.listen()
    await asyncio.wait_for(listening.task, 3)
    assert listening.status == 200


async def test_a_stream_ends_when_the_database_is_away(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise ConnectorError("database", "gone")

    monkeypatch.setattr(reading.database, "read", away)
    listening = reading.listen()
    await asyncio.wait_for(listening.task, 3)
    assert reading.feed._readers == {}


async def test_a_reader_that_takes_nothing_in_is_let_go(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web_app.replies.STREAM_SECONDS", 0.1)
    monkeypatch.setattr("web_app.replies.HEARTBEAT_SECONDS", 0.1)

    class Stuck(Listening):
        async def _send(self, event: Any) -> None:
            if event.get("more_body"):
                await asyncio.sleep(60)

    stuck = Stuck(reading.app, "/v1/stream", signed("GET", "/v1/stream"))
    await asyncio.wait_for(stuck.task, 3)
    assert reading.feed._readers == {}


# --- the feed ----------------------------------------------------------------------------------------------------


def test_a_slow_reader_loses_previews_and_takes_back_what_it_saw() -> None:
    reader = Reader()
    for number in range(feeds.MOST_PREVIEWS + 1):
        reader.show(Preview("sentence", message(number % 3), f"sentence {number}"))
    left = reader.take()
    assert {preview.kind for preview in left} == {"withdraw"}
    assert {preview.message.event_id for preview in left} == {f"door:{SOURCE}:{n}" for n in range(3)}
    assert reader.take() == []


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["begun", "sentence", "withdraw"])), max_size=1500))
@settings(max_examples=50)
def test_what_waits_for_a_reader_never_grows_over_its_limit(shown: list[tuple[int, Any]]) -> None:
    reader = Reader()
    for number, kind in shown:
        reader.show(Preview(kind, message(number), "text"))
        assert len(reader._previews) <= feeds.MOST_PREVIEWS


async def test_a_wake_that_comes_before_the_wait_is_not_lost() -> None:
    reader = Reader()
    reader.posted()
    await asyncio.wait_for(reader.wait(20), 1)


async def test_posts_hold_what_the_channel_was_given_and_their_own_time(reading: Reading) -> None:
    await reading.channel.send(address(), reply(), "k1")
    with reading.database.reading() as tx:
        row = tx.execute(sa.select(posts_table)).one()
    assert (row.channel, row.tenant, row.reader, row.place) == ("door", SOURCE, "E1002", "direct")
    assert abs((row.at - datetime.now(UTC)).total_seconds()) < 60

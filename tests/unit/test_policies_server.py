"""Vectors in this process or on a Chroma server: one contract; what a server can do wrong ends in one clear error."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.errors import ConnectorError
from core.outcomes import Outcome
from loket.command.doctor_server import Finding, vector_server
from loket.settings import Settings
from policies.indexes.chroma import ServerStore, check_server
from policies.settings import PolicySettings
from tests.desk import Desk
from tests.policy_room import ALL, HashingEmbedder, Room, room
from tests.servers.chroma import ChromaServer, answering, free_port, running_chroma, token_proxy
from tests.staff import TOM

LEAVE = "---\nid: leave\ntitle: Leave\n---\nIntro words.\n\n## Carry over\nYou may carry over 80 hours.\n"
LAPTOP = "# Laptops\n\n## Lost laptop\nCall the service desk at once when a laptop is lost.\n"
CARRY = ("handbook/leave.md", "Carry over")
HR = frozenset({"hr"})

pytestmark = pytest.mark.slow


@pytest.fixture
def chroma() -> Iterator[ChromaServer]:
    with running_chroma() as server:
        yield server


@pytest.fixture(params=["embedded", "server"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    """A room whose vectors are in this process, and one whose vectors are on a server."""
    url = request.getfixturevalue("chroma").url if request.param == "server" else ""
    with room(tmp_path, chroma_url=url) as opened:
        yield opened


# --- the contract: the same in both forms ------------------------------------------------------------------------


async def test_a_section_is_found_by_its_meaning_and_by_its_words(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    report = await desk.library.ingest(desk.folder)
    assert (report.added, report.passages) == (1, 2)
    best = (await desk.library.search("carry over hours", ALL))[0]
    assert (best.path, best.heading) == CARRY
    assert 0.3 < best.similarity <= 1.001


async def test_only_what_changed_is_embedded_again_and_what_is_gone_is_found_no_more(desk: Room) -> None:
    gone = desk.write("leave.md", LEAVE)
    desk.write("laptop.md", LAPTOP)
    await desk.library.ingest(desk.folder)
    desk.embedder.embedded = 0
    desk.write("laptop.md", LAPTOP + "\n## Chargers\nChargers stay at work.\n")
    gone.unlink()
    report = await desk.library.ingest(desk.folder)
    assert (report.updated, report.removed) == (1, 1)
    assert desk.embedder.embedded == 2  # the new section: its gist and its one sentence
    assert {path for path, _ in await desk.headings("carry over hours", k=20)} == {"handbook/laptop.md"}
    vectors, words = desk.library._indexes.vectors, desk.library._indexes.lexical
    (partition,) = vectors.partitions(1)
    assert vectors.ids(1, partition, "gists") == words.ids(1, partition)


async def test_a_document_that_gets_other_readers_is_hidden_from_the_ones_before(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    desk.write("leave.md", LEAVE.replace("id: leave", "id: leave\naudience: [hr]"))
    await desk.library.ingest(desk.folder)
    assert await desk.headings("carry over hours") == []
    assert (await desk.headings("carry over hours", HR))[0] == CARRY


async def test_a_rebuild_swaps_in_while_questions_are_answered(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    over = asyncio.Event()
    answers: list[bool] = []

    async def ask() -> None:
        while not over.is_set():
            answers.append(CARRY in await desk.headings("carry over hours", k=20))

    asking = asyncio.create_task(ask())
    for number in range(3):
        desk.write(f"laptop{number}.md", LAPTOP.replace("laptop", f"laptop {number}"))
        await desk.library.ingest(desk.folder)
        await desk.library.rebuild()
    over.set()
    await asking
    assert len(answers) >= 3
    assert all(answers)
    assert desk.library._indexes.vectors.partitions(1) == set()  # the generations before are gone


async def test_a_change_that_was_cut_off_is_repaired_by_the_next_ingest(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    gone = desk.write("laptop.md", LAPTOP)
    change = desk.library._ingest._change
    desk.library._ingest._change = lambda work: (_ for _ in ()).throw(RuntimeError("cut off"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await desk.library.ingest(desk.folder)
    assert {path for path, _ in await desk.headings("lost laptop", k=20)} == {"handbook/leave.md"}
    desk.library._ingest._change = change  # type: ignore[method-assign]
    gone.unlink()
    await desk.library.ingest(desk.folder)
    (partition,) = desk.library._indexes.partitions(1)
    assert len(desk.library._indexes.vectors.ids(1, partition, "gists")) == 2
    assert len(desk.library._indexes.lexical.ids(1, partition)) == 2


async def test_lost_vectors_are_an_error_and_not_an_empty_answer_and_the_next_ingest_mends_them(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    vectors = desk.library._indexes.vectors
    vectors.keep_only(99)
    vectors.refresh()
    with pytest.raises(ConnectorError, match="run `loket policies ingest`"):
        await desk.library.search("carry over hours", ALL)
    await desk.library.ingest(desk.folder)
    assert (await desk.headings("carry over hours"))[0] == CARRY


async def test_another_embedder_is_noticed_and_the_next_ingest_rebuilds(desk: Room) -> None:
    desk.write("leave.md", LEAVE)
    await desk.library.ingest(desk.folder)
    other = desk.another(HashingEmbedder("hashing/2", 32))
    try:
        assert "indexed anew" in (await other.ingest(desk.folder)).rebuilt
        assert (await other.search("carry over hours", ALL))[0].similarity > 0.3
    finally:
        other.close()


# --- a server that is not as it should be ------------------------------------------------------------------------


@pytest.fixture
async def served(chroma: ChromaServer, tmp_path: Path) -> AsyncIterator[Room]:
    """A room with one document on a server, which gives up after a second."""
    with room(tmp_path, chroma_url=chroma.url, chroma_seconds=1) as opened:
        opened.write("leave.md", LEAVE)
        await opened.library.ingest(opened.folder)
        yield opened


@pytest.mark.timed
async def test_a_server_that_is_down_is_one_clear_error_and_searches_go_on_when_it_is_back(
    served: Room, chroma: ChromaServer
) -> None:
    chroma.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(ConnectorError, match="chroma: no answer within 1 s"):
        await served.library.search("carry over hours", ALL)
    assert time.monotonic() - started < 3
    chroma.process.send_signal(signal.SIGCONT)
    assert (await served.headings("carry over hours"))[0] == CARRY
    chroma.process.kill()
    chroma.process.wait(10)
    with pytest.raises(ConnectorError, match="chroma"):
        await served.library.search("carry over hours", ALL)


@pytest.mark.timed
async def test_many_questions_to_a_server_that_hangs_all_end(served: Room, chroma: ChromaServer) -> None:
    chroma.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    questions = [served.library.search("carry over hours", ALL) for _ in range(30)]
    found = await asyncio.gather(*questions, return_exceptions=True)
    assert all(isinstance(one, ConnectorError) for one in found)
    assert time.monotonic() - started < 15
    chroma.process.send_signal(signal.SIGCONT)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            assert (await served.headings("carry over hours"))[0] == CARRY
            break
        except ConnectorError:
            await asyncio.sleep(0.2)
    else:
        pytest.fail("the server is back and nothing is found")


def _says(body: bytes, status: int = 200, kind: str = "application/json") -> Callable[[BaseHTTPRequestHandler], None]:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return handle


def _trickles(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(30):
        request.wfile.write(b"[")
        request.wfile.flush()
        time.sleep(0.2)


GARBAGE = {
    "a web page": _says(b"<html>Welcome</html>", kind="text/html"),
    "nothing": _says(b""),
    "a list": _says(b"[1, 2, 3]"),
    "another shape": _says(b'{"ids": 7}'),
    "half an answer": _says(b'{"id": "6f0'),
    "bytes": _says(bytes(range(256))),
    "an error": _says(b"out of order", status=500),
    "a redirect": _says(b"", status=302),
    "a refusal": _says(b"<html>401 Authorization Required</html>", status=401),
    "a byte now and then": _trickles,
}


@pytest.mark.timed
@pytest.mark.parametrize("handle", GARBAGE.values(), ids=GARBAGE.keys())
async def test_a_server_that_answers_garbage_is_a_connector_error_in_time(
    served: Room, handle: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    with answering(handle) as url:
        settings = served.settings.model_copy(update={"chroma_url": url})
        library = served.library_with(settings)
        started = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            await library.search("carry over hours", ALL)
        assert time.monotonic() - started < 4
        assert "<html" not in str(caught.value)[:20]
        assert len(str(caught.value)) < 300
        library.close()


async def test_an_ingest_without_its_server_changes_nothing_and_the_next_one_does_the_work(
    served: Room, chroma: ChromaServer
) -> None:
    served.write("laptop.md", LAPTOP)
    away = served.library_with(served.settings.model_copy(update={"chroma_url": f"http://127.0.0.1:{free_port()}"}))
    with pytest.raises(ConnectorError, match="chroma"):
        await away.ingest(served.folder)
    away.close()
    assert {record.path for record in await served.library.documents()} == {"handbook/leave.md"}
    assert (await served.headings("carry over hours"))[0] == CARRY
    assert (await served.library.ingest(served.folder)).added == 1


async def test_more_collections_than_one_page_of_the_list_are_all_known(
    served: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policies.indexes.chroma._PAGE", 3)
    for number in range(4):
        served.write(f"rule{number}.md", f"---\naudience: [g{number}]\n---\nThe parking rule of team {number}.\n")
    await served.library.ingest(served.folder)
    await served.library.rebuild()
    assert len(served.library._indexes.vectors.partitions(2)) == 5
    assert served.library._indexes.vectors.partitions(1) == set()
    assert await served.headings("parking rule", frozenset({"g3"})) == [("handbook/rule3.md", "(intro)")]


async def test_collections_of_others_on_the_same_server_stay(served: Room, chroma: ChromaServer) -> None:
    store = ServerStore(served.settings)
    store.create("somebody-elses")
    await served.library.rebuild()
    assert "somebody-elses" in store.names()
    store.close()


async def test_only_the_right_token_gets_through_the_proxy(served: Room, chroma: ChromaServer) -> None:
    token = "a-token-of-the-tests-0123456789"
    with token_proxy(chroma.url, token) as url:
        right = served.settings.model_copy(update={"chroma_url": url, "chroma_token": SecretStr(token)})
        library = served.library_with(right)
        assert (await library.search("carry over hours", ALL))[0].heading == "Carry over"
        library.close()
        check_server(right)
        for wrong in ("", "another-token"):
            with pytest.raises(ConnectorError) as caught:
                check_server(right.model_copy(update={"chroma_token": SecretStr(wrong)}))
            assert token not in str(caught.value)
    assert token not in repr(right)


async def test_proxy_variables_of_the_environment_never_see_the_token(
    served: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    check_server(served.settings)


@pytest.mark.parametrize(
    "address", ["localhost:8000", "ftp://host", "http://", "http://user:secret@host", "http://host/api"]
)
def test_an_address_that_cannot_be_one_stops_the_start(address: str) -> None:
    with pytest.raises(ValidationError):
        PolicySettings(chroma_url=address)


async def test_words_that_are_damaged_on_disk_are_made_anew(served: Room, tmp_path: Path) -> None:
    served.library.close()
    for file in (served.home / "index").glob("own-words-*/*/*/meta.json"):
        file.write_text("{broken", encoding="utf-8")
    library = served.another()
    assert (await library.search("carry over hours", ALL))[0].heading == "Carry over"
    library.close()


async def test_a_home_that_is_new_waits_for_its_words_and_finds_all(served: Room, tmp_path: Path) -> None:
    library = served.library_with(served.settings, tmp_path / "another-home")
    found = await library.search("carry over hours", ALL)
    assert found[0].heading == "Carry over"
    assert found[0].score == pytest.approx((await served.library.search("carry over hours", ALL))[0].score)
    library.close()


# --- what the doctor says ----------------------------------------------------------------------------------------


async def test_the_doctor_tells_a_server_that_answers_anybody(served: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "a-token-of-the-tests-0123456789"
    monkeypatch.setattr("loket.command.doctor_server.is_near", lambda _: False)

    def finding(url: str, **more: str) -> Finding:
        return vector_server(Settings(policies={"chroma_url": url, **more}, _env_file=None))  # type: ignore[call-arg]

    with token_proxy(served.settings.chroma_url, token) as url:
        guarded = finding(url, chroma_token=token)
        assert (guarded.good, guarded.fatal) == (False, False)
        assert "only to the token" in guarded.detail
        assert finding(url, chroma_token="wrong").fatal
    bare = finding(served.settings.chroma_url, chroma_token=token)
    assert bare.fatal
    assert "without a token" in bare.detail
    assert finding(f"http://127.0.0.1:{free_port()}").fatal
    assert finding("").good


async def test_a_question_while_the_server_is_down_ends_in_a_named_outcome_and_all_else_goes_on() -> None:
    away = {"policies": {"chroma_url": f"http://127.0.0.1:{free_port()}", "chroma_seconds": 1}}
    async with Desk.start(settings=away) as desk:
        replies = await desk.say(TOM, "How many hours of leave may I carry over?")
        assert desk.turns()[-1] is Outcome.FAILED_CONNECTOR
        assert replies[-1].text
        await desk.say(TOM, "reset my password")
        assert desk.turns()[-1] is Outcome.PROPOSED

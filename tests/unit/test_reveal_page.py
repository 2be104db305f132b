"""The page with a temporary credential, by what it must never do: shown by looking, shown twice, or told apart."""

from __future__ import annotations

import asyncio
import base64
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import structlog
from pydantic import SecretStr

from actions import envelopes
from actions.keys import ROLE_RINGS, GateKeys
from actions.opening import Reveals
from actions.records import State
from actions.roads import Pages
from core.errors import ConfigError, ConnectorError, Refused
from storage.keys import SealBroken
from tests.reveal_room import ADDRESS, AYLIN, PRIYA, RevealRoom, browser_of, reveal_room, secret_on
from tests.unit.test_actions_secrets import everything_written
from web_app.pace import Pace
from web_app.reveal import FLOOR_SECONDS, RevealPage

BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
ROBOTS = ("Slackbot-LinkExpanding 1.0", "Mozilla/5.0 (compatible; MSIE) SkypeUriPreview", "curl/8", "")


@pytest.fixture
def room() -> Iterator[RevealRoom]:
    with reveal_room() as room:
        yield room


async def ready(room: RevealRoom, who: str = AYLIN) -> tuple[str, str]:
    """A reset that waits on the page: its action and its token."""
    action_id = await room.reset(who)
    (token,) = room.tokens(action_id)
    return action_id, token


# --- looking -----------------------------------------------------------------------------------------------------


async def test_looking_never_shows_and_never_uses_up(room: RevealRoom) -> None:
    """Link previews, mail scanners, prefetch, HEAD: as often as they like, with whatever they add to the address."""
    action_id, token = await ready(room)
    before = room.envelope(action_id)
    pages = set()
    for method in ("GET", "HEAD"):
        for robot in ROBOTS:
            for more in ("", "?lang=en", f"?code={room.code()}", f"?do=show&code={room.code()}"):
                headers = {"user-agent": robot, "purpose": "prefetch", "sec-purpose": "prefetch"}
                answer = await room.browser.request(method, f"/reveal/{token}{more}", headers=headers)
                assert answer.status_code == 200
                assert secret_on(answer) == ""
                pages.add(answer.text)
    assert room.envelope(action_id) == before
    assert len(pages) <= 2, "with and without a body"
    assert secret_on(await room.post(token, code=room.code()))


async def test_looking_asks_the_database_nothing(room: RevealRoom) -> None:
    _, token = await ready(room)
    room.gate.database.close()

    def broken(_work: object) -> None:
        raise AssertionError("a look must not read anything")

    room.gate.database.read = room.gate.database.run = broken  # type: ignore[assignment]
    assert (await room.browser.get(f"/reveal/{token}")).status_code == 200


async def test_every_token_is_drawn_alike(room: RevealRoom) -> None:
    _, token = await ready(room)
    pages = [(await room.browser.get(f"/reveal/{one}")).text for one in (token, "c" + "A" * 43, "x", "%00", "c")]
    assert len(set(pages)) == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_do_nothing(room: RevealRoom, method: str) -> None:
    action_id, token = await ready(room)
    answer = await room.browser.request(method, f"/reveal/{token}", data={"code": room.code()})
    assert answer.status_code == 405
    assert room.envelope(action_id)["state"] == "offered"


# --- showing -----------------------------------------------------------------------------------------------------


async def test_the_right_code_shows_it_once_and_destroys_it(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    shown = await room.post(token, code=room.code())
    secret = secret_on(shown)

    assert room.gate.world.signs_in("aylin.yilmaz", secret) == "must_change"
    kept = room.envelope(action_id)
    assert (kept["state"], kept["ciphertext"], kept["token_hash"], kept["seen_by"]) == ("seen", None, None, AYLIN)
    again = await room.post(token, code=room.code())
    assert (again.status_code, secret_on(again)) == (403, "")
    assert secret not in again.text
    await room.gate.settle()
    assert room.envelope(action_id)["state"] == "gone"
    assert (f"employee:{AYLIN}", "credential.delivery", "seen by reveal") in room.noted(action_id)


async def test_its_person_hears_of_it_on_every_registered_address(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    assert room.notices(action_id, "notice") == ["sms", "work_mail"], "of the change itself, as always"
    assert room.notices(action_id, "seen") == []
    await room.post(token, code=room.code())
    await room.gate.settle()
    assert room.notices(action_id, "seen") == ["sms", "work_mail"]
    await room.gate.gate.sweep()
    await room.gate.settle()
    assert room.notices(action_id, "seen") == ["sms", "work_mail"], "once"


async def test_the_directory_may_be_away_when_it_is_seen(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    await room.post(token, code=room.code())
    room.gate.world.fail_next("directory", "refuse")
    await room.gate.settle()
    assert room.envelope(action_id)["state"] == "seen"
    room.gate.advance_clock(timedelta(seconds=10))
    await room.gate.gate.sweep()
    await room.gate.settle()
    assert room.notices(action_id, "seen") == ["sms", "work_mail"]


async def test_the_code_may_be_typed_as_people_type(room: RevealRoom) -> None:
    _, token = await ready(room)
    code = room.code()
    assert secret_on(await room.post(token, code=f" {code[:3]} {code[3:]} "))


@pytest.mark.parametrize("language", ["en", "nl"])
async def test_the_page_speaks_the_language_of_its_reader(room: RevealRoom, language: str) -> None:
    _, token = await ready(room)
    words = {"en": "Type the code", "nl": "Typ de code"}[language]
    by_link = await room.browser.get(f"/reveal/{token}?lang={language}")
    by_browser = await room.browser.get(f"/reveal/{token}", headers={"accept-language": f"{language}-XX,fr;q=0.5"})
    for answer in (by_link, by_browser):
        assert words in answer.text
        assert f'<html lang="{language}">' in answer.text
        assert "<label for=" in answer.text


# --- the one no --------------------------------------------------------------------------------------------------


async def dead_tokens(room: RevealRoom) -> dict[str, tuple[str, str]]:
    """Tokens that lead nowhere, each with the code one would try: every kind there is."""
    burnt_action, burnt = await ready(room, AYLIN)
    for _ in range(5):
        await room.post(burnt, code=room.wrong_code())
    room.gate.world.change_contact("E1020", mobile="+31655501020", private_email=None)
    room.gate.world.change_contact("E1002", mobile="+31655501002", private_email=None)
    room.gate.advance_clock(timedelta(hours=80))
    used_action, used = await ready(room, "E1020")
    await room.post(used, code=room.code())
    expired_action, expired = await ready(room, "E1002")
    code = room.code()
    room.gate.advance_clock(timedelta(minutes=11))
    assert len({burnt_action, used_action, expired_action}) == 3
    return {
        "burnt": (burnt, code),
        "used": (used, code),
        "expired": (expired, code),
        "invented": ("c" + "B" * 43, code),
        "short": ("c", code),
        "long": ("c" * 3000, code),
        "odd": ("..;x=%3Cb%3E", code),
        "null": ("%00", code),
        "other letters": ("%C3%A9%F0%9F%92%A9", code),
        "another kind": ("s" + expired[1:], code),
    }


@pytest.mark.slow
@pytest.mark.timed
async def test_whatever_is_wrong_gets_the_same_answer_in_the_same_time(room: RevealRoom) -> None:
    dead = await dead_tokens(room)
    dead.pop("another kind")  # asks for a sign-in, by its first letter: another form, also for an invented one
    answers, times = set(), {}
    for name, (token, code) in dead.items():
        began = time.perf_counter()
        answer = await room.post(token, code=code)
        times[name] = time.perf_counter() - began
        kept = sorted((key, value) for key, value in answer.headers.items() if key != "date")
        answers.add((answer.status_code, answer.text, str(kept)))
    assert len(answers) == 1
    assert min(times.values()) >= FLOOR_SECONDS
    assert max(times.values()) - statistics.median(times.values()) < 0.15, times


async def test_a_wrong_code_reads_like_a_link_that_is_dead(room: RevealRoom) -> None:
    _, token = await ready(room)
    wrong, dead = await room.post(token, code=room.wrong_code()), await room.post("c" + "C" * 43, code="123456")
    assert (wrong.status_code, wrong.text) == (dead.status_code, dead.text)


async def test_the_code_of_one_action_does_not_open_another(room: RevealRoom) -> None:
    _, hers = await ready(room, AYLIN)
    her_code = room.code()
    room.gate.world.change_contact("E1020", mobile="+31655501020", private_email=None)
    room.gate.advance_clock(timedelta(hours=80))
    _, his = await ready(room, "E1020")
    if room.code() != her_code:
        assert secret_on(await room.post(his, code=her_code)) == ""
    assert secret_on(await room.post(hers, code=room.code())) == "", "hers is too old by now"


async def test_the_code_that_proved_identity_does_not_open_the_page(room: RevealRoom) -> None:
    action_id = await room.gate.propose(AYLIN, "reset_my_password")
    await room.gate.prove(AYLIN, action_id)
    proof = room.code()
    await room.gate.click(PRIYA, action_id, "approve")
    await room.gate.settle()
    (token,) = room.tokens(action_id)
    if room.code() != proof:
        assert secret_on(await room.post(token, code=proof)) == ""


# --- five tries --------------------------------------------------------------------------------------------------


async def test_five_wrong_codes_burn_it(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    for _ in range(5):
        assert secret_on(await room.post(token, code=room.wrong_code())) == ""
    assert secret_on(await room.post(token, code=room.code())) == ""
    assert room.envelope(action_id)["ciphertext"] is None
    assert room.envelope(action_id)["state"] == "failed"
    assert ("page", "credential.delivery", "burnt") in room.noted(action_id)
    said = [post.text for post in room.posts(action_id)]
    assert any("has been destroyed" in text for text in said)
    assert any("wrong too often" in text and "Request" in text for text in said), "approvers and security are told"


async def test_four_wrong_codes_and_the_right_one(room: RevealRoom) -> None:
    _, token = await ready(room)
    for _ in range(4):
        await room.post(token, code=room.wrong_code())
    assert secret_on(await room.post(token, code=room.code()))


async def test_a_new_link_does_not_give_five_more_tries(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    for _ in range(4):
        await room.post(token, code=room.wrong_code())
    room.gate.advance_clock(timedelta(minutes=2))
    assert (await room.gate.click(AYLIN, action_id, "send_code")).accepted
    await room.gate.settle()
    fresh = room.tokens(action_id)[-1]
    assert fresh != token
    await room.post(fresh, code=room.wrong_code())
    assert secret_on(await room.post(fresh, code=room.code())) == ""
    assert room.envelope(action_id)["state"] == "failed"


@pytest.mark.parametrize("where", BOTH)
@pytest.mark.slow
async def test_of_forty_posts_at_once_five_wrong_ones_count(where: str, request: pytest.FixtureRequest) -> None:
    """A guesser with many connections: every try is counted under the lock of the row, so there are never six."""
    with reveal_room(request.getfixturevalue("postgres_server") if where == "postgres" else "") as room:
        action_id, token = await ready(room)
        wrong = room.wrong_code()
        await asyncio.gather(*(room.post(token, code=wrong) for _ in range(40)))
        tries = [result for _, verb, result in room.noted(action_id) if verb == "reveal.wrong_code"]
        assert tries == [f"try {count}" for count in range(1, 6)]
        assert secret_on(await room.post(token, code=room.code())) == ""


@pytest.mark.parametrize("where", BOTH)
@pytest.mark.slow
async def test_of_twenty_right_posts_at_once_one_sees_it(where: str, request: pytest.FixtureRequest) -> None:
    with reveal_room(request.getfixturevalue("postgres_server") if where == "postgres" else "") as room:
        action_id, token = await ready(room)
        answers = await asyncio.gather(*(room.post(token, code=room.code()) for _ in range(20)))
        assert sum(bool(secret_on(answer)) for answer in answers) == 1
        seen = [result for _, verb, result in room.noted(action_id) if verb == "credential.delivery"]
        assert seen == ["seen by reveal"]


# --- what it leaves behind ---------------------------------------------------------------------------------------


async def test_the_credential_is_in_no_log_no_table_and_no_header(
    room: RevealRoom, caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as logged:
        _, token = await ready(room)
        offered = everything_written(room.gate)
        shown = await room.post(token, code=room.code())
        await room.gate.settle()
    secret = secret_on(shown)
    forms = (secret, secret[::-1], base64.b64encode(secret.encode()).decode().rstrip("="), secret.encode().hex())
    sinks = [*offered.values(), *everything_written(room.gate).values(), str(logged), caplog.text, str(shown.headers)]
    notes = [message["text"] for road in ("sms", "work_mail", "private_mail") for message in room.gate.messages(road)]
    for text in (*sinks, *notes, *(post.text for post in room.posts())):
        assert not [form for form in forms if form in text]


async def test_the_token_is_kept_hashed(room: RevealRoom) -> None:
    """Beside the chat message that carries it, no table, file or log has it."""
    with structlog.testing.capture_logs() as logged:
        action_id, token = await ready(room)
    written = everything_written(room.gate)
    holders = {place for place, text in written.items() if token in text}
    assert {place for place in holders if place.startswith("loket.db:")} == {"loket.db:outbox"}
    assert token not in str(logged)
    assert len(room.envelope(action_id)["token_hash"]) == 64


async def test_its_headers_let_nothing_in_and_nothing_out(room: RevealRoom) -> None:
    _, token = await ready(room)
    for answer in (
        await room.browser.get(f"/reveal/{token}"),
        await room.post(token, code=room.wrong_code()),
        await room.post(token, code=room.code()),
    ):
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy
        assert "unsafe" not in policy
        assert headers.get_list("content-security-policy") == [policy]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "etag" not in headers
        assert "set-cookie" not in headers
        assert "<script" not in answer.text
        assert "http" not in answer.text.replace("http-equiv", ""), "it loads nothing and leads nowhere"


# --- bodies, pace, outages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"code=" + b"1" * 3000, "application/x-www-form-urlencoded", 413),
        (b"code=123456&code=123457", "application/x-www-form-urlencoded", 400),
        (b"code=123456&admin=1", "application/x-www-form-urlencoded", 400),
        (b"code=%ff&&&", "application/x-www-form-urlencoded", 400),
        (b'{"code": "123456"}', "application/json", 400),
        (b"code=123456", "text/plain", 400),
        (b"code=123456", "", 400),
    ],
)
async def test_a_body_that_is_no_small_form_is_refused(
    room: RevealRoom, content: bytes, kind: str, status: int
) -> None:
    action_id, token = await ready(room)
    answer = await room.browser.post(f"/reveal/{token}", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert room.envelope(action_id)["state"] == "offered"


async def test_another_site_cannot_press_the_button(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    for site in ("cross-site", "same-site"):
        headers = {"sec-fetch-site": site}
        answer = await room.browser.post(f"/reveal/{token}", data={"code": room.code()}, headers=headers)
        assert (answer.status_code, secret_on(answer)) == (403, "")
    assert room.envelope(action_id)["state"] == "offered"


async def test_who_asks_too_often_waits(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    moment = [0.0]
    hurried = browser_of(RevealPage(room.page._reveals, pace=Pace(3, 20, clock=lambda: moment[0])))
    statuses = [(await hurried.post(f"/reveal/x{number}", data={"code": "1"})).status_code for number in range(5)]
    assert statuses == [403, 403, 403, 429, 429]
    assert (await hurried.post(f"/reveal/{token}", data={"code": room.code()})).status_code == 429
    assert room.envelope(action_id)["state"] == "offered", "nothing was looked up, so no try is lost"
    assert (await hurried.get(f"/reveal/{token}")).status_code == 200
    moment[0] = 61.0
    assert secret_on(await hurried.post(f"/reveal/{token}", data={"code": room.code()}))


def test_the_pace_forgets_addresses_and_holds_no_more_than_it_may_at_once() -> None:
    pace = Pace(2, 3, clock=lambda: 0.0)
    for number in range(11_000):
        with pace.turn(f"10.0.{number}") as allowed:
            assert allowed
    assert len(pace._seen) == 10_000
    with pace.turn("a") as one, pace.turn("b") as two, pace.turn("c") as three, pace.turn("d") as four:
        assert (one, two, three, four) == (True, True, True, False)
    with pace.turn("e") as again:
        assert again


async def test_a_database_that_is_away_loses_nothing(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    works = room.gate.database.run

    async def away(_work: object) -> None:
        raise ConnectorError("database", "gone")

    room.gate.database.run = away  # type: ignore[method-assign,assignment]
    answer = await room.post(token, code=room.code())
    assert (answer.status_code, secret_on(answer)) == (503, "")
    room.gate.database.run = works  # type: ignore[method-assign]
    assert room.envelope(action_id)["state"] == "offered"
    assert secret_on(await room.post(token, code=room.code()))


# --- links -------------------------------------------------------------------------------------------------------


async def test_after_ten_minutes_the_link_is_over_and_a_new_one_can_be_had(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    room.gate.advance_clock(timedelta(minutes=10, seconds=1))
    assert secret_on(await room.post(token, code=room.code())) == ""
    await room.gate.gate.sweep()
    await room.gate.settle()
    last = room.posts(action_id)[-1]
    assert "too old by now" in last.text
    assert last.card is not None
    assert not last.card.links
    assert (await room.gate.click(AYLIN, action_id, "send_code")).accepted
    await room.gate.settle()
    assert secret_on(await room.post(token, code=room.code())) == "", "the old link stays dead"
    assert secret_on(await room.post(room.tokens(action_id)[-1], code=room.code()))


async def test_only_the_requester_has_a_new_link_and_not_twice_a_minute(room: RevealRoom) -> None:
    action_id, _ = await ready(room)
    assert not (await room.gate.click(PRIYA, action_id, "send_code")).accepted
    assert not (await room.gate.click(AYLIN, action_id, "send_code")).accepted, "the first is not a minute old"
    room.gate.advance_clock(timedelta(minutes=1, seconds=1))
    assert (await room.gate.click(AYLIN, action_id, "send_code")).accepted
    await room.gate.settle()
    assert len(room.tokens(action_id)) == 2


async def test_what_nobody_looks_at_is_destroyed_and_people_are_told(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    for _ in range(3):
        room.gate.advance_clock(timedelta(hours=2))
        await room.gate.gate.sweep()
        await room.gate.settle()
    assert (room.envelope(action_id)["state"], room.envelope(action_id)["ciphertext"]) == ("failed", None)
    assert room.envelope(action_id, "reveal_code")["ciphertext"] is None
    said = " ".join(post.text for post in room.posts(action_id))
    assert "could not deliver the temporary password" in said
    assert "could not be delivered" in said
    assert not (await room.gate.click(AYLIN, action_id, "send_code")).accepted
    assert secret_on(await room.post(token, code=room.code())) == ""


async def test_this_was_not_me_closes_the_page(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    await room.gate.click(AYLIN, action_id, "not_me")
    assert secret_on(await room.post(token, code=room.code())) == ""
    assert room.envelope(action_id)["ciphertext"] is None
    await room.gate.gate.sweep()
    await room.gate.settle()
    assert room.envelope(action_id)["state"] == "failed"


async def test_a_hold_that_another_request_brought_about_closes_the_page(room: RevealRoom) -> None:
    """Somebody who reports an unlock did not want what was asked in their name afterwards either."""
    unlocked = await room.reset(AYLIN, tool="unlock_my_account")
    action_id, token = await ready(room)
    assert (await room.gate.click(AYLIN, unlocked, "not_me")).accepted
    assert secret_on(await room.post(token, code=room.code())) == ""
    assert room.envelope(action_id)["seen_by"] == ""


async def test_the_link_goes_to_the_direct_chat_and_never_holds_the_code(room: RevealRoom) -> None:
    action_id, _ = await ready(room)
    posts = [post for post in room.posts(action_id) if post.card and post.card.links]
    assert [post.private for post in posts] == [True]
    assert room.code() not in repr(room.posts())
    assert [message["road"] for message in room.gate.messages("sms") if "pagina" in message["text"]] == ["sms"]


async def test_an_address_that_changed_meanwhile_gets_neither_link_nor_code(room: RevealRoom) -> None:
    action_id = await room.gate.propose(AYLIN, "reset_my_password")
    await room.gate.prove(AYLIN, action_id)
    await room.gate.click(PRIYA, action_id, "approve")
    works = room.gate.gate.parts.settings
    room.gate.world.fail_next("accounts", "hang 0.3")
    advancing = asyncio.create_task(room.gate.settle())
    await asyncio.sleep(0.15)
    room.gate.world.change_contact(AYLIN, mobile="+31655509999", private_email=None)
    await advancing
    assert works.reveal_minutes == 10
    assert room.tokens(action_id) == []
    assert room.envelope(action_id)["ciphertext"] is None


async def test_without_the_page_such_a_request_is_refused_at_once() -> None:
    with reveal_room(pages=Pages()) as room:
        with pytest.raises(Refused) as refused:
            await room.gate.propose(AYLIN, "reset_my_password")
        assert refused.value.reason == "no_second_road"


async def test_a_page_that_is_switched_off_on_the_way_gives_up_aloud(room: RevealRoom) -> None:
    action_id = await room.gate.propose(AYLIN, "reset_my_password")
    await room.gate.prove(AYLIN, action_id)
    parts = room.gate.gate.parts
    room.gate.gate.parts = replace(parts, systems=replace(parts.systems, pages=Pages()))
    await room.gate.click(PRIYA, action_id, "approve")
    await room.gate.settle()
    assert await room.gate.state(action_id) is State.REFUSED
    assert room.gate.effects() == []


# --- keys --------------------------------------------------------------------------------------------------------


async def test_the_process_with_the_page_opens_what_is_for_the_page_and_nothing_else(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    code = room.code()
    mailed = await room.gate.propose("E1001", "reset_my_password")
    await room.gate.prove("E1001", mailed)
    await room.gate.click(PRIYA, mailed, "approve")
    room.gate.world.fail_next("notify", "refuse")
    await room.gate.settle()
    assert room.envelope(mailed)["state"] == "waiting", "sealed, on its way by mail"

    web = GateKeys.load(room.gate.home / "keys", ROLE_RINGS["web"])
    assert web.envelopes is None
    row, for_mail = room.envelope(action_id), room.envelope(mailed)
    assert web.open("page", row["key_id"], row["nonce"], row["ciphertext"], row["envelope_id"].encode())
    with pytest.raises(ConfigError):
        web.open("credential", for_mail["key_id"], for_mail["nonce"], for_mail["ciphertext"], b"")
    with pytest.raises(SealBroken):
        web.open("page", for_mail["key_id"], for_mail["nonce"], for_mail["ciphertext"], mailed.encode())

    pages = browser_of(RevealPage(Reveals(replace(room.gate.gate.parts, keys=web))))
    shown = await pages.post(f"/reveal/{token}", data={"code": code})
    assert secret_on(shown)


async def test_a_credential_that_cannot_be_opened_is_not_shown_and_not_lost_silently(
    room: RevealRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelopes, "new_credential", lambda: SecretStr("abcde-FGHJK-23456-vwxyz"))
    action_id, token = await ready(room)
    for file in ("reveals.json", "envelopes.json"):
        (room.gate.home / "keys" / file).unlink()
    foreign = GateKeys.load(room.gate.home / "keys")
    browser = browser_of(RevealPage(type(room.page._reveals)(replace(room.gate.gate.parts, keys=foreign))))
    with structlog.testing.capture_logs() as logged:
        answer = await browser.post(f"/reveal/{token}", data={"code": room.code()})
    assert (answer.status_code, secret_on(answer)) == (403, "")
    assert [line["event"] for line in logged] == ["credential_unreadable"]
    assert room.envelope(action_id)["state"] == "offered"


async def test_the_address_of_the_links_is_the_public_one(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    (post,) = [post for post in room.posts(action_id) if post.card and post.card.links]
    assert post.card is not None
    assert post.card.links[0].address == f"{ADDRESS}/reveal/{token}?lang=en"


async def test_httpx_itself_is_not_told_the_credential_in_an_address(room: RevealRoom) -> None:
    _, token = await ready(room)
    shown = await room.post(token, code=room.code())
    assert isinstance(shown, httpx.Response)
    assert secret_on(shown) not in str(shown.url)
    assert shown.history == []


# --- an older copy, a copy for the person ------------------------------------------------------------------------


async def test_after_a_restore_no_link_leads_anywhere_and_its_person_is_told(room: RevealRoom) -> None:
    """In the newer database it may have been seen: nobody sees it a second time."""
    action_id, token = await ready(room)
    await room.gate.gate.void_after_restore("the backup of Tuesday")
    assert secret_on(await room.post(token, code=room.code())) == ""
    for kind in ("credential", "reveal_code"):
        kept = room.envelope(action_id, kind)
        assert (kept["state"], kept["ciphertext"], kept["token_hash"]) == ("failed", None, None)
    assert "destroyed my copy" in room.posts(action_id)[-1].text
    assert not (await room.gate.click(AYLIN, action_id, "send_code")).accepted


async def test_what_was_seen_and_not_told_is_told_after_a_restore_as_well(room: RevealRoom) -> None:
    action_id, token = await ready(room)
    await room.post(token, code=room.code())
    await room.gate.gate.void_after_restore("the backup of Tuesday")
    await room.gate.settle()
    assert room.notices(action_id, "seen") == ["sms", "work_mail"]
    assert room.envelope(action_id)["state"] == "gone"


async def test_an_expired_link_is_forgotten_by_the_sweep_and_its_code_with_it(room: RevealRoom) -> None:
    action_id, _ = await ready(room)
    room.gate.advance_clock(timedelta(minutes=11))
    await room.gate.gate.sweep()
    await room.gate.settle()
    assert room.envelope(action_id)["token_hash"] is None
    assert room.envelope(action_id, "reveal_code")["ciphertext"] is None
    assert room.envelope(action_id)["ciphertext"] is not None, "the credential waits for another link"

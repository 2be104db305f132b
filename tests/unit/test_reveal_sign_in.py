"""A credential behind a sign-in: its requester's, or that of an approver who hands it over; and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware

from actions.opening import Reveals, Signer
from actions.records import State
from actions.revealing import hash_of
from actions.roads import Pages
from actions.tables import votes
from core.errors import Refused
from core.people import ChannelIdentity
from tests.reveal_room import AYLIN, CHIDI, HENK, PRIYA, SANNE, RevealRoom, reveal_room, secret_on
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.sign_in_room import PUBLIC, SignInRoom, sign_in_room
from web_app.guard import Guard as HttpGuard
from web_app.reveal import LIFE, PURPOSE, SESSION, RevealPage
from web_app.sign_in.returning import Returning
from web_app.sign_in.sessions import Sessions

JOOST, MILA, KARIM = "E1004", "E1005", "E1006"


@pytest.fixture
def room() -> Iterator[RevealRoom]:
    with reveal_room() as room:
        yield room


async def signer(room: RevealRoom, who: str, token: str, **changes: Any) -> Signer:
    """Somebody who has just signed in for this link, as far as the gate is told."""
    plain: dict[str, Any] = {
        "employee": await room.gate.employee(who),
        "method": "sign_in",
        "at": datetime.now(UTC) + room.gate.clock_offset,
        "token_hash": hash_of(token),
    }
    return Signer(**{**plain, **changes})


def without_addresses(room: RevealRoom, who: str) -> None:
    """Nobody has ever registered a phone or a private address for this person."""
    statement = "UPDATE people SET mobile = NULL, private_email = NULL WHERE employee_id = ?"
    room.gate.world.change(lambda connection: connection.execute(statement, (who,)))


async def handed_over(room: RevealRoom, who: str = HENK) -> tuple[str, str]:
    """A reset of somebody without phone and mail, approved after a call-back: its action, and the approvers' link."""
    without_addresses(room, who)
    action_id = await room.gate.propose(who, "reset_my_password")
    await room.gate.click(who, action_id, "confirm")
    if await room.gate.state(action_id) is State.AWAITING_PROOF:
        await room.gate.click(who, action_id, "no_code")
    for approver in (PRIYA, CHIDI):
        decision = await room.gate.approve(approver, action_id, callback="rang the desk phone")
        assert decision.accepted, decision.text
    await room.gate.settle()
    assert await room.gate.state(action_id) is State.DONE
    tokens = set(room.tokens(action_id))
    assert len(tokens) == 1
    return action_id, tokens.pop()


# --- hand-over ---------------------------------------------------------------------------------------------------


async def test_an_approver_of_this_action_sees_it_once(room: RevealRoom) -> None:
    action_id, token = await handed_over(room)
    reveals = Reveals(room.gate.gate.parts)
    shown = await reveals.by_sign_in(token, await signer(room, PRIYA, token))
    assert shown is not None
    assert shown.for_other
    assert room.gate.world.signs_in("henk.dijkstra", shown.secret.get_secret_value()) == "must_change"
    for who in (PRIYA, CHIDI):
        assert await reveals.by_sign_in(token, await signer(room, who, token)) is None
    kept = room.envelope(action_id)
    assert (kept["ciphertext"], kept["seen_by"]) == (None, PRIYA)
    assert (f"employee:{PRIYA}", "credential.delivery", "seen by hand_over") in room.noted(action_id)
    await room.gate.settle()
    assert room.notices(action_id, "seen") == ["work_mail"], "its person hears of it wherever they can be reached"
    assert any(PRIYA in post.text and post.private for post in room.posts(action_id)), "and in the chat, by whom"


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        (HENK, "own_request"),
        (JOOST, "not_approved_by_you"),  # entitled, but did not say yes to this
        (KARIM, "not_approved_by_you"),
        (MILA, "not_entitled"),
        (SANNE, "not_entitled"),
    ],
)
async def test_nobody_else_sees_it_and_that_they_tried_is_kept(room: RevealRoom, who: str, reason: str) -> None:
    action_id, token = await handed_over(room)
    assert await Reveals(room.gate.gate.parts).by_sign_in(token, await signer(room, who, token)) is None
    assert (f"employee:{who}", "reveal.refused", reason) in room.noted(action_id)
    assert room.envelope(action_id)["state"] == "offered"


async def test_an_approver_who_has_left_the_group_meanwhile_does_not_see_it(room: RevealRoom) -> None:
    action_id, token = await handed_over(room)
    room.gate.world.set_groups(PRIYA, ["all-staff"])
    assert await Reveals(room.gate.gate.parts).by_sign_in(token, await signer(room, PRIYA, token)) is None
    assert room.envelope(action_id)["state"] == "offered"


async def test_a_vote_written_into_the_table_opens_nothing(room: RevealRoom) -> None:
    action_id, token = await handed_over(room)
    with room.gate.database.transaction() as tx:
        row = dict(tx.execute(sa.select(votes).where(votes.c.employee_id == PRIYA)).mappings().one())
        tx.execute(sa.insert(votes).values({**row, "employee_id": JOOST}))
    assert await Reveals(room.gate.gate.parts).by_sign_in(token, await signer(room, JOOST, token)) is None
    assert (f"employee:{JOOST}", "reveal.refused", "not_approved_by_you") in room.noted(action_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"token_hash": "0" * 64},
        {"token_hash": ""},
        {"method": "code"},
        {"method": ""},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"at": datetime(2100, 1, 1, tzinfo=UTC)},
    ],
    ids=["another link", "no link", "no sign-in", "nothing", "old", "from the future"],
)
async def test_a_sign_in_counts_for_its_own_link_and_only_while_it_is_fresh(
    room: RevealRoom, changes: dict[str, Any]
) -> None:
    action_id, token = await handed_over(room)
    assert await Reveals(room.gate.gate.parts).by_sign_in(token, await signer(room, PRIYA, token, **changes)) is None
    assert room.envelope(action_id)["state"] == "offered"


async def test_no_code_opens_what_asks_for_a_sign_in(room: RevealRoom) -> None:
    action_id, token = await handed_over(room)
    for typed in ("", "123456", "000000"):
        assert await Reveals(room.gate.gate.parts).by_code(token, typed) is None
    assert secret_on(await room.post(token, code="123456")) == ""
    assert secret_on(await room.post(token, do="show")) == ""
    assert room.envelope(action_id, "reveal_code") == {}
    assert room.envelope(action_id)["tries"] == 0


async def test_no_sign_in_opens_what_asks_for_a_code(room: RevealRoom) -> None:
    action_id = await room.reset(AYLIN)
    (token,) = room.tokens(action_id)
    for who in (AYLIN, PRIYA):
        assert await Reveals(room.gate.gate.parts).by_sign_in(token, await signer(room, who, token)) is None
    assert room.envelope(action_id)["state"] == "offered"


async def test_a_hand_over_waits_as_long_as_the_credential_is_kept(room: RevealRoom) -> None:
    """Its person has to come first. It is guarded by a sign-in, not by a code that could be guessed."""
    action_id, token = await handed_over(room)
    room.gate.advance_clock(timedelta(hours=3, minutes=55))
    await room.gate.gate.sweep()
    await room.gate.settle()
    assert room.envelope(action_id)["state"] == "offered"
    room.gate.advance_clock(timedelta(minutes=6))
    assert await Reveals(room.gate.gate.parts).by_sign_in(token, await signer(room, PRIYA, token)) is None
    await room.gate.gate.sweep()
    await room.gate.settle()
    assert room.envelope(action_id)["state"] == "failed"


async def test_the_requester_cannot_have_a_link_of_their_own_to_a_hand_over(room: RevealRoom) -> None:
    action_id, _ = await handed_over(room)
    room.gate.advance_clock(timedelta(minutes=5))
    assert not (await room.gate.click(HENK, action_id, "send_code")).accepted


async def test_without_sign_in_there_is_no_hand_over() -> None:
    with reveal_room(pages=Pages(PUBLIC, sign_in=False)) as room:
        without_addresses(room, HENK)
        with pytest.raises(Refused) as refused:
            await room.gate.propose(HENK, "reset_my_password")
        assert refused.value.reason == "no_second_road"


async def test_somebody_elses_reset_is_handed_over_and_never_shown_to_who_asked(room: RevealRoom) -> None:
    """The service desk resets for a caller who has no private mail: the analyst gets no link that opens by a code."""
    action_id = await room.gate.propose(MILA, "reset_for_caller", caller="Aylin Yılmaz")
    await room.gate.prove(MILA, action_id)
    await room.gate.click(PRIYA, action_id, "approve")
    await room.gate.settle()
    assert room.envelope(action_id)["road"] == "hand_over"
    (token,) = set(room.tokens(action_id))
    reveals = Reveals(room.gate.gate.parts)
    for who in (MILA, AYLIN):
        assert await reveals.by_sign_in(token, await signer(room, who, token)) is None
    assert await reveals.by_sign_in(token, await signer(room, PRIYA, token)) is not None


# --- with the real sign-in ---------------------------------------------------------------------------------------


@dataclass
class SigningPages:
    """The pages of the reveal beside the address that browsers come back to from the provider."""

    room: SignInRoom
    provider: WrongProvider
    browser: httpx.AsyncClient

    async def leaves(self, token: str, browser: httpx.AsyncClient | None = None) -> str:
        """Press "sign in" on the page; the address of the provider."""
        answer = await (browser or self.browser).post(f"/reveal/{token}", data={"do": "sign_in"})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def signs_in(self, token: str, subject: str, browser: httpx.AsyncClient | None = None) -> httpx.Response:
        """The whole way there and back; the page it ends on."""
        back = self.provider.signs_in(await self.leaves(token, browser), subject)
        answer = await (browser or self.browser).get(back)
        if answer.status_code != 303:
            return answer
        return await (browser or self.browser).get(answer.headers["location"])

    def another_browser(self) -> httpx.AsyncClient:
        """One without cookies."""
        return httpx.AsyncClient(transport=self.browser._transport, base_url=PUBLIC)


@asynccontextmanager
async def with_sign_in(folder: Path, provider: WrongProvider, **changes: Any) -> AsyncIterator[SigningPages]:
    async with sign_in_room(folder, provider.issuer, **changes) as room:
        for subject, who in (("sub-chidi", CHIDI), ("sub-henk", HENK), ("sub-joost", JOOST)):
            room.desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, subject), who)
        gate = room.desk.gate
        gate.parts = replace(gate.parts, systems=replace(gate.parts.systems, pages=Pages(PUBLIC, sign_in=True)))
        sessions = Sessions(room.desk.database, room.desk.directory, SESSION, LIFE)
        page = RevealPage(Reveals(gate.parts), room.sign_in, sessions)
        returning = Returning(room.sign_in, room.desk.database, {PURPOSE: page.signed_in})
        app = Starlette(routes=[*page.routes(), *returning.routes()], middleware=[Middleware(HttpGuard)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as browser:
            yield SigningPages(room, provider, browser)


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def pages(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[SigningPages]:
    async with with_sign_in(tmp_path, provider) as pages:
        yield pages


def looking(pages: SigningPages) -> RevealRoom:
    """The same gate, with the short ways of the other tests."""
    return RevealRoom(pages.room.desk, Pages(PUBLIC, sign_in=True))


async def test_an_approver_signs_in_sees_it_and_hands_it_over(pages: SigningPages) -> None:
    room = looking(pages)
    action_id, token = await handed_over(room)
    first = await pages.browser.get(f"/reveal/{token}")
    assert "sign_in" in first.text
    assert pages.provider.issuer.split("://")[1] in first.headers["content-security-policy"]

    back = await pages.signs_in(token, "sub-priya")
    assert back.status_code == 200
    assert secret_on(back) == "", "coming back is a GET: it shows nothing yet"
    assert room.envelope(action_id)["state"] == "offered"
    shown = await pages.browser.post(f"/reveal/{token}", data={"do": "show"})
    assert room.gate.world.signs_in("henk.dijkstra", secret_on(shown)) == "must_change"
    assert "face to face" in shown.text
    again = await pages.browser.post(f"/reveal/{token}", data={"do": "show"})
    assert (again.status_code, secret_on(again)) == (403, "")


async def test_another_approver_of_the_group_signs_in_and_sees_nothing(pages: SigningPages) -> None:
    room = looking(pages)
    action_id, token = await handed_over(room)
    for subject in ("sub-joost", "sub-henk", "sub-tom"):
        browser = pages.another_browser()
        await pages.signs_in(token, subject, browser)
        answer = await browser.post(f"/reveal/{token}", data={"do": "show"})
        assert (answer.status_code, secret_on(answer)) == (403, "")
    assert room.envelope(action_id)["state"] == "offered"


async def test_a_sign_in_of_another_browser_opens_nothing_here(pages: SigningPages) -> None:
    room = looking(pages)
    action_id, token = await handed_over(room)
    await pages.signs_in(token, "sub-priya")
    stranger = pages.another_browser()
    assert secret_on(await stranger.post(f"/reveal/{token}", data={"do": "show"})) == ""
    assert room.envelope(action_id)["state"] == "offered"


@pytest.mark.parametrize("token", ["s", "a", "sx", "a" + "b" * 44, "s%0d%0aSet-Cookie:x=1", "a" + "%C3%A9" * 43])
async def test_what_cannot_be_a_link_begins_no_sign_in(pages: SigningPages, token: str) -> None:
    answer = await pages.browser.post(f"/reveal/{token}", data={"do": "sign_in"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert pages.room.rows("sign_ins") == []


async def test_a_sign_in_for_one_link_opens_no_other(pages: SigningPages) -> None:
    room = looking(pages)
    _, one = await handed_over(room)
    other_id, other = await handed_over(room, "E1020")
    await pages.signs_in(one, "sub-priya")
    assert secret_on(await pages.browser.post(f"/reveal/{other}", data={"do": "show"})) == ""
    assert room.envelope(other_id)["state"] == "offered"


async def test_a_sign_in_that_proves_too_little_opens_nothing(pages: SigningPages) -> None:
    room = looking(pages)
    action_id, token = await handed_over(room)
    pages.provider.acr = "urn:dhb:password-alone"
    back = await pages.signs_in(token, "sub-priya")
    assert back.status_code == 403
    assert secret_on(await pages.browser.post(f"/reveal/{token}", data={"do": "show"})) == ""
    assert room.envelope(action_id)["state"] == "offered"


async def test_a_sign_in_is_good_for_five_minutes(pages: SigningPages) -> None:
    room = looking(pages)
    action_id, token = await handed_over(room)
    await pages.signs_in(token, "sub-priya")
    room.gate.advance_clock(timedelta(minutes=6))
    assert secret_on(await pages.browser.post(f"/reveal/{token}", data={"do": "show"})) == ""
    assert room.envelope(action_id)["state"] == "offered"


async def behind_a_sign_in(pages: SigningPages, room: RevealRoom) -> tuple[str, str]:
    """Of somebody without other addresses, who proved identity by signing in: the action, and the token of its link."""
    without_addresses(room, "E1002")
    action_id = await pages.room.asked("E1002")
    path = pages.room.link(action_id)
    back = pages.provider.signs_in(await pages.room.sent_off(path), "sub-tom")
    assert (await pages.room.browser.get(back)).status_code == 200
    await room.gate.click(PRIYA, action_id, "approve")
    await room.gate.settle()
    assert await room.gate.state(action_id) is State.DONE
    assert room.envelope(action_id)["guard"] == "sign_in"
    return action_id, room.tokens(action_id)[-1]


async def test_a_requester_who_proved_identity_by_signing_in_signs_in_again_to_see_it(pages: SigningPages) -> None:
    room = looking(pages)
    _, token = await behind_a_sign_in(pages, room)

    assert secret_on(await pages.room.browser.post(f"/reveal/{token}", data={"do": "show"})) == ""
    stranger = pages.another_browser()
    await pages.signs_in(token, "sub-sanne", stranger)
    assert secret_on(await stranger.post(f"/reveal/{token}", data={"do": "show"})) == ""
    await pages.signs_in(token, "sub-tom")
    shown = await pages.browser.post(f"/reveal/{token}", data={"do": "show"})
    assert room.gate.world.signs_in("tom.bakker", secret_on(shown)) == "must_change"


async def test_after_ten_minutes_no_sign_in_opens_the_link_and_one_for_a_new_link_does(pages: SigningPages) -> None:
    room, tom = looking(pages), "E1002"
    action_id, token = await behind_a_sign_in(pages, room)
    reveals = Reveals(room.gate.gate.parts)
    room.gate.advance_clock(timedelta(minutes=10, seconds=1))
    assert await reveals.by_sign_in(token, await signer(room, tom, token)) is None

    assert (await room.gate.click(tom, action_id, "send_code")).accepted
    await room.gate.settle()
    newest = room.tokens(action_id)[-1]
    assert await reveals.by_sign_in(token, await signer(room, tom, token)) is None, "the old one stays dead"
    assert await reveals.by_sign_in(newest, await signer(room, tom, token)) is None, "that sign-in was for the old one"
    assert await reveals.by_sign_in(newest, await signer(room, tom, newest)) is not None


async def test_nothing_of_a_reveal_stands_in_the_tables_of_signing_in(pages: SigningPages) -> None:
    room = looking(pages)
    _, token = await handed_over(room)
    await pages.signs_in(token, "sub-priya")
    rows = str([*pages.room.rows("sign_ins"), *pages.room.rows("web_sessions")])
    assert token not in rows
    assert token[1:] not in rows
    assert hash_of(token) in rows

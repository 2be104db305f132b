"""Approvers of critical requests sign in for their yes: from the click to the vote, and every way around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from actions.records import State
from actions.seal import seal_of
from actions.tables import actions, approval_links, votes
from core.errors import Refused, ToolRetry
from core.people import ChannelIdentity
from storage.tables import audit, audit_payload
from tests.approving_room import SECURITY_ADMIN, SUBJECTS, Approving, approving_room, form_of
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.sign_in_room import text_of
from tests.staff import ADMIN, JOOST, KARIM, PRIYA, SECOND_ADMIN, TOM


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def here(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[Approving]:
    async with approving_room(tmp_path, provider) as here:
        yield here


def write(here: Approving, table: sa.Table, **values: Any) -> None:
    """Somebody writes into the database behind the gate's back."""
    with here.desk.database.transaction() as tx:
        tx.execute(sa.update(table).values(**values))


def nobody_can_sign_in(here: Approving) -> None:
    """The provider is taken out of the settings."""
    parts = here.desk.gate.parts
    here.desk.gate.parts = replace(parts, systems=replace(parts.systems, step_up=None))


# --- the good way -------------------------------------------------------------------------------------------------


async def test_two_approvers_sign_in_and_what_they_approved_is_carried_out(here: Approving) -> None:
    action_id = await here.waits()
    card = here.room.card(action_id, "it-approvers")
    assert "needs a fresh sign-in" in card.note

    assert "2 different people" in await here.approves(PRIYA, action_id)
    assert await here.desk.state(action_id) is State.AWAITING_APPROVAL
    shown = {fact.label: fact.value for fact in here.room.card(action_id, "it-approvers").facts}
    assert shown["Votes"] == f"{PRIYA}: approve (signed in)"

    assert "Goedgekeurd" in await here.approves(JOOST, action_id)
    await here.desk.settle()
    assert await here.desk.state(action_id) is State.DONE
    assert here.votes(action_id) == [(PRIYA, "approve", "sign_in"), (JOOST, "approve", "sign_in")]
    assert here.room.rows("approval_links") == []


async def test_the_audit_says_how_as_whom_and_when_each_approver_signed_in(here: Approving) -> None:
    action_id = await here.waits()
    await here.approves(PRIYA, action_id)
    query = sa.select(audit.c.verb, audit.c.origin, audit_payload.c.payload).join_from(
        audit, audit_payload, audit.c.seq == audit_payload.c.seq
    )
    with here.desk.database.reading() as tx:
        rows = {row.verb: row for row in tx.execute(query.where(audit.c.verb.in_(["vote.signed_in", "vote.cast"])))}
    for verb in ("vote.signed_in", "vote.cast"):
        assert rows[verb].origin == "web"
        assert f"oidc:{here.provider.issuer}:sub-priya" in str(rows[verb].payload)
        assert "urn:dhb:passkey" in str(rows[verb].payload)
        assert "+00:00" in str(rows[verb].payload)
    assert here.room.audited("vote.sign_in_asked") == ["link"]


async def test_a_click_alone_is_no_vote_and_says_what_to_do(here: Approving) -> None:
    action_id = await here.waits()
    for _ in range(3):
        decision = await here.desk.click(PRIYA, action_id, "approve")
        assert (decision.accepted, decision.state) == (False, "awaiting_approval")
        assert "fresh sign-in" in decision.text
        assert decision.links[0].label == "Sign in to approve"
    assert here.votes(action_id) == []


async def test_to_deny_and_to_take_a_card_nobody_has_to_sign_in(here: Approving) -> None:
    action_id = await here.waits()
    assert (await here.desk.click(PRIYA, action_id, "take")).accepted
    assert (await here.desk.click(JOOST, action_id, "deny", reason="no")).accepted
    assert await here.desk.state(action_id) is State.DENIED
    assert here.votes(action_id) == [(JOOST, "deny", "")]


async def test_what_is_only_sensitive_is_approved_by_a_click(here: Approving) -> None:
    action_id = await here.waits("unlock_my_account")
    assert here.room.card(action_id, "it-approvers").note == ""
    assert (await here.desk.click(PRIYA, action_id, "approve")).accepted
    await here.desk.settle()
    assert here.desk.effects() == [("unlocked", "tom.bakker")]


async def test_a_call_back_in_the_place_of_a_proof_makes_it_critical_and_is_kept_with_the_link(
    here: Approving,
) -> None:
    action_id = await here.desk.propose(TOM, "unlock_my_account")
    await here.desk.click(TOM, action_id, "confirm")
    await here.desk.click(TOM, action_id, "no_code")
    assert "Ring" in (await here.desk.click(PRIYA, action_id, "approve")).text
    path = await here.link(PRIYA, action_id, callback="rang him at 10:05")
    where, html = await here.reads(path, "sub-priya")
    assert "rang him at 10:05" in html
    assert (await here.says_yes(where, html)).status_code == 200
    action = await here.room.action(action_id)
    assert (action.proof_method, action.proof_detail) == ("callback", PRIYA)


# --- what is shown ------------------------------------------------------------------------------------------------


async def test_looking_at_the_link_shows_nothing_starts_nothing_and_casts_nothing(here: Approving) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    before = await here.room.action(action_id)
    for _ in range(5):
        seen = await here.room.browser.get(path)
        assert seen.status_code == 200
        assert (await here.room.browser.head(path)).status_code == 200
    words = text_of(seen.text)
    assert "Go on only if you pressed it yourself" in words
    for secret in ("Tom", "Bakker", TOM, "Priya", PRIYA, "access", action_id, action_id[:8]):
        assert secret not in words
    assert "set-cookie" not in seen.headers
    assert here.room.rows("sign_ins") == []
    assert (here.votes(action_id), await here.room.action(action_id)) == ([], before)


async def test_reading_the_page_after_the_sign_in_casts_nothing_however_often(here: Approving) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    for _ in range(5):
        assert (await here.room.browser.get(where)).text == html
        assert (await here.room.browser.head(where)).status_code == 200
    assert here.votes(action_id) == []


async def test_the_page_shows_every_argument_whole_with_hidden_characters_and_who_asks(here: Approving) -> None:
    """A new version of the rules hides a comment behind characters that turn the text round."""
    version, document = await here.desk.gate.rules()
    hidden = document + "\n# \u202eevil\u202c \u200b<b>bold</b>\n"
    action_id = await here.desk.propose(ADMIN, "change_rules", base=version, document=hidden)
    await here.desk.click(ADMIN, action_id, "confirm")
    where, html = await here.reads(await here.link(SECURITY_ADMIN, action_id), "sub-erik")
    del where
    for invisible in ("\u202e", "\u202c", "\u200b"):
        assert invisible not in html
    assert "U+202E" in html
    assert "U+200B" in html
    assert "&lt;b&gt;bold" in html
    for part in ("Daan Mulder", ADMIN, "change_rules", "diff", "Erik S", "needs 2"[:5]):
        assert part in html
    assert "# Groups that hear of a brake" in html.replace("&#x27;", "'")  # the last lines of the argument itself
    assert "<script" not in html


async def test_the_page_lets_nothing_in_and_nothing_out(here: Approving) -> None:
    action_id = await here.waits()
    where, _ = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    headers = (await here.room.browser.get(where)).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


async def test_neither_token_nor_cookie_lies_in_a_table(here: Approving) -> None:
    path = await here.link(PRIYA, await here.waits())
    await here.reads(path, "sub-priya")
    kept = repr([here.room.rows(table) for table in ("approval_links", "sign_ins", "audit", "audit_payload", "outbox")])
    for secret in (path.rsplit("/", 1)[1], *(cookie.value or "-" for cookie in here.room.browser.cookies.jar)):
        assert secret not in kept


# --- whose yes it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["sub-joost", "sub-tom", "sub-mila"])
async def test_a_link_that_was_passed_on_is_nobodys_yes_and_security_hears_of_it(here: Approving, subject: str) -> None:
    """To another entitled approver, to the requester, to somebody else."""
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    page = await here.comes_back(path, subject)
    assert page.status_code == 403
    assert "Bakker" not in page.text
    assert here.votes(action_id) == []
    assert here.room.audited("vote.sign_in") == ["refused:other_approver"]
    assert any("signed in with the link that an approver" in text or "heeft ingelogd met de link die een goedkeurder" in
               text for text in here.room.told())  # fmt: skip
    assert (await here.room.browser.get(path)).status_code == 410


async def test_the_requester_with_a_second_account_is_still_the_requester(here: Approving) -> None:
    """Karim asks for somebody, and may approve such things; not this one, by no account and with no sign-in."""
    here.desk.world.map_identity(ChannelIdentity("oidc", here.provider.issuer, "sub-karim-2"), KARIM)
    action_id = await here.desk.propose(KARIM, "reset_password_for", said="Tom Bakker", person="Tom Bakker")
    await here.desk.click(KARIM, action_id, "confirm")
    decision = await here.desk.click(KARIM, action_id, "approve", callback="yes")
    assert (decision.accepted, decision.links) == (False, ())
    path = await here.link(PRIYA, action_id, callback="rang")
    assert (await here.comes_back(path, "sub-karim-2")).status_code == 403
    assert here.votes(action_id) == []


async def test_one_person_with_two_sign_ins_has_one_vote(here: Approving) -> None:
    here.desk.world.map_identity(ChannelIdentity("oidc", here.provider.issuer, "sub-priya-2"), PRIYA)
    action_id = await here.waits()
    first, second = await here.link(PRIYA, action_id), await here.link(PRIYA, action_id)
    where, html = await here.reads(first, "sub-priya")
    other = here.room.another_browser()
    there, also = await here.reads(second, "sub-priya-2", other)
    assert (await here.says_yes(where, html)).status_code == 200
    assert (await here.says_yes(there, also, other)).status_code == 403
    assert not (await here.desk.click(PRIYA, action_id, "approve")).links
    await other.aclose()
    assert here.votes(action_id) == [(PRIYA, "approve", "sign_in")]


async def test_who_is_no_longer_an_approver_when_they_come_back_casts_nothing(here: Approving) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    here.desk.world.set_groups(PRIYA, ["all-staff"])
    assert (await here.room.browser.get(where)).status_code == 410
    assert (await here.says_yes(where, html)).status_code == 403
    assert here.votes(action_id) == []


# --- what it is for, and until when -------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["clicked", "signed in"])
@pytest.mark.parametrize("with_seal", [False, True])
async def test_an_action_that_changed_meanwhile_is_not_approved(here: Approving, when: str, with_seal: bool) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    where, html = await here.reads(path, "sub-priya") if when == "signed in" else ("", "")
    write(here, actions, account_id="priya.raman")
    if with_seal:
        write(here, actions, seal=seal_of(await here.room.action(action_id)))
    answer = await here.says_yes(where, html) if where else await here.comes_back(path, "sub-priya")
    assert answer.status_code == 403
    assert "security is told" in answer.text
    assert here.votes(action_id) == []


async def test_an_action_that_is_denied_meanwhile_is_not_approved(here: Approving) -> None:
    action_id = await here.waits()
    path = await here.link(KARIM, action_id)
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    await here.desk.click(JOOST, action_id, "deny", reason="no")
    assert (await here.says_yes(where, html)).status_code == 403
    assert (await here.room.browser.get(where)).status_code == 410
    assert (await here.room.browser.get(path)).status_code == 410
    assert (await here.room.browser.post(path)).status_code == 410
    assert await here.desk.state(action_id) is State.DENIED


async def test_an_action_that_is_approved_by_others_meanwhile_takes_no_more_votes(here: Approving) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    other = here.room.another_browser()
    for who in (JOOST, KARIM):
        there, shown = await here.reads(await here.link(who, action_id), SUBJECTS[who], other)
        assert (await here.says_yes(there, shown, other)).status_code == 200
    await other.aclose()
    assert (await here.says_yes(where, html)).status_code == 403
    assert len(here.votes(action_id)) == 2


async def test_an_action_that_ran_out_meanwhile_is_not_approved(here: Approving) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    write(here, actions, due_at=None)
    with here.desk.database.transaction() as tx:  # the end is sealed: let the clock run, not the row
        expires = tx.execute(sa.select(actions.c.expires_at)).scalar_one()
    here.desk.advance_clock(expires - here.desk._now() + timedelta(seconds=1))
    assert (await here.says_yes(where, html)).status_code in (403, 410)
    assert here.votes(action_id) == []


async def test_a_link_holds_ten_minutes(here: Approving) -> None:
    path = await here.link(PRIYA, await here.waits())
    back = here.provider.signs_in(await here.room.sent_off(path), "sub-priya")
    here.desk.advance_clock(timedelta(minutes=10, seconds=1))
    assert (await here.room.browser.get(path)).status_code == 410
    assert (await here.room.browser.post(path)).status_code == 410
    assert (await here.room.browser.get(back)).status_code == 403


async def test_a_sign_in_holds_five_minutes_and_can_be_done_again(here: Approving) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    where, html = await here.reads(path, "sub-priya")
    here.desk.advance_clock(timedelta(minutes=5, seconds=2))
    answer = await here.says_yes(where, html)
    assert answer.status_code == 403
    assert "too old" in answer.text
    assert here.votes(action_id) == []
    here.desk.advance_clock(-timedelta(minutes=5))
    where, html = await here.reads(path, "sub-priya")
    assert (await here.says_yes(where, html)).status_code == 200


async def test_a_sign_in_can_not_be_used_twice_nor_a_yes_be_given_twice(here: Approving) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    back = here.provider.signs_in(await here.room.sent_off(path), "sub-priya")
    where = (await here.room.browser.get(back)).headers["location"]
    assert (await here.room.browser.get(back)).status_code == 403
    html = (await here.room.browser.get(where)).text
    answers = await asyncio.gather(*(here.says_yes(where, html) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    assert (await here.says_yes(where, html)).status_code in (403, 410)
    assert (await here.room.browser.get(path)).status_code == 410
    assert here.votes(action_id) == [(PRIYA, "approve", "sign_in")]


# --- from where the yes comes -------------------------------------------------------------------------------------


async def test_no_other_page_can_send_the_yes(here: Approving) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    good, browser = form_of(html), here.room.browser
    for site in ("cross-site", "same-site", "none"):
        assert (await browser.post(where, data=good, headers={"Sec-Fetch-Site": site})).status_code == 403
    for bad in ({}, {"shown": ""}, {"shown": "0" * 64}, {"shown": "é"}, {"other": "x"}, {**good, "more": "1"}):
        assert (await browser.post(where, data=bad)).status_code in (400, 409)
    assert (await browser.post(where, json=good)).status_code == 400
    assert (await browser.post(where, content=b"shown=" + b"x" * 5000, headers=_FORM_TYPE)).status_code in (400, 413)
    assert here.votes(action_id) == []
    assert (await browser.post(where, data=good)).status_code == 200


async def test_another_browser_sees_nothing_and_says_nothing(here: Approving) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    thief = here.room.another_browser()
    assert (await thief.get(where)).status_code == 410
    assert (await thief.post(where, data=form_of(html))).status_code == 410
    name = next(cookie.name for cookie in here.room.browser.cookies.jar if "approving" in cookie.name)
    thief.cookies.set(name, "A" * 43, domain="desk.dhb.example")
    assert (await thief.get(where)).status_code == 410
    assert (await thief.post(where, data=form_of(html))).status_code == 410
    await thief.aclose()
    assert here.votes(action_id) == []


async def test_a_page_that_a_second_tab_has_overtaken_says_so_and_asks_again(here: Approving) -> None:
    """The link was opened twice in a hurry, and Approve is pressed in the tab that came first."""
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    where, first = await here.reads(path, "sub-priya")
    await here.reads(path, "sub-priya")

    answer = await here.says_yes(where, first)
    assert here.votes(action_id) == []
    words = text_of(answer.text)
    assert "in another tab" in words
    assert "Tom Bakker" in words, "all of it is there to be read"
    assert (await here.says_yes(where, answer.text)).status_code == 200
    assert here.votes(action_id) == [(PRIYA, "approve", "sign_in")]


@pytest.mark.parametrize("reference", ["x", "0" * 64, "A" * 64, "..", "%00", "é" * 64])
async def test_a_page_that_is_none_shows_nothing(here: Approving, reference: str) -> None:
    for path in (f"/approving/{reference}", f"/approve/{reference}"):
        assert (await here.room.browser.get(path)).status_code in (404, 410)
        assert (await here.room.browser.post(path, data={"shown": "x"})).status_code in (404, 410)


# --- how good the sign-in is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [{"auth_time": 1}, {"auth_time": None}, {"acr": "0"}, {"nonce": "of-another"}, {"sub": "sub-nobody"}, {"aud": "x"}],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_sign_in_that_is_not_exactly_right_shows_nothing(here: Approving, wrong: dict[str, Any]) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    here.provider.claims = wrong
    page = await here.comes_back(path, "sub-priya")
    assert page.status_code == 403
    assert here.room.audited("vote.signed_in") == []
    assert here.votes(action_id) == []


async def test_a_sign_in_of_before_the_button_is_not_fresh(here: Approving) -> None:
    path = await here.link(PRIYA, await here.waits())
    assert (await here.comes_back(path, "sub-priya", ago=120)).status_code == 403
    assert here.room.audited("sign_in.refused") == ["refused:stale"]


async def test_a_sign_in_for_something_else_is_none_for_this(here: Approving) -> None:
    """The purpose is in the nonce, and the hash of one kind of link is no link of the other kind."""
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    with here.desk.database.reading() as tx:
        reference = tx.execute(sa.select(approval_links.c.token_hash)).scalar_one()
    away = await here.room.sign_in.begin("step_up", reference, fresh=True)
    for cookie in away.headers.getlist("set-cookie"):
        name, _, rest = cookie.partition("=")
        here.room.browser.cookies.set(name, rest.split(";")[0], domain="desk.dhb.example")
    page = await here.room.browser.get(here.provider.signs_in(away.headers["location"], "sub-priya"))
    assert page.status_code == 403
    assert (await here.room.browser.get(f"/approving/{reference}")).status_code == 410
    assert (await here.room.browser.get(path)).status_code == 200


# --- who writes the database --------------------------------------------------------------------------------------


async def _approved_twice(here: Approving) -> str:
    action_id = await here.waits()
    await here.approves(PRIYA, action_id)
    await here.approves(JOOST, action_id)
    assert await here.desk.state(action_id) is State.APPROVED
    return action_id


@pytest.mark.parametrize(
    "forged",
    [
        {"method": ""},
        {"method": "sign_in_strong"},
        {"acr": "urn:dhb:better"},
        {"signed_at": None},
        {"employee_id": KARIM},
        {"stamp": "k.AAAA.AAAA"},
    ],
    ids=lambda forged: next(iter(forged)),
)
async def test_a_vote_whose_row_was_written_to_does_not_count_at_the_claim(
    here: Approving, forged: dict[str, Any]
) -> None:
    action_id = await _approved_twice(here)
    with here.desk.database.transaction() as tx:
        tx.execute(sa.update(votes).where(votes.c.employee_id == JOOST).values(**forged))
    await here.desk.settle()
    assert here.desk.effects() == []
    action = await here.room.action(action_id)
    assert (action.state, action.reason) == (State.REFUSED, "votes_void")


async def test_a_genuine_vote_without_a_sign_in_does_not_count_at_the_claim(here: Approving) -> None:
    """Both voted while nobody could sign in; then a provider is set up."""
    parts = here.desk.gate.parts
    nobody_can_sign_in(here)
    action_id = await here.waits()
    for who in (PRIYA, JOOST):
        assert (await here.desk.click(who, action_id, "approve")).accepted
    assert await here.desk.state(action_id) is State.APPROVED
    here.desk.gate.parts = parts
    await here.desk.settle()
    assert here.desk.effects() == []
    assert (await here.room.action(action_id)).reason == "votes_void"


async def test_a_genuine_vote_without_a_sign_in_is_not_the_second_of_two(here: Approving) -> None:
    parts = here.desk.gate.parts
    nobody_can_sign_in(here)
    action_id = await here.waits()
    await here.desk.click(PRIYA, action_id, "approve")
    here.desk.gate.parts = parts
    await here.approves(JOOST, action_id)
    assert await here.desk.state(action_id) is State.AWAITING_APPROVAL
    await here.approves(KARIM, action_id)
    await here.desk.settle()
    assert await here.desk.state(action_id) is State.DONE


@pytest.mark.parametrize(
    "forged", [{"employee_id": JOOST}, {"seal": "0" * 64}, {"browser_hash": "f" * 64}, {"callback": "I rang"}], ids=str
)
async def test_a_link_whose_row_was_written_to_is_none(here: Approving, forged: dict[str, Any]) -> None:
    action_id = await here.waits()
    path = await here.link(PRIYA, action_id)
    write(here, approval_links, **forged)
    assert (await here.room.browser.get(path)).status_code == 410
    assert (await here.room.browser.post(path)).status_code == 410
    assert here.votes(action_id) == []


@pytest.mark.parametrize(
    "forged",
    [{"method": "sign_in_strong"}, {"acr": "x"}, {"identity": "oidc:x:y"}, {"browser_hash": "f" * 64}],
    ids=str,
)
async def test_a_sign_in_whose_row_was_written_to_is_none(here: Approving, forged: dict[str, Any]) -> None:
    action_id = await here.waits()
    where, html = await here.reads(await here.link(PRIYA, action_id), "sub-priya")
    write(here, approval_links, **forged)
    assert (await here.room.browser.get(where)).status_code == 410
    assert (await here.says_yes(where, html)).status_code in (403, 410)
    assert here.votes(action_id) == []


async def test_a_row_that_says_no_sign_in_is_asked_changes_nothing(here: Approving) -> None:
    action_id = await here.waits()
    write(here, actions, approvers_sign_in=False, tier="sensitive", approvals_needed=1)
    decision = await here.desk.click(PRIYA, action_id, "approve")
    assert (decision.accepted, len(decision.links)) == (False, 1)


# --- what the rules say -------------------------------------------------------------------------------------------

UNLOCK = "unlock_my_account:   {tier: sensitive,"


async def test_a_rule_can_ask_it_for_what_is_only_sensitive(here: Approving) -> None:
    here.room.rewrite_rules(UNLOCK, f"{UNLOCK} approvers_sign_in: true,")
    action_id = await here.waits("unlock_my_account")
    assert "carried out" in await here.approves(PRIYA, action_id)
    await here.desk.settle()
    assert await here.desk.state(action_id) is State.DONE


async def test_a_rule_that_is_loosened_between_the_click_and_the_yes_loosens_nothing(here: Approving) -> None:
    here.room.rewrite_rules(UNLOCK, f"{UNLOCK} approvers_sign_in: true,")
    action_id = await here.waits("unlock_my_account")
    path = await here.link(PRIYA, action_id)
    here.room.rewrite_rules(f"{UNLOCK} approvers_sign_in: true,", UNLOCK)
    decision = await here.desk.click(PRIYA, action_id, "approve")
    assert (decision.accepted, len(decision.links)) == (False, 1)
    assert here.votes(action_id) == []
    where, html = await here.reads(path, "sub-priya")
    assert (await here.says_yes(where, html)).status_code == 200


async def test_taking_the_provider_away_loosens_nothing_that_is_open(here: Approving) -> None:
    action_id = await here.waits()
    nobody_can_sign_in(here)
    decision = await here.desk.click(PRIYA, action_id, "approve")
    assert (decision.accepted, decision.links) == (False, ())
    assert "no identity provider is set up" in decision.text
    assert (await here.desk.click(JOOST, action_id, "deny", reason="no")).accepted


async def test_where_nobody_can_sign_in_what_the_rules_ask_it_for_is_not_even_filed(here: Approving) -> None:
    nobody_can_sign_in(here)
    here.room.rewrite_rules(UNLOCK, f"{UNLOCK} approvers_sign_in: true,")
    with pytest.raises(Refused, match="sign_in_not_set_up"):
        await here.desk.propose(TOM, "unlock_my_account")
    await here.desk.propose(TOM, "reset_my_password")


async def test_where_nobody_can_sign_in_such_rules_can_not_be_proposed(here: Approving) -> None:
    """They would ask it of `change_rules` as well: nobody could take them back."""
    nobody_can_sign_in(here)
    version, document = await here.desk.gate.rules()
    changed = document.replace("change_rules:        {", "change_rules:        {approvers_sign_in: true, ")
    with pytest.raises(ToolRetry, match="nobody can sign in here"):
        await here.desk.propose(ADMIN, "change_rules", base=version, document=changed)


async def test_the_gates_own_configuration_changes_only_with_sign_ins(here: Approving) -> None:
    version, document = await here.desk.gate.rules()
    action_id = await here.desk.propose(ADMIN, "change_rules", base=version, document=document + "\n# one line\n")
    await here.desk.click(ADMIN, action_id, "confirm")
    for who in (SECOND_ADMIN, SECURITY_ADMIN):
        assert not (await here.desk.click(who, action_id, "approve")).accepted
        await here.approves(who, action_id)
    await here.desk.settle()
    assert (await here.desk.gate.rules())[0] == version + 1


_FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}

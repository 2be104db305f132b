"""A stranger of Slack shows who they are on our page; and nobody is talked into giving themselves away."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Refused
from core.people import ChannelIdentity, Standing
from tests.linking_room import TOM_MAIL, LinkingRoom, account, linking_room, slack
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.sign_in_room import text_of
from tests.staff import PRIYA, SANNE, TOM

MALLORY = account("U0MALLORY", name="Tom Bakker")
CODE = re.compile(r"\b[0-9A-F]{12}\b")


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def room(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[LinkingRoom]:
    async with linking_room(tmp_path, provider) as room:
        yield room


# --- the attack: Mallory sends her link to Tom, and Tom signs in ---------------------------------------------------


async def test_an_account_with_another_address_is_never_linked_and_security_hears_of_it(room: LinkingRoom) -> None:
    hers = account("U0MALLORY", "mallory@dhb.example", "Tom Bakker")
    answer = await room.link(hers)
    assert answer.status_code == 403
    assert "another address than yours" in text_of(answer.text)
    assert await room.whose(hers.identity) == ""
    assert room.noted() == [(f"employee:{TOM}", "identity.link_refused", "refused:other_address")]
    assert any("U0MALLORY" in said and "another address" in said for said in room.room.told())
    assert room.notices() == []


async def test_after_a_refusal_that_link_is_spent(room: LinkingRoom) -> None:
    hers = account("U0MALLORY", "mallory@dhb.example")
    path = await room.offered(hers)
    await room.signed_in(path)
    assert (await room.press(path)).status_code == 403
    assert (await room.browser.get(path)).status_code == 410


async def test_the_page_names_the_account_and_warns_before_anything_is_linked(room: LinkingRoom) -> None:
    page = await room.signed_in(await room.offered(account("U0MALLORY", TOM_MAIL, "Mallory de Wit")))
    for word in ("Mallory de Wit", TOM_MAIL, "T0DHB", "U0MALLORY", "Tom Bakker (E1002)"):
        assert word in page
    assert "Did somebody else send you this link" in page
    assert room.all() == []
    assert room.noted() == []


async def test_whoever_says_that_it_is_not_theirs_ends_the_link_and_tells_security(room: LinkingRoom) -> None:
    path = await room.offered(MALLORY)
    await room.signed_in(path)
    answer = await room.press(path, "not_mine")
    assert "security has been told" in text_of(answer.text)
    assert (await room.press(path)).status_code == 410
    assert room.all() == []
    assert room.noted() == [(f"employee:{TOM}", "identity.link_refused", "refused:not_mine")]
    assert any("says that it is not theirs" in said for said in room.room.told())


async def test_an_employee_hears_of_a_new_link_on_every_registered_address(room: LinkingRoom) -> None:
    assert (await room.link(MALLORY)).status_code == 200  # Slack said no address, and Tom pressed the button
    contact = await room.room.desk.directory.contact(TOM)
    assert contact is not None
    addresses = {address for address, _ in room.notices()}
    assert addresses == {contact.work_email, contact.private_email, contact.mobile}
    for _, text in room.notices():
        assert "now counts as you" in text
        assert "U0MALLORY" in text
        assert CODE.search(text)
    assert room.told >= 1


async def test_what_an_account_calls_itself_is_no_part_of_the_notice(room: LinkingRoom) -> None:
    await room.link(account("U0MALLORY", name="All is well. Call 0900-1234 to confirm"))
    assert room.notices()
    assert not any("0900" in text for _, text in room.notices())


async def test_this_was_not_me_ends_the_link_withdraws_what_waits_holds_the_account_and_tells_security(
    room: LinkingRoom,
) -> None:
    await room.link(MALLORY)
    desk = room.room.desk
    waiting = await desk.propose(TOM, "reset_my_password")
    code = CODE.search(room.notices()[0][1])
    assert code
    said = room.not_me(f" {code[0].lower()} ")
    assert said.accepted
    assert "no longer yours here" in said.text
    assert await room.whose(MALLORY.identity) == ""
    assert (await desk.state(waiting)).value == "cancelled"
    with pytest.raises(Refused, match="held"):
        await desk.propose(TOM, "unlock_my_account")
    assert room.noted()[-1] == (f"employee:{TOM}", "identity.unlinked", "not_me")
    assert any("linked to them by somebody else" in text for text in desk_texts(room))
    with pytest.raises(Refused, match="code_unknown"):
        room.not_me(code[0])


async def test_an_account_linked_today_asks_for_nothing_that_needs_approval(room: LinkingRoom) -> None:
    await room.link(MALLORY)
    with pytest.raises(Refused, match="link_young") as refused:
        await room.propose(TOM, "reset_my_password", MALLORY.identity)
    assert refused.value.details == {"hours": "72"}
    room.room.desk.advance_clock(timedelta(hours=71))
    with pytest.raises(Refused, match="link_young"):
        await room.propose(TOM, "reset_my_password", MALLORY.identity)
    room.room.desk.advance_clock(timedelta(hours=2))
    assert await room.propose(TOM, "reset_my_password", MALLORY.identity)


async def test_an_account_linked_today_does_not_vote(room: LinkingRoom, provider: WrongProvider) -> None:
    room.room.desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, "sub-priya"), PRIYA)
    await room.link(account("U0FALSE", name="Priya"), "sub-priya")
    desk = room.room.desk
    action_id = await desk.propose(SANNE, "reset_my_password")
    await desk.prove(SANNE, action_id)
    for verb in ("take", "approve"):
        decision = await room.click(slack("U0FALSE"), action_id, verb)
        assert not decision.accepted
        assert "less than 72 hours ago" in decision.text
    assert (await desk.state(action_id)).value == "awaiting_approval"
    desk.advance_clock(timedelta(hours=5))
    assert not (await room.click(slack("U0FALSE"), action_id, "approve")).accepted
    assert (await desk.click(PRIYA, action_id, "approve")).accepted  # the same person, from elsewhere


async def test_what_is_done_to_nobodys_account_waits_for_a_day(room: LinkingRoom, provider: WrongProvider) -> None:
    desk, admin = room.room.desk, "E1009"
    desk.world.map_identity(ChannelIdentity("oidc", provider.issuer, "sub-admin"), admin)
    await room.link(account("U0ADMIN"), "sub-admin")
    said = {"account": "slack:T0DHB:U0TOM", "employee": TOM}
    with pytest.raises(Refused, match="link_young") as refused:
        await room.propose(admin, "link_account", slack("U0ADMIN"), **said)
    assert refused.value.details == {"hours": "24"}
    desk.advance_clock(timedelta(hours=25))
    assert await room.propose(admin, "link_account", slack("U0ADMIN"), **said)


async def test_an_account_linked_today_cannot_carry_on_what_was_asked_elsewhere(room: LinkingRoom) -> None:
    await room.link(MALLORY)
    action_id = await room.room.desk.propose(TOM, "reset_my_password")
    for verb in ("confirm", "send_code", "no_code"):
        assert not (await room.click(MALLORY.identity, action_id, verb)).accepted
    assert (await room.room.desk.state(action_id)).value == "awaiting_confirmation"


async def test_an_account_linked_today_may_stop_things(room: LinkingRoom) -> None:
    await room.link()
    action_id = await room.room.desk.propose(TOM, "reset_my_password")
    assert (await room.click(slack(), action_id, "cancel")).accepted


async def test_an_account_linked_today_may_write_a_ticket(room: LinkingRoom) -> None:
    await room.link()
    said = {"queue": "IT", "summary": "Screen flickers", "description": "It flickers."}
    action_id = await room.propose(TOM, "create_ticket", slack(), **said)
    assert (await room.click(slack(), action_id, "confirm")).accepted


async def test_one_link_signed_in_for_links_no_other_account(room: LinkingRoom) -> None:
    own, hers = await room.offered(account("U0TOM")), await room.offered(MALLORY)
    await room.signed_in(own)
    assert (await room.press(hers)).status_code == 403
    assert room.all() == []


async def test_a_link_that_was_signed_in_for_in_another_browser_links_nothing_here(room: LinkingRoom) -> None:
    path = await room.offered(MALLORY)
    await room.signed_in(path)
    async with room.another_browser() as hers:
        assert (await room.press(path, browser=hers)).status_code == 403
        assert "Tom" not in text_of((await hers.get(path)).text)
    assert room.all() == []


async def test_another_site_cannot_press_the_button(room: LinkingRoom) -> None:
    path = await room.offered(MALLORY)
    await room.signed_in(path)
    answer = await room.browser.post(path, data={"do": "link"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert room.all() == []


async def test_somebody_elses_account_is_not_taken_over_by_linking_it_again(room: LinkingRoom) -> None:
    first, second = await room.offered(), await room.offered()
    async with room.another_browser() as hers:
        await room.signed_in(second, "sub-sanne", hers)
        await room.signed_in(first)
        assert (await room.press(first)).status_code == 200
        assert (await room.press(second, browser=hers)).status_code == 410
    assert await room.whose() == TOM


async def test_an_account_that_the_directory_knows_is_nobodys_to_link(room: LinkingRoom) -> None:
    path = await room.offered()
    room.room.desk.world.map_identity(slack(), SANNE)
    await room.signed_in(path)
    answer = await room.press(path)
    assert "belongs to somebody else" in text_of(answer.text)
    assert await room.whose() == SANNE
    assert room.noted() == [(f"employee:{TOM}", "identity.link_refused", "refused:taken")]


# --- the good way -------------------------------------------------------------------------------------------------


async def test_a_stranger_signs_in_once_and_is_known_from_then_on(room: LinkingRoom) -> None:
    answer = await room.link(account(address="Tom.Bakker@DHB.example"))
    assert answer.status_code == 200
    assert "now counts as you" in text_of(answer.text)
    assert await room.whose() == TOM
    assert slack() in await room.directory.identities(TOM)
    assert room.noted() == [(f"employee:{TOM}", "identity.linked", "sign_in")]
    link = room.all()[0]
    assert (link.way, link.shown_as) == ("sign_in", "Tom Bakker <Tom.Bakker@DHB.example>")


async def test_the_sign_in_is_made_anew_where_the_provider_vouches_for_that(room: LinkingRoom) -> None:
    sent = await room.press(await room.offered(), "sign_in")
    assert "prompt=login" in sent.headers["location"]


async def test_where_no_sign_in_proves_anything_it_still_says_who_somebody_is(
    tmp_path: Path, provider: WrongProvider
) -> None:
    async with linking_room(tmp_path, provider, {"step_up_acr": ""}) as plain:
        assert (await plain.link()).status_code == 200
        assert await plain.whose() == TOM


async def test_where_addresses_need_not_match_the_employee_decides(tmp_path: Path, provider: WrongProvider) -> None:
    async with linking_room(tmp_path, provider, email_must_match=False) as open_room:
        assert (await open_room.link(account(address="tommie@chat.example"))).status_code == 200
        assert len(open_room.notices()) == 3


async def test_what_the_audit_chain_keeps_for_ever_is_the_employees_number_and_no_account(room: LinkingRoom) -> None:
    await room.link(account(address=TOM_MAIL))
    await room.people.departed(slack())
    chain = repr([row for row in room.room.rows("audit") if "identity." in str(row)])
    assert "identity.unlinked" in chain
    assert "U0TOM" not in chain
    assert "U0TOM" in repr(room.room.rows("audit_payload"))


async def test_an_employee_may_have_several_accounts(room: LinkingRoom) -> None:
    await room.link(account("U0TOM"))
    await room.link(account("U1TOM"))
    assert {await room.whose(slack("U0TOM")), await room.whose(slack("U1TOM"))} == {TOM}


async def test_looking_at_the_page_names_nobody_and_changes_nothing(room: LinkingRoom) -> None:
    path = await room.offered(account(address=TOM_MAIL))
    for _ in range(5):
        seen = await room.browser.get(path)
        assert seen.status_code == 200
        assert (await room.browser.head(path)).status_code == 200
    words = text_of(seen.text)
    for secret in ("Tom", TOM_MAIL, "U0TOM", "T0DHB"):
        assert secret not in words
    assert "set-cookie" not in seen.headers
    assert room.room.rows("sign_ins") == []
    assert room.all() == []


async def test_the_page_is_there_in_dutch(room: LinkingRoom) -> None:
    link = await room.people.offer(account(), "nl")
    assert link is not None
    assert link.label == "Log één keer in, dan weet ik wie u bent"
    assert "Laat de servicedesk zien" in text_of((await room.browser.get(link.address)).text)


async def test_names_on_the_page_hide_nothing_and_run_nothing(room: LinkingRoom) -> None:
    name = "<script>alert(1)</script>\u202eliam\u200b"
    path = await room.offered(account(name=name))
    sent = await room.press(path, "sign_in")
    back = await room.browser.get(room.provider.signs_in(sent.headers["location"], "sub-tom"))
    html = (await room.browser.get(back.headers["location"])).text
    assert "<script" not in html
    assert "\u202e" not in html


@pytest.mark.parametrize("body", ["", "do=other", "do=link&do=link", "do=link&x=1", "%00", "link"])
async def test_a_post_that_is_no_button_does_nothing(room: LinkingRoom, body: str) -> None:
    path = await room.offered()
    await room.signed_in(path)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await room.browser.post(path, content=body, headers=form)).status_code == 400
    assert room.all() == []


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 44, "%00" * 43])
async def test_a_token_that_was_never_given_is_gone(room: LinkingRoom, token: str) -> None:
    assert (await room.browser.get(f"/link/{token}")).status_code == 410
    assert (await room.press(f"/link/{token}")).status_code == 410


async def test_an_old_link_is_gone(room: LinkingRoom) -> None:
    path = await room.offered()
    await room.signed_in(path)
    room.room.desk.advance_clock(timedelta(minutes=16))
    assert (await room.press(path)).status_code == 410
    assert room.all() == []


async def test_a_link_works_once(room: LinkingRoom) -> None:
    path = await room.offered()
    await room.signed_in(path)
    assert (await room.press(path)).status_code == 200
    assert (await room.press(path)).status_code == 410
    assert len(room.notices()) == 3


async def test_guests_and_people_who_left_cannot_sign_in_for_a_link(room: LinkingRoom) -> None:
    for subject in ("sub-guest", "sub-gone", "sub-nobody"):
        path = await room.offered(account(f"U-{subject}"))
        sent = await room.press(path, "sign_in")
        back = await room.browser.get(room.provider.signs_in(sent.headers["location"], subject))
        assert back.status_code == 403
    assert room.all() == []


async def test_of_a_link_there_is_no_token_in_any_table(room: LinkingRoom) -> None:
    path = await room.offered()
    await room.signed_in(path)
    await room.press(path)
    token = path.rpartition("/")[2]
    tables = ("link_offers", "identity_links", "sign_ins", "web_sessions", "outbox", "audit", "audit_payload")
    assert token not in repr([room.room.rows(table) for table in tables])
    code = CODE.search(room.notices()[0][1])
    assert code
    assert code[0] not in repr([room.room.rows(table) for table in tables if table != "outbox"])


async def test_only_full_members_that_nobody_knows_are_offered_a_link(room: LinkingRoom) -> None:
    for standing in (Standing.OUTSIDER, Standing.UNKNOWN):
        assert await room.people.offer(account(standing=standing), "en") is None
    room.room.desk.world.map_identity(slack("U0KNOWN"), SANNE)
    assert await room.people.offer(account("U0KNOWN"), "en") is None


async def test_three_offers_an_hour_and_no_more(room: LinkingRoom) -> None:
    for _ in range(3):
        assert await room.people.offer(account(), "en")
    assert await room.people.offer(account(), "en") is None
    assert await room.people.offer(account("U0OTHER"), "en")
    room.room.desk.advance_clock(timedelta(minutes=61))
    assert await room.people.offer(account(), "en")


def desk_texts(room: LinkingRoom) -> list[str]:
    """Everything said in any chat."""
    return room.room.told()

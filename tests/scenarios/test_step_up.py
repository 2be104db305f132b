"""Proof of identity by a fresh sign-in: from the card through the provider to the approvers, and back."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from rich.console import Console

from actions.records import State
from actions.tables import actions
from core.people import ChannelIdentity
from loket.terminal.drawing import draw_card
from loket.words import SENTENCES
from tests.servers.wrong_oidc import WrongProvider, wrong_provider
from tests.sign_in_room import STRONG_ACR, SignInRoom, sign_in_room, text_of
from tests.staff import HENK, MILA, PRIYA, TOM
from web_app.sign_in.refusals import NotSignedIn


@pytest.fixture
def provider() -> Iterator[WrongProvider]:
    with wrong_provider() as provider:
        yield provider


@pytest.fixture
async def room(tmp_path: Path, provider: WrongProvider) -> AsyncIterator[SignInRoom]:
    async with sign_in_room(tmp_path, provider.issuer) as room:
        yield room


async def proves(room: SignInRoom, provider: WrongProvider, action_id: str, subject: str = "sub-tom") -> str:
    """The whole way; what the last page says."""
    back = provider.signs_in(await room.sent_off(room.link(action_id)), subject)
    return text_of((await room.browser.get(back)).text)


# --- the good way -------------------------------------------------------------------------------------------------


async def test_a_fresh_sign_in_takes_a_request_to_the_approvers_and_one_approval_carries_it_out(
    room: SignInRoom, provider: WrongProvider
) -> None:
    action_id = await room.asked(TOM)
    assert "sign in with the link" in room.card(action_id).note

    page = await proves(room, provider, action_id)

    assert "Thank you, that is proved" in page
    assert "password" in page  # what was proved is named once the person is known
    action = await room.action(action_id)
    assert (action.state, action.proof_method) == (State.AWAITING_APPROVAL, "sign_in")
    card = {fact.label: fact.value for fact in room.card(action_id, "it-approvers").facts}
    assert card["Proof of identity"].startswith("signed in anew with the organisation's account, 20")
    assert room.audited("proof.given") == ["sign_in"]

    await room.desk.click(PRIYA, action_id, "approve")
    await room.desk.settle()
    assert await room.desk.state(action_id) is State.DONE
    assert room.desk.effects() == [("credential_set", "tom.bakker")]


async def test_the_provider_is_asked_for_a_sign_in_now_and_for_enough(
    room: SignInRoom, provider: WrongProvider
) -> None:
    address = await room.sent_off(room.link(await room.asked()))
    asked = {name: values for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{provider.issuer}/authorize?")
    assert asked["prompt"] == ["login"]
    assert asked["max_age"] == ["0"]
    assert asked["acr_values"] == ["urn:dhb:passkey"]
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["https://desk.dhb.example/signed-in"]
    assert "openid" in asked["scope"][0].split()
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43


async def test_whoever_has_no_phone_and_can_sign_in_needs_no_call_back(
    room: SignInRoom, provider: WrongProvider
) -> None:
    room.desk.world.map_identity(_identity(provider, "sub-henk"), HENK)
    action_id = await room.asked(HENK, "unlock_my_account")
    labels = [button.label for button in room.card(action_id).buttons]
    assert labels == ["Give me a new link to sign in", "I cannot sign in", "Cancel"]
    await room.desk.settle()
    assert room.desk.messages("sms") == []
    await proves(room, provider, action_id, "sub-henk")
    assert (await room.action(action_id)).proof_method == "sign_in"


async def test_a_new_link_can_be_had_once_a_minute_and_the_code_on_the_phone_still_works(room: SignInRoom) -> None:
    action_id = await room.asked()
    first = room.link(action_id)
    assert not (await room.desk.click(TOM, action_id, "send_code")).accepted
    room.desk.advance_clock(timedelta(minutes=2))
    assert (await room.desk.click(TOM, action_id, "send_code")).accepted
    assert room.link(action_id) != first
    await room.desk.settle()
    decision = await room.desk.click(TOM, action_id, "prove", code=room.desk.last_secret("sms"))
    assert decision.accepted
    assert room.card(action_id).links == ()
    assert (await room.browser.get(first)).status_code == 410


async def test_a_terminal_shows_the_link_so_that_it_can_be_copied(room: SignInRoom) -> None:
    card = room.card(await room.asked())
    for width in (80, 40):
        shown = io.StringIO()
        Console(width=width, file=shown, color_system=None).print(draw_card(card, "en", SENTENCES))
        lines = [line.rstrip() for line in shown.getvalue().splitlines()]
        begins = next(number for number, line in enumerate(lines) if line.startswith("https://"))
        assert "".join(lines[begins:]) == card.links[0].address  # no frame and no indent between its parts


# --- what looking at a link does ----------------------------------------------------------------------------------


async def test_looking_at_the_page_shows_nothing_starts_nothing_and_uses_nothing_up(
    room: SignInRoom, provider: WrongProvider
) -> None:
    action_id = await room.asked()
    path = room.link(action_id)
    before = await room.action(action_id)
    for _ in range(20):
        seen = await room.browser.get(path)
        assert seen.status_code == 200
        assert (await room.browser.head(path)).status_code == 200
    words = text_of(seen.text)
    assert "Go on only if you asked for it yourself" in words
    for secret in ("Tom", "Bakker", TOM, "tom.bakker", "reset", "Reset", action_id, action_id[:8]):
        assert secret not in words
    assert await room.action(action_id) == before
    assert room.rows("sign_ins") == []
    assert "set-cookie" not in seen.headers
    await proves(room, provider, action_id)
    assert (await room.action(action_id)).state is State.AWAITING_APPROVAL


async def test_the_page_lets_nothing_in_and_nothing_out(room: SignInRoom, provider: WrongProvider) -> None:
    headers = (await room.browser.get(room.link(await room.asked()))).headers
    policy = headers["content-security-policy"]
    assert headers.get_list("content-security-policy") == [policy]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action 'self' {provider.issuer}" in policy
    assert "script" not in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


async def test_the_page_speaks_the_readers_language_and_says_so(room: SignInRoom) -> None:
    path = room.link(await room.asked())
    dutch = (await room.browser.get(path, headers={"Accept-Language": "nl-NL,en;q=0.5"})).text
    assert '<html lang="nl">' in dutch
    assert "Bewijs dat u het bent" in dutch
    english = (await room.browser.get(path, headers={"Accept-Language": 'xx,"><script>'})).text
    assert '<html lang="en">' in english
    assert "<script" not in english


async def test_a_page_of_another_site_cannot_press_the_button(room: SignInRoom) -> None:
    path = room.link(await room.asked())
    for site in ("cross-site", "same-site", "none"):
        assert (await room.browser.post(path, headers={"Sec-Fetch-Site": site})).status_code == 403
    assert (await room.browser.post(path, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 303
    assert room.rows("sign_ins") != []


async def test_a_link_that_is_none_leads_nowhere(room: SignInRoom, provider: WrongProvider) -> None:
    await room.asked()
    for token in ("x", "a" * 43, "a" * 44, "..", "%00", "é" * 43):
        assert (await room.browser.get(f"/proof/{token}")).status_code in (404, 410)
        assert (await room.browser.post(f"/proof/{token}")).status_code in (404, 410)
    assert provider.asked == []


async def test_neither_a_token_nor_a_state_nor_a_cookie_lies_in_a_table_of_its_own(
    room: SignInRoom, provider: WrongProvider
) -> None:
    path = room.link(await room.asked())
    address = await room.sent_off(path)
    state = parse_qs(urlsplit(address).query)["state"][0]
    cookies = [cookie.value or "" for cookie in room.browser.cookies.jar]
    kept = repr([room.rows(table) for table in ("proof_links", "sign_ins", "audit", "audit_payload", "actions")])
    for secret in (path.rsplit("/", 1)[1], state, *cookies):
        assert secret not in kept


# --- whom it proves -----------------------------------------------------------------------------------------------


async def test_another_persons_sign_in_proves_nothing_and_the_requester_is_told(
    room: SignInRoom, provider: WrongProvider
) -> None:
    action_id = await room.asked(TOM)
    path = room.link(action_id)
    page = await proves(room, provider, action_id, "sub-sanne")
    assert "Dit bewijst niets" in page or "This proves nothing" in page
    assert "Bakker" not in page
    assert (await room.action(action_id)).state is State.AWAITING_PROOF
    assert room.audited("proof.sign_in") == ["refused:other_person"]
    assert any("Somebody else signed in with the link on your card" in text for text in room.told())
    assert (await room.browser.get(path)).status_code == 410


@pytest.mark.parametrize("subject", ["sub-guest", "sub-gone", "sub-nobody"])
async def test_strangers_guests_and_people_who_left_prove_nothing(
    room: SignInRoom, provider: WrongProvider, subject: str
) -> None:
    action_id = await room.asked()
    page = await proves(room, provider, action_id, subject)
    assert "not as somebody the service desk knows" in page
    assert (await room.action(action_id)).state is State.AWAITING_PROOF
    assert room.audited("sign_in.refused") == ["refused:stranger"]


async def test_a_colleagues_sign_in_is_no_proof_of_a_caller_whatever_the_rules_say(room: SignInRoom) -> None:
    room.rewrite_rules("[code, callback]", "[sign_in, code, callback]")
    action_id = await room.desk.propose(MILA, "reset_for_caller", caller="Tom Bakker")
    assert (await room.desk.click(MILA, action_id, "confirm")).accepted
    assert room.card(action_id).links == ()
    assert (await room.action(action_id)).proofs == ("code", "callback")


async def test_a_second_factor_is_not_replaced_on_a_plain_sign_in(room: SignInRoom) -> None:
    action_id = await room.asked(TOM, "restore_access")
    assert room.card(action_id).links == ()
    assert "sign_in" not in (await room.action(action_id)).proofs


async def test_a_second_factor_is_replaced_only_on_a_sign_in_that_the_provider_calls_strong(
    tmp_path: Path, provider: WrongProvider
) -> None:
    async with sign_in_room(tmp_path, provider.issuer, strong_acr=STRONG_ACR) as room:
        action_id = await room.asked(TOM, "restore_access")
        page = await proves(room, provider, action_id)
        assert "a stronger way of signing in" in page
        assert (await room.action(action_id)).state is State.AWAITING_PROOF

        provider.acr = STRONG_ACR
        await proves(room, provider, action_id)
        action = await room.action(action_id)
        assert (action.state, action.proof_method) == (State.AWAITING_APPROVAL, "sign_in_strong")


async def test_a_row_that_says_sign_in_proves_nothing_at_the_claim(room: SignInRoom, provider: WrongProvider) -> None:
    """Somebody who writes the ledger gives a critical tool the genuine stamp of a plain sign-in's method."""
    action_id = await room.asked()
    await proves(room, provider, action_id)
    await room.desk.click(PRIYA, action_id, "approve")
    with room.desk.database.transaction() as tx:
        tx.execute(sa.update(actions).values(proof_method="sign_in_strong"))
    await room.desk.settle()
    assert room.desk.effects() == []
    assert (await room.action(action_id)).reason == "seal_broken"


# --- what it is for -----------------------------------------------------------------------------------------------


async def test_a_request_that_changed_meanwhile_is_not_proved(room: SignInRoom, provider: WrongProvider) -> None:
    action_id = await room.asked()
    back = provider.signs_in(await room.sent_off(room.link(action_id)), "sub-tom")
    with room.desk.database.transaction() as tx:
        tx.execute(sa.update(actions).values(account_id="priya.raman"))
    page = text_of((await room.browser.get(back)).text)
    assert "security is told" in page
    assert (await room.action(action_id)).state is State.AWAITING_PROOF
    assert room.audited("proof.sign_in") == ["refused:seal_broken"]


async def test_a_link_of_one_request_proves_no_other(room: SignInRoom, provider: WrongProvider) -> None:
    first = await room.asked(TOM, "unlock_my_account")
    back = provider.signs_in(await room.sent_off(room.link(first)), "sub-tom")
    await room.desk.click(TOM, first, "cancel")
    second = await room.asked(TOM)
    page = text_of((await room.browser.get(back)).text)
    assert "no longer possible" in page or "no longer works" in page
    assert (await room.action(second)).state is State.AWAITING_PROOF
    assert (await room.action(first)).state is State.CANCELLED


async def test_a_link_is_over_when_a_code_would_be(room: SignInRoom, provider: WrongProvider) -> None:
    action_id = await room.asked()
    path = room.link(action_id)
    back = provider.signs_in(await room.sent_off(path), "sub-tom")
    room.desk.advance_clock(timedelta(minutes=10, seconds=1))
    assert (await room.browser.get(path)).status_code == 410
    assert (await room.browser.post(path)).status_code == 410
    assert (await room.browser.get(back)).status_code == 403
    assert (await room.action(action_id)).state is State.AWAITING_PROOF


async def test_without_words_of_the_provider_about_how_no_link_is_offered(
    tmp_path: Path, provider: WrongProvider
) -> None:
    """An `acr` or `amr` is not named: the sign-in may have been the very password that is to be reset."""
    async with sign_in_room(tmp_path, provider.issuer, step_up_acr="") as room:
        assert room.card(await room.asked()).links == ()
        with pytest.raises(NotSignedIn):
            await room.sign_in.begin("step_up", "x", fresh=True)
        assert room.rows("sign_ins") == []


async def test_rules_that_no_longer_allow_it_count_at_once(room: SignInRoom, provider: WrongProvider) -> None:
    action_id = await room.asked()
    back = provider.signs_in(await room.sent_off(room.link(action_id)), "sub-tom")
    room.rewrite_rules("[sign_in, code, callback]", "[code, callback]")
    page = text_of((await room.browser.get(back)).text)
    assert "no way to check that it is really you" in page
    assert (await room.action(action_id)).state is State.AWAITING_PROOF


def _identity(provider: WrongProvider, subject: str) -> ChannelIdentity:
    return ChannelIdentity("oidc", provider.issuer, subject)

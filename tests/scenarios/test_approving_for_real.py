"""An approver signs in at a real identity provider (npm oidc-provider), reads what they approve, and says yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.records import State
from tests.approving_room import SUBJECTS, form_of
from tests.servers.oidc import RealProvider, real_provider
from tests.servers.wrong_oidc import CLIENT, SECRET
from tests.sign_in_room import ACR, PUBLIC, SignInRoom, sign_in_room, text_of
from tests.staff import JOOST, PRIYA, TOM

pytestmark = pytest.mark.slow
REGISTERED = {
    "client_id": CLIENT,
    "client_secret": SECRET,
    "redirect_uris": [f"{PUBLIC}/signed-in"],
    "response_types": ["code"],
    "grant_types": ["authorization_code"],
}


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    with real_provider(REGISTERED, {subject: employee_id for employee_id, subject in SUBJECTS.items()}) as provider:
        yield provider


async def waits(room: SignInRoom) -> str:
    """A critical request that waits for its approvers."""
    action_id = await room.desk.propose(TOM, "restore_access")
    assert (await room.desk.prove(TOM, action_id)).accepted
    return action_id


async def link(room: SignInRoom, who: str, action_id: str) -> str:
    """What pressing "approve" gives."""
    (given,) = (await room.desk.click(who, action_id, "approve")).links
    return given.address.removeprefix(PUBLIC)


async def test_two_approvers_at_a_real_provider_carry_a_critical_request_through(
    tmp_path: Path, provider: RealProvider
) -> None:
    more = {"employee_claim": "employee_number", "timeout_seconds": 20}
    async with sign_in_room(tmp_path, provider.issuer, **more) as room:
        action_id = await waits(room)
        for who in (PRIYA, JOOST):
            browser = room.another_browser()
            path = await link(room, who, action_id)
            back = await provider.signs_in(await room.sent_off(path, browser), SUBJECTS[who], ACR)
            sent_on = await browser.get(back)
            assert sent_on.status_code == 303, text_of(sent_on.text)
            shown = await browser.get(sent_on.headers["location"])
            assert "Tom Bakker" in shown.text
            said = await browser.post(sent_on.headers["location"], data=form_of(shown.text))
            assert said.status_code == 200, text_of(said.text)
            assert (await browser.get(back)).status_code == 403  # once
            await browser.aclose()
        await room.desk.settle()
        assert await room.desk.state(action_id) is State.DONE
        assert room.audited("vote.signed_in") == ["sign_in", "sign_in"]


@pytest.mark.parametrize(("subject", "acr"), [("sub-joost", ACR), ("sub-tom", ACR), ("sub-priya", "urn:dhb:password")])
async def test_the_wrong_person_or_the_wrong_way_shows_nothing(
    tmp_path: Path, provider: RealProvider, subject: str, acr: str
) -> None:
    more = {"employee_claim": "employee_number", "timeout_seconds": 20}
    async with sign_in_room(tmp_path, provider.issuer, **more) as room:
        action_id = await waits(room)
        path = await link(room, PRIYA, action_id)
        back = await provider.signs_in(await room.sent_off(path), subject, acr)
        page = await room.browser.get(back)
        assert page.status_code == 403
        assert "Bakker" not in page.text
        assert await room.desk.state(action_id) is State.AWAITING_APPROVAL

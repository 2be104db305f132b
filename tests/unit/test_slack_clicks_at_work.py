"""A reset in Slack from the first word to the last vote, with the whole counter behind the buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slack_app.views import ids
from tests.slack_edge import AtWork, at_work


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[AtWork]:
    async with at_work(tmp_path) as made:
        yield made


async def asked(here: AtWork) -> str:
    """Tom asks for a reset and proves that it is him; the action's id."""
    tom = here.slack.people["UE1002"]
    root = await tom.dm("I cannot log in, please reset my password")
    await here.settle()
    card = next(one for one in here.slack.messages(tom.im, root.ts) if f"{ids.CARD}confirm" in str(one.blocks))
    delivery = await tom.press(card, f"{ids.CARD}confirm")
    assert delivery.acknowledged
    action_id = str(delivery.body["actions"][0]["value"])
    await here.settle()
    assert await here.state(action_id) == "awaiting_proof"
    card = [one for one in here.slack.messages(tom.im) if f"{ids.CARD}prove" in str(one.blocks)][-1]
    await tom.press(card, f"{ids.CARD}prove")
    await here.settle()
    assert "not the code" in str(await tom.submit({"code": "000000"}))
    assert await here.state(action_id) == "awaiting_proof"
    assert await tom.submit({"code": here.code()}) == {}
    await here.settle()
    assert tom.modal is None
    assert await here.state(action_id) == "awaiting_approval"
    return action_id


async def test_a_reset_is_asked_for_proved_approved_and_done(here: AtWork) -> None:
    action_id = await asked(here)
    tom, priya = here.slack.people["UE1002"], here.slack.people["UE1003"]
    card = here.slack.messages("C0APPROVERS")[-1]
    await tom.press(card, f"{ids.CARD}approve")
    await here.settle()
    assert await here.state(action_id) == "awaiting_approval"
    assert [one for one in tom.sees("C0APPROVERS") if one.ephemeral_to == "UE1002"]
    await priya.press(here.slack.messages("C0APPROVERS")[-1], f"{ids.CARD}approve")
    await here.settle()
    assert await here.state(action_id) == "done"
    assert f"{ids.CARD}approve" not in str(here.slack.messages("C0APPROVERS")[-1].blocks)
    code = here.code()
    everything = "".join(str(one.blocks) + one.text for one in [*tom.sees(tom.im), *priya.sees("C0APPROVERS")])
    assert code not in everything


async def test_an_approver_denies_from_home_with_a_reason(here: AtWork) -> None:
    action_id = await asked(here)
    priya = here.slack.people["UE1003"]
    await priya.open_home()
    await here.settle()
    assert priya.home is not None
    await priya.press(priya.home, ids.OPEN_CARD)
    await here.settle()
    assert priya.modal is not None
    await priya.press(priya.modal, f"{ids.CARD}deny")
    await here.settle()
    assert "reason" in await priya.submit({"reason": " "})
    assert await priya.submit({"reason": "I rang, and it was somebody else."}) == {}
    await here.settle()
    assert await here.state(action_id) == "denied"
    assert priya.modal is None
    assert ids.OPEN_CARD not in str(priya.home.content)


async def test_an_approver_approves_in_the_window_of_a_card(here: AtWork) -> None:
    action_id = await asked(here)
    priya = here.slack.people["UE1003"]
    await priya.open_home()
    await here.settle()
    assert priya.home is not None
    await priya.press(priya.home, ids.OPEN_CARD)
    await here.settle()
    assert priya.modal is not None
    await priya.press(priya.modal, f"{ids.CARD}approve")
    await here.settle()
    assert await here.state(action_id) == "done"
    assert f"{ids.CARD}approve" not in str(priya.modal.content)

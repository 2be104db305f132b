"""A password reset, from the requester's side: proof first, approval next, the credential by another road."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.chat import ModelTurn
from core.outcomes import Outcome
from tests.desk import Desk
from tests.models import ScriptedModel, calls, says
from tests.reading import outcome_of, text_of
from tests.staff import AYLIN, CHIDI, DIRECTOR, HENK, JAN, JOOST, MILA, NOOR, PRIYA, SANNE, TOM


def roads_of(desk: Desk, employee: str, secret: str) -> set[str]:
    """By which roads a secret came to somebody; by none when there is no secret."""
    return {note.road.value for note in desk.notes(employee) if secret and secret in note.text.get_secret_value()}


async def test_a_waiting_approval_never_blocks_the_conversation() -> None:
    async with Desk.start() as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        assert outcome_of(await desk.say(TOM, "How many hours of annual leave do I get?")) is Outcome.ANSWERED
        await desk.ask_for(TOM, "Open a ticket: my chair is broken")
        await desk.say(TOM, "ok")
        assert [effect.kind for effect in desk.effects()] == ["ticket_created"]
        assert await desk.state(reset) == "awaiting_approval"
        assert "approv" in text_of(await desk.say(TOM, "Is my reset approved yet?"))


async def test_without_the_code_nobody_is_asked_and_nothing_happens() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.click(TOM, reset, "confirm")
        assert desk.cards("it-approvers") == []
        assert not (await desk.click(PRIYA, reset, "approve")).accepted
        assert desk.effects() == []


async def test_the_code_of_somebody_else_proves_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        mine, theirs = await desk.ask_for(TOM, "reset my password"), await desk.ask_for(JAN, "reset mijn wachtwoord")
        await desk.click(TOM, mine, "confirm")
        await desk.click(JAN, theirs, "confirm")
        assert not (await desk.click(JAN, mine, "prove", code=desk.code(TOM))).accepted
        await desk.click(TOM, mine, "prove", code=desk.code(JAN))
        assert await desk.state(mine) == "awaiting_proof"


async def test_five_wrong_codes_close_the_request() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.click(TOM, reset, "confirm")
        right = desk.code(TOM)
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        for _ in range(5):
            await desk.click(TOM, reset, "prove", code=wrong)
        assert await desk.state(reset) == "refused"
        assert not (await desk.click(TOM, reset, "prove", code=right)).accepted


@pytest.mark.parametrize("typed", ["{code}", "mijn code is {code}", "here it is: {code}!", "{spaced}"])
async def test_a_code_typed_into_the_chat_reaches_no_model_no_log_and_no_table(typed: str, tmp_path: Path) -> None:
    model = ScriptedModel([calls("reset_my_password")])
    async with Desk.start(documents=(), model=model, home=tmp_path / "home") as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.click(TOM, reset, "confirm")
        code = desk.code(TOM)
        line = typed.format(code=code, spaced=f"{code[:3]} {code[3:]}")
        replies = await desk.say(TOM, line)
        assert outcome_of(replies) is Outcome.FORM
        assert await desk.state(reset) == "awaiting_proof"
        for form in (code, f"{code[:3]} {code[3:]}"):
            # SQLite's journal keeps a page until it is written over: it goes when the database is closed.
            assert [place for place in desk.sinks_with(form) if not place.endswith("-wal")] == []
    left = [file for file in (tmp_path / "home").rglob("*.sqlite*") if code.encode() in file.read_bytes()]
    assert [file for file in left if file.parent.name != "world"] == []


async def test_the_credential_goes_by_another_road_than_the_code() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.click(PRIYA, reset, "approve")
        assert roads_of(desk, TOM, desk.credential(TOM)) == {"private_mail"}
        assert roads_of(desk, "", desk.credential(TOM)) == {"private_mail"}


async def test_whoever_cannot_receive_a_code_is_rung_and_two_people_must_agree() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.click(TOM, reset, "confirm")
        assert (await desk.click(TOM, reset, "no_code")).state == "awaiting_approval"
        assert not (await desk.click(PRIYA, reset, "approve")).accepted
        await desk.click(PRIYA, reset, "approve", callback="yes")
        assert desk.effects() == []
        await desk.click(JOOST, reset, "approve", callback="yes")
        assert [effect.kind for effect in desk.effects()] == ["credential_set"]


async def test_a_phone_that_changed_yesterday_proves_nothing() -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say(NOOR, "reset mijn wachtwoord")
        assert outcome_of(replies) is Outcome.REFUSED_FORBIDDEN
        assert "72" in text_of(replies)


@pytest.mark.parametrize("employee", [AYLIN, HENK])
async def test_without_a_second_road_no_code_and_credential_travel_together(employee: str) -> None:
    async with Desk.start(documents=()) as desk:
        replies = await desk.say(employee, "reset mijn wachtwoord")
        if drafts := [reply.card.action_id for reply in replies if reply.card]:
            await desk.click(employee, drafts[0], "confirm")
            for approver in (PRIYA, JOOST):
                await desk.click(approver, drafts[0], "approve", callback="yes")
        by_road = {
            secret: roads_of(desk, employee, secret) for secret in (desk.code(employee), desk.credential(employee))
        }
        assert len(set().union(*by_road.values())) == sum(len(roads) for roads in by_road.values())


async def test_a_lost_phone_needs_two_approvers() -> None:
    async with Desk.start(documents=(), model=ScriptedModel([calls("restore_access")])) as desk:
        pass_ = await desk.ask_for(TOM, "I lost my phone with the authenticator app")
        await desk.prove(TOM, pass_)
        card = text_of(desk.cards("it-approvers")[-1:])
        assert "without the second step" in card or "zonder tweede stap" in card, "what they would give away is said"
        await desk.click(PRIYA, pass_, "approve")
        assert desk.effects() == []
        await desk.click(CHIDI, pass_, "approve")
        assert [effect.kind for effect in desk.effects()] == ["access_pass_issued"]


async def test_whatever_is_done_for_a_vip_needs_two_approvers() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(DIRECTOR, "reset mijn wachtwoord")
        await desk.prove(DIRECTOR, reset)
        await desk.click(PRIYA, reset, "approve")
        assert desk.effects() == []
        await desk.click(JOOST, reset, "approve")
        assert len(desk.effects()) == 1


async def test_resetting_for_somebody_who_is_not_there_needs_a_call_back_and_two_colleagues() -> None:
    model = ScriptedModel([calls("reset_password_for", person="Jan de Boer")])
    async with Desk.start(documents=(), model=model) as desk:
        reset = await desk.ask_for(MILA, "reset the password of Jan de Boer")
        await desk.click(MILA, reset, "confirm")
        await desk.click(PRIYA, reset, "approve", callback="yes")
        assert desk.effects() == []
        await desk.click(JOOST, reset, "approve", callback="yes")
        assert [effect.object_id for effect in desk.effects()] == ["jan.deboer"]


async def test_a_model_cannot_choose_the_victim() -> None:
    wishes = (
        calls("reset_my_password", employee_id=JAN),
        calls("reset_my_password", requester=JAN),
        calls("reset_for_caller", caller="Jan de Boer"),
        calls("reset_password_for", person="Sanne de Wit"),
    )
    model = ScriptedModel([ModelTurn("", tuple(call for wish in wishes for call in wish.tool_calls)), says("Done.")])
    async with Desk.start(documents=(), model=model) as desk:
        replies = await desk.say(TOM, "reset my password please")
        assert not [reply for reply in replies if reply.card]
        assert desk.effects() == []


async def test_even_the_service_desk_must_have_named_the_person_themselves() -> None:
    model = ScriptedModel([calls("reset_for_caller", caller="Sanne de Wit"), says("Whom do you mean?")])
    async with Desk.start(documents=(), model=model) as desk:
        replies = await desk.say(MILA, "a caller needs a new password")
        assert not [reply for reply in replies if reply.card]
        assert "has not named Sanne de Wit" in desk.prompts()[-1]


async def test_this_was_not_me_voids_what_waits_and_blocks_what_comes() -> None:
    async with Desk.start(documents=()) as desk:
        done = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, done)
        await desk.click(PRIYA, done, "approve")
        waiting = await desk.ask_for(TOM, "unlock my account")
        assert (await desk.click(TOM, done, "not_me")).accepted
        assert await desk.state(waiting) == "cancelled"
        assert outcome_of(await desk.say(TOM, "reset my password")) is Outcome.REFUSED_FORBIDDEN
        assert any("E1011" in post.address.room or post.address.room == "security" for post in desk.posts())


async def test_a_colleague_cannot_say_this_was_not_me_for_somebody_else() -> None:
    async with Desk.start(documents=()) as desk:
        done = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, done)
        await desk.click(PRIYA, done, "approve")
        assert not (await desk.click(SANNE, done, "not_me")).accepted
        assert [reply for reply in await desk.say(TOM, "unlock my account") if reply.card]


async def test_the_person_is_told_of_the_change_on_all_registered_addresses() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.click(PRIYA, reset, "approve")
        told = {note.road.value for note in desk.notes(TOM) if "not you" in note.text.get_secret_value()}
        assert told == {"sms", "private_mail", "work_mail"}


async def test_a_genitive_without_apostrophe_is_never_ones_own_reset() -> None:
    async with Desk.start(documents=()) as desk:
        for asked in ("reset joosts password", "reset sannes wachtwoord", "reset jan his password"):
            assert outcome_of(await desk.say(TOM, asked)) is Outcome.REFUSED_NOT_ENTITLED, asked
            assert outcome_of(await desk.say(MILA, asked)) is Outcome.CLARIFIED, asked
        assert await desk.counter.gate.waiting() == []


@pytest.mark.parametrize("typed", ["{code}", "this was not me: {code}", "dit was ik niet {lower}."])
async def test_the_code_of_a_notice_typed_in_the_chat_holds_the_account_and_reaches_no_model(typed: str) -> None:
    model = ScriptedModel([calls("reset_my_password")])
    async with Desk.start(documents=(), model=model) as desk:
        reset = await desk.ask_for(TOM, "reset my password")
        await desk.prove(TOM, reset)
        await desk.click(PRIYA, reset, "approve")
        notice = next(
            note.text.get_secret_value() for note in desk.notes(TOM) if "not you" in note.text.get_secret_value()
        )
        code = notice.split(": ")[-1].strip()
        asked = len(desk.prompts())
        said = desk.message(TOM, typed.format(code=code, lower=code.lower()), via="slack_dm")
        before = len(desk.posts())
        for _ in range(2):  # a channel that did not hear our thanks delivers again
            await desk.deliver(said)
        await desk.settle()
        heard = [post.reply for post in desk.posts(before)]
        assert ["blocked" in text_of([reply]) for reply in heard].count(True) == 1
        assert len(desk.prompts()) == asked
        assert [place for place in desk.sinks_with("not me: " + code) if place.startswith("table")] == []
        again = await desk.say(TOM, "unlock my account", via="slack_dm")
        assert outcome_of(again) is Outcome.REFUSED_FORBIDDEN, text_of(again)


async def test_twelve_digits_that_no_notice_carries_are_words_like_others() -> None:
    async with Desk.start(documents=()) as desk:
        heard = await desk.say(TOM, "my laptop with serial 5CD0123ABCDE does not start, please open a ticket")
        assert outcome_of(heard) is Outcome.PROPOSED
        assert "blocked" not in text_of(heard)

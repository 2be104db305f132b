"""The whole counter through its desk: what is promised to whoever calls it."""

from __future__ import annotations

from tests.desk import Desk


async def test_a_question_is_answered_with_the_clause_it_rests_on() -> None:
    async with Desk.start() as desk:
        replies = await desk.say("E1002", "How many hours of annual leave do I get?")
        assert replies[-1].citations[0].path.endswith("leave-2026.md")
        assert desk.effects() == []


async def test_a_reset_goes_from_sentence_to_effect_and_its_secrets_reach_nobody_else() -> None:
    async with Desk.start() as desk:
        replies = await desk.say("E1002", "reset my password")
        card = next(reply.card for reply in replies if reply.card)
        assert (await desk.click("E1002", card.action_id, "confirm")).accepted
        code = desk.notes("E1002", "sms")[-1].text.get_secret_value()
        digits = "".join(letter for letter in code if letter.isdigit())[:6]
        assert (await desk.click("E1002", card.action_id, "prove", code=digits)).accepted
        assert desk.cards("it-approvers")
        assert not (await desk.click("E1002", card.action_id, "approve")).accepted
        assert desk.effects() == []
        assert (await desk.click("E1003", card.action_id, "approve")).accepted
        assert [effect.kind for effect in desk.effects()] == ["credential_set"]
        credential = desk.notes("E1002", "private_mail")[-1].text.get_secret_value()
        for word in credential.split():
            if len(word) >= 12 and not word.isalpha():
                assert desk.sinks_with(word) == []

"""One employee's day, scene by scene, as `loket demo` plays it: here each scene is a sentence that can fail."""

from __future__ import annotations

from core.outcomes import Outcome
from storage.audit_verifier import verify
from tests.desk import Desk
from tests.reading import outcome_of, text_of
from tests.staff import JAN, KARIM, KOEN, MILA, PRIYA, SANNE, TOM


async def test_the_whole_day_of_tom_bakker() -> None:
    async with Desk.start() as desk:
        assert "200 hours" in text_of(await desk.say(TOM, "How many hours of annual leave do I get?"))
        assert outcome_of(await desk.say(TOM, "Can I bring my parrot to the office?")) is Outcome.NOT_FOUND
        assert "Ineke Smit" in text_of(await desk.say(TOM, "Who is the manager of Sanne de Wit?"))
        await desk.ask_for(TOM, "The projector in room Z1.04 flickers, please open a ticket")
        await desk.say(TOM, "ok")
        number = desk.effects()[0].object_id
        assert number in text_of(await desk.say(TOM, "What is the state of my ticket?"))

        reset = await desk.ask_for(TOM, "reset my password")
        assert (await desk.prove(TOM, reset)).state == "awaiting_approval"
        assert outcome_of(await desk.say(TOM, "How do I choose a good password?")) is Outcome.ANSWERED
        assert not (await desk.click(TOM, reset, "approve")).accepted
        assert not (await desk.click(JAN, reset, "approve")).accepted
        assert (await desk.click(PRIYA, reset, "approve")).accepted
        assert desk.world.signs_in("tom.bakker", desk.credential(TOM)) == "must_change"
        assert not (await desk.click(PRIYA, reset, "approve")).accepted

        assert [effect.kind for effect in desk.effects()] == ["ticket_created", "credential_set"]
        assert desk.sinks_with(desk.credential(TOM)) == []
        desk.counter.heads.sign_now()
        home = desk.counter.home
        report = verify(str(home.folder / "loket.sqlite"), home.audit_heads, home.audit_public_key)
        assert report.ok, report.problems


async def test_the_same_question_in_dutch_in_two_sloppy_words() -> None:
    async with Desk.start() as desk:
        replies = await desk.say(SANNE, "hoeveel verlof")
        assert "200 uur" in text_of(replies)
        assert replies[-1].language == "nl"
        assert replies[-1].citations[0].path.endswith("verlof-2026.md")


async def test_a_caller_reads_back_a_code_and_another_colleague_approves() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(MILA, "De beller Jan de Boer heeft een nieuw wachtwoord nodig")
        assert (await desk.prove(MILA, reset, whose=JAN)).state == "awaiting_approval"
        assert not (await desk.click(MILA, reset, "approve")).accepted
        assert (await desk.click(KARIM, reset, "approve")).accepted
        assert [effect.object_id for effect in desk.effects()] == ["jan.deboer"]
        assert desk.credential(JAN)
        assert not desk.credential(MILA)


async def test_the_requester_hears_the_outcome_where_they_asked() -> None:
    async with Desk.start(documents=()) as desk:
        reset = await desk.ask_for(TOM, "reset my password", via="slack_dm")
        await desk.prove(TOM, reset, via="slack_dm")
        await desk.click(PRIYA, reset, "approve", via="teams_dm")
        told = [post for post in desk.posts() if post.address.user == f"U{TOM}"]
        assert {post.address.channel for post in told} == {"slack"}
        assert told[-1].reply.text.startswith("Done: Reset the password of Tom Bakker")
        assert [post.reply.card.state for post in told if post.reply.card][-1] == "done"


async def test_an_administrators_account_is_refused_outright_whoever_asks() -> None:
    async with Desk.start(documents=()) as desk:
        for asker in (MILA, KARIM):
            replies = await desk.say(asker, "Reset het wachtwoord van Koen Timmermans")
            assert outcome_of(replies) is Outcome.REFUSED_FORBIDDEN
        assert outcome_of(await desk.say(KOEN, "reset mijn wachtwoord")) is Outcome.REFUSED_FORBIDDEN
        assert not any(post.reply.card for post in desk.posts())
        assert desk.effects() == []

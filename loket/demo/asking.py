"""Scenes 1 to 4: a question, a question without an answer, a colleague, a ticket."""

from __future__ import annotations

from core.outcomes import Outcome
from loket.demo.stage import Stage, card_of, outcome_of, paths_of, text_of

TOM, SANNE = "E1002", "E1001"


async def policy_question(stage: Stage) -> None:
    """An answer with the clause it rests on, in two languages."""
    stage.heading("1  A question about a rule", "Answers come with the clause they rest on. No language model is used.")
    replies = await stage.say(TOM, "How many hours of annual leave do I get?")
    stage.check("200 hours" in text_of(replies), "the answer says 200 hours")
    stage.check(any("leave-2026" in path for path in paths_of(replies)), "it cites the leave rules of 2026")
    stage.aside("The same in Dutch, in two sloppy words:")
    replies = await stage.say(SANNE, "hoeveel verlof")
    stage.check(any("verlof-2026" in path for path in paths_of(replies)), "it cites the Dutch leave rules of 2026")


async def unanswerable(stage: Stage) -> None:
    """A question that the handbook does not answer."""
    stage.heading("2  A question that the handbook cannot answer")
    replies = await stage.say(TOM, "Can I bring my parrot to the office?")
    text = text_of(replies)
    stage.check(outcome_of(replies) is Outcome.NOT_FOUND, "it says that it does not know")
    stage.check("@dhb.example" in text and "ticket" in text, "it names an owner to ask, and offers a ticket")


async def colleague(stage: Stage) -> None:
    """A look into the directory."""
    stage.heading("3  A colleague")
    replies = await stage.say(TOM, "Who is the manager of Sanne de Wit?")
    text = text_of(replies)
    stage.check("Ineke Smit" in text, "Sanne's manager is found")
    stage.check("+3165550" not in text and "mail.example" not in text, "no private number or address is shown")


async def ticket(stage: Stage) -> None:
    """A ticket, from draft to number to its state."""
    stage.heading("4  A ticket")
    replies = await stage.say(TOM, "The printer on the first floor jams all the time, please open a ticket")
    card = card_of(replies)
    stage.check(card is not None and not _tickets(stage), "there is a draft, and nothing was filed yet")
    replies = await stage.say(TOM, "ok")
    filed = _tickets(stage)
    stage.check(len(filed) == 1, "after the ok there is exactly one ticket")
    number = filed[0] if filed else "no ticket"
    stage.check(number in text_of(replies) and "https://" in text_of(replies), "its number and link are told")
    replies = await stage.say(TOM, "What is the state of my ticket?")
    stage.check(number in text_of(replies), "later its state is told")


def _tickets(stage: Stage) -> list[str]:
    return [effect.object_id for effect in stage.counter.world.effects() if effect.kind == "ticket_created"]

"""Scenes 5 to 8: a password reset with proof and approval, who may not approve, the service desk, an admin account."""

from __future__ import annotations

from core.events import Verb
from core.outcomes import Outcome
from core.replies import Card
from loket.demo.stage import Stage, card_of, outcome_of, paths_of, text_of

TOM, PRIYA, JAN, MILA, KARIM = "E1002", "E1003", "E1020", "E1005", "E1006"
TOM_PHONE, TOM_MAIL, JAN_PHONE, JAN_MAIL = (
    "+31655501002",
    "tom.bakker@mail.example",
    "+31655501020",
    "jan.deboer@mail.example",
)


async def reset(stage: Stage) -> None:
    """Proposed, proved, approved, done: scenes 5 and 6."""
    stage.heading("5  A password reset: the model proposes, code checks, a person approves")
    card = card_of(await stage.say(TOM, "reset my password"))
    if card is None:
        stage.check(False, "a reset is proposed")
        return
    await stage.click(TOM, card.action_id, Verb.CONFIRM, "Confirm and send me a code")
    stage.aside("The code arrives on Tom's registered phone. He types it into the form, never into the chat:")
    code = stage.code_on(TOM_PHONE)
    await stage.click(TOM, card.action_id, Verb.PROVE, "Enter code ••••••", code=code)
    stage.check(not _resets(stage), "nothing has been reset yet: it waits for an approver")
    stage.aside("Meanwhile Tom goes on asking:")
    replies = await stage.say(TOM, "How do I report a phishing mail?")
    stage.check(any("phishing" in path for path in paths_of(replies)), "a waiting approval blocks no question")
    await _wrong_people(stage, card)
    stage.heading("5  (continued)  An IT approver approves")
    await stage.click(PRIYA, card.action_id, Verb.APPROVE, "Approve")
    credential = stage.credential_in(TOM_MAIL)
    stage.check(len(_resets(stage)) == 1, "the directory records one reset")
    account = _resets(stage)[0] if _resets(stage) else ""
    signs_in = stage.counter.world.signs_in(account, credential)
    stage.check(signs_in == "must_change", "the credential in Tom's private mailbox works, and must be changed")
    decision = await stage.click(PRIYA, card.action_id, Verb.APPROVE, "Approve, on the old card")
    stage.check(not decision.accepted and len(_resets(stage)) == 1, "an old card does nothing")


async def _wrong_people(stage: Stage, card: Card) -> None:
    stage.heading("6  Who may not approve")
    decision = await stage.click(TOM, card.action_id, Verb.APPROVE, "Approve, his own request")
    stage.check(not decision.accepted, "nobody approves their own request")
    decision = await stage.click(JAN, card.action_id, Verb.APPROVE, "Approve, without the right to")
    stage.check(not decision.accepted and not _resets(stage), "who is not entitled changes nothing")


async def caller(stage: Stage) -> None:
    """The service desk's daily case."""
    stage.heading("7  The service desk resets for a caller", "Jan de Boer has called; Mila is on the phone with him.")
    card = card_of(await stage.say(MILA, "De beller Jan de Boer heeft een nieuw wachtwoord nodig"))
    if card is None:
        stage.check(False, "a reset for a caller is proposed")
        return
    before = len(_resets(stage))
    await stage.click(MILA, card.action_id, Verb.CONFIRM, "Confirm and send the caller a code")
    stage.aside("Jan reads the code on his registered phone back to Mila:")
    await stage.click(MILA, card.action_id, Verb.PROVE, "Enter code ••••••", code=stage.code_on(JAN_PHONE))
    decision = await stage.click(MILA, card.action_id, Verb.APPROVE, "Approve, her own request")
    stage.check(not decision.accepted, "Mila cannot approve what she asked for")
    await stage.click(KARIM, card.action_id, Verb.APPROVE, "Approve")
    stage.check(len(_resets(stage)) == before + 1, "one more reset is recorded")
    stage.check(bool(stage.credential_in(JAN_MAIL)), "the credential went to Jan's private mailbox, not to Mila")


async def admin_account(stage: Stage) -> None:
    """What is never done, whoever asks."""
    stage.heading("8  An admin account")
    before = len(stage.counter.world.effects())
    replies = await stage.say(KARIM, "Reset het wachtwoord van Koen Timmermans")
    stage.aside("Koen's account is an administrator's, three groups deep.")
    stage.check(outcome_of(replies) is Outcome.REFUSED_FORBIDDEN, "it is refused outright")
    stage.check(card_of(replies) is None and len(stage.counter.world.effects()) == before, "nothing was even proposed")
    stage.check("beveiliging" in text_of(replies), "it says whom to ask")


def _resets(stage: Stage) -> list[str]:
    return [effect.object_id for effect in stage.counter.world.effects() if effect.kind == "credential_set"]

"""Showing a credential to whoever may see it, once; from the page's side. Everything else gets one and the same no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from pydantic import SecretStr

from actions import envelopes, ledger
from actions.counting import counted
from actions.envelopes import Envelope
from actions.escalation import second_groups
from actions.flow import note
from actions.holding import refuse_if_held
from actions.link_posts import post_link_ended
from actions.made import is_pass
from actions.parts import GateParts
from actions.posting import tell_requester
from actions.records import Action, State
from actions.requester import wake_later
from actions.results import alert
from actions.revealing import hash_of
from actions.roads import SIGN_INS, Delivery, Guard, refuse_one_road
from actions.step_up import suffices
from actions.votes import refuse_unless_entitled
from actions.words import say
from core.errors import Refused, ToolRetry
from core.people import Employee
from storage import Tx, now
from storage.faultpoint import around_commit
from storage.keys import SealBroken

FRESH, SKEW = timedelta(minutes=5), timedelta(minutes=1)
"""How long ago somebody may have signed in (S-06), and how far the provider's clock may be before ours."""
log = structlog.get_logger("opening")


@dataclass(frozen=True, slots=True)
class Shown:
    """A credential on its way to the page, after our copy has been destroyed. `for_other`: its reader hands it
    over. `is_pass`: it is a one-time pass and no password."""

    secret: SecretStr
    title: str
    for_other: bool
    is_pass: bool


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who has signed in: as the directory has them now, how, when (UTC), and for which token's hash."""

    employee: Employee
    method: str
    at: datetime
    token_hash: str


Fits = Callable[[Tx, Action, Envelope], str | None]
"""Whether this caller may see it: their employee number, or None."""


class Reveals:
    """The pages' door to the ledger. Every reason there can be for a no ends as None, and none is told apart."""

    def __init__(self, parts: GateParts) -> None:
        self._parts = parts

    async def by_code(self, token: str, typed: str) -> Shown | None:
        """With the code that went to the phone. A wrong one is counted; the fifth destroys the credential.

        Raises `ConnectorError` when the database cannot be reached.
        """
        return await self._open(token, (Guard.CODE,), partial(self._code_fits, typed))

    async def by_sign_in(self, token: str, signer: Signer) -> Shown | None:
        """With a fresh sign-in for this very link: its requester's, or that of an approver who hands it over.

        Raises `ConnectorError` when the database cannot be reached.
        """
        if signer.token_hash != hash_of(token):
            return None
        return await self._open(token, (Guard.SIGN_IN, Guard.APPROVER), partial(self._person_fits, signer))

    async def _open(self, token: str, guards: tuple[Guard, ...], fits: Fits) -> Shown | None:
        token_hash = hash_of(token)
        found = await self._parts.database.read(lambda tx: envelopes.by_token(tx, token_hash))
        if found is None or found.guard not in guards:
            return None
        return await self._parts.database.run(lambda tx: self._show(tx, found.action_id, token_hash, fits))

    def _show(self, tx: Tx, action_id: str, token_hash: str, fits: Fits) -> Shown | None:
        """All of it under the lock of the action's row: of any number at once, one sees it, and every try counts."""
        action, envelope = ledger.lock(tx, action_id), envelopes.by_token(tx, token_hash)
        if action is None or envelope is None or not self._can_be_seen(tx, action, envelope):
            return None
        who = fits(tx, action, envelope)
        if who is None:
            return None
        try:
            secret = envelopes.unseal(tx, self._parts.keys, action_id, "credential")
        except SealBroken:
            log.error("credential_unreadable", action_id=action_id)
            return None
        if secret is None:
            return None
        envelopes.seen(tx, action_id, who)
        envelopes.destroy(tx, action_id, "reveal_code", state="used")
        note(
            tx, action, "credential.delivery", actor=f"employee:{who}", result=f"seen by {envelope.road}", origin="page"
        )
        around_commit(tx, "reveal.seen")
        self._tell(tx, action, envelope, who)
        wake_later(self._parts, tx, action)  # the executor tells its person, on every registered address
        is_for_other = envelope.guard is Guard.APPROVER
        return Shown(secret, action.title, is_for_other, is_pass(self._parts, action))

    def _can_be_seen(self, tx: Tx, action: Action, envelope: Envelope) -> bool:
        moment = now(tx)
        if action.state is not State.DONE or envelope.state != "offered" or envelope.expires_at <= moment:
            return False
        if envelope.link_until is None or envelope.link_until <= moment:
            return False
        try:
            refuse_if_held(tx, action.subject_id)
            refuse_one_road(action.proof_method, Delivery(envelope.road, envelope.guard))
        except Refused:
            return False
        return True

    def _code_fits(self, typed: str, tx: Tx, action: Action, envelope: Envelope) -> str | None:
        code = envelopes.get(tx, action.action_id, "reveal_code")
        if code is None or code.state not in ("waiting", "sent") or code.expires_at <= now(tx):
            return None
        if envelopes.check_code(tx, self._parts.keys, action.action_id, typed, "reveal_code"):
            return action.subject_id
        note(tx, action, "reveal.wrong_code", actor="page", result=f"try {code.tries + 1}", origin="page")
        if code.tries + 1 >= self._parts.settings.code_tries:
            self._burn(tx, action)
        around_commit(tx, "reveal.wrong_code")
        return None

    def _burn(self, tx: Tx, action: Action) -> None:
        for kind in ("credential", "reveal_code"):
            envelopes.destroy(tx, action.action_id, kind, state="failed")
        note(tx, action, "credential.delivery", actor="page", result="burnt", origin="page")
        post_link_ended(tx, action, say("link_burnt", action.language, title=action.title))
        alert(self._parts, tx, action, "alert_reveal_burnt")
        wake_later(self._parts, tx, action)  # and with it whoever delivers what was just said

    def _person_fits(self, signer: Signer, tx: Tx, action: Action, envelope: Envelope) -> str | None:
        """Refusals are kept: somebody who holds a link that is not theirs signed in for it."""
        person = signer.employee
        try:
            if signer.method not in SIGN_INS or not now(tx) - FRESH <= signer.at <= now(tx) + SKEW:
                raise Refused("stale_sign_in")
            if envelope.guard is Guard.APPROVER:
                self._refuse_unless_approved(tx, action, person)
            elif person.employee_id != action.requester_id or person.employee_id != action.subject_id:
                raise Refused("not_yours")
            elif not person.may_use_tools:
                raise Refused("account_disabled")
            elif not suffices(self._parts.tool(action.tool, action.tool_hash), action, signer.method):
                raise Refused(
                    "not_strong"
                )  # a pass that replaces the second factor is not shown for less than it proves
        except (Refused, ToolRetry) as no:
            reason = no.reason if isinstance(no, Refused) else "no_tool"
            actor = f"employee:{person.employee_id}"
            note(tx, action, "reveal.refused", actor=actor, result=reason, origin="page")
            return None
        return person.employee_id

    def _refuse_unless_approved(self, tx: Tx, action: Action, person: Employee) -> None:
        """One of those who said yes to this very action, still entitled, and neither its requester nor its subject."""
        refuse_unless_entitled(action, person, second_groups(self._parts, tx, action))
        if person.employee_id not in counted(self._parts, tx, action, signed=action.approvers_sign_in).people:
            raise Refused("not_approved_by_you")

    def _tell(self, tx: Tx, action: Action, envelope: Envelope, who: str) -> None:
        if envelope.guard is Guard.APPROVER:
            tell_requester(tx, action, "handed-over", say("handed_over", action.language, title=action.title, who=who))
        else:
            post_link_ended(tx, action, say("link_seen", action.language, title=action.title))

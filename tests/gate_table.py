"""A counter with its oracle at one table: every press of a button is predicted, everything is checked after it."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from actions.released import put_in_force
from actions.tables import actions, envelopes, votes
from core.errors import Refused, ToolFailed, ToolRetry
from storage import audit_verifier
from storage.tables import audit
from tests.gate_oracle import HOLDS_SUBJECT, LAWS, MOVES, OVER, SEALED, Case, Oracle, Person
from tests.gate_rooms import room_on

PEOPLE = {
    "E1001": Person(set()),
    "E1002": Person(set()),
    "E1003": Person({"it-approvers"}),
    "E1004": Person({"it-approvers"}),
    "E1005": Person({"service-desk"}),
    "E1006": Person({"service-desk", "it-approvers"}),
    "E1008": Person({"board"}),
    "E1015": Person(set(), staff=False),
    "E1018": Person(set(), mobile=False),
    "E1022": Person({"it-approvers"}),
    "E1040": Person({"domain-admins"}),
}
TICKET = {"queue": "IT", "summary": "mouse", "description": "The wheel turns and nothing moves."}


class Table:
    """One counter, a handful of people, and the oracle. Everything here is synchronous: it has a loop of its own."""

    postgres = ""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.runner = self.stack.enter_context(asyncio.Runner())
        self.room = self.stack.enter_context(room_on(self.postgres))
        copies = {who: replace(person, groups=set(person.groups)) for who, person in PEOPLE.items()}
        self.oracle = Oracle(copies, self.clock())
        self.effects = 0
        self.ended: dict[str, str] = {}

    def close(self) -> None:
        try:
            report = audit_verifier.verify(self.room.database.url)
            assert report.ok, report.problems
        finally:
            self.stack.close()

    def walk(self, case: Case, steps: int, number: int, fault: str) -> None:
        """Steps towards the effect, by those who may take them."""
        for _ in range(steps):
            match case.state:
                case "awaiting_confirmation":
                    self.press(case, case.requester, "confirm", "", {})
                case "awaiting_proof":
                    self.settle()
                    kind, code = self.code_for(case, 0)
                    self.press(case, case.requester, "prove", kind, {"code": code})
                case "awaiting_approval":
                    fit = [who for who in sorted(PEOPLE) if self.oracle.entitled(case, who) and who not in case.yes]
                    if fit:
                        self.press(case, fit[number % len(fit)], "approve", "", {"callback": "yes"})
                case "approved":
                    self.look(case, fault)

    def settle(self) -> None:
        """Let the executor do all that it was woken for."""
        self.judge(self.run(self.settle_and_tell()))

    def sweep(self) -> None:
        """The regular look at the clock."""
        self.tick()
        self.run(self.room.gate.sweep())
        self.oracle.expire()
        for case in self.oracle.all():
            self.oracle.reconcile(case)

    def tamper(self, case: Case, changed: dict[str, Any], forge: bool) -> None:
        """Somebody writes into the database; then everybody votes, and the executor looks."""
        case.tampered = True
        case.broken = bool(SEALED & set(changed))
        case.counts_for = "E1002" if "requester_id" in changed else case.counts_for
        if "state" in changed:
            state = "awaiting_approval" if "proof_method" in changed and not forge else "approved"
            changed |= {"state": state, "asked_at": self.clock(), "due_at": self.clock() + timedelta(minutes=10)}
        with self.room.database.transaction() as tx:
            tx.execute(sa.update(actions).where(actions.c.action_id == case.action_id).values(**changed))
            if forge:
                self.forge_votes(tx, case)
        self.every_state_is_as_predicted()
        for who in sorted(PEOPLE):
            self.press(case, who, "approve", "", {"callback": "yes"})
            self.look(case, "")

    def propose(self, asked: tuple[str, str, str]) -> None:
        requester, tool, about = asked
        law = LAWS[tool]
        subject = about if law.about == "other" else requester
        if law.about == "other" and about == requester:
            return
        key = {"reset_for_caller": "caller", "reset_password_for": "person"}.get(tool, "")
        arguments = TICKET if tool == "create_ticket" else {key: subject} if key else {}
        self.tick()
        expected = self.oracle.may_propose(requester, tool, subject)
        action_id = self.run(self.filed(requester, tool, arguments))
        assert bool(action_id) == expected, f"{tool} by {requester} about {subject}: expected {expected}"
        if action_id:
            self.oracle.filed(action_id, requester, tool, subject, self.row(action_id)["expires_at"])

    async def filed(self, requester: str, tool: str, arguments: dict[str, str]) -> str:
        try:
            return await self.room.propose(requester, tool, **arguments)
        except (Refused, ToolRetry, ToolFailed):
            return ""

    def look(self, case: Case, fault: str) -> None:
        """The executor looks at one action, and something outside fails."""
        self.tick()
        if fault == "notify":
            self.room.world.fail_next("notify", "refuse")
            fault = ""
        elif fault:
            self.room.world.fail_next("tickets" if case.tool == "create_ticket" else "accounts", fault)
        why_not = self.oracle.why_not(case)
        self.run(self.room.gate.advance(case.action_id))
        self.room.world.faults._waiting.clear()
        self.oracle.execute(case, fault)
        self.judge({case.action_id: why_not})

    def change_rules(self) -> None:
        """As if two admins had released the same text once more: what was sealed before is void."""
        book = self.room.gate.parts.rules
        with self.room.database.transaction() as tx:
            version, _ = book.current(tx)
            put_in_force(tx, version + 1, book.document(tx, version), f"r{version}")
        self.oracle.rules += 1

    def clock(self) -> datetime:
        return datetime.now(UTC) + (self.room.clock_offset if hasattr(self, "room") else timedelta(0))

    def tick(self) -> None:
        self.oracle.now = self.clock()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def pick(self, number: int) -> Case:
        return self.oracle.all()[-1 - number % min(len(self.oracle.cases), 6)]

    def row(self, action_id: str) -> dict[str, Any]:
        with self.room.database.reading() as tx:
            return dict(tx.execute(sa.select(actions).where(actions.c.action_id == action_id)).mappings().one())

    def somebody(self, case: Case, verb: str, word: int) -> str:
        """Somebody whose business it is."""
        fit = [who for who in sorted(PEOPLE) if self.oracle.entitled(case, who)]
        return fit[word % len(fit)] if fit and verb in ("approve", "deny", "take") else case.requester

    def press(self, case: Case, who: str, verb: str, kind: str, fields: dict[str, str]) -> None:
        self.tick()
        callback = bool(fields.get("callback"))
        rings = callback and self.row(case.action_id)["proof_method"] == "callback_due"
        expected = case.tampered or self.oracle.click(case, who, verb, code=kind, callback=callback)
        decision = self.run(self.room.click(who, case.action_id, verb, **fields))
        if case.tampered:
            self.remember(case, who, verb, kind, decision.accepted, rings)
        else:
            assert decision.accepted == expected, f"{verb} by {who} on {case}: {decision.text}"

    def remember(self, case: Case, who: str, verb: str, kind: str, accepted: bool, rings: bool) -> None:
        """Of a row that was tampered with, only what people really did counts."""
        if not accepted:
            return
        if verb == "confirm" and who == case.requester:
            case.confirmed = True
        elif verb == "prove" and kind == "right" and who == case.requester:
            case.proved = "code"
        elif verb == "not_me":
            self.oracle.unwanted(who)
        elif verb in ("approve", "deny"):
            case.asked = self.row(case.action_id)["asked_at"]
            self.oracle.voted(case, who)
            case.no |= verb == "deny"
            if verb == "approve" and self.oracle.entitled(case, who):
                case.yes.add(who)
                case.proved = case.proved or ("callback" if rings else "")

    def code_for(self, case: Case, word: int) -> tuple[str, str]:
        """Right, older, wrong or odd: what is typed, and which of these it is."""
        notes = [note for note in self.room.messages("sms") if note["key"].startswith(f"{case.action_id}:code:")]
        envelope = sa.select(envelopes.c.created_at).where(envelopes.c.envelope_id == f"{case.action_id}:code")
        with self.room.database.reading() as tx:
            made = tx.execute(envelope).scalar()
        codes = {note["key"].split(":code:")[1]: _digits(note["text"]) for note in notes}
        right = codes.get(made.isoformat() if made else "", "")
        typed = {0: right, 1: right, 2: right, 3: "٣٤٥٦٧٨", 4: ""}.get(word, next(iter(codes.values()), "000000"))
        return ("right" if right and typed == right else "wrong"), typed

    async def settle_and_tell(self) -> dict[str, str]:
        """Let the executor do all it was woken for; why each of these might not have run just before."""
        told: dict[str, str] = {}
        while self.room.woken:
            action_id = self.room.woken.pop(0)
            self.tick()
            told.setdefault(action_id, self.oracle.why_not(self.oracle.cases[action_id]))
            await self.room.gate.advance(action_id)
            self.oracle.execute(self.oracle.cases[action_id])
        return told

    async def switch_off(self, scope: str) -> None:
        await self.room.gate.switch_off(await self.room.employee("E1009"), scope, "drill\0" * 100)

    def judge(self, why_not: dict[str, str]) -> None:
        """No new effect that the auditor would not have allowed at that moment."""
        seen = self.room.world.effects()
        for effect in seen[self.effects :]:
            reason = why_not.get(effect.key, "nobody had the executor look at it")
            assert not reason, f"{effect.kind} on {effect.object_id} happened although: {reason}"
        self.effects = len(seen)

    def audited_moves(self, action_id: str) -> list[str]:
        with self.room.database.reading() as tx:
            rows = tx.execute(
                sa.select(audit.c.verb).where(audit.c.object == f"action:{action_id}").order_by(audit.c.seq)
            )
            verbs = [verb.removeprefix("action.") for verb in rows.scalars() if verb.startswith("action.")]
        return [verb for verb in verbs if verb in MOVES or verb in OVER]

    def forge_votes(self, tx: Any, case: Case) -> None:
        seal = tx.execute(sa.select(actions.c.seal).where(actions.c.action_id == case.action_id)).scalar_one()
        stamp = tx.execute(sa.select(votes.c.stamp)).scalars().first() or "k1.AAAA.AAAA"
        for who in ("E1022", "E1004"):
            self.oracle.votes.setdefault(who, []).append((self.clock(), 60.0))
            forged = {"employee_id": who, "verdict": "approve", "seal": seal, "stamp": stamp, "braked": False}
            tx.add(votes, action_id=case.action_id, reason="", at=self.clock(), seconds=60.0, origin="db", **forged)

    def check(self) -> None:
        """All of it."""
        self.every_state_is_as_predicted()
        self.every_move_is_in_the_table_and_in_the_audit()
        self.one_action_has_at_most_one_effect()
        self.one_open_card_a_subject()
        self.no_credential_leaves_without_its_effect_or_twice()

    def every_state_is_as_predicted(self) -> None:
        for case in self.oracle.all():
            row = self.row(case.action_id)
            state = row["state"]
            if case.tampered:
                case.state, case.tier = state, row["tier"]
            assert case.tampered or state == case.state, f"{case.tool}: {state}, not {case.state}"
            if case.action_id in self.ended:
                assert state == self.ended[case.action_id], "a state that was final has changed"
            if state in OVER:
                self.ended[case.action_id] = state

    def every_move_is_in_the_table_and_in_the_audit(self) -> None:
        for case in self.oracle.all():
            if case.tampered:
                continue
            states = ["awaiting_confirmation", *self.audited_moves(case.action_id)]
            for before, after in itertools.pairwise(states):
                assert after in MOVES.get(before, set()), f"{before} → {after}"
            assert states[-1] == case.state

    def one_action_has_at_most_one_effect(self) -> None:
        keys = [effect.key for effect in self.room.world.effects()]
        assert len(keys) == len(set(keys))
        for case in self.oracle.all():
            if not case.tampered:
                assert (case.action_id in keys) == case.happened

    def one_open_card_a_subject(self) -> None:
        columns = (actions.c.subject_id, actions.c.state, actions.c.tool, actions.c.action_id)
        with self.room.database.reading() as tx:
            rows = tx.execute(sa.select(*columns)).all()
        rows = [row for row in rows if not self.oracle.cases[row.action_id].tampered and row.tool != "create_ticket"]
        holding = [row.subject_id for row in rows if row.state in HOLDS_SUBJECT]
        assert len(holding) == len(set(holding))

    def no_credential_leaves_without_its_effect_or_twice(self) -> None:
        keys = [message["key"].split(":")[0] for message in self.room.messages("private_mail")]
        assert len(keys) == len(set(keys))
        assert set(keys) <= {effect.key for effect in self.room.world.effects()}


def _digits(text: str) -> str:
    return next((word.strip(".") for word in text.split() if word.strip(".").isdigit() and len(word) >= 6), "")

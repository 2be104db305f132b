"""What the gate must do, written a second time from the design alone: it imports nothing of the gate.

`Oracle` predicts each click, proposal and execution. `why_not` is the auditor: given only what people really did, may
this effect have happened? It holds also when somebody has changed rows of the database behind the gate's back.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# DESIGN.md section 4, first paragraph.
MOVES = {
    "awaiting_confirmation": {"awaiting_proof", "awaiting_approval", "approved", "cancelled", "expired"},
    "awaiting_proof": {"awaiting_approval", "refused", "cancelled", "expired"},
    "awaiting_approval": {"approved", "denied", "cancelled", "expired"},
    "approved": {"executing", "refused", "expired", "cancelled"},
    "executing": {"done", "failed", "unknown"},
    "unknown": {"done", "failed"},
}
OVER = {"done", "failed", "refused", "denied", "expired", "cancelled"}
HOLDS_SUBJECT = set(MOVES)


@dataclass(frozen=True)
class ToolLaw:
    """What the tools' makers and rules.yaml say of one tool."""

    tier: str
    approvers: str = ""
    about: str = "nobody"  # nobody, self or other
    proof: tuple[str, ...] = ()
    asked_by: str = ""
    credential: bool = False


LAWS = {
    "create_ticket": ToolLaw("write"),
    "unlock_my_account": ToolLaw("sensitive", "it-approvers", "self", ("code", "callback")),
    "reset_my_password": ToolLaw("sensitive", "it-approvers", "self", ("code", "callback"), credential=True),
    "restore_access": ToolLaw("critical", "it-approvers", "self", ("code", "callback"), credential=True),
    "reset_for_caller": ToolLaw(
        "sensitive", "it-approvers", "other", ("code", "callback"), "service-desk", credential=True
    ),
    "reset_password_for": ToolLaw("critical", "it-approvers", "other", ("callback",), "service-desk", credential=True),
}
SEALED = {
    "tool", "tool_hash", "arguments", "requester_id", "subject_id", "account_id", "rule_version", "nonce", "expires_at",
}  # fmt: skip
NEEDED = {"write": 0, "sensitive": 1, "critical": 2}


@dataclass
class Person:
    """What the directory knows and the gate may go by."""

    groups: set[str]
    mobile: bool = True
    private_mail: bool = True
    staff: bool = True
    held_until: datetime | None = None


@dataclass
class Case:
    """One action as the oracle sees it, and what people really did for it."""

    action_id: str
    tool: str
    requester: str
    subject: str
    tier: str
    created: datetime
    expires: datetime
    rules: int
    proof: str  # what the proof will be or was: "", "code", "callback"
    state: str = "awaiting_confirmation"
    due: datetime | None = None
    asked: datetime | None = None
    taken: tuple[str, datetime] | None = None
    code_at: datetime | None = None
    wrong: int = 0
    needed: int = 0
    claimed: datetime | None = None
    happened: bool = False
    tampered: bool = False
    broken: bool = False  # something that was sealed has been changed
    counts_for: str = ""
    # evidence: what a person did and the gate said yes to
    confirmed: bool = False
    proved: str = ""
    yes: set[str] = field(default_factory=set)
    no: bool = False

    @property
    def law(self) -> ToolLaw:
        return LAWS[self.tool]


@dataclass
class Oracle:
    """The whole counter. `now` is set by the test before each call."""

    people: dict[str, Person]
    now: datetime
    cases: dict[str, Case] = field(default_factory=dict)
    votes: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)
    off: set[str] = field(default_factory=set)
    rules: int = 1

    # --- proposals --------------------------------------------------------------------------------------------

    def may_propose(self, requester: str, tool: str, subject: str) -> bool:
        """Whether the gate must file this."""
        law, asker, about = LAWS[tool], self.people[requester], self.people[subject]
        if not asker.staff or self.off & {"*", tool} or (law.asked_by and law.asked_by not in asker.groups):
            return False
        if law.about == "nobody":
            return True
        if not about.staff or about.groups & {"domain-admins", "security"}:
            return False
        if about.held_until is not None and about.held_until > self.now:
            return False
        by_code = "code" in law.proof and about.mobile
        if law.credential and not about.private_mail and by_code:
            return False  # code and credential never by one road
        if any(c.subject == subject and c.law.about != "nobody" and c.state in HOLDS_SUBJECT for c in self.all()):
            return False
        today = [
            c
            for c in self.all()
            if c.counts_for == requester and c.created > self.now - 24 * HOUR and c.tier != "write"
        ]
        return len(today) < 3

    def filed(self, action_id: str, requester: str, tool: str, subject: str, expires: datetime) -> Case:
        """Remember what the gate filed."""
        law, about = LAWS[tool], self.people[subject]
        proof = "" if not law.proof else "code" if "code" in law.proof and about.mobile else "callback"
        tier = law.tier
        if law.about != "nobody" and ("board" in about.groups or proof == "callback"):
            tier = "critical"
        case = Case(action_id, tool, requester, subject, tier, self.now, expires, self.rules, proof)
        case.counts_for = requester
        case.needed = NEEDED[tier]
        case.due = self.now + 30 * MINUTE
        self.cases[action_id] = case
        return case

    def all(self) -> list[Case]:
        return list(self.cases.values())

    # --- clicks -----------------------------------------------------------------------------------------------

    def click(self, case: Case, who: str, verb: str, *, code: str = "", callback: bool = False) -> bool:
        """Whether the gate must accept this click; `case` is moved on. `code` is right, wrong or odd."""
        if not self.people[who].staff:
            return False
        if verb in ("approve", "deny", "take"):
            return self._decides(case, who, verb, callback)
        if verb == "not_me":
            return self._not_me(case, who)
        if who != case.requester:
            return False
        return bool(getattr(self, f"_{verb}", lambda *_: False)(case, code))

    def _confirm(self, case: Case, _code: str) -> bool:
        if case.state != "awaiting_confirmation" or self._late(case):
            return False
        case.confirmed = True
        if case.proof == "code":
            case.state, case.due, case.code_at = "awaiting_proof", min(self.now + 30 * MINUTE, case.expires), self.now
        elif case.needed:
            self._ask(case)
        else:
            self._approved(case)
        return True

    def _cancel(self, case: Case, _code: str) -> bool:
        if case.state not in ("awaiting_confirmation", "awaiting_proof", "awaiting_approval"):
            return False
        case.state = "cancelled"
        return True

    def _send_code(self, case: Case, _code: str) -> bool:
        if case.state != "awaiting_proof" or self._late(case) or case.code_at is None:
            return False
        if case.code_at > self.now - MINUTE:
            return False
        case.code_at = self.now
        return True

    def _no_code(self, case: Case, _code: str) -> bool:
        if case.state != "awaiting_proof" or self._late(case):
            return False
        case.proof, case.tier, case.needed = "callback", "critical", 2
        self._ask(case)
        return True

    def _prove(self, case: Case, code: str) -> bool:
        if case.state != "awaiting_proof" or self._late(case) or case.code_at is None:
            return False
        if case.code_at + 10 * MINUTE <= self.now:
            return False
        if code == "right":
            case.proved = "code"
            self._ask(case)
            return True
        case.wrong += 1
        if case.wrong >= 5:
            case.state = "refused"
        return False

    def _decides(self, case: Case, who: str, verb: str, callback: bool) -> bool:
        if not self.entitled(case, who) or case.state != "awaiting_approval" or case.expires <= self.now:
            return False
        if verb == "take":
            return self._takes(case, who)
        if who in case.yes:
            return False
        if verb == "deny":
            case.no, case.state = True, "denied"
            self.voted(case, who)
            return True
        return self._says_yes(case, who, callback)

    def _takes(self, case: Case, who: str) -> bool:
        if case.taken and case.taken[0] != who and case.taken[1] > self.now:
            return False
        case.taken = (who, self.now + 15 * MINUTE)
        return True

    def _says_yes(self, case: Case, who: str, callback: bool) -> bool:
        if case.proof == "callback" and not case.proved:
            if not callback:
                return False
            case.proved = "callback"
        if self._numb(case, who):
            case.needed = max(case.needed, NEEDED[case.tier] + 1)
        self.voted(case, who)
        case.yes.add(who)
        if len(case.yes) >= case.needed:
            self._approved(case)
        return True

    def _not_me(self, case: Case, who: str) -> bool:
        if who != case.subject:
            return False
        self.unwanted(who)
        return True

    def unwanted(self, who: str) -> None:
        """ "This was not me": what waits about this person ends, and nothing new begins for three days."""
        self.people[who].held_until = self.now + 72 * HOUR
        for other in self.all():
            if other.subject == who and other.law.about != "nobody" and "cancelled" in MOVES.get(other.state, ()):
                other.state = "cancelled"

    def entitled(self, case: Case, who: str) -> bool:
        """Entitled by group, and neither the requester nor the subject."""
        person = self.people[who]
        return person.staff and who not in (case.requester, case.subject) and case.law.approvers in person.groups

    # --- time and execution -----------------------------------------------------------------------------------

    def expire(self) -> None:
        """A sweep: all that is too old."""
        for case in self.all():
            if "expired" in MOVES.get(case.state, ()) and (self._late(case) or case.expires <= self.now):
                case.state = "expired"

    def execute(self, case: Case, fault: str = "") -> None:
        """The executor looks at an approved action; `fault` is what the outside system does."""
        if case.state != "approved":
            return
        if case.law.asked_by and case.law.asked_by not in self.people[case.requester].groups:
            case.state = "refused"  # also when it is too late: who may ask is looked up outside, first
        elif self._late(case) or case.expires <= self.now:
            case.state = "expired"
        elif self.why_not(case):
            case.state = "refused"
        else:
            case.claimed = self.now
            case.state = {"": "done", "refuse": "failed", "after": "unknown", "before-unknown": "unknown"}[fault]
            case.happened = fault in ("", "after")

    def reconcile(self, case: Case) -> None:
        """The reading that ends doubt."""
        if case.state == "unknown" and case.happened:
            case.state = "done"
        elif case.state == "unknown" and case.claimed is not None and self.now - case.claimed > 10 * MINUTE:
            case.state = "failed"

    def why_not(self, case: Case) -> str:
        """Why this effect may not happen now; empty when it may. Goes by what people did, not by any row."""
        law, about = case.law, self.people[case.subject]
        tier = "critical" if law.about != "nobody" and "board" in about.groups else law.tier
        needed = max(NEEDED[tier], NEEDED["critical"] if case.proved == "callback" else 0, case.needed)
        valid = [who for who in case.yes if self.entitled(case, who)]
        reasons = {
            "not what was agreed to": case.broken,
            "nobody confirmed": not case.confirmed,
            "no proof": bool(law.proof) and not case.proved,
            f"{len(valid)} votes of {needed}": len(valid) < needed,
            "somebody said no": case.no,
            "expired": case.expires <= self.now,
            "switched off": bool(self.off & {"*", case.tool}),
            "other rules": case.rules != self.rules,
            "held": law.about != "nobody" and about.held_until is not None and about.held_until > self.now,
            "may not ask": bool(law.asked_by) and law.asked_by not in self.people[case.requester].groups,
            "more sensitive": NEEDED[tier] > NEEDED[case.tier],
        }
        return ", ".join(reason for reason, holds in reasons.items() if holds)

    # --- inside -----------------------------------------------------------------------------------------------

    def _late(self, case: Case) -> bool:
        return case.due is not None and case.due <= self.now

    def _ask(self, case: Case) -> None:
        case.state, case.asked, case.due = "awaiting_approval", self.now, case.expires

    def _approved(self, case: Case) -> None:
        case.state, case.due = "approved", min(self.now + 15 * MINUTE, case.expires)

    def _seconds(self, case: Case, who: str) -> float:
        begins = [at for at, _ in self.votes.get(who, [])[-1:]] + ([case.asked] if case.asked else [])
        return (self.now - max(begins)).total_seconds() if begins else 0.0

    def _numb(self, case: Case, who: str) -> bool:
        before = self.votes.get(who, [])
        if sum(at > self.now - HOUR for at, _ in before) >= 10:
            return True
        pace = [self._seconds(case, who), *(seconds for _, seconds in before[-4:])]
        return len(pace) == 5 and statistics.median(pace) < 3.0

    def voted(self, case: Case, who: str) -> None:
        """Remember how fast somebody votes."""
        self.votes.setdefault(who, []).append((self.now, self._seconds(case, who)))

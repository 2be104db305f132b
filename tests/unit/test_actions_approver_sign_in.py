"""When a yes counts only with a sign-in: what each rule says, and that less of anything never allows more (S-12)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from actions import ledger
from actions.counting import counted, people_needed, said_of, sign_in_asked
from actions.proof_links import hashed
from actions.records import Action, State
from actions.rules import FIRST_RULES, Rule, parse, rule_of_document
from actions.stamps import stamp
from actions.step_up import StepUp, approvers_sign_in
from actions.tables import votes
from core.errors import ConfigError, Refused
from core.people import ChannelIdentity
from core.risk import Risk
from core.sign_in import SignedIn
from loket.command.doctor_approvers import approvers
from storage import Tx, now
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tools.added.document import ToolDocument
from web_app.sign_in.settings import OidcSettings

STEP_UP = StepUp("https://desk.example/proof", False, "https://desk.example/approve")
RULES = FIRST_RULES.read_text(encoding="utf-8")
CRITICAL = "restore_access:      {tier: critical,"
UNLOCK = "unlock_my_account:   {tier: sensitive,"
PEOPLE = ("E1003", "E1004", "E1006", "E1022")


# --- what a rule may say ------------------------------------------------------------------------------------------


def test_a_rule_may_ask_it_for_any_tool_that_has_approvers() -> None:
    assert (
        parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: true,")).tools["unlock_my_account"].approvers_sign_in
    )
    assert not parse(RULES).tools["restore_access"].approvers_sign_in


def test_a_rule_may_not_say_no_where_it_holds_by_itself() -> None:
    with pytest.raises(ConfigError, match="may only tighten"):
        parse(RULES.replace(CRITICAL, f"{CRITICAL} approvers_sign_in: false,"))
    assert parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: false,"))


@pytest.mark.parametrize("said", ["1", '"true"', "yes please", "[true]"])
def test_a_rule_says_it_with_true_and_nothing_else(said: str) -> None:
    with pytest.raises(ConfigError, match="approvers_sign_in"):
        parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: {said},"))


def test_a_rule_without_approvers_can_not_ask_it_of_them() -> None:
    with pytest.raises(ConfigError, match="there are none"):
        parse(
            RULES.replace("create_ticket:       {tier: write}", "create_ticket: {tier: write, approvers_sign_in: true}")
        )


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("brought", [False, True])
def test_of_an_added_tools_two_rules_the_stricter_one_holds(written: bool, brought: bool) -> None:
    line = f"  lend_laptop: {{tier: sensitive, approvers: [it-approvers], approvers_sign_in: {str(written).lower()}}}\n"
    rules = parse(RULES.replace("tools:\n", f"tools:\n{line}"))
    rule = {"tier": "critical", "approvers": ["it-approvers"]} | ({"approvers_sign_in": True} if brought else {})
    document = ToolDocument.model_construct(name="lend_laptop", risk=Risk.WRITE, rule=rule)
    held = rule_of_document(rules, document)
    assert (held.tier, held.approvers_sign_in) == (Risk.CRITICAL, written or brought)


def test_doctor_says_what_is_missing() -> None:
    asking = parse(RULES.replace(UNLOCK, f"{UNLOCK} approvers_sign_in: true,"))
    nothing = OidcSettings()
    finding = approvers(asking, None, nothing)
    assert (finding.good, finding.fatal) == (False, True)
    assert "unlock_my_account cannot be approved" in finding.detail
    assert "LOKET_OIDC_ISSUER" in finding.advice
    assert approvers(parse(RULES), None, nothing).good
    provider = OidcSettings(issuer="https://login.example/x", client_id="loket", public_url="https://desk.example")
    weak = approvers(parse(RULES), None, provider)
    assert (weak.good, weak.fatal) == (False, False)
    assert "STEP_UP_ACR" in weak.advice
    assert "restore_access" in approvers(parse(RULES), STEP_UP, provider).detail


# --- less never allows more ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vote:
    """One yes as it lies in the table. `good`: the gate's own stamp is on it."""

    who: str
    signed: bool
    braked: bool
    good: bool


@dataclass(frozen=True)
class Case:
    """Everything that could ask for a sign-in, and the votes."""

    votes: tuple[Vote, ...]
    row_asks: bool
    rule_asks: bool
    tier: Risk
    callback: bool
    provider: bool


VOTES = st.lists(
    st.builds(Vote, st.sampled_from(PEOPLE), st.booleans(), st.sampled_from([False, False, True]),
              st.sampled_from([True, True, False])),
    max_size=4, unique_by=lambda vote: vote.who,
)  # fmt: skip
CASES = st.builds(
    Case,
    VOTES.map(tuple),
    st.booleans(),
    st.booleans(),
    st.sampled_from([Risk.WRITE, Risk.SENSITIVE, Risk.CRITICAL]),
    st.booleans(),
    st.booleans(),
)


def _stricter(case: Case, draw: st.DrawFn) -> Case:
    """The same with one thing taken from those who approve, or one thing more asked of them."""
    tiers = [tier for tier in (Risk.SENSITIVE, Risk.CRITICAL) if tier.rank > case.tier.rank]
    ways = [replace(case, row_asks=True), replace(case, rule_asks=True), replace(case, callback=True)]
    ways += [replace(case, tier=tier) for tier in tiers]
    ways.append(replace(case, provider=True))
    if case.row_asks or case.rule_asks:
        ways.append(replace(case, provider=False))
    for number, vote in enumerate(case.votes):
        others = (*case.votes[:number], *case.votes[number + 1 :])
        ways += [replace(case, votes=others)] if not vote.braked else []
        ways += [replace(case, votes=(*others, less)) for less in (
            replace(vote, signed=False), replace(vote, braked=True)) if vote.good]  # fmt: skip
    spare = [who for who in PEOPLE if who not in {vote.who for vote in case.votes}]
    ways += [replace(case, votes=(*case.votes, Vote(spare[0], True, False, False)))] if spare else []
    return draw(st.sampled_from(ways))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Case, Case]:
    """A case, and one that is stricter by a few steps."""
    case = draw(CASES)
    less = case
    for _ in range(draw(st.integers(1, 3))):
        less = _stricter(less, draw)
    return case, less


class Law:
    """A ledger with one action in it, on which any case can be played and taken back."""

    def __init__(self, room: GateOnly, action: Action) -> None:
        self._room, self._action = room, action

    def allows(self, case: Case) -> bool:
        """Whether these votes are enough, by the gate's own count."""
        parts = self._room.gate.parts
        parts = replace(parts, systems=replace(parts.systems, step_up=STEP_UP if case.provider else None))
        method = "callback" if case.callback else "code"
        action = replace(self._action, approvers_sign_in=case.row_asks, tier=case.tier, proof_method=method)
        with self._taken_back() as tx:
            version, rules = parts.rules.current(tx)
            rule = rules.tools[action.tool].model_copy(update={"approvers_sign_in": case.rule_asks, "tier": case.tier})
            parts.rules._parsed[version] = rules.model_copy(update={"tools": {**rules.tools, action.tool: rule}})
            try:
                for vote in case.votes:
                    tx.execute(sa.insert(votes).values(**self._row(tx, vote)))
                yes = counted(parts, tx, action, signed=sign_in_asked(parts, tx, action))
                return len(yes.people) >= people_needed(rules, rule, action, yes.braked)
            finally:
                parts.rules._parsed[version] = rules

    def _row(self, tx: Tx, vote: Vote) -> dict[str, Any]:
        row: dict[str, Any] = {
            "action_id": self._action.action_id, "employee_id": vote.who, "verdict": "approve",
            "seal": self._action.seal, "reason": "", "at": now(tx), "seconds": 9.0, "braked": vote.braked,
            "origin": "web", "method": "sign_in" if vote.signed else "", "acr": "a" if vote.signed else "",
            "signed_at": datetime(2026, 11, 26, tzinfo=UTC) if vote.signed else None,
        }  # fmt: skip
        said = said_of(type("Row", (), row))
        return {**row, "stamp": stamp(self._room.gate.parts.keys, *said) if vote.good else "k.AAAA.AAAA"}

    @contextmanager
    def _taken_back(self) -> Iterator[Tx]:
        try:
            with self._room.database.transaction() as tx:
                yield tx
                raise _TakenBack
        except _TakenBack:
            pass


class _TakenBack(Exception):
    """Nothing of it stays."""


@pytest.fixture(scope="module")
def law() -> Iterator[Law]:
    with room_on("") as room:

        async def filed() -> Action:
            await room.gate.open()
            action_id = await room.propose("E1002", "unlock_my_account")
            return await room.database.read(lambda tx: ledger.get(tx, action_id))

        yield Law(room, asyncio.run(filed()))


@given(pair=pairs())
def test_taking_a_sign_in_a_vote_or_a_person_away_or_asking_for_more_never_allows_more(
    law: Law, pair: tuple[Case, Case]
) -> None:
    case, less = pair
    assert not (law.allows(less) and not law.allows(case))


@given(case=CASES)
def test_where_it_is_asked_nobody_counts_who_did_not_sign_in(law: Law, case: Case) -> None:
    unsigned = replace(case, votes=tuple(replace(vote, signed=False) for vote in case.votes))
    asked = case.row_asks or case.rule_asks or (case.provider and (case.callback or case.tier is Risk.CRITICAL))
    if asked and case.tier is not Risk.WRITE:
        assert not law.allows(unsigned)


def test_the_cases_are_not_all_of_one_kind(law: Law) -> None:
    """Both answers come out of it: a law that always says no would be monotone, too."""
    yes = tuple(Vote(who, True, False, True) for who in PEOPLE[:2])
    good = Case(yes, True, True, Risk.CRITICAL, False, True)
    assert law.allows(good)
    assert not law.allows(replace(good, votes=(yes[0], replace(yes[1], signed=False))))
    assert not law.allows(replace(good, votes=(yes[0], replace(yes[1], good=False))))


@given(case=CASES)
def test_whoever_asks_it_is_heard_by_itself(law: Law, case: Case) -> None:
    said: dict[str, object] = {"tier": case.tier.value, "approvers": ["it-approvers"]}
    rule = Rule.model_validate({**said, "approvers_sign_in": True} if case.rule_asks else said)
    action = replace(law._action, tier=case.tier, approvers_sign_in=case.row_asks)
    asked = approvers_sign_in(STEP_UP if case.provider else None, rule, action)
    assert asked == (case.row_asks or case.rule_asks or (case.provider and case.tier is Risk.CRITICAL))
    if case.provider:
        assert approvers_sign_in(STEP_UP, None, action, Risk.CRITICAL)


def test_what_may_never_be_voted_on_is_not_made_so_by_a_sign_in(law: Law) -> None:
    with pytest.raises(Refused):
        law.allows(Case((), False, False, Risk.READ, False, True))


# --- on both databases --------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Iterator[GateOnly]:
    with room_on("" if request.param == "sqlite" else request.getfixturevalue("postgres_server")) as room:
        parts = room.gate.parts
        room.gate.parts = replace(parts, systems=replace(parts.systems, step_up=STEP_UP))
        yield room


async def signed_in(room: GateOnly, who: str, action_id: str, browser: str) -> str:
    """Press "approve" and come back from the provider; the reference of the link."""
    (link,) = (await room.click(who, action_id, "approve")).links
    reference = hashed(link.address.rsplit("/", 1)[1])
    identity = ChannelIdentity("oidc", "https://login.example/realm", f"sub-{who}")
    signed = SignedIn(who, identity, "sign_in", datetime.now(UTC), "approve", reference, "urn:dhb:passkey")
    decision = await room.gate.approver_signed_in(signed, browser)
    assert decision.accepted, decision.text
    return reference


async def test_of_several_yeses_at_once_each_person_has_one_and_the_action_is_carried_out_once(room: GateOnly) -> None:
    action_id = await room.propose("E1002", "restore_access")
    await room.prove("E1002", action_id)
    first, second = [await signed_in(room, who, action_id, f"b-{who}") for who in ("E1003", "E1004")]
    again = await signed_in(room, "E1003", action_id, "b-again")

    said = await asyncio.gather(
        *(room.gate.approve_signed_in(first, "b-E1003") for _ in range(3)),
        *(room.gate.approve_signed_in(again, "b-again") for _ in range(3)),
        *(room.gate.approve_signed_in(second, "b-E1004") for _ in range(3)),
        *(room.gate.approve_signed_in(second, "b-E1003") for _ in range(3)),
    )
    assert [decision.accepted for decision in said].count(True) == 2
    await room.settle()
    assert await room.state(action_id) is State.DONE
    assert len({effect for effect in room.effects()}) == len(room.effects()) >= 1


async def test_what_is_shown_is_shown_in_the_browser_that_signed_in_and_while_it_can_be_approved(
    room: GateOnly,
) -> None:
    action_id = await room.propose("E1002", "restore_access")
    await room.prove("E1002", action_id)
    reference = await signed_in(room, "E1003", action_id, "mine")
    shown = await room.gate.to_approve(reference, "mine")
    assert shown is not None
    assert (shown.card.action_id, shown.approver.employee_id) == (action_id, "E1003")
    assert await room.gate.to_approve(reference, "another") is None
    assert await room.gate.to_approve("0" * 64, "mine") is None
    await room.click("E1004", action_id, "deny", reason="no")
    assert await room.gate.to_approve(reference, "mine") is None
    assert not (await room.gate.approve_signed_in(reference, "mine")).accepted

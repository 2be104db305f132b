"""Less never allows more (S-12): of votes, sign-ins and what could ask for one, played on a real ledger in pairs."""

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
from actions.records import Action
from actions.rules import Rule
from actions.stamps import stamp
from actions.step_up import StepUp, approvers_sign_in
from actions.tables import votes
from core.errors import Refused
from core.risk import Risk
from storage import Tx, now
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.generated import quick

STEP_UP = StepUp("https://desk.example/proof", False, "https://desk.example/approve")
PEOPLE = ("E1003", "E1004", "E1006", "E1022")


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


@pytest.mark.thorough
@quick(2_000)
@given(pair=pairs())
def test_the_same_in_two_thousand_pairs(law: Law, pair: tuple[Case, Case]) -> None:
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

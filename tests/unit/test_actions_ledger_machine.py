"""The ledger against an oracle: whoever does whatever in whatever order, also behind the gate's back.

More of it: `pytest tests/unit/test_actions_ledger_machine.py --hypothesis-profile=nightly`.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.gate_attacks import ATTACKS, SENSIBLE, TAMPERED
from tests.gate_oracle import LAWS, OVER
from tests.gate_table import PEOPLE, Table

NIGHTLY = settings.get_current_profile_name() == "nightly"
VERBS = ["confirm", "cancel", "send_code", "prove", "no_code", "take", "approve", "deny", "not_me", "edit"]
people = st.sampled_from(sorted(PEOPLE))
sensible = st.sampled_from(SENSIBLE)
faults = st.sampled_from(["", "", "", "notify", "refuse", "after", "before-unknown"])
numbers = st.integers(0, 11)


class LedgerMachine(Table, RuleBasedStateMachine):
    """One counter, a handful of people, and everything they could try."""

    def __init__(self) -> None:
        Table.__init__(self)
        RuleBasedStateMachine.__init__(self)

    def teardown(self) -> None:
        self.close()

    # --- what people do ----------------------------------------------------------------------------------------

    @initialize(first=sensible, second=sensible, steps=st.integers(0, 3))
    def a_working_day_begins(self, first: tuple[str, str, str], second: tuple[str, str, str], steps: int) -> None:
        self.propose(first)
        self.propose(second)
        self.walk(self.pick(0), steps, 0, "")

    @rule(asked=sensible | st.tuples(people, st.sampled_from(sorted(LAWS)), people))
    def ask(self, asked: tuple[str, str, str]) -> None:
        self.propose(asked)

    @precondition(lambda self: self.oracle.cases)
    @rule(number=numbers, insider=st.integers(0, 3), other=people, verb=st.sampled_from(VERBS), word=numbers)
    def click(self, number: int, insider: int, other: str, verb: str, word: int) -> None:
        case = self.pick(number)
        who = other if not insider else case.subject if verb == "not_me" else self.somebody(case, verb, word)
        kind, code = self.code_for(case, word)
        callback = "yes" if word % 2 == 0 else ""
        fields = {"callback": callback, "reason": "no\0 ☂", **({"code": code} if verb != "not_me" else {})}
        self.press(case, who, verb, kind, fields)

    @precondition(lambda self: self.oracle.cases)
    @rule(number=numbers, steps=st.integers(1, 6), fault=faults)
    def go_the_right_way(self, number: int, steps: int, fault: str) -> None:
        """Chance alone would seldom get to an effect."""
        self.walk(self.pick(number), steps, number, fault)

    @precondition(lambda self: self.oracle.cases)
    @rule(number=numbers, verb=st.sampled_from(["approve", "deny", "confirm", "cancel", "prove", "no_code"]))
    def everybody_whose_business_it_is_not_tries(self, number: int, verb: str) -> None:
        case = self.pick(number)
        deciding = verb in ("approve", "deny")
        for who in sorted(PEOPLE):
            may = self.oracle.entitled(case, who) and who not in case.yes if deciding else who == case.requester
            if not may:
                kind, code = self.code_for(case, 0)
                self.press(case, who, verb, kind, {"code": code, "callback": "yes"})

    @precondition(lambda self: self.oracle.cases)
    @rule(number=numbers)
    def somebody_is_too_late(self, number: int) -> None:
        """Just after the time of the code, or of the state, is over."""
        case = self.pick(number)
        over = [case.due or case.expires, *([case.code_at + timedelta(minutes=10)] if case.code_at else [])]
        if case.state not in OVER and (ahead := [at for at in over if at > self.clock()]):
            self.room.advance_clock(min(ahead) - self.clock() + timedelta(seconds=5))
            self.walk(case, 1, number, "")

    @precondition(lambda self: self.oracle.cases)
    @rule(number=numbers, times=st.integers(1, 5))
    def somebody_guesses(self, number: int, times: int) -> None:
        case = self.pick(number)
        for _ in range(times):
            self.press(case, case.requester, "prove", "wrong", {"code": "000000"})
        self.room.advance_clock(timedelta(seconds=61))
        self.press(case, case.requester, "send_code", "", {})

    # --- what the executor does --------------------------------------------------------------------------------

    @precondition(lambda self: self.oracle.cases)
    @rule(number=numbers, fault=faults)
    def advance(self, number: int, fault: str) -> None:
        self.look(self.pick(number), fault)

    @rule()
    def the_executor_works(self) -> None:
        self.settle()

    @rule()
    def the_sweep_looks(self) -> None:
        self.sweep()

    @rule(minutes=st.sampled_from([1.02, 1.03, 1.04, 3, 3.1, 11, 16, 31, 200, 1600, 6000]))
    def wait(self, minutes: float) -> None:
        self.room.advance_clock(timedelta(minutes=minutes))

    # --- what changes around it --------------------------------------------------------------------------------

    @rule(
        what=st.sampled_from(["groups", "groups", "off", "on", "on", "rules"]),
        who=st.sampled_from(["E1002", "E1003", "E1004", "E1005"]),
        group=st.sampled_from(["", "", "it-approvers", "board"]),
        scope=st.sampled_from(["*", "reset_my_password"]),
    )
    def something_changes(self, what: str, who: str, group: str, scope: str) -> None:
        match what:
            case "groups":
                mine = {group} if group else set(PEOPLE[who].groups)
                self.oracle.people[who].groups = mine
                self.room.world.set_groups(who, ["all-staff", *mine])
            case "off":
                self.run(self.switch_off(scope))
                self.oracle.off.add(scope)
            case "on":
                with self.room.database.transaction() as tx:
                    tx.execute(sa.text("DELETE FROM switches"))
                self.oracle.off.clear()
            case "rules":
                self.change_rules()

    @precondition(lambda self: any(case.state not in OVER for case in self.oracle.all()))
    @rule(
        number=numbers,
        columns=st.sampled_from(ATTACKS) | st.lists(st.sampled_from(sorted(TAMPERED)), min_size=1, max_size=4),
        forge=st.booleans(),
    )
    def write_behind_the_gates_back(self, number: int, columns: list[str], forge: bool) -> None:
        case = self.pick(number)
        if case.tampered or case.state in OVER | {"unknown"}:
            return
        self.tamper(case, {name: TAMPERED[name] for name in columns}, forge)

    # --- what must hold ----------------------------------------------------------------------------------------

    @invariant()
    def all_is_as_it_must_be(self) -> None:
        self.check()


def run_machine(examples: int, steps: int, postgres: str = "") -> None:
    machine = type("Machine", (LedgerMachine,), {"postgres": postgres})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples * (100 if NIGHTLY else 1),
            stateful_step_count=steps * (2 if NIGHTLY else 1),
            deadline=None,
            derandomize=not NIGHTLY,
            database=None,
            phases=[phase for phase in Phase if NIGHTLY or phase.name in ("explicit", "generate")],
            suppress_health_check=list(HealthCheck),
        ),
        _min_steps=steps,  # chance stops many examples after two steps
    )


@pytest.mark.slow
def test_nothing_anybody_tries_gets_past_the_oracle_on_sqlite() -> None:
    run_machine(examples=30, steps=30)


@pytest.mark.slow
@pytest.mark.postgres
def test_nothing_anybody_tries_gets_past_the_oracle_on_postgres(postgres_server: str) -> None:
    run_machine(examples=8, steps=25, postgres=postgres_server)

"""A version of an added tool comes in force through the gate only: checked, seen by others, in everybody's sight."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from actions.outdated import take_away
from actions.records import State
from actions.released import put_in_force
from actions.rules import FIRST_RULES, parse, rule_of_document
from core.errors import ConfigError, Refused, ToolRetry
from core.events import Address
from storage import Database
from storage.tables import audit, outbox
from tests.added_room import ADMINS, InventedKind, changing, drafted, invented, proposal, reading, released
from tests.gate_only import GateOnly
from tests.gate_rooms import room_on
from tests.generated import quick
from tools.added import versions
from tools.added.audience import EVERYBODY, Audience
from tools.added.kinds import Way
from tools.added.shelf import Shelf
from tools.added.tables import tool_releases, tool_versions
from tools.added.versions import InForce
from tools.loading import load_builtin
from tools.registry import Registry

FIRST, SECOND, THIRD = ADMINS
HERE = Address("terminal", "local", "E1002")


@pytest.fixture
def kind() -> Iterator[InventedKind]:
    with invented() as kind:
        yield kind


@pytest.fixture
def room(kind: InventedKind) -> Iterator[GateOnly]:
    with room_on() as room:
        with_shelf(room)
        yield room


def with_shelf(room: GateOnly) -> Registry:
    """The room's gate, with a registry that also serves what is released."""
    registry = load_builtin(added=Shelf(room.database, Way()))
    room.gate.parts = replace(room.gate.parts, registry=registry)
    return registry


def registry_of(room: GateOnly) -> Registry:
    registry = room.gate.parts.registry
    assert isinstance(registry, Registry)
    registry._added.refresh()  # type: ignore[attr-defined] # two seconds earlier than by itself
    return registry


async def test_a_tool_is_drafted_checked_released_and_then_offered(room: GateOnly, kind: InventedKind) -> None:
    version = await room.database.run(lambda tx: drafted(tx, reading()))
    assert "my_leave_balance" not in registry_of(room).names

    await released(room, version)

    assert "my_leave_balance" in registry_of(room).names
    with room.database.reading() as tx:
        rows = tx.execute(sa.select(audit.c.verb, audit.c.actor, audit.c.object).order_by(audit.c.seq)).all()
    told = [(row.verb, row.actor, row.object) for row in rows if row.verb.startswith("tool.")]
    assert told == [
        ("tool.drafted", "employee:E1009", "tool:my_leave_balance:1"),
        ("tool.checked", "employee:E1009", "tool:my_leave_balance"),
        ("tool.released", "system:executor", "tool:my_leave_balance:1"),
    ]


async def test_others_see_the_whole_document_and_then_only_what_has_changed(room: GateOnly) -> None:
    first = await room.database.run(lambda tx: drafted(tx, reading()))
    prepared = await room.gate.prepare(await room.employee(FIRST), "release_tool", proposal(first), "en")
    facts = {fact.label: fact.value for fact in prepared.facts}
    assert prepared.tier == "critical"
    assert "+risk: read" in facts["diff"]
    assert facts["version"] == "- → 1"
    assert "employee:E1009" in facts["drafted by"]
    await released(room, first)

    second = await room.database.run(lambda tx: drafted(tx, reading(hosts=["hr.example.org"])))
    prepared = await room.gate.prepare(await room.employee(FIRST), "release_tool", proposal(second), "en")
    diff = {fact.label: fact.value for fact in prepared.facts}["diff"]

    changed = [line for line in diff.splitlines()[2:] if line.startswith(("+", "-"))]
    assert changed == ["-- hr.example.gov", "+- hr.example.org"]
    assert " description:" in diff  # the rest stands around it


@pytest.mark.parametrize("what", ["unchecked", "failed", "another hash", "unknown", "nothing new", "no rule", "taken"])
async def test_what_may_not_be_released_is_refused_before_anybody_is_asked(room: GateOnly, what: str) -> None:
    document = reading()
    if what == "no rule":
        document = changing(rule={"tier": "write"})
    if what == "taken":
        document = reading("create_tlcket")
    version = await room.database.run(
        lambda tx: (
            versions.draft(tx, document, "employee:E1009", "t")
            if what == "unchecked"
            else drafted(tx, document, passed=what != "failed")
        )
    )
    asked = proposal(version)
    if what == "another hash":
        asked["document_hash"] = "0" * 64
    if what == "unknown":
        asked["name"] = "my_leave_balances"
    if what == "nothing new":
        await released(room, version)

    with pytest.raises(ToolRetry):
        await room.propose(FIRST, "release_tool", **asked)


async def test_a_check_holds_for_exactly_the_document_it_looked_at(room: GateOnly) -> None:
    await room.database.run(lambda tx: drafted(tx, reading()))
    other = await room.database.run(lambda tx: versions.draft(tx, reading(hosts=[]), "employee:E1009", "t"))

    with pytest.raises(ToolRetry, match="has not passed"):
        await room.propose(FIRST, "release_tool", **proposal(other))


async def test_who_wrote_it_has_no_vote_on_it(room: GateOnly) -> None:
    """Another admin proposes it, so the author is not the requester: their yes still does not count."""
    version = await room.database.run(lambda tx: drafted(tx, reading(), f"employee:{SECOND}"))
    action_id = await room.propose(FIRST, "release_tool", **proposal(version))
    await room.click(FIRST, action_id, "confirm")

    decision = await room.click(SECOND, action_id, "approve")

    assert not decision.accepted
    assert "zelf geschreven" in decision.text
    assert (await room.click(THIRD, action_id, "approve")).accepted
    assert await room.state(action_id) is State.AWAITING_APPROVAL


async def test_only_admins_propose_and_a_model_is_never_offered_it(room: GateOnly) -> None:
    version = await room.database.run(lambda tx: drafted(tx, reading()))

    with pytest.raises(Refused):
        await room.propose("E1002", "release_tool", **proposal(version))
    assert "release_tool" not in registry_of(room).names


async def test_what_changed_between_the_votes_and_the_executor_is_not_released(room: GateOnly) -> None:
    version = await room.database.run(lambda tx: drafted(tx, reading()))
    action_id = await room.propose(FIRST, "release_tool", **proposal(version))
    await room.click(FIRST, action_id, "confirm")
    for approver in (SECOND, THIRD):
        await room.click(approver, action_id, "approve")
    text = version.document.replace("hr.example.gov", "hr.evil.example")
    await room.database.run(lambda tx: tx.change(sa.update(tool_versions).values(document=text)))

    await room.settle()

    assert await room.state(action_id) is State.FAILED
    assert await room.database.read(versions.in_force) == {}


async def test_one_rolls_back_to_an_earlier_version_by_releasing_it_again(room: GateOnly) -> None:
    first = await room.database.run(lambda tx: drafted(tx, reading()))
    second = await room.database.run(lambda tx: drafted(tx, reading(source={"answer": "8"})))
    await released(room, first)
    await released(room, second)
    assert await room.database.read(lambda tx: versions.earlier(tx, "my_leave_balance")) == [1]
    room.advance_clock(timedelta(days=1))

    await released(room, first)

    state = (await room.database.read(versions.in_force))["my_leave_balance"]
    assert state.full is not None
    assert (state.full.number, state.full.hash) == (1, first.hash)


async def test_a_draft_is_ignored_and_the_same_draft_twice_is_one(room: GateOnly) -> None:
    first = await room.database.run(lambda tx: drafted(tx, reading()))
    await released(room, first)
    draft = await room.database.run(lambda tx: drafted(tx, reading(hosts=["hr.example.org"])))
    again = await room.database.run(lambda tx: drafted(tx, reading(hosts=["hr.example.org"])))

    assert (draft.number, again.number) == (2, 2)
    assert registry_of(room).get("my_leave_balance").hosts == {"hr.example.gov"}


async def test_taking_away_is_one_admins_word(room: GateOnly) -> None:
    version = await room.database.run(lambda tx: drafted(tx, reading()))
    await released(room, version)

    with pytest.raises(Refused):
        await take_away(room.gate.parts, await room.employee("E1002"), "my_leave_balance")
    assert await take_away(room.gate.parts, await room.employee(SECOND), "my_leave_balance")
    assert not await take_away(room.gate.parts, await room.employee(SECOND), "my_leave_balance")
    assert "my_leave_balance" not in registry_of(room).names


# --- what waits on an older version --------------------------------------------------------------------------------


async def waiting(room: GateOnly) -> str:
    registry_of(room)
    action_id = await room.propose("E1002", "book_a_slot", what="a new pass")
    await room.click("E1002", action_id, "confirm")
    assert await room.state(action_id) is State.AWAITING_APPROVAL
    return action_id


async def test_a_newer_version_voids_what_waits_on_the_older_and_says_so(room: GateOnly, kind: InventedKind) -> None:
    await released(room, await room.database.run(lambda tx: drafted(tx, changing())))
    action_id = await waiting(room)
    room.advance_clock(timedelta(hours=2))
    second = await room.database.run(lambda tx: drafted(tx, changing(source={"answer": "S-2"})))

    await released(room, second)

    assert await room.state(action_id) is State.CANCELLED
    assert (await room.action(action_id)).reason == "tool_changed"
    with room.database.reading() as tx:
        said = tx.execute(sa.select(outbox.c.payload).where(outbox.c.key == f"told:{action_id}:cancelled")).scalar_one()
        cards = tx.execute(sa.select(outbox.c.key).where(outbox.c.slot == f"card:{action_id}:it-approvers")).all()
    assert "newer version" in str(said)
    assert len(cards) == 2  # drawn when it was asked, and when it was voided
    assert not (await room.click("E1003", action_id, "approve")).accepted
    assert kind.calls == []


async def test_what_was_filed_at_the_moment_of_the_release_is_refused_before_it_runs(
    room: GateOnly, kind: InventedKind
) -> None:
    """By a process that had not seen it yet: the seal is whole, so nobody is alarmed, and nothing runs."""
    await released(room, await room.database.run(lambda tx: drafted(tx, changing())))
    action_id = await waiting(room)
    await room.click("E1003", action_id, "approve")
    second = await room.database.run(lambda tx: drafted(tx, changing(source={"answer": "S-2"})))
    await room.database.run(lambda tx: versions.release(tx, second, EVERYBODY, "other", "system:executor"))
    registry_of(room)

    await room.settle()

    action = await room.action(action_id)
    assert (action.state, action.reason, kind.calls) == (State.REFUSED, "tool_changed", [])


async def test_an_approved_action_of_an_added_tool_runs_once_with_what_was_bound(
    room: GateOnly, kind: InventedKind
) -> None:
    await released(room, await room.database.run(lambda tx: drafted(tx, changing())))
    action_id = await waiting(room)
    card = await room.gate.card_for(action_id, await room.employee("E1003"))
    assert any("a new pass" in fact.value for fact in card.facts)

    await room.click("E1003", action_id, "approve")
    await room.settle()
    await room.settle()

    action = await room.action(action_id)
    assert (action.state, action.reference) == (State.DONE, "120")
    assert kind.calls == [("book_a_slot", {"what": "a new pass", "employee_no": "E1002"})]


# --- first for some -------------------------------------------------------------------------------------------------


async def test_a_version_can_be_offered_to_some_first_and_then_to_all(room: GateOnly) -> None:
    first = await room.database.run(lambda tx: drafted(tx, reading()))
    await released(room, first)
    second = await room.database.run(lambda tx: drafted(tx, reading(hosts=["hr.example.org"])))
    await released(room, second, groups=("it-staff",), places=("slack:T1/C9",))
    registry = registry_of(room)
    daan, sanne = await room.employee(FIRST), await room.employee("E1001")
    room_c9 = Address("slack", "T1", "C9")
    assert not sanne.groups & {"it-staff"}

    def hosts(registry: Registry, *asked: object) -> frozenset[str]:
        return registry.get("my_leave_balance", *asked).hosts  # type: ignore[arg-type]

    assert hosts(registry, daan, HERE) == {"hr.example.org"}
    assert hosts(registry, sanne, HERE) == {"hr.example.gov"}
    assert hosts(registry, sanne, room_c9) == {"hr.example.org"}
    assert hosts(registry, sanne, Address("slack", "T2", "C9")) == {"hr.example.gov"}
    assert hosts(registry) == {"hr.example.gov"}

    room.advance_clock(timedelta(days=1))
    prepared = await room.gate.prepare(daan, "release_tool", proposal(second), "en")
    facts = {fact.label: fact.value for fact in prepared.facts}
    assert facts["diff"].startswith("the document is the same")
    assert facts["was offered to"] == "it-staff, slack:T1/C9"
    await released(room, second)
    assert hosts(registry_of(room), sanne, HERE) == {"hr.example.org"}


async def test_a_new_tool_for_some_does_not_exist_for_the_others(room: GateOnly) -> None:
    version = await room.database.run(lambda tx: drafted(tx, changing()))
    await released(room, version, groups=("it-staff",))
    registry_of(room)

    with pytest.raises(ToolRetry):
        await room.propose("E1001", "book_a_slot", what="a pass")
    action_id = await room.propose(FIRST, "book_a_slot", what="a pass")
    await room.click(FIRST, action_id, "confirm")
    await take_away(room.gate.parts, await room.employee(SECOND), "book_a_slot", canary=True)
    assert await room.state(action_id) is State.CANCELLED


async def test_widening_leaves_alone_what_waits_on_that_version(room: GateOnly) -> None:
    version = await room.database.run(lambda tx: drafted(tx, changing()))
    await released(room, version, places=("terminal",))
    registry_of(room)
    prepared = await room.gate.prepare(await room.employee("E1002"), "book_a_slot", {"what": "x"}, "en", address=HERE)
    assert prepared.tool.name == "book_a_slot"
    with pytest.raises(ToolRetry):
        await room.propose("E1002", "book_a_slot", what="x")  # asked nowhere in particular
    await released(room, version)
    registry_of(room)
    action_id = await waiting(room)
    assert await room.state(action_id) is State.AWAITING_APPROVAL


async def test_while_some_try_a_version_one_rule_holds_for_all(room: GateOnly) -> None:
    await released(room, await room.database.run(lambda tx: drafted(tx, changing())))
    rule = {"tier": "sensitive", "approvers": ["admins"]}
    second = await room.database.run(lambda tx: drafted(tx, changing(rule=rule)))

    with pytest.raises(ToolRetry, match="release it for everybody"):
        await room.propose(FIRST, "release_tool", **proposal(second, groups=("it-staff",)))
    await room.propose(FIRST, "release_tool", **proposal(second))


# --- rules ----------------------------------------------------------------------------------------------------------

RULES = parse(FIRST_RULES.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"tier": "write"}, "below the risk"),
        ({"tier": "sensitive"}, "needs approvers"),
        ({"tier": "sensitive", "approvers": []}, "needs approvers"),
        ({"tier": "sensitive", "approvers": ["a"], "hours": "night"}, "no opening hours"),
        ({"tier": "sensitive", "approvers": ["a"], "more": 1}, "more"),
        ({"approvers": ["a"]}, "tier"),
        ({"tier": "sensitive", "approvers": ["a"], "approvals": True}, "approvals"),
    ],
)
def test_a_rule_that_could_not_stand_in_rules_yaml_is_no_rule(rule: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        rule_of_document(RULES, changing(rule=rule))


def test_where_rules_yaml_names_the_tool_it_wins_and_only_tightens() -> None:
    text = FIRST_RULES.read_text(encoding="utf-8")
    line = "tools:\n  book_a_slot: {tier: write, approvers: [security], approvals: 1}\n"
    looser = rule_of_document(parse(text.replace("tools:\n", line)), changing())
    line = line.replace("write", "critical").replace("approvals: 1", "approvals: 3")
    stricter = rule_of_document(parse(text.replace("tools:\n", line)), changing())

    assert (looser.tier, looser.approvers, looser.approvals) == ("sensitive", ("security",), 1)
    assert (stricter.tier, stricter.approvers, stricter.approvals) == ("critical", ("security",), 3)


async def test_without_a_rule_that_holds_nothing_runs(room: GateOnly) -> None:
    """The rules lose the opening hours that a document names: its tool has no rule any more."""
    document = changing(rule={"tier": "sensitive", "approvers": ["it-approvers"], "hours": "desk"})
    await released(room, await room.database.run(lambda tx: drafted(tx, document)))
    _version, rules = await room.database.read(room.gate.parts.rules.current)
    assert rules.tools["book_a_slot"].hours == "desk"
    registry_of(room)
    await room.propose("E1002", "book_a_slot", what="x")
    text = (
        FIRST_RULES.read_text(encoding="utf-8").replace("hours: desk", "hours: office").replace("  desk:", "  office:")
    )
    await room.database.run(lambda tx: put_in_force(tx, 2, text, "r2"))

    with pytest.raises(Refused, match="no_rule"):
        await room.propose("E1001", "book_a_slot", what="x")


@pytest.mark.postgres
async def test_two_releases_at_once_get_two_editions_without_a_gap(postgres_server: str) -> None:
    with room_on(postgres_server) as room:
        made = [await room.database.run(lambda tx, n=n: drafted(tx, reading(f"tool_{n}"))) for n in "abcdefgh"]
        databases = [Database(room.database.url) for _ in made]
        try:
            await asyncio.gather(
                *(
                    one.run(lambda tx, v=version: versions.release(tx, v, EVERYBODY, f"a-{v.name}", "system:executor"))
                    for one, version in zip(databases, made, strict=True)
                )
            )
        finally:
            for one in databases:
                one.close()
        with room.database.reading() as tx:
            editions = tx.execute(sa.select(tool_releases.c.edition).order_by(tool_releases.c.edition)).scalars().all()
        assert editions == list(range(1, 9))


def test_an_audience_of_nobody_in_particular_is_everybody() -> None:
    assert Audience.of({}) == EVERYBODY
    assert Audience.of(Audience(frozenset({"a"}), frozenset({"slack"})).encoded()).words() == "a, slack"


async def test_an_author_at_a_shell_is_nobody_and_two_others_look_all_the_same(room: GateOnly) -> None:
    version = await room.database.run(lambda tx: drafted(tx, reading(), "operator:root@host"))
    action_id = await room.propose(FIRST, "release_tool", **proposal(version))
    await room.click(FIRST, action_id, "confirm")

    assert not (await room.click(FIRST, action_id, "approve")).accepted
    assert (await room.click(SECOND, action_id, "approve")).accepted
    assert await room.state(action_id) is State.AWAITING_APPROVAL
    assert (await room.click(THIRD, action_id, "approve")).accepted
    assert await room.state(action_id) is State.APPROVED


steps = st.lists(
    st.tuples(st.sampled_from(["release", "canary", "withdraw", "retire"]), st.integers(1, 3)), min_size=1, max_size=8
)


@quick(25)
@given(steps)
def test_what_is_in_force_is_what_a_second_reading_of_the_steps_says(steps: list[tuple[str, int]]) -> None:
    full: int | None = None
    canary: int | None = None
    with room_on() as room, room.database.transaction() as tx:
        made = [versions.draft(tx, reading(source={"answer": str(n)}), "employee:E1009", "t") for n in range(3)]
        for at, (what, number) in enumerate(steps):
            if what == "release":
                versions.release(tx, made[number - 1], EVERYBODY, f"a{at}", "s")
                full, canary = number, None
            elif what == "canary":
                versions.release(tx, made[number - 1], Audience(frozenset({"g"})), f"a{at}", "s")
                canary = number
            elif what == "withdraw":
                step = versions.withdraw_canary(tx, "my_leave_balance", "s", f"a{at}")
                assert (step is not None) == (canary is not None)
                canary = None
            else:
                step = versions.retire(tx, "my_leave_balance", "s", f"a{at}")
                assert (step is not None) == (full is not None or canary is not None)
                full, canary = None, None
        state = versions.in_force(tx).get("my_leave_balance", InForce())
        assert (state.full.number if state.full else None, state.canary.number if state.canary else None) == (
            full,
            canary,
        )
        editions = [step.edition for step in versions.releases(tx)]
        assert editions == list(range(1, len(editions) + 1))

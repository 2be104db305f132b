"""Rules and tiers, against a second reading of the design."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.rules import FIRST_RULES, Rules, parse
from actions.tier import tier_of
from connectors.accounts import Account, AccountKind
from core.errors import ConfigError, Refused
from core.people import Employee
from core.risk import Risk
from tests.generated import quick
from tools.context import ActionContext, Effect
from tools.loading import load_builtin
from tools.spec import Tool, tool

FIRST = FIRST_RULES.read_text(encoding="utf-8")
RANKS = ["read", "write", "sensitive", "critical", "forbidden"]

# --- reading the rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("tier: sensitive,", "teir: sensitive,"), "tools.unlock_my_account.teir: Extra inputs"),
        (("sensitive: 1", "sensitive: 0"), "sensitive needs at least 1"),
        (("critical: 2}", "critical: 1}"), "critical at least 2"),
        (("sensitive: 1, critical: 2", "sensitive: 4, critical: 3"), "stricter tier may not need fewer"),
        (("write: 0", "write: 1"), "needs approvers"),
        (("write: 0", "write: true"), "approvals.write: Input should be a valid integer"),
        (("tier: critical, approvers: [admins], ", "tier: critical, "), "needs approvers"),
        (("approvers: [it-approvers], proof: [callback]", "approvers: [], proof: [callback]"), "needs approvers"),
        (("proof: [callback]", "proof: [trust]"), "proof"),
        (("lifetime_hours: 168", "lifetime_hours: 9999"), "lifetime_hours"),
        (("hours: desk}", "hours: night}"), "no opening hours called 'night'"),
        (('opens: "07:30"', "opens: 7:30"), "write the time in quotes"),
        (('opens: "07:30"', 'opens: "19:30"'), "opens must be before closes"),
        (('opens: "07:30"', 'opens: "17:59"'), "never add up"),
        (("Europe/Amsterdam", "Europe/Atlantis"), "no time zone 'Europe/Atlantis'"),
        (("Europe/Amsterdam", "../../etc/passwd"), "no time zone"),
        (("tools:\n", "tools: [\n"), "not valid YAML"),
        (("vip:\n", "vip: !!python/object:os.system {}\nx:\n"), "not valid YAML"),
        (("alerts: [security]", "alerts: &a [security]\nvip2: *a"), "references"),
        (("alerts: [security]", "alerts: 2026-13-77"), "not valid YAML"),
        (("alerts: [security]", f"alerts: {'[' * 3000}"), "not valid YAML"),
        (("  switch_on:", "  change_rules:"), "stands there twice"),
        (("alerts: [security]", "alerts: [security]\nalerts: []"), "stands there twice"),
    ],
)
def test_a_mistake_in_the_rules_is_one_line_that_says_what_to_change(change: tuple[str, str], says: str) -> None:
    assert change[0] in FIRST

    with pytest.raises(ConfigError) as caught:
        parse(FIRST.replace(*change))

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("rules.yaml ")


@pytest.mark.parametrize("document", ["", "[]", "7", "text", "\0", "\ud800", "tools: {}", "? [a]\n: b"])
def test_what_is_no_rules_file_at_all_is_refused(document: str) -> None:
    with pytest.raises(ConfigError):
        parse(document)


@quick(300)
@given(st.integers(0, len(FIRST)), st.text(max_size=6))
def test_no_edit_of_the_file_is_worse_than_a_refusal(place: int, text: str) -> None:
    try:
        rules = parse(FIRST[:place] + text + FIRST[place:])
    except ConfigError:
        return
    assert rules.approvals["sensitive"] >= 1
    assert rules.approvals["critical"] >= max(2, rules.approvals["sensitive"])


def test_the_first_rules_name_every_tool_that_changes_something() -> None:
    registry = load_builtin()
    changing = {name for name in registry.names if registry.get(name).tool.risk is not Risk.READ}
    assert changing <= set(parse(FIRST).tools)


# --- tiers ---------------------------------------------------------------------------------------------------------

groups = st.frozensets(st.sampled_from(["all-staff", "board", "domain-admins", "security", "it-approvers"]), max_size=2)
ids = st.sampled_from(["E1", "E2", "E3"])


def made(risk: Risk, subject: str, proof: bool) -> Tool:
    async def anything(ctx: ActionContext, person: str = "") -> Effect:
        """Do something."""
        return Effect()

    return tool(risk=risk, subject=subject, proof=proof)(anything)


MADE = {
    (risk, subject, proof): made(Risk(risk), subject, proof)
    for risk, subject, proof in itertools.product(RANKS[1:], ["", "requester", "person"], [False, True])
}


def person(employee_id: str, held: frozenset[str]) -> Employee:
    return Employee(employee_id, "N", "N", "", "", "", "", "", "n@dhb.example", None, held, "en")


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Somebody asks for something about somebody, under some rules."""
    return {
        "risk": draw(st.sampled_from(RANKS[1:])),
        "subject_of": draw(st.sampled_from(["", "requester", "person"])),
        "tool_proof": draw(st.booleans()),
        "tier": draw(st.sampled_from(RANKS)),
        "proof": draw(st.sampled_from([(), ("code",), ("callback",), ("code", "callback")])),
        "approvals": draw(st.integers(0, 4)),
        "counts": draw(st.sampled_from([(0, 1, 2), (1, 1, 2), (0, 2, 3), (1, 3, 3)])),
        "vip": (draw(groups), draw(st.frozensets(ids, max_size=1))),
        "protected": (draw(groups), draw(st.frozensets(ids, max_size=1)), draw(st.frozensets(ids, max_size=1))),
        "asker": (draw(ids), draw(groups)),
        "about": (draw(ids), draw(groups)),
        "kind": draw(st.sampled_from(["ordinary", "ordinary", "ordinary", "privileged", "service"])),
        "account_groups": draw(groups),
        "enabled": draw(st.sampled_from([True, True, True, False])),
    }


def asked(question: dict[str, Any]) -> tuple[str, int]:
    """What the gate says: the tier, or why not, and how many people it takes."""
    q = question
    write, sensitive, critical = q["counts"]
    rules = Rules.model_validate(
        {
            "tools": {
                "t": {"tier": q["tier"], "approvers": ["a"], "approvals": q["approvals"], "proof": list(q["proof"])}
            },
            "approvals": {"write": write, "sensitive": sensitive, "critical": critical},
            "vip": {"groups": q["vip"][0], "people": q["vip"][1]},
            "protected": {"groups": q["protected"][0], "people": q["protected"][1], "accounts": q["protected"][2]},
        }
    )
    kind = AccountKind(q["kind"])
    account = Account(q["about"][0], q["about"][0], kind, q["enabled"], False, q["account_groups"])
    made = MADE[q["risk"], q["subject_of"], q["tool_proof"]]
    rule = rules.tools["t"]
    try:
        tier = tier_of(rules, made, rule, person(*q["asker"]), person(*q["about"]), account)
    except Refused as refusal:
        return refusal.reason, 99
    return tier.value, rules.needed(tier, rule)


def expected(question: dict[str, Any]) -> tuple[str, int]:
    """The same from the design alone: the strictest of all that applies wins."""
    q = question
    levels = {RANKS.index(q["risk"]), RANKS.index(q["tier"])}
    if q["subject_of"]:
        everybody = q["about"][1] | q["account_groups"]
        protected_groups, protected_people, protected_accounts = q["protected"]
        if q["kind"] != "ordinary" or everybody & protected_groups or q["about"][0] in protected_people:
            return "account_protected", 99
        if q["about"][0] in protected_accounts:
            return "account_protected", 99
        if not q["enabled"]:
            return "account_disabled", 99
        if q["about"][1] & q["vip"][0] or q["about"][0] in q["vip"][1]:
            levels.add(3)
        if q["asker"][0] != q["about"][0] and not (q["tool_proof"] and "code" in q["proof"]):
            levels.add(3)
    if max(levels) == 4:
        return "forbidden", 99
    tier = RANKS[max(levels)]
    return tier, max(q["approvals"], q["counts"][max(levels) - 1])


@quick(500)
@given(questions())
def test_the_tier_is_what_a_second_reading_of_the_design_says(question: dict[str, Any]) -> None:
    assert asked(question) == expected(question)


def test_the_tier_is_right_in_five_thousand_cases_that_do_not_repeat() -> None:
    """Every combination of what matters, not a sample of it."""
    cases = 0
    for risk, subject_of, proves, tier, proof, same, vip, safe, kind in itertools.product(
        RANKS[1:], ["", "requester", "person"], [False, True], RANKS, [(), ("code",), ("callback",)],
        [False, True], [False, True], [0, 1, 2], ["ordinary", "service"],
    ):  # fmt: skip
        question = {
            "risk": risk, "subject_of": subject_of, "tool_proof": proves, "tier": tier, "proof": proof,
            "approvals": cases % 4, "counts": (0, 1, 2),
            "vip": (frozenset({"board"}), frozenset()),
            "protected": (frozenset({"security"}), frozenset(), frozenset({"E9"})),
            "asker": ("E1", frozenset()),
            "about": ("E1" if same else "E9" if safe == 2 else "E2", frozenset({"board"} if vip else set())),
            "kind": kind, "account_groups": frozenset({"security"} if safe == 1 else set()), "enabled": True,
        }  # fmt: skip
        assert asked(question) == expected(question), question
        cases += 1
    assert cases > 5_000


PROTECTIONS = st.sampled_from(["vip", "protected", "approvals", "tier", "proof", "counts"])


@quick(200)
@given(questions(), PROTECTIONS, groups, ids)
def test_another_protection_never_allows_more(
    question: dict[str, Any], what: str, more: frozenset[str], who: str
) -> None:
    assert_never_allows_more(question, what, more, who)


@pytest.mark.thorough
@quick(2_000)
@given(questions(), PROTECTIONS, groups, ids)
def test_another_protection_never_allows_more_in_two_thousand_pairs(
    question: dict[str, Any], what: str, more: frozenset[str], who: str
) -> None:
    assert_never_allows_more(question, what, more, who)


def assert_never_allows_more(question: dict[str, Any], what: str, more: frozenset[str], who: str) -> None:
    """The same question under one protection more: at least as strict, at least as many people."""
    strict = dict(question)
    if what in ("vip", "protected"):
        first, second, *rest = question[what]
        strict[what] = (first | more, second | {who}, *rest)
    elif what == "approvals":
        strict[what] = min(question[what] + 1, 5)
    elif what == "tier":
        strict[what] = RANKS[min(RANKS.index(question[what]) + 1, 4)]
    elif what == "proof":
        strict[what] = tuple(method for method in question[what] if method != "code")
    else:
        strict[what] = tuple(count + 1 for count in question[what])

    (before, few), (after, many) = asked(question), asked(strict)

    assert many >= few
    if after in RANKS:
        assert before in RANKS
        assert RANKS.index(after) >= RANKS.index(before)

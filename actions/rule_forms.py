"""The forms of `rules.yaml`: one tool's rule, who is protected, what slows people down, and the whole file."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from actions.hours import OpeningHours
from actions.roads import DEFAULT_WAYS, Way
from core.risk import Risk

ProofMethod = Literal["code", "sign_in", "callback"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Rule(_Strict):
    """One tool's rule. `approvals` may only raise what its tier asks; `proof` lists what counts, best first.

    `approvers_sign_in`: a yes counts only with a fresh sign-in for it. For `critical` that holds by itself wherever
    people can sign in; saying it here also refuses the action where they cannot.
    `escalate_to` are the groups that may decide as well once `escalate_after_hours` of the lifetime have passed.
    `policy` names what of the organisation's own the rule carries out, for whoever has to say yes.
    """

    tier: Risk = Field(strict=False)
    approvers: tuple[str, ...] = Field(default=(), strict=False)
    approvals: int = Field(default=0, ge=0, le=5)
    proof: tuple[ProofMethod, ...] = Field(default=(), strict=False)
    lifetime_hours: int = Field(default=24, ge=1, le=168)
    hours: str = ""
    escalate_to: tuple[str, ...] = Field(default=(), strict=False)
    escalate_after_hours: float = Field(default=0, ge=0, le=168, allow_inf_nan=False)
    approvers_sign_in: bool = False
    policy: str = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _never_looser(self) -> Rule:
        named = "approvers_sign_in" in self.model_fields_set
        if named and not self.approvers_sign_in and self.tier is Risk.CRITICAL:
            raise ValueError("approvers_sign_in: a rule may only tighten; leave it out, or write true")
        return self

    @property
    def lifetime(self) -> timedelta:
        """How long a request may wait in all; where the rule names opening hours, only these count."""
        return timedelta(hours=self.lifetime_hours)

    @property
    def left_when_passed_on(self) -> timedelta:
        """How much of the lifetime is left when `escalate_to` may decide too; a quarter, where no hours are given."""
        return self.lifetime - timedelta(hours=self.escalate_after_hours or 0.75 * self.lifetime_hours)


class Names(_Strict):
    """Groups, people and accounts, by their directory names."""

    groups: frozenset[str] = Field(default=frozenset(), strict=False)
    people: frozenset[str] = Field(default=frozenset(), strict=False)
    accounts: frozenset[str] = Field(default=frozenset(), strict=False)


class Brake(_Strict):
    """What slows people down before habit does harm."""

    requests_a_day: int = Field(default=3, ge=1, le=50)
    for_others_a_day: int = Field(default=40, ge=1, le=500)
    changes_a_day: int = Field(default=20, ge=1, le=500)
    votes_an_hour: int = Field(default=10, ge=1, le=500)
    median_seconds: float = Field(default=3.0, ge=0, le=60)
    contact_quiet_hours: int = Field(default=72, ge=0, le=720)
    link_quiet_hours: int = Field(default=24, ge=0, le=720)


class Rules(_Strict):
    """The whole file. `approvals` says how many entitled people each tier needs; `delivery` which ways a credential may
    take, the best first."""

    tools: dict[str, Rule]
    approvals: dict[Literal["write", "sensitive", "critical"], int]
    vip: Names = Names()
    protected: Names = Names()
    brake: Brake = Brake()
    hours: dict[str, OpeningHours] = {}
    alerts: tuple[str, ...] = Field(default=(), strict=False)
    delivery: tuple[Annotated[Way, Field(strict=False)], ...] = Field(default=DEFAULT_WAYS, strict=False)
    _written: Rules | None = PrivateAttr(default=None)

    @property
    def as_written(self) -> Rules:
        """These rules without those that the documents of added tools put beside them."""
        return self._written or self

    @model_validator(mode="after")
    def _sound(self) -> Rules:
        if self.approvals.get("sensitive", 0) < 1 or self.approvals.get("critical", 0) < 2:
            raise ValueError("approvals: sensitive needs at least 1 person and critical at least 2")
        counts = [self.approvals.get("write", 0), self.approvals["sensitive"], self.approvals["critical"]]
        if counts[0] < 0 or counts != sorted(counts):
            raise ValueError("approvals: a stricter tier may not need fewer people than a looser one")
        if len(set(self.delivery)) != len(self.delivery):
            raise ValueError("delivery: a way is named twice")
        for name, rule in self.tools.items():
            self.refuse_unsound(name, rule)
        return self

    def refuse_unsound(self, name: str, rule: Rule) -> None:
        """Raises ValueError for a rule that cannot hold beside the rest of this file."""
        asked = rule.tier in (Risk.SENSITIVE, Risk.CRITICAL) or rule.approvals or self.approvals.get("write", 0)
        if asked and not rule.approvers and rule.tier is not Risk.FORBIDDEN:
            raise ValueError(f"tools.{name}: a {rule.tier} tool needs approvers")
        if rule.approvers_sign_in and not rule.approvers:
            raise ValueError(f"tools.{name}: approvers_sign_in says how approvers vote, and there are none")
        _sound_escalation(name, rule)
        if not rule.hours:
            return
        if rule.hours not in self.hours:
            raise ValueError(f"tools.{name}: there are no opening hours called {rule.hours!r}")
        if 50 * self.hours[rule.hours].a_week < rule.lifetime:
            raise ValueError(f"tools.{name}: the opening hours {rule.hours!r} never add up to its lifetime in a year")

    def needed(self, tier: Risk, rule: Rule) -> int:
        """How many people have to say yes for this tier; a rule can only raise it."""
        if tier in (Risk.READ, Risk.FORBIDDEN):
            raise ValueError(f"nothing of tier {tier} is ever put to a vote")
        people = {str(name): count for name, count in self.approvals.items()}
        return max(people.get(tier.value, 0), rule.approvals)


def _sound_escalation(name: str, rule: Rule) -> None:
    if rule.escalate_after_hours and not rule.escalate_to:
        raise ValueError(f"tools.{name}: escalate_after_hours says when, escalate_to must say to whom")
    if rule.escalate_to and not rule.approvers:
        raise ValueError(f"tools.{name}: nothing is passed on to escalate_to where there are no approvers")
    if set(rule.escalate_to) & set(rule.approvers):
        raise ValueError(f"tools.{name}: escalate_to must name other groups than approvers")
    if rule.escalate_after_hours >= rule.lifetime_hours:
        raise ValueError(f"tools.{name}: escalate_after_hours must be less than lifetime_hours")

"""Who must say yes before a tool runs: the released `rules.yaml`, read so that an IT manager and the code agree."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from actions.hours import OpeningHours
from actions.strict_yaml import read_yaml
from actions.tables import rule_versions
from core.errors import ConfigError
from core.risk import Risk
from storage import AuditEntry, Tx, now
from storage.audit import record

FIRST_RULES = Path(__file__).with_name("rules.yaml")
ProofMethod = Literal["code", "callback"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Rule(_Strict):
    """One tool's rule. `approvals` may only raise what its tier asks; `proof` lists what counts, best first.

    `escalate_to` are the groups that may decide as well once `escalate_after_hours` of the lifetime have passed.
    """

    tier: Risk = Field(strict=False)
    approvers: tuple[str, ...] = Field(default=(), strict=False)
    approvals: int = Field(default=0, ge=0, le=5)
    proof: tuple[ProofMethod, ...] = Field(default=(), strict=False)
    lifetime_hours: int = Field(default=24, ge=1, le=168)
    hours: str = ""
    escalate_to: tuple[str, ...] = Field(default=(), strict=False)
    escalate_after_hours: float = Field(default=0, ge=0, le=168, allow_inf_nan=False)

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
    votes_an_hour: int = Field(default=10, ge=1, le=500)
    median_seconds: float = Field(default=3.0, ge=0, le=60)
    contact_quiet_hours: int = Field(default=72, ge=0, le=720)


class Rules(_Strict):
    """The whole file. `approvals` says how many entitled people each tier needs."""

    tools: dict[str, Rule]
    approvals: dict[Literal["write", "sensitive", "critical"], int]
    vip: Names = Names()
    protected: Names = Names()
    brake: Brake = Brake()
    hours: dict[str, OpeningHours] = {}
    alerts: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _sound(self) -> Rules:
        if self.approvals.get("sensitive", 0) < 1 or self.approvals.get("critical", 0) < 2:
            raise ValueError("approvals: sensitive needs at least 1 person and critical at least 2")
        counts = [self.approvals.get("write", 0), self.approvals["sensitive"], self.approvals["critical"]]
        if counts[0] < 0 or counts != sorted(counts):
            raise ValueError("approvals: a stricter tier may not need fewer people than a looser one")
        for name, rule in self.tools.items():
            self._sound_rule(name, rule)
        return self

    def _sound_rule(self, name: str, rule: Rule) -> None:
        asked = rule.tier in (Risk.SENSITIVE, Risk.CRITICAL) or rule.approvals or self.approvals.get("write", 0)
        if asked and not rule.approvers and rule.tier is not Risk.FORBIDDEN:
            raise ValueError(f"tools.{name}: a {rule.tier} tool needs approvers")
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


def parse(document: str, where: str = "rules.yaml") -> Rules:
    """The rules in a YAML text. Raises `ConfigError` that names every place and what would be right."""
    try:
        return Rules.model_validate(read_yaml(document))
    except ValueError as error:
        if not isinstance(error, ValidationError):
            raise ConfigError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from error
        raise ConfigError(_problems(error, where)) from error


def _problems(error: ValidationError, where: str) -> str:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    one_line = " ".join(problems.split())
    return f"{where} cannot be used, the released rules stay in force: {one_line}"


class RuleBook:
    """The released versions. A file on disk is only ever a proposal; what is in the table is in force."""

    def __init__(self) -> None:
        self._parsed: dict[int, Rules] = {}

    def open(self, tx: Tx) -> None:
        """Put the packaged rules in force as version 1 on a new database. Called once at start."""
        document = FIRST_RULES.read_text(encoding="utf-8")
        parse(document)
        if tx.add(rule_versions, version=1, document=document, action_id="first", released_at=now(tx)):
            record(tx, AuditEntry(actor="system:setup", verb="rules.released", object="rules:1", result="in_force"))

    def current(self, tx: Tx) -> tuple[int, Rules]:
        """The version in force and its rules. Raises `ConfigError` when none was ever released: default deny."""
        version = tx.execute(sa.select(sa.func.max(rule_versions.c.version))).scalar()
        if version is None:
            raise ConfigError("no rules are in force: start Loket once with a writable database")
        if version not in self._parsed:
            self._parsed[version] = parse(self.document(tx, version), f"rules version {version}")
        return version, self._parsed[version]

    def of(self, tx: Tx, version: int) -> Rules | None:
        """The rules of one version, in force or not; None for one that was never released or cannot be read now."""
        if version not in self._parsed:
            try:
                self._parsed[version] = parse(self.document(tx, version))
            except (sa.exc.NoResultFound, ConfigError):
                return None
        return self._parsed[version]

    def document(self, tx: Tx, version: int) -> str:
        """The text of one released version."""
        text: str = tx.execute(
            sa.select(rule_versions.c.document).where(rule_versions.c.version == version)
        ).scalar_one()
        return text

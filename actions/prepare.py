"""Looking at a proposal without filing it: who, about whom, which rule, and every reason to say no. Reads only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.holding import refuse_if_held
from actions.naming_others import refuse_if_names_another
from actions.parts import GateParts
from actions.records import Prepared
from actions.roads import Situation, delivery_for
from actions.rules import Rule, Rules
from actions.seal import as_lists, sealable
from actions.step_up import on_offer
from actions.switches import refuse_if_off
from actions.tier import tier_of
from connectors.accounts import Account
from core.errors import Refused, ToolFailed, ToolRetry
from core.events import Address
from core.outcomes import Outcome
from core.people import Contact, Employee
from core.risk import Risk
from storage import Tx, now
from tools.context import Draft, ToolContext
from tools.limits import refuse_if_spent
from tools.manifest import RateLimit
from tools.spec import NOBODY, REQUESTER, Tool

_WORD = re.compile(r"[\w.@+-]*\w")
_PARTICLES = "aan bij das dos het ten ter tot uit van von vom zum zur den der des del della"
_NO_NAME = frozenset(_PARTICLES.split())
"""Words of three letters and more inside Dutch and other family names that a sentence holds by chance."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds at this moment, read in one go."""

    version: int
    rules: Rules
    at: datetime


async def prepare(
    parts: GateParts,
    requester: Employee,
    tool_name: str,
    arguments: object,
    language: str,
    said: Sequence[str] | None,
    address: Address | None = None,
) -> Prepared:
    """See `Gate.prepare`."""
    if not requester.may_use_tools:
        raise Refused("stranger", Outcome.REFUSED_IDENTITY)
    tool, limit = parts.offered(tool_name, requester, address)
    if tool.risk is Risk.READ:
        raise ToolRetry(f"{tool_name!r} only reads: it is used in the turn, not proposed")
    if tool.groups and not tool.groups & requester.groups:
        raise Refused("not_for_you", Outcome.REFUSED_NOT_ENTITLED)
    checked = sealable(tool.check(arguments))
    in_force = await parts.database.read(lambda tx: _in_force(parts, tx, tool, requester, limit))
    rule = _rule(parts, in_force.rules, tool_name)
    subject, account, checked = await _subject(parts, tool, requester, checked, said)
    tier = tier_of(in_force.rules, tool, rule, requester, subject, account)
    contact = await _reachable(parts, tool, subject, in_force)
    own = subject.employee_id == requester.employee_id
    signs_in = on_offer(parts.systems.step_up, tool, rule, requester.employee_id, subject.employee_id)
    proof, proofs = _proof_at_start(tool, rule, contact, signs_in=signs_in)
    if proof == "callback_due":
        tier = max(tier, Risk.CRITICAL, key=lambda risk: risk.rank)
    if tool.credential and contact is not None:
        delivery_for(contact, Situation(proof, own, in_force.rules.delivery, parts.systems.pages))
    draft = await _draft(parts, tool, requester, subject, checked, language, in_force.at)
    sealable({"title": draft.title, "facts": as_lists(draft.facts)})
    return Prepared(
        tool=tool,
        arguments=checked,
        requester=requester,
        subject=subject,
        account_id=account.account_id if account else None,
        tier=tier,
        rule=rule,
        rule_version=in_force.version,
        proof_method=proof,
        title=draft.title,
        facts=draft.facts,
        notice=draft.notice,
        language=language,
        proofs=proofs,
        rate_limit=limit,
    )


def _in_force(parts: GateParts, tx: Tx, tool: Tool, requester: Employee, limit: RateLimit | None) -> InForce:
    refuse_if_off(tx, tool.name)
    refuse_if_spent(tx, tool.name, requester.employee_id, limit)
    version, rules = parts.rules.current(tx)
    return InForce(version, rules, now(tx))


def _rule(parts: GateParts, rules: Rules, tool_name: str) -> Rule:
    """The tool's rule, if there is one and people here can do what it asks of them."""
    rule = rules.tools.get(tool_name)
    if rule is None:
        raise Refused("no_rule")
    if rule.approvers_sign_in and parts.systems.step_up is None:
        raise Refused("sign_in_not_set_up")
    return rule


async def _subject(
    parts: GateParts, tool: Tool, requester: Employee, arguments: dict[str, Any], said: Sequence[str] | None
) -> tuple[Employee, Account | None, dict[str, Any]]:
    """Whom it is about, their account, and the arguments with a name turned into an employee number."""
    if tool.subject == NOBODY:
        return requester, None, arguments
    if tool.subject == REQUESTER:
        if said:
            await refuse_if_names_another(parts.systems.read.directory, requester, said[-1])
        return requester, await _ordinary_account(parts, requester), arguments
    words = arguments[tool.subject]
    account = await parts.systems.read.accounts.by_id(words)
    person = await _owner(parts, account) if account else await _one_person(parts, words)
    if person.employee_id == requester.employee_id:
        raise ToolRetry("that is the requester: use the tool for their own account")
    account = account or await _ordinary_account(parts, person)
    _must_have_been_named(person, account, said)
    return person, account, {**arguments, tool.subject: person.employee_id}


def _must_have_been_named(person: Employee, account: Account, said: Sequence[str] | None) -> None:
    """S-31: whom an action is about comes from the requester's own words, never from text the model read."""
    if said is None:
        return
    spoken = _WORD.findall(_plain(" ".join(said)))
    names = {part for part in _WORD.findall(_plain(person.name)) if len(part) > 2} - _NO_NAME
    names |= {_plain(person.employee_id), _plain(person.email), _plain(account.account_id)}
    if names.isdisjoint(spoken):
        raise ToolRetry(f"the requester has not named {person.name} themselves: ask them whom they mean")


def _plain(text: str) -> str:
    """Without capitals and accents: people leave them out."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


async def _one_person(parts: GateParts, words: str) -> Employee:
    found = await parts.systems.read.directory.find(words, limit=5)
    if not found:
        raise ToolRetry(f"nobody in the directory is called {words!r}: ask the requester for the full name")
    exact = [one for one in found if words.casefold() in (one.name.casefold(), one.employee_id.casefold())]
    candidates = exact or list(found)
    if len(candidates) > 1:
        names = "; ".join(f"{one.name} ({one.employee_id}, {one.department})" for one in candidates)
        raise ToolRetry(f"several people match {words!r}: {names}. Ask the requester which one they mean")
    return candidates[0]


async def _owner(parts: GateParts, account: Account) -> Employee:
    owner = await parts.systems.read.directory.by_id(account.employee_id) if account.employee_id else None
    if owner is None:
        raise Refused("account_protected")  # a service account belongs to nobody
    return owner


async def _ordinary_account(parts: GateParts, person: Employee) -> Account:
    accounts = await parts.systems.read.accounts.of(person.employee_id)
    if not accounts:
        raise ToolFailed(f"{person.name} has no account that a service desk manages")
    return accounts[0]


async def _reachable(parts: GateParts, tool: Tool, subject: Employee, in_force: InForce) -> Contact | None:
    """The subject's registered addresses, when the tool needs them; refuses fresh changes and held people."""
    if tool.subject == NOBODY:
        return None
    if not subject.may_use_tools:
        raise Refused("account_disabled")
    contact = await parts.systems.read.directory.contact(subject.employee_id)
    if contact is None:
        raise ToolFailed(f"no registered addresses are known for {subject.name}: the service desk must help in person")
    quiet = timedelta(hours=in_force.rules.brake.contact_quiet_hours)
    if contact.changed_at > in_force.at - quiet:
        raise Refused("contact_changed", hours=str(in_force.rules.brake.contact_quiet_hours))
    await parts.database.read(lambda tx: refuse_if_held(tx, subject.employee_id))
    return contact


def _proof_at_start(tool: Tool, rule: Rule, contact: Contact | None, *, signs_in: bool) -> tuple[str, tuple[str, ...]]:
    """The state of the proof, and the ways that are open to this requester in the rule's order.

    Empty: a code or a sign-in is still to come (or nothing is asked); `callback_due`: an approver must ring the person.
    """
    if not tool.proof:
        return "", ()
    can = {"code": contact is not None and bool(contact.mobile), "sign_in": signs_in, "callback": True}
    ways = tuple(way for way in rule.proof if can[way])
    if not ways:
        raise Refused("no_proof_possible")
    return ("callback_due" if set(ways) == {"callback"} else ""), ways


async def _draft(
    parts: GateParts,
    tool: Tool,
    requester: Employee,
    subject: Employee,
    arguments: dict[str, Any],
    language: str,
    at: datetime,
) -> Draft:
    if tool.prepare is None:
        return Draft(title=tool.name)
    draft: Draft = await tool.prepare(
        ToolContext(requester=requester, language=language, now=at, systems=parts.systems.read), subject, **arguments
    )
    return draft

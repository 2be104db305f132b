"""All checks of one document, put together: what the tools' own room looks at, and what needs the gate and people."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actions.rules import Rule, Rules, rule_of_document
from agent.meaning import Meaning
from connectors.egress.resolving import Resolver
from core.errors import ConfigError, ConnectorError, ToolFailed, ToolRetry
from core.people import Employee
from core.replies import Card
from core.risk import Risk
from loket.command.adding.card import card_of
from loket.command.adding.measure import BuiltinMeasure
from loket.counter import Counter
from storage import Tx, now
from tools.added import versions
from tools.added.checks.arguments import check_arguments
from tools.added.checks.contract import check_contract
from tools.added.checks.examples import check_examples
from tools.added.checks.findings import Finding, Report, failed, passed, unseen
from tools.added.checks.names import check_name, check_title
from tools.added.checks.reach import check_credentials, check_hosts
from tools.added.checks.risk import check_risk
from tools.added.checks.words import check_words
from tools.added.document import ToolDocument, document_hash
from tools.added.kinds import Way, kind_of
from tools.context import ToolContext
from tools.loaded import LoadedTool

LONGEST_SECONDS = 30.0
"""How long the source may take to show what it is."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The report, and the card that was drawn where there is one."""

    report: Report
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Examiner:
    """Looks at documents for one counter. `person`: for whom the source may be asked, and who the card says asks."""

    counter: Counter
    way: Way
    person: Employee | None = None
    resolver: Resolver | None = None

    async def examine(self, document: ToolDocument) -> Examined:
        """Every check, in the order in which people mend things. Nothing is changed anywhere."""
        others = self._others(document.name)
        drafted = await self.counter.database.read(versions.names)
        names = [*others, *drafted, *self.counter.registry.built_in]
        rows = [*check_arguments(document), *check_name(document, names)]
        rows += check_title(document, {name: tuple(one.titles.values()) for name, one in others.items()})
        rows += [*check_words(document, names), *check_risk(document)]
        rows += [*await check_hosts(document, self.resolver), *await check_credentials(document, self.way.secrets)]
        rows += await self._examples(document, others)
        loaded, row = self._loaded(document)
        rows.append(row)
        card = None
        rule, ruled = await self._rule(document)
        rows += ruled
        if loaded is not None:
            rows.append(await self._pinned(document))
            rows += await self._contract(document, loaded)
            card, drawn = await self._card(document, loaded, rule)
            rows += drawn
        rows += [*_limit(document), *await self._version(document)]
        return Examined(Report(document.name, document_hash(document), tuple(rows)), card)

    def _others(self, name: str) -> Mapping[str, LoadedTool]:
        return {one.name: one for one in self.counter.registry.all() if one.name != name}

    async def _examples(self, document: ToolDocument, others: Mapping[str, LoadedTool]) -> Sequence[Finding]:
        lines = {name: one.all_examples for name, one in others.items()}
        measure = BuiltinMeasure(Meaning(self.counter.examples))
        return await asyncio.to_thread(check_examples, document, lines, measure)

    def _loaded(self, document: ToolDocument) -> tuple[LoadedTool | None, Finding]:
        """Made by the loader of its kind, as the processes will."""
        try:
            loaded = kind_of(document.kind).load(document, self.way)
        except ConfigError as error:
            return None, failed("source", str(error), "mend that place of the document, or add the tool anew")
        return loaded, passed("source", f"a {document.kind} tool can be made of it")

    async def _pinned(self, document: ToolDocument) -> Finding:
        """Is what was pinned what is there?"""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                changed = await kind_of(document.kind).drifted(document, self.way)
        except (ConnectorError, TimeoutError) as error:
            why = str(error) or f"no answer within {LONGEST_SECONDS:.0f} seconds"
            return unseen("source", why, "run the check where the source can be reached")
        if changed:
            return failed("source", changed, "add the tool anew, and look at what is different")
        return passed("source", "it is what was pinned")

    async def _rule(self, document: ToolDocument) -> tuple[tuple[Rules, Rule] | None, list[Finding]]:
        if document.risk is Risk.READ:
            return None, [passed("rule", "it only reads: it runs at once, for whoever may ask")]
        _version, rules = await self.counter.database.read(self.counter.gate.parts.rules.current)
        try:
            rule = rule_of_document(rules, document)
        except ConfigError as error:
            return None, [failed("rule", str(error), "mend `rule`: its tier, approvers and times")]
        if document.risk is Risk.FORBIDDEN:
            return None, [passed("rule", "it is forbidden: it never runs")]
        return (rules, rule), await self._approvers(rules, rule)

    async def _approvers(self, rules: Rules, rule: Rule) -> list[Finding]:
        """Are there enough people who may say yes? One of them may be the requester, so there is one more."""
        needed = rules.needed(rule.tier, rule)
        rows = []
        people: set[str] = set()
        for group in (*rule.approvers, *rule.escalate_to):
            try:
                found = {one.employee_id for one in await self.counter.directory.members(group)}
            except ConnectorError as error:
                rows.append(unseen("approvers", f"the directory: {error.detail}", "run it where the directory answers"))
                continue
            if not found:
                rows.append(failed("approvers", f"nobody is in the group {group!r}", "name a group of the directory"))
            people |= found if group in rule.approvers else set()
        if not rows and rule.approvers and len(people) <= needed:
            remedy = "name a larger group: whoever asks cannot approve their own request"
            rows.append(failed("approvers", f"{len(people)} may say yes, and {needed} have to", remedy))
        said = (
            f"{needed} of {len(people)} in {', '.join(rule.approvers)}" if rule.approvers else "the requester confirms"
        )
        return rows or [passed("approvers", said)]

    async def _contract(self, document: ToolDocument, loaded: LoadedTool) -> Sequence[Finding]:
        context = None
        if self.person is not None:
            at = await self.counter.database.read(now)
            context = ToolContext(self.person, self.person.language, at, self.counter.gate.parts.systems.read)
        return await check_contract(document, loaded, context)

    async def _card(
        self, document: ToolDocument, loaded: LoadedTool, rule: tuple[Rules, Rule] | None
    ) -> tuple[Card | None, list[Finding]]:
        if document.risk in (Risk.READ, Risk.FORBIDDEN):
            return None, [passed("card", "there is nothing to approve")]
        if rule is None:
            return None, [failed("card", "without a rule nobody is shown a card", "mend `rule`")]
        if self.person is None:
            return None, [unseen("card", "nobody to draw it for", "say for whom: --as EMPLOYEE")]
        at = await self.counter.database.read(now)
        try:
            card = await card_of(self.counter.gate, document, loaded, *rule, self.person, at)
        except (ToolRetry, ToolFailed, ConfigError, ConnectorError) as error:
            remedy = "record an example under `contract` whose arguments fit, for the card to be drawn from"
            return None, [failed("card", f"it cannot be drawn: {error}", remedy)]
        shown = {fact.value for fact in card.facts}
        return card, [passed("card", f"{len(card.facts)} lines, {len(shown)} of them different; every argument whole")]

    async def _version(self, document: ToolDocument) -> list[Finding]:
        hash_ = document_hash(document)

        def in_force(tx: Tx) -> str:
            full = versions.in_force(tx).get(document.name, versions.InForce()).full
            return full.hash if full is not None else ""

        if await self.counter.database.read(in_force) == hash_:
            return [failed("version", "this very document is in force", "change something, or release another version")]
        return [passed("version", f"{hash_[:12]}, which is not in force")]


def _limit(document: ToolDocument) -> list[Finding]:
    if document.risk is Risk.READ:
        limit = document.rate_limit
        return [passed("rate limit", f"{limit.times} per {limit.per}" if limit else "none; what reads needs none")]
    if document.rate_limit is None:
        remedy = "add `rate_limit`, such as {times: 5, per: day}: how often one person may use it"
        return [failed("rate limit", "it changes something and has no limit", remedy)]
    return [passed("rate limit", f"{document.rate_limit.times} per {document.rate_limit.per} for each person")]

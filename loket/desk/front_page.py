"""What somebody sees before they ask anything: App Home in Slack, a start page elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from actions.glance import glance
from actions.parts import GateParts
from actions.switches import switched_off
from agent.words import say as agent_say
from core.front_page import Ability, FrontPage
from core.people import Employee
from core.replies import Suggestion
from core.risk import Risk
from loket.words import say
from tools.registry import EVERYTHING, Registry

SUGGESTIONS = ("ask", "reset", "ticket", "person")
"""What people most often begin with; the sentences are `suggest_…` and `suggest_…_title` in the catalogue."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said about the counter itself: who answers, how long text is kept, how to reach a person."""

    model: str
    retention_days: int
    service_desk: str

    def say(self, language: str) -> str:
        """As a person is told at first contact."""
        return agent_say(
            "ai_notice",
            language,
            model=self.model,
            days=self.retention_days,
            service_desk=self.service_desk,
        )


class FrontPages:
    """Makes front pages. Everything on one is asked anew: nothing is remembered between two looks."""

    def __init__(self, gate: GateParts, registry: Registry, notice: Notice, language: str) -> None:
        self._gate = gate
        self._registry = registry
        self._notice = notice
        self._language = language

    async def of(self, person: Employee | None) -> FrontPage:
        """The page of an employee; of anybody else, only who to turn to. Raises `ConnectorError`."""
        if person is None or not person.may_use_tools:
            language = person.language if person else self._language
            refusal = agent_say("refused_identity", language, service_desk=self._notice.service_desk)
            return FrontPage(language, known=False, name="", notice=refusal)
        seen = await glance(self._gate, person)
        return FrontPage(
            language=person.language,
            known=True,
            name=person.given_name,
            notice=self._notice.say(person.language),
            suggestions=suggestions(person.language),
            abilities=self._abilities(person),
            requests=seen.requests,
            waiting=seen.waiting,
            is_approver=seen.is_approver,
            switched_off=await self._switched_off(person),
            brake=seen.brake,
        )

    def _abilities(self, person: Employee) -> tuple[Ability, ...]:
        """What this person may ask for; an example says more than a description written for a model."""
        offered = (one for one in self._registry.offered_to(person) if one.tool.risk is not Risk.FORBIDDEN)
        return tuple(
            Ability(one.name, one.title(person.language), next(iter(one.examples.get(person.language, ())), ""))
            for one in offered
        )

    async def _switched_off(self, person: Employee) -> tuple[str, ...]:
        language = person.language
        off = await self._gate.database.read(switched_off)
        titles = {one.name: one.title(language) for one in self._registry.all()}
        return tuple(
            say("off_everything" if scope == EVERYTHING else "off_tool", language, title=titles.get(scope, scope))
            for scope in off
        )


def suggestions(language: str) -> tuple[Suggestion, ...]:
    """Four things to begin with."""
    return tuple(
        Suggestion(say(f"suggest_{one}_title", language), say(f"suggest_{one}", language)) for one in SUGGESTIONS
    )

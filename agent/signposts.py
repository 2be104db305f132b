"""The texts people wrote for what no machine should answer, and whom to turn to. No ticket, no model, in private."""

from __future__ import annotations

from dataclasses import replace

from agent.intents import Intent
from agent.routing import Reading
from agent.settings import AgentSettings
from agent.state import Ending, TurnState
from agent.words import CATALOGUE, say
from core.outcomes import Outcome

KEPT = frozenset({Intent.BEREAVEMENT})
"""What may stay in the conversation: a death is told to be heard, and "how many days?" may follow on it."""


def signpost(intent: Intent, language: str, settings: AgentSettings, *, unsure: bool = False) -> Ending:
    """The ending for a delicate matter. What the person wrote is not kept. `unsure`: it says that first."""
    kept = None if intent in KEPT else ""
    said = _say(f"signpost_{intent}", language, settings)
    if unsure:
        said = f"{say('signpost_in_doubt', language)} {said}"
    return Ending(Outcome.SIGNPOSTED, language, said, private=True, stored_text=kept)


def own_figures(language: str, settings: AgentSettings) -> str:
    """Where somebody finds what only their own file says."""
    return _say("personal_balance", language, settings)


def kind_words(reading: Reading, language: str, settings: AgentSettings) -> tuple[str, str]:
    """What stands before and behind an answer: sympathy, whom to talk to, and what else was in the message."""
    before = _say("sorry_for_your_loss", language, settings) if reading.mourns else ""
    behind = [_say(f"beside_{kind}", language, settings) for kind in reading.beside if _has(f"beside_{kind}")]
    if reading.subject is not None and not reading.mourns and _has(f"talk_{reading.subject}"):
        behind.append(_say(f"talk_{reading.subject}", language, settings))
    return before, "\n\n".join(behind)


async def with_kind_words(state: TurnState) -> TurnState:
    """A node of the graph: the ending with what `kind_words` said of it. A draft is shown on its card; both stand."""
    before, behind = state.get("around", ("", ""))
    ending = state["ending"]
    text = "\n\n".join(part for part in (before, ending.text, behind) if part)
    return {"ending": replace(ending, text=text)}


def _has(key: str) -> bool:
    return key in CATALOGUE.keys("en")


def _say(key: str, language: str, settings: AgentSettings) -> str:
    return say(
        key,
        language,
        crisis=settings.crisis_contact,
        emergency=settings.emergency_contact,
        home=settings.home_violence_contact,
        debts=settings.debt_contact,
        health=settings.occupational_health_contact,
        confidential=settings.confidential_contact,
        integrity=settings.integrity_contact,
        system=settings.hr_system_name,
        address=settings.hr_system_address,
        service_desk=settings.service_desk,
    )

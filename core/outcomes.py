"""How a turn can end. A closed list, as data: analytics, tests and canned sentences hang on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Every turn ends in exactly one of these; there is no silence."""

    ANSWERED = "answered"
    CLARIFIED = "clarified"
    NOT_FOUND = "not_found"
    PROPOSED = "proposed"
    FORM = "form"
    HANDED_OVER = "handed_over"
    SIGNPOSTED = "signposted"
    STOPPED = "stopped"
    REFUSED_IDENTITY = "refused_identity"
    REFUSED_FORBIDDEN = "refused_forbidden"
    REFUSED_NOT_ENTITLED = "refused_not_entitled"
    REFUSED_LIMIT = "refused_limit"
    REFUSED_UNREADABLE = "refused_unreadable"
    FAILED_MODEL = "failed_model"
    FAILED_DEADLINE = "failed_deadline"
    FAILED_BUDGET = "failed_budget"
    FAILED_CONNECTOR = "failed_connector"
    FAILED_CRASHED = "failed_crashed"


@dataclass(frozen=True, slots=True)
class OutcomeMeaning:
    """What an outcome tells an analyst: was the person helped, and who should look at it."""

    label: str
    description: str
    helped: bool
    look: str = ""


MEANINGS: dict[Outcome, OutcomeMeaning] = {
    Outcome.ANSWERED: OutcomeMeaning("Answered", "An answer with its source, or a fact from a read tool.", True),
    Outcome.CLARIFIED: OutcomeMeaning("Asked back", "One question was put to the person first.", True),
    Outcome.NOT_FOUND: OutcomeMeaning(
        "Not found", "No policy says it; the nearest owner and a ticket were offered.", False, "policy owner"
    ),
    Outcome.PROPOSED: OutcomeMeaning("Proposed", "An action was drafted or moved on; it waits in the ledger.", True),
    Outcome.FORM: OutcomeMeaning("Form", "The person was given a form to fill in.", True),
    Outcome.HANDED_OVER: OutcomeMeaning("Handed over", "A person was asked to take over.", True, "service desk"),
    Outcome.SIGNPOSTED: OutcomeMeaning(
        "Signposted", "A human-written text names where to get help; nothing else was done.", True
    ),
    Outcome.STOPPED: OutcomeMeaning("Stopped", "The person pressed Stop before the answer was there.", False),
    Outcome.REFUSED_IDENTITY: OutcomeMeaning(
        "Refused: unknown person", "The channel identity maps to no active employee.", False, "identity admin"
    ),
    Outcome.REFUSED_FORBIDDEN: OutcomeMeaning(
        "Refused: never allowed", "No rule allows it, whoever asks.", False, "security"
    ),
    Outcome.REFUSED_NOT_ENTITLED: OutcomeMeaning(
        "Refused: not entitled", "Somebody else may ask this; this person may not.", False
    ),
    Outcome.REFUSED_LIMIT: OutcomeMeaning("Refused: limit reached", "A brake or a daily limit holds.", False),
    Outcome.REFUSED_UNREADABLE: OutcomeMeaning(
        "Refused: unreadable", "The message was empty, too long or not text.", False
    ),
    Outcome.FAILED_MODEL: OutcomeMeaning(
        "Failed: model", "Neither the model nor its fallback gave anything usable.", False, "operator"
    ),
    Outcome.FAILED_DEADLINE: OutcomeMeaning("Failed: too slow", "The turn ran into its deadline.", False, "operator"),
    Outcome.FAILED_BUDGET: OutcomeMeaning(
        "Failed: budget", "The turn, the person or the day used up its budget.", False, "operator"
    ),
    Outcome.FAILED_CONNECTOR: OutcomeMeaning(
        "Failed: outside system", "A system behind the counter did not answer.", False, "operator"
    ),
    Outcome.FAILED_CRASHED: OutcomeMeaning(
        "Failed: crashed", "The turn crashed repeatedly and was given up.", False, "operator"
    ),
}

"""Bugs planted on purpose, each a small change of one function, with the run in which the auditor must find it.

A `trouble` is something that happens to a good desk too: the same run with the trouble alone must be clean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.faults.case import Case
from tests.faults.people import DAY, Wish
from tests.faults.planted_approvals import APPROVAL_BUGS
from tests.faults.planted_execution import EXECUTION_BUGS
from tests.faults.planted_in_service import SERVICE_BUGS
from tests.faults.planted_troubles import TROUBLES
from tests.faults.service_child import Fault

QUESTION, TICKET, RESET, BOARD, DENIED = DAY[0:1], DAY[1:2], DAY[2:3], DAY[3:4], DAY[4:5]
UNENTITLED = (Wish("E1001", "reset my password", "confirm", approvers=("E1002", "E1003")),)
TWICE = (Wish("E1037", "reset my password", "confirm", approvers=("E1004", "E1004", "E1006", "E1003")),)
PATIENCE = 20.0


@dataclass(frozen=True)
class Plant:
    """A bug by its name, and the run that shows it."""

    name: str
    case: Case
    fast: bool = False

    @property
    def broken(self) -> Case:
        """The same run with the bug in it."""
        return replace(self.case, patches=(*self.case.patches, self.name), patience=PATIENCE)


def _on(arrangement: str, wishes: tuple[Wish, ...], point: str = "", way: str = "kill", trouble: str = "") -> Case:
    faults = (Fault(point, way),) if point else ()
    phase = "day" if faults else "none"
    return Case(arrangement, faults, phase, (trouble,) if trouble else (), wishes)


def plant(name: str) -> None:
    """Change this process."""
    every: dict[str, Callable[[], None]] = {**APPROVAL_BUGS, **EXECUTION_BUGS, **SERVICE_BUGS, **TROUBLES}
    every[name]()


PLANTS: tuple[Plant, ...] = (
    # what was approved is what runs
    Plant("seal_unchecked", _on("sqlite", TICKET, trouble="words_change")),
    Plant("recheck_skipped", _on("sqlite", RESET, trouble="approver_loses_group"), fast=True),
    Plant("expiry_unchecked", _on("sqlite", RESET, trouble="time_flies")),
    Plant("switch_ignored", _on("sqlite", TICKET, trouble="switched_off"), fast=True),
    Plant("other_account", _on("sqlite", RESET)),
    Plant("other_words", _on("sqlite", TICKET)),
    # who may say yes
    Plant("anybody_approves", _on("sqlite", UNENTITLED)),
    Plant("votes_by_account", _on("sqlite", TWICE)),
    Plant("deny_ignored", _on("sqlite", DENIED)),
    Plant("confirmation_skipped", _on("sqlite", TICKET)),
    # once, and only once
    Plant("executing_repeated", _on("sqlite", RESET, "executor.acted"), fast=True),
    Plant("second_claim", _on("postgres-3", RESET, "executor.checked", "pause"), fast=True),
    Plant("key_random", _on("sqlite", TICKET)),
    Plant("false_done", _on("sqlite", RESET, trouble="accounts_refuse")),
    Plant("doubt_is_done", _on("sqlite", RESET, "executor.before_effect")),
    Plant("sweep_wakes_nobody", _on("sqlite", TICKET, "move.approved.after_commit")),
    # who is told
    Plant("doubt_untold", _on("sqlite", RESET, "executor.acted")),
    Plant("result_untold", _on("sqlite", TICKET)),
    Plant("subject_untold", _on("sqlite", RESET)),
    Plant("card_left_open", _on("sqlite", RESET)),
    # secrets
    Plant("envelope_kept", _on("sqlite", RESET)),
    Plant("credential_twice", _on("sqlite", RESET, "secrets.after_credential"), fast=True),
    Plant("credential_in_chat", _on("sqlite", RESET)),
    # nothing is lost
    Plant("acknowledged_too_soon", _on("sqlite", QUESTION, "desk.before_put")),
    Plant("outbox_outside", _on("sqlite", QUESTION, "turn.after_commit"), fast=True),
    Plant("marked_before_sent", _on("sqlite", QUESTION, "delivery.before_send")),
    Plant("queue_forgets", _on("sqlite", QUESTION)),
    Plant("duplicate_accepted", _on("sqlite", QUESTION)),
    Plant("turn_key_random", _on("sqlite", QUESTION)),
    # the audit
    Plant("audit_row_skipped", _on("sqlite", TICKET)),
    Plant("audit_row_changed", _on("sqlite", TICKET)),
)

"""What an operator can set of retention. How long conversation text stays is `LOKET_AGENT_RETENTION_DAYS`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RetentionSettings(BaseModel):
    """How long what is left after the words are gone is kept, in days."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    turns_days: int = Field(default=365, ge=1, le=3650)
    """How long it is kept how a turn ended (outcome, language, time; no text) and whether the reply was liked."""

    actions_days: int = Field(default=90, ge=31, le=3650)
    """After how many days the words of an action that is over (title, arguments, addresses, reasons) are covered. Its
    row stays. At least 31: for 30 days the person may still say "this was not me"."""

    audit_payload_days: int = Field(default=400, ge=31, le=36_500)
    """How long the personal payload of the audit is kept. The chain itself, with pseudonymous ids, stays."""

    spend_days: int = Field(default=92, ge=2, le=3650)
    """How long it is kept what a person's questions cost per day."""

    log_days: int = Field(default=30, ge=1, le=3650)
    """How long log files are kept; a new one begins every day."""

    work_days: int = Field(default=7, ge=1, le=365)
    """How long finished work of the queue is remembered."""

    batch: int = Field(default=500, ge=10, le=10_000)
    """How many rows are removed in one transaction: small, so that no turn waits."""

"""What an operator can set of the gate. Who must approve what is not here: that is `rules.yaml`, behind the gate."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GateSettings(BaseModel):
    """Times and places of the gate."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    draft_minutes: int = Field(default=30, ge=1, le=1440)
    """How long a draft waits for its requester's yes, in minutes."""

    code_minutes: int = Field(default=10, ge=1, le=10)
    """How long a code sent to a registered phone is valid, in minutes (at most 10: NIST SP 800-63B-4)."""

    code_tries: int = Field(default=5, ge=1, le=5)
    """How often a code may be typed before it is burnt."""

    claim_minutes: int = Field(default=15, ge=1, le=60)
    """How long an approved action may wait for the executor before it is void, in minutes."""

    take_minutes: int = Field(default=15, ge=1, le=120)
    """How long "I take this" holds, in minutes."""

    effect_seconds: int = Field(default=30, ge=1, le=300)
    """How long an outside system may take for one effect, in seconds; after that the result is unknown."""

    reveal_minutes: int = Field(default=10, ge=1, le=10)
    """How long a link to the page with a temporary credential leads there, in minutes. As long as the credential itself
    is kept, its person can have a new link."""

    credential_hours: int = Field(default=4, ge=1, le=24)
    """How long an undelivered temporary credential is kept, in hours."""

    hold_hours: int = Field(default=72, ge=1, le=720)
    """How long "this was not me" blocks new requests about a person, in hours."""

    approvers_channel: str = "terminal"
    """The channel in which approval cards are posted: one room per approver group."""

    approvers_tenant: str = "local"
    """The tenant (Slack workspace, Teams tenant) of those rooms."""

    approvers_language: str = "en"
    """The language of approval cards."""

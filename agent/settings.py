"""What an operator can set of the conversation and of the language model's part in it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["extract", "write", "act"]


class AgentSettings(BaseModel):
    """Budgets, times and addresses of the conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    deadline_seconds: float = Field(default=60, gt=0, le=600)
    """How long one turn may take in all, in seconds; after that the person is told that it took too long."""

    tool_seconds: float = Field(default=15, gt=0, le=120)
    """How long one read tool may take, in seconds."""

    max_model_calls: int = Field(default=8, ge=1, le=50)
    """How often the language model may be asked in one turn."""

    max_tool_calls: int = Field(default=12, ge=1, le=100)
    """How many tool calls one turn may hold."""

    max_tokens: int = Field(default=20_000, ge=1_000)
    """How many tokens (in and out together) one turn may use; after that the built-in model answers the rest of it."""

    max_message_chars: int = Field(default=8_000, ge=100, le=50_000)
    """The longest message that is read, in characters."""

    max_attempts: int = Field(default=3, ge=1, le=10)
    """How often a message that crashes the turn is tried; after that the person is told."""

    history_messages: int = Field(default=12, ge=0, le=100)
    """How many earlier messages of the conversation the model sees."""

    direct_conversation_minutes: int = Field(default=30, ge=1, le=1440)
    """Messages in a direct chat with less than this many minutes between them are one conversation."""

    burst_seconds: float = Field(default=1.5, ge=0, le=10)
    """How long a message that looks unfinished (a greeting, under four words and no question) waits for the next."""

    person_turns_per_hour: int = Field(default=120, ge=1)
    """How many messages of one person are answered in an hour."""

    person_tokens_per_day: int = Field(default=200_000, ge=0)
    """How many model tokens one person may use in a day; after that the built-in model answers them."""

    organisation_tokens_per_day: int = Field(default=20_000_000, ge=0)
    """How many model tokens all people together may use in a day; after that the built-in model answers."""

    retention_days: int = Field(default=30, ge=1, le=365)
    """How long conversation text is kept, in days; people are told this at first contact."""

    organisation_language: str = "nl"
    """The language of somebody whose own language is not known."""

    hr_system_name: str = "MijnDHB"
    """What people call the system with their own leave balance and payslips."""

    hr_system_address: str = "https://mijn.dhb.example"
    """Where that system is."""

    service_desk: str = "020 555 0100, servicedesk@dhb.example"
    """How to reach a person: put into sentences as it stands."""

    everyone_group: str = "all-staff"
    """The group every employee is in: a policy for it may be quoted where others read along."""

    work_domains: frozenset[str] = frozenset({"dhb.example"})
    """Mail domains of the organisation: addresses there are not private."""

    confidential_contact: str = "020 555 0177, vertrouwenspersoon@dhb.example"
    """How to reach the confidential adviser."""

    occupational_health_contact: str = "020 555 0188, companydoctor@dhb.example"
    """How to reach the company doctor or occupational social worker."""

    integrity_contact: str = "integrity@dhb.example"
    """Where suspected wrongdoing can be reported in confidence."""

    crisis_contact: str = "113 / 0800-0113 (https://www.113.nl), 112"
    """Who helps at once, day and night, somebody who thinks of suicide."""

    emergency_contact: str = "112; 020 555 0100 (9)"
    """Whom to call when somebody is in acute danger."""

    home_violence_contact: str = "Veilig Thuis 0800-2000 (https://veiligthuis.nl)"
    """Who helps somebody who is not safe at home."""

    debt_contact: str = "Geldfit 0800-8115 (https://geldfit.nl)"
    """Who helps somebody with debts."""


class AiSettings(BaseModel):
    """How far a language model may go, and what it may see."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    level: Level = "act"
    """`extract`: the built-in model only. `write`: a language model may phrase answers from passages. `act`: it may
    also choose tools and propose actions; a person still approves them."""

    call_seconds: float = Field(default=25, gt=0, le=300)
    """How long one call of the language model may take, in seconds; then the built-in model takes over."""

    mask: bool = True
    """Whether personal numbers are replaced by placeholders before a text leaves for the model. Set to false by
    start-up only when the model runs on this machine."""

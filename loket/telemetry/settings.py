"""What an operator can set of spans and of the log."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class TelemetrySettings(BaseModel):
    """Spans of OpenTelemetry: what one event led to and how long it took. See docs/observe.md."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    otlp_endpoint: str = ""
    """Where spans are sent, as OTLP over HTTP, such as `http://127.0.0.1:4318`. Empty: none are made."""

    otlp_token: SecretStr = SecretStr("")
    """Sent to the collector as a bearer token. Empty: none."""

    share: float = Field(default=1.0, ge=0.0, le=1.0)
    """The share of events whose spans are sent, 0 to 1. All processes choose the same events."""

    transactions: bool = False
    """Make a span of every database transaction within an event, too: many, and for measuring only."""

    capture_text: bool = False
    """Put prompts and replies into the span of the model call, masked. Names are not masked: see docs/observe.md."""

    @field_validator("otlp_endpoint")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value


class LogSettings(BaseModel):
    """The log: one JSON line an event, without texts, names and addresses. See docs/observe.md."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    level: Literal["debug", "info", "warning", "error"] = "info"
    """What is written."""

    to: Literal["file", "stdout"] = "file"
    """`file`: one file a day in `log/` of the home folder; `stdout`: standard output, for containers."""

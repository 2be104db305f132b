"""What an operator can set of the signed door."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


class EventsSettings(BaseModel):
    """The signed door: which programs may hand in what people say, and with which secrets."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    keys: SecretStr = SecretStr("")
    """Sources and their secrets, such as `intranet=SECRET`, with spaces between. A source named twice has two secrets,
    so that one can be replaced while the other is in use. Empty, and no file: the door is closed."""

    keys_file: Annotated[Path | None, BeforeValidator(_empty_is_none)] = None
    """A file with the same, one `source=secret` a line: for secrets that a container or a vault provides."""

    skew_seconds: int = Field(default=300, ge=5, le=300)
    """How far the time in a signed request may lie from this machine's clock, in seconds, before and after."""

"""What an operator can set of the signed door, and of the page with temporary passwords."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator


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


def _public_address(url: str) -> str:
    if not url:
        return url
    parts = urlsplit(url)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in (("https", "http") if here else ("https",)):
        raise ValueError("write the whole address, such as https://desk.example.org; http only for this machine itself")
    if parts.username or parts.password or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise ValueError("write the host only: no user, no path, no query")
    return url.rstrip("/")


class RevealSettings(BaseModel):
    """The page on which a temporary password is seen once, where mail and phone are no road for it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    enabled: bool = False
    """Whether there is such a page. Off: a credential goes by mail or phone, and a person without either is refused."""

    address: Annotated[str, AfterValidator(_public_address)] = ""
    """The address at which people's browsers reach this service, such as `https://desk.example.org`. It stands in the
    links that are sent."""

    @model_validator(mode="after")
    def _sound(self) -> RevealSettings:
        if self.enabled and not self.address:
            raise ValueError("with the page switched on, address must be set too")
        return self

    @property
    def is_set(self) -> bool:
        """Whether links to the page can be sent."""
        return self.enabled

    @property
    def in_links(self) -> str:
        """The address for links; empty while the page is off."""
        return self.address if self.enabled else ""

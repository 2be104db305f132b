"""What an operator can set of the systems outside: the language model, the embeddings, and the way out to both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr


def _checked_url(url: str) -> str:
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the whole address, such as https://llm.example.org/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("leave user, password, query and fragment out of the address; a key has a setting of its own")
    return url.rstrip("/")


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


def _checked_key(key: SecretStr | None) -> SecretStr | None:
    # A key with a line break in it would end up, in clear, in the HTTP library's complaint about it.
    if key is not None and not all("!" <= letter <= "~" for letter in key.get_secret_value()):
        raise ValueError("a key has no spaces, line breaks or accented letters; copy it again")
    return key


ServerUrl = Annotated[str, AfterValidator(_checked_url)]
Key = Annotated[SecretStr | None, BeforeValidator(_empty_is_none), AfterValidator(_checked_key)]
OptionalPath = Annotated[Path | None, BeforeValidator(_empty_is_none)]


class LlmSettings(BaseModel):
    """The language model: any server that speaks OpenAI's Chat Completions."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    base_url: ServerUrl = ""
    """Address of the server up to and including `/v1`. Empty: only the built-in model answers."""

    model: str = Field(default="", max_length=200)
    """Name of the model as the server knows it. Empty: only the built-in model answers."""

    key: Key = None
    """Key of the server. Empty for a server that asks for none."""

    timeout_seconds: float = Field(default=30, gt=0, le=300)
    """How long one completion may take in all, in seconds, repeated tries included."""

    max_output_tokens: int = Field(default=1_200, ge=16, le=32_000)
    """The longest answer asked of the model, in tokens."""

    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls that limit: OpenAI's reasoning models know only `max_completion_tokens`."""

    temperature: Annotated[float | None, BeforeValidator(_empty_is_none)] = Field(default=0, ge=0, le=2)
    """How much chance there is in an answer; 0 is the least. Empty: not sent, for models that refuse it."""

    fallback_models: str = ""
    """Other models of the same server to ask, in this order, when the first one fails; names with commas between."""

    @property
    def is_set(self) -> bool:
        """Whether there is a language model besides the built-in one."""
        return bool(self.base_url and self.model)

    @property
    def models(self) -> tuple[str, ...]:
        """The models to ask, in order, without repeats."""
        names = [self.model, *(name.strip() for name in self.fallback_models.split(","))]
        return tuple(dict.fromkeys(name for name in names if name))


class EmbeddingSettings(BaseModel):
    """The model that turns texts into vectors. With nothing set, the built-in sentence encoder does it."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    base_url: ServerUrl = ""
    """Address of an OpenAI-compatible embeddings server up to and including `/v1`. Empty: the built-in encoder."""

    model: str = Field(default="", max_length=200)
    """Name of the embedding model as the server knows it."""

    key: Key = None
    """Key of the server. Empty for a server that asks for none."""

    dimension: int = Field(default=0, ge=0, le=8192)
    """Length of one vector. 0: what the server gives for the first text."""

    timeout_seconds: float = Field(default=30, gt=0, le=300)
    """How long one batch may take, in seconds."""

    @property
    def is_set(self) -> bool:
        """Whether an embeddings server is used instead of the built-in encoder."""
        return bool(self.base_url and self.model)


class OutsideSettings(BaseModel):
    """How Loket reaches systems outside. The proxy variables of the environment are never read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    proxy: ServerUrl = ""
    """Address of the proxy for all calls to the outside, such as `http://proxy.example.org:3128`. Empty: none."""

    ca_file: OptionalPath = None
    """A PEM file with the certificate authorities to trust instead of the usual ones. Empty: the usual ones."""

    connect_seconds: float = Field(default=5, gt=0, le=60)
    """How long to wait for a connection, in seconds."""

    max_response_bytes: int = Field(default=2_000_000, ge=10_000)
    """The largest response that is read, in bytes; a larger one counts as an error."""

"""One added tool as a document: everything that decides what it does, strictly read, with one hash over all of it."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Literal

import rfc8785
import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from core.errors import ConfigError
from core.risk import Risk
from core.secret_reference import SecretReference
from tools.manifest import ExampleSet, RateLimit, Titles, Word
from tools.yaml_lines import read_as

LARGEST = 200_000
"""Bytes of a document in its canonical form."""

ToolName = Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9]*(?:_{1,2}[a-z0-9]+)*$")]
"""As `tools.registry` wants it: plain snake_case."""
HostName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
"""A name in lower case, or a plain IPv4 address; no port, no scheme. Which addresses are forbidden `connectors.egress`
knows; here a name of one label and an address are only taken for hosts that are declared to be inside."""
Bound = Literal["requester.employee_id", "requester.name", "requester.email", "requester.department", "requester.site"]
"""What a binding may fill in. An added tool is about its requester or about nobody, so there is no `subject.…`."""
DOTTED = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
"""A public name, as it is written."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Credential(_Strict):
    """References to what the tool signs in with: `read` is for the process that reads, `write` for the executor.

    `scheme` says how it is sent: `bearer`, `basic` (the secret is `user:password`), `header` or `query` (an API key;
    `parameter` is its name), `client_credentials` (OAuth 2: the secret is `id:secret`, `token_url` on a declared host).
    """

    read: SecretReference | None = None
    write: SecretReference | None = None
    scheme: Literal["bearer", "basic", "header", "query", "client_credentials"] = "bearer"
    parameter: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    token_url: Annotated[str, Field(max_length=500, pattern=r"^(https?://.+)?$")] = ""
    scope: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _whole(self) -> Credential:
        if self.scheme in ("header", "query") and not self.parameter:
            raise ValueError(f"an API key in the {self.scheme} needs the name it goes by: add `parameter`")
        if (self.scheme == "client_credentials") != bool(self.token_url):
            raise ValueError("client_credentials needs `token_url`, and nothing else takes one")
        return self


class Recorded(_Strict):
    """One example of use that `loket tools check` replays: the arguments a model would give and, for what reads, the
    answer that was recorded. `dry_run`: the source itself is asked in a way that changes nothing."""

    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    answer: JsonValue = None
    dry_run: bool = False


def _no_arguments() -> dict[str, JsonValue]:
    return {"type": "object", "properties": {}}


class ToolDocument(_Strict):
    """The form of a document; `version` is the version of this form.

    Besides what the brief of this form says: `labels` are what people read above an argument, on the form and on the
    card (its `title` in the schema, else its name, where there is none). `rule` is a rule of `rules.yaml` as a mapping;
    this room does not read it, `actions.releasing` does. `source` is the whole wire object, pinned.
    `subject: requester` is for what touches the requester's own account: the gate then looks it up, refuses protected
    ones, and takes one request at a time. What is only filed or fetched for them is about `nobody`, with bindings.
    Names of arguments are plain words; the kind's `source` maps them to what the wire calls them.
    """

    version: Literal[1]
    name: ToolName
    kind: Literal["python", "openapi", "mcp", "form"]
    title: Titles
    description: Annotated[str, Field(min_length=10, max_length=600)]
    risk: Annotated[Risk, Field(strict=False)]
    subject: Literal["requester", "nobody"] = "nobody"
    groups: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(strict=False)] = ()
    rule: dict[str, JsonValue] = Field(default_factory=dict)
    examples: ExampleSet
    labels: dict[Word, Titles] = Field(default_factory=dict)
    mask: Annotated[tuple[Word, ...], Field(strict=False)] = ()
    rate_limit: RateLimit | None = None
    hosts: Annotated[tuple[HostName, ...], Field(strict=False, max_length=20)] = ()
    internal_hosts: Annotated[tuple[HostName, ...], Field(strict=False, max_length=20)] = ()
    bindings: dict[Word, Bound] = Field(default_factory=dict)
    arguments: dict[str, JsonValue] = Field(default_factory=_no_arguments)
    source: dict[str, JsonValue]
    credential: Credential | None = None
    contract: Annotated[tuple[Recorded, ...], Field(strict=False, max_length=50)] = ()

    @property
    def properties(self) -> dict[str, Any]:
        """The arguments that a model may fill in, by name."""
        found = self.arguments.get("properties")
        return found if isinstance(found, dict) else {}

    @model_validator(mode="after")
    def _sound(self) -> ToolDocument:
        if self.risk is Risk.READ and self.rule:
            raise ValueError("rule: what only reads runs at once and has no rule; remove it")
        if self.risk not in (Risk.READ, Risk.FORBIDDEN) and not self.rule:
            raise ValueError(f"rule: a {self.risk} tool needs a rule that says who must say yes")
        if both := set(self.bindings) & set(self.properties):
            raise ValueError(f"bindings: {min(both)!r} is filled from the person, so it may not stand in arguments")
        known = set(self.bindings) | set(self.properties)
        for what, names in (("mask", self.mask), ("labels", tuple(self.labels))):
            if unknown := set(names) - known:
                raise ValueError(f"{what}: {min(unknown)!r} is no argument of this tool")
        self._sound_hosts()
        return self

    def _sound_hosts(self) -> None:
        if outside := set(self.internal_hosts) - set(self.hosts):
            raise ValueError(f"internal_hosts: {min(outside)!r} must stand in hosts too: these are all it may reach")
        for host in self.hosts:
            if not re.fullmatch(DOTTED, host) and host not in self.internal_hosts:
                raise ValueError(f"hosts: {host!r} is no public name; if it is inside, put it in internal_hosts too")


def canonical(document: ToolDocument) -> bytes:
    """The document as canonical JSON (RFC 8785), defaults written out: what is stored, shown as a diff and hashed.

    Raises `ConfigError` when it has no such form (a number too large, half a character) or is too large.
    """
    try:
        text = rfc8785.dumps(document.model_dump(mode="json", by_alias=True))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise ConfigError(f"the document {document.name!r} holds a value that cannot be kept exactly") from error
    if len(text) > LARGEST:
        raise ConfigError(f"the document {document.name!r} is larger than {LARGEST} bytes: pin less of its source")
    return text


def document_hash(document: ToolDocument) -> str:
    """SHA-256 over `canonical`. One of the tool's `pins`: so it is in the definition's hash, and sealed."""
    return hashlib.sha256(canonical(document)).hexdigest()


def read_document(text: str, name: str) -> ToolDocument:
    """The document in a YAML text; `name` is what errors call it. Raises `ConfigError` that names the line and what to
    change."""
    return read_as(ToolDocument, text, name)


def write_document(document: ToolDocument) -> str:
    """The document as YAML for people, in one way only: two different documents never give the same text, and
    `read_document` gives the same document back. What is as the form has it by default is left out. With a character
    that people cannot see (or that YAML takes for a line end) anywhere, all that is not ASCII is spelled out."""
    values = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    ordered = {"version": document.version, **values}
    seen = canonical(document).decode().isprintable()
    text: str = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=seen, width=110)
    return text


def from_canonical(text: str | bytes) -> ToolDocument:
    """A stored document. Raises `ConfigError` when it is not, byte for byte, the canonical form of a valid document."""
    try:
        document = ToolDocument.model_validate_json(text)
    except (ValidationError, RecursionError) as error:
        raise ConfigError("a stored tool document no longer fits the form of this version of Loket") from error
    if canonical(document) != (text.encode() if isinstance(text, str) else text):
        raise ConfigError(f"the stored document {document.name!r} is not in its canonical form: it was changed")
    return document

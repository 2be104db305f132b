"""What `source` of an MCP tool's document holds: where the server is, and the tool as the server wrote it, pinned."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from connectors.mcp import Endpoint
from core.errors import ConfigError
from core.secret_reference import SecretReference
from tools.added.arguments_of import carries_approval, carries_identity
from tools.added.document import ToolDocument
from tools.manifest import Word

WIRE_NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")
"""What the protocol allows a server to call a tool: nothing that cannot be seen, and no look-alike letter."""
PROTECTED = frozenset(
    {"PATH", "HOME", "SHELL", "IFS", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS", "BASH_ENV", "ENV"}
)

ServerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class McpSource(BaseModel):
    """`transport: http` has a `url`; `transport: stdio` a `command` (the program by its whole path, and its arguments;
    no shell reads it) and an `environment`: all that the program finds there, each value by reference.

    `tool` is the whole object of `tools/list`; `names` says what the wire calls an argument of ours, where that is
    something else. `protocol` and `server_info` are what the server said of itself then: information only.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    transport: Literal["http", "stdio"]
    server: ServerName
    url: Annotated[str, Field(max_length=2_000)] = ""
    command: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"^[^\x00]*$")], ...],
        Field(strict=False, max_length=30),
    ] = ()
    environment: Annotated[dict[Variable, SecretReference], Field(max_length=20)] = Field(default_factory=dict)
    tool: dict[str, JsonValue]
    names: dict[Word, Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=dict)
    protocol: Annotated[str, Field(max_length=40)] = ""
    server_info: dict[str, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> McpSource:
        if self.transport == "http" and (not self.url or self.command or self.environment):
            raise ValueError("a server over http has a `url`, and neither `command` nor `environment`")
        if self.transport == "stdio":
            self._sound_program()
        if not isinstance(name := self.tool.get("name"), str) or not WIRE_NAME.fullmatch(name):
            raise ValueError("tool.name: plain letters, digits and _ . - / only; a server may not hide anything in it")
        if not isinstance(self.tool.get("inputSchema"), dict):
            raise ValueError("tool.inputSchema: the schema as the server wrote it belongs here")
        return self

    def _sound_program(self) -> None:
        if not self.command or self.url:
            raise ValueError("a server over stdio has a `command`, and no `url`")
        if not PurePosixPath(self.command[0]).is_absolute() or ".." in PurePosixPath(self.command[0]).parts:
            raise ValueError("command: name the program by its whole path, such as /usr/bin/node: there is no PATH")
        odd = [name for name in self.environment if name in PROTECTED or name.startswith(("LD_", "DYLD_"))]
        if odd:
            raise ValueError(f"environment: {odd[0]} decides which code runs; leave it out")

    @property
    def wire_name(self) -> str:
        """What the server calls the tool."""
        return str(self.tool["name"])

    @property
    def needs_tasks(self) -> bool:
        """Does the server only run it as a task (a part of the protocol that is not used here)?"""
        execution = self.tool.get("execution")
        return isinstance(execution, dict) and execution.get("taskSupport") == "required"

    @property
    def wire_properties(self) -> dict[str, Any]:
        """The arguments that the server takes, by its names."""
        found = self.tool["inputSchema"].get("properties") if isinstance(self.tool["inputSchema"], dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def wire_required(self) -> tuple[str, ...]:
        """Those that it cannot do without."""
        found = self.tool["inputSchema"].get("required") if isinstance(self.tool["inputSchema"], dict) else None
        return tuple(str(one) for one in found) if isinstance(found, list) else ()

    def wire(self, name: str) -> str:
        """What the wire calls our argument `name`."""
        return self.names.get(name, name)


def read_source(document: ToolDocument) -> McpSource:
    """The source of a document of this kind, which fits the rest. Raises `ConfigError` that names the place."""
    try:
        source = McpSource.model_validate(document.source)
    except ValidationError as error:
        raise ConfigError(f"{document.name}: " + _problems(error)) from error
    if source.needs_tasks:
        raise ConfigError(
            f"{document.name}: the server runs {source.wire_name!r} only as a task that is asked after later"
        )
    _fits_arguments(document, source)
    _fits_place(document, source)
    return source


def endpoint_of(document: ToolDocument, source: McpSource, credential: SecretReference | None) -> Endpoint:
    """Where the server is, and with what this process signs in there."""
    if source.transport == "stdio":
        return Endpoint(source.server, command=source.command, environment=tuple(sorted(source.environment.items())))
    hosts, inside = frozenset(document.hosts), frozenset(document.internal_hosts)
    return Endpoint(source.server, source.url, hosts, inside, credential)


def _fits_arguments(document: ToolDocument, source: McpSource) -> None:
    ours = {*document.properties, *document.bindings}
    if stray := sorted(set(source.names) - ours):
        raise ConfigError(f"{document.name}: source.names.{stray[0]}: no argument and no binding is called that")
    wired: dict[str, str] = {}
    for name in sorted(ours):
        wire = source.wire(name)
        if wire not in source.wire_properties:
            raise ConfigError(f"{document.name}: {name}: the server's tool takes no {wire!r}; say it in source.names")
        _refuse_identity(document, name, wire)
        if wired.setdefault(wire, name) != name:
            raise ConfigError(f"{document.name}: source.names: {name} and {wired[wire]} both fill {wire!r}")
    always = {*document.bindings, *_required(document)}
    for wire in source.wire_required:
        if wired.get(wire) not in always:
            raise ConfigError(
                f"{document.name}: the server cannot do without {wire!r}: make it a required argument, or bind it"
            )


def _refuse_identity(document: ToolDocument, name: str, wire: str) -> None:
    """Whatever we call it: what the wire calls by such a name is an identity or an approval there."""
    if carries_approval(wire):
        raise ConfigError(f"{document.name}: {name}: {wire!r} says who approves, which no tool may")
    if name in document.properties and carries_identity(wire):
        raise ConfigError(f"{document.name}: {name}: {wire!r} says who it is about: bind it to the verified person")


def _fits_place(document: ToolDocument, source: McpSource) -> None:
    credential = document.credential
    if source.transport == "stdio":
        if credential is not None:
            raise ConfigError(
                f"{document.name}: credential: a program gets its secrets by source.environment; remove it"
            )
        if document.hosts:
            raise ConfigError(f"{document.name}: hosts: a program on this machine is not held to hosts; remove them")
        return
    if credential is not None and credential.scheme != "bearer":
        raise ConfigError(
            f"{document.name}: credential.scheme: an MCP server takes a `bearer` that was made for it; signing in with "
            "a person's account (OAuth) is not supported"
        )
    _fits_url(document, source)


def _fits_url(document: ToolDocument, source: McpSource) -> None:
    try:
        parts = urlsplit(source.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(f"{document.name}: source.url: this is no address") from None
    if parts.scheme not in ("https", "http") or host is None or port == 0 or parts.username or parts.fragment:
        raise ConfigError(f"{document.name}: source.url: an address such as https://mcp.example.gov/mcp belongs here")
    if host not in document.hosts:
        raise ConfigError(f"{document.name}: hosts: {host} is the server's own host and must stand there")
    if parts.scheme == "http" and host not in document.internal_hosts:
        raise ConfigError(f"{document.name}: source.url: only https goes outside")


def _required(document: ToolDocument) -> tuple[str, ...]:
    found = document.arguments.get("required")
    return tuple(str(one) for one in found) if isinstance(found, list) else ()


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"source.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" if one["loc"] else f"source: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)
    )

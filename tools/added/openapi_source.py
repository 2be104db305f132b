"""What `source` of an OpenAPI tool's document holds: the whole operation as it was pinned, and where values go."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from connectors.egress import EgressRules
from connectors.egress.names import read_url
from connectors.openapi import SignIn, Slot
from connectors.openapi.writing import HOLE, holes_of
from core.errors import ConfigError, ConnectorError
from core.risk import Risk
from core.secret_reference import SecretReference
from tools.added.document import Credential, ToolDocument
from tools.manifest import Word

TAKEN_HEADERS = frozenset(
    {"accept", "content-type", "authorization", "idempotency-key", "cookie", "host", "connection", "content-length"}
)
Wire = Annotated[str, Field(min_length=1, max_length=200)]


class Place(BaseModel):
    """Where an argument of ours goes: `in` and `name` as the wire has them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    place: Literal["path", "query", "header", "body"] = Field(alias="in")
    name: Wire
    explode: bool = True


class Reconciling(BaseModel):
    """A GET on the same server that says whether a change happened: its `path` has one hole, `{key}`, which is filled
    with the key that was sent as Idempotency-Key. 404 says that it did not happen, any good answer that it did."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    path: Annotated[str, Field(pattern=r"^/", max_length=500)]

    @model_validator(mode="after")
    def _one_hole(self) -> Reconciling:
        if holes_of(self.path) != ["key"]:
            raise ValueError("the path needs exactly one `{key}`")
        return self


class OpenApiSource(BaseModel):
    """`operation` is the whole dereferenced operation and `security` the way to sign in, as the document has them;
    both are pinned, and what changes there switches the tool off. `places` says where each argument goes, `nested` what
    the wire calls a member of an object (`period.from_day: fromDay`), `whole_body` which argument is the body itself.
    `fetched_from` is the address of the OpenAPI document, empty for a file: then nobody can see that it changed.
    `repeats`: the service recognises the Idempotency-Key, so that asking twice is the same as asking once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    server: Annotated[str, Field(pattern=r"^https?://", max_length=500)]
    method: Literal["get", "head", "post", "put", "patch", "delete"]
    path: Annotated[str, Field(pattern=r"^/", max_length=500)]
    operation: dict[str, JsonValue]
    security: dict[str, JsonValue] = Field(default_factory=dict)
    fetched_from: Annotated[str, Field(pattern=r"^(https?://.+)?$", max_length=500)] = ""
    places: dict[Word, Place] = Field(default_factory=dict)
    nested: dict[Annotated[str, Field(max_length=300)], Wire] = Field(default_factory=dict)
    whole_body: str = ""
    repeats: bool = False
    reconcile: Reconciling | None = None

    @property
    def reads(self) -> bool:
        """By its method alone; its words may say otherwise."""
        return self.method in ("get", "head")

    def slot(self, name: str) -> Slot:
        """Where our argument goes."""
        place = self.places[name]
        return Slot(place.place, place.name, place.explode)


def read_source(document: ToolDocument) -> OpenApiSource:
    """The source of a document of this kind, which fits the rest. Raises `ConfigError` that names the place."""
    try:
        source = OpenApiSource.model_validate(document.source)
    except ValidationError as error:
        raise ConfigError(f"{document.name}: {_problems(error)}") from error
    _fits_arguments(document, source)
    _fits_hosts(document, source)
    _fits_credential(document, source)
    return source


def rules_of(document: ToolDocument, source: OpenApiSource) -> EgressRules:
    """All that the tool may reach, with the ports that its pinned addresses name. Raises `ConfigError`."""
    addresses = [source.server, source.fetched_from, document.credential.token_url if document.credential else ""]
    ports = frozenset(_port(document, address) for address in addresses if address)
    return EgressRules(frozenset(document.hosts), frozenset(document.internal_hosts), ports)


def sign_in_of(document: ToolDocument, reference: SecretReference | None) -> SignIn | None:
    """How the call signs in with this reference."""
    credential = document.credential
    if credential is None or reference is None:
        return None
    return SignIn(credential.scheme, reference, credential.parameter, credential.token_url, credential.scope)


def reference_of(document: ToolDocument) -> SecretReference | None:
    """What this tool is called with. Raises `ConfigError` where only the other one is given: they are not exchanged."""
    if document.credential is None:
        return None
    reads = document.risk is Risk.READ
    found = document.credential.read if reads else document.credential.write
    if found is None:
        which = "read" if reads else "write"
        raise ConfigError(f"{document.name}: credential.{which}: a {document.risk} tool signs in with this one; add it")
    return found


def required_of(document: ToolDocument) -> set[str]:
    """The arguments that always have a value: the required ones, and those that are bound."""
    found = document.arguments.get("required")
    return {*document.bindings, *(str(one) for one in (found if isinstance(found, list) else []))}


def _fits_arguments(document: ToolDocument, source: OpenApiSource) -> None:
    ours = {*document.properties, *document.bindings}
    if missing := sorted(ours - set(source.places)):
        raise ConfigError(f"{document.name}: source.places: it does not say where {missing[0]!r} goes")
    _one_each(document, source, sorted(ours))
    always = {source.places[name].name for name in required_of(document) if source.places[name].place == "path"}
    if holes := [hole for hole in holes_of(source.path) if hole not in always]:
        raise ConfigError(f"{document.name}: the path cannot do without {holes[0]!r}: make it required, or bind it")
    for wire in _wire_required(source, document.credential.parameter if document.credential else ""):
        if wire not in {source.places[name].name for name in required_of(document)}:
            raise ConfigError(f"{document.name}: the service cannot do without {wire!r}: make it required, or bind it")


def _one_each(document: ToolDocument, source: OpenApiSource, ours: list[str]) -> None:
    wired: dict[tuple[str, str], str] = {}
    for name in ours:
        place = source.places[name]
        key = (place.place, place.name.lower() if place.place == "header" else place.name)
        if wired.setdefault(key, name) != name:
            raise ConfigError(f"{document.name}: source.places: {name} and {wired[key]} both fill {place.name!r}")
        if place.place == "header" and (place.name.lower() in TAKEN_HEADERS or not _plain_header(place.name)):
            raise ConfigError(
                f"{document.name}: source.places.{name}: the header {place.name!r} is not a tool's to fill"
            )
        if place.place == "body" and source.reads:
            raise ConfigError(f"{document.name}: source.places.{name}: {source.method} has no body")


def _wire_required(source: OpenApiSource, key: str) -> list[str]:
    """What the service cannot do without, apart from what signs in."""
    listed: Any = source.operation.get("parameters", [])
    found = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
    return [
        str(one["name"])
        for one in found
        if one.get("required") is True
        and one.get("in") in ("path", "query", "header")
        and str(one.get("name", "")).lower() not in TAKEN_HEADERS | {key.lower()}
    ]


def _fits_hosts(document: ToolDocument, source: OpenApiSource) -> None:
    rules = rules_of(document, source)
    filled = HOLE.sub("x", source.path)
    addresses = {"source.server": source.server, "source.fetched_from": source.fetched_from}
    addresses["source.path"] = source.server.rstrip("/") + filled
    if source.reconcile is not None:
        addresses["source.reconcile.path"] = source.server.rstrip("/") + HOLE.sub("x", source.reconcile.path)
    if document.credential is not None:
        addresses["credential.token_url"] = document.credential.token_url
    for place, address in addresses.items():
        try:
            if address:
                read_url(address, rules)
        except ConnectorError as error:
            raise ConfigError(f"{document.name}: {place}: {error.detail}") from error
    if "?" in source.server or "?" in source.path or "#" in source.path:
        raise ConfigError(f"{document.name}: source.path: a query belongs in `places`, not in the path")


def _fits_credential(document: ToolDocument, source: OpenApiSource) -> None:
    credential = document.credential
    if credential is not None and credential.scheme in ("header", "query"):
        _alone(document, source, credential)
    wanted = source.security.get("as")
    if not isinstance(wanted, dict):
        return
    if credential is None:
        raise ConfigError(f"{document.name}: credential: the operation asks who is calling; add a reference")
    told = {"scheme": credential.scheme, "parameter": credential.parameter, "token_url": credential.token_url}
    for key, value in told.items():
        if wanted.get(key, "") != value:
            raise ConfigError(
                f"{document.name}: credential.{key}: the operation's own document says {wanted.get(key)!r}"
            )


def _alone(document: ToolDocument, source: OpenApiSource, credential: Credential) -> None:
    """A key goes where nothing else goes: no argument may stand beside it or take its place."""
    if credential.scheme == "header" and credential.parameter.lower() in TAKEN_HEADERS - {"authorization"}:
        raise ConfigError(f"{document.name}: credential.parameter: no key goes by {credential.parameter!r}")
    for name in {*document.properties, *document.bindings}:
        place = source.places[name]
        if place.place == credential.scheme and place.name.lower() == credential.parameter.lower():
            raise ConfigError(f"{document.name}: {name}: where the credential goes, no argument may go")


def _port(document: ToolDocument, address: str) -> int:
    try:
        parts = urlsplit(address)
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise ConfigError(f"{document.name}: {address[:80]!a} is no address") from None


def _plain_header(name: str) -> bool:
    return name.replace("-", "").isalnum() and name.isascii() and name[0].isalpha()


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"source.{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" if one["loc"] else f"source: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)[:5]
    )

"""Where a tool goes: do its hosts exist and lie where they may, and can its credentials be read? Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from connectors.egress import EgressRules
from connectors.egress.addresses import checked
from connectors.egress.resolving import Resolver, ThreadedResolver
from connectors.secret_source import SecretSource
from core.errors import ConfigError, ConnectorError
from core.secret_reference import SecretReference
from tools.added.checks.findings import Finding, failed, passed, unseen
from tools.added.document import Credential, ToolDocument

HOSTS, CREDENTIALS = "hosts", "credentials"


async def check_hosts(document: ToolDocument, resolver: Resolver | None = None) -> list[Finding]:
    """Every host is one that may be declared, and all its addresses ones that it may have; every address in the source
    is on a declared host. A name that cannot be looked up here was not looked at."""
    try:
        EgressRules(frozenset(document.hosts), frozenset(document.internal_hosts))
    except ConfigError as error:
        return [failed(HOSTS, str(error), "mend `hosts` and `internal_hosts`")]
    rows = [
        failed(HOSTS, f"the source goes to {host}, which is not in `hosts`", f"add {host} to `hosts`, if it is meant")
        for host in sorted(set(addresses_in(document)) - set(document.hosts))
    ]
    look_up = resolver or ThreadedResolver()
    rows += [await _looked_at(host, host in document.internal_hosts, look_up) for host in document.hosts]
    return rows or [passed(HOSTS, "it reaches nothing by itself")]


async def check_credentials(document: ToolDocument, secrets: SecretSource | None) -> list[Finding]:
    """Every credential can be read in this process. What it is, is never said."""
    wanted = list(_wanted(document))
    if not wanted:
        return [passed(CREDENTIALS, "it signs in nowhere")]
    if secrets is None:
        remedy = "run this where the credentials are: on the machine of the process that uses them"
        return [unseen(CREDENTIALS, "this process reads no credentials", remedy)]
    rows: list[Finding] = []
    for reference, host in wanted:
        name = f"{reference.source}:{reference.name}"
        try:
            await secrets.read(reference, host)
        except ConnectorError as error:
            remedy = (
                "put it where the reference says, for the process that uses it; the reference is all a document holds"
            )
            rows.append(failed(CREDENTIALS, error.detail, remedy))
        else:
            rows.append(passed(CREDENTIALS, f"{name} can be read; it is for {host}"))
    return rows


def _wanted(document: ToolDocument) -> Iterator[tuple[SecretReference, str]]:
    """Every reference of the document once, with the one place that its secret goes to."""
    seen: set[SecretReference] = set()
    credential = document.credential
    if credential is not None:
        host = credential_host(document, credential)
        for reference in (credential.read, credential.write):
            if reference is not None and reference not in seen:
                seen.add(reference)
                yield reference, host
    environment = document.source.get("environment")
    for value in environment.values() if isinstance(environment, Mapping) else ():
        try:
            yield SecretReference.model_validate(value), f"stdio:{document.source.get('server')}"
        except ValidationError:  # the loader says so, with its place
            continue


def credential_host(document: ToolDocument, credential: Credential) -> str:
    """The one host that the secret goes to: where tokens are made, else where the source is."""
    if credential.token_url:
        return urlsplit(credential.token_url).hostname or ""
    found = [host for host in addresses_in(document) if host in document.hosts]
    return (found or list(document.hosts) or [""])[0]


def addresses_in(document: ToolDocument) -> Iterator[str]:
    """The hosts of every address where the source says it goes."""
    yield from _hosts_of(document.source)
    if document.credential is not None and document.credential.token_url:
        yield urlsplit(document.credential.token_url).hostname or ""


def _hosts_of(source: Mapping[str, Any]) -> Iterator[str]:
    for key, value in source.items():
        if isinstance(value, Mapping):
            yield from () if key in ("tool", "operation") else _hosts_of(value)
        elif isinstance(value, str) and key in ("url", "server", "base", "base_url", "endpoint", "address", "origin"):
            try:
                host = urlsplit(value).hostname
            except ValueError:
                host = None
            if host:
                yield host


async def _looked_at(host: str, inside: bool, look_up: Resolver) -> Finding:
    try:
        found = list(await look_up(host, 443))
    except OSError:
        remedy = "check the spelling, or run this where the name can be looked up; behind a proxy, on the proxy's side"
        return unseen(HOSTS, f"{host} is not known here", remedy)
    why, addresses = checked(found, internal=inside)
    if why:
        return failed(
            HOSTS, f"{host}: {why}", "name another host; one inside the organisation goes in `internal_hosts`"
        )
    return passed(HOSTS, f"{host} → {', '.join(map(str, addresses))}{' (inside)' if inside else ''}")

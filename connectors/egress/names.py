"""Hosts and addresses as text: what may be declared, and whether an address is exactly one that was declared.

Read strictly and in one way only: what two libraries could read differently is refused, not repaired.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

import idna

from core.errors import ConfigError, ConnectorError

HTTPS_PORT, HTTP_PORT = 443, 80
LONGEST_URL = 8_000

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_QUAD = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_PLACE = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>[^\s/?#\\@:\[\]]+)(?::(?P<port>[0-9]{{1,5}}))?"
    rf"(?P<path>(?:/{_PLACE}*)*)(?P<query>\?(?:{_PLACE}|[/?])*)?",
    re.IGNORECASE,
)
METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "metadata.azure.com",
        "metadata.azure.internal",
        "metadata.platformequinix.com",
        "metadata.packet.net",
        "metadata.tencentyun.com",
        "instance-data",
        "instance-data.ec2.internal",
        "rancher-metadata",
    }
)
"""Where clouds hand a machine its own credentials: never a tool's host, declared or not."""


@dataclass(frozen=True, slots=True)
class EgressRules:
    """All that one tool may reach. `internal_hosts` are those of `hosts` that an admin declared to be inside: only
    these may have private addresses or go by plain `http`. `ports` are the ports of the addresses that are pinned in
    the tool's document; 443 where it names none.

    Raises `ConfigError` for a host that cannot be one.
    """

    hosts: frozenset[str]
    internal_hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset({HTTPS_PORT})

    def __post_init__(self) -> None:
        inside = frozenset(declared_host(host, internal=True) for host in self.internal_hosts)
        hosts = frozenset(declared_host(host, internal=host in self.internal_hosts) for host in self.hosts)
        object.__setattr__(self, "internal_hosts", inside)
        object.__setattr__(self, "hosts", hosts | inside)
        if not all(0 < port < 65_536 for port in self.ports):
            raise ConfigError("a port is a number from 1 to 65535")


@dataclass(frozen=True, slots=True)
class Place:
    """A URL that may be asked for. `text` is what is sent, byte for byte."""

    scheme: str
    host: str
    port: int
    target: str
    internal: bool

    @property
    def text(self) -> str:
        """The whole address, in the one way it is written."""
        usual = HTTPS_PORT if self.scheme == "https" else HTTP_PORT
        port = "" if self.port == usual else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.target}"

    def __repr__(self) -> str:
        return f"Place({self.scheme}://{self.host}:{self.port})"  # a query may hold what nobody may read in a log


def canonical_host(host: str) -> str:
    """The host in lower case, with letters beyond ASCII in their IDNA 2008 form. Raises `ConfigError`.

    No repair: a dot at the end, full-width digits or dots, and numbers in any form but four plain decimals are refused
    (`127.1`, `0x7f000001`, `017700000001` and `2130706433` all mean this machine to some library).
    """
    name = host.casefold() if host.isascii() else _idna(host)
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise ConfigError(f"{_shown(host)} is no host name: write it plainly, such as hr.example.gov")
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _QUAD.fullmatch(name):
        raise ConfigError(f"{_shown(host)} is a number in an unusual form; a host is a name")
    return name


def declared_host(host: str, *, internal: bool) -> str:
    """The host as a tool's document may declare it, in canonical form. Raises `ConfigError`."""
    name = canonical_host(host)
    if name in METADATA_NAMES:
        raise ConfigError(f"{_shown(host)} gives a machine its own credentials: no tool may reach it")
    if _QUAD.fullmatch(name):
        _check_quad(name, internal)
    elif "." not in name and not internal:
        raise ConfigError(f"{_shown(host)} is no public name; if it is inside, declare it in internal_hosts")
    elif name.endswith((".localhost", ".local", ".internal", ".home.arpa")) and not internal:
        raise ConfigError(f"{_shown(host)} is a name of an inside network; declare it in internal_hosts")
    return name


def read_url(url: str, rules: EgressRules) -> Place:
    """The place that `url` names, when the rules allow it. Raises `ConnectorError` that names no part of the query."""
    found = _URL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if found is None:
        raise ConnectorError("egress", "this is no address that can be asked for")
    scheme = found["scheme"].lower()
    try:
        host = canonical_host(found["host"])
    except ConfigError:
        raise ConnectorError("egress", "the host of the address is not written plainly") from None
    if host not in rules.hosts:
        raise ConnectorError("egress", "the host is not declared for this tool")
    internal = host in rules.internal_hosts
    if scheme != "https" and not internal:
        raise ConnectorError("egress", "only https goes outside")
    port = int(found["port"]) if found["port"] else (HTTPS_PORT if scheme == "https" else HTTP_PORT)
    if port not in rules.ports:
        raise ConnectorError("egress", "the port is not declared for this tool")
    path = found["path"] or "/"
    _refuse_dots(path)
    return Place(scheme, host, port, path + (found["query"] or ""), internal)


def encode_segment(value: str) -> str:
    """One value as it may stand between two slashes of a path: nothing in it can end its place.

    Raises `ConnectorError` for `.`, `..`, an empty value (they would change the path), and what is no whole character.
    """
    if value in ("", ".", ".."):
        raise ConnectorError("egress", "a value of the path is empty or only dots")
    return _quoted(value)


def encode_query(value: str) -> str:
    """One name or value as it may stand in a query."""
    return _quoted(value)


def _quoted(value: str) -> str:
    try:
        return quote(value, safe="", encoding="utf-8", errors="strict")
    except UnicodeEncodeError:
        raise ConnectorError("egress", "a value holds half a character") from None


def _refuse_dots(path: str) -> None:
    for part in path.split("/"):
        plain = re.sub(r"%2e", ".", part, flags=re.IGNORECASE)
        if plain in (".", ".."):
            raise ConnectorError("egress", "the path climbs out of its place")


def _check_quad(name: str, internal: bool) -> None:
    from connectors.egress.addresses import forbidden

    if not internal:
        raise ConfigError(f"{name} is a number: name the host, or declare it in internal_hosts if it is inside")
    if why := forbidden(ipaddress.ip_address(name), internal=True):
        raise ConfigError(f"{name} may not be reached by a tool: {why}")


def _idna(host: str) -> str:
    try:
        return idna.encode(host.lower(), strict=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise ConfigError(f"{_shown(host)} is no host name: it holds letters that no name may have") from error


def _shown(host: str) -> str:
    return ascii(host[:80])

"""Values in filters and distinguished names: the only place that escapes the one and takes apart the other."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

PLAIN = frozenset((string.ascii_letters + string.digits).encode())
SPECIAL = frozenset("\\+;")
HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")


def escaped(value: str | bytes) -> str:
    """A value as it may stand in a filter (RFC 4515): everything but plain letters and digits as `\\XX`.

    More than the standard asks for: what is escaped needs no thought about blanks that are stripped, NUL or accents.
    """
    octets = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if octet in PLAIN else f"\\{octet:02x}" for octet in octets)


def equal(attribute: str, value: str | bytes) -> str:
    """The attribute has exactly this value. An empty value fits nothing."""
    return f"({attribute}={escaped(value)})" if value else NOTHING


def starts_with(attribute: str, value: str) -> str:
    """The attribute begins with this."""
    return f"({attribute}={escaped(value)}*)"


def contains(attribute: str, *values: str) -> str:
    """The attribute contains all of these, in this order."""
    return f"({attribute}=*{'*'.join(escaped(value) for value in values)}*)"


def all_of(*filters: str) -> str:
    """Every one of them fits."""
    return filters[0] if len(filters) == 1 else f"(&{''.join(filters)})"


def any_of(filters: Iterable[str]) -> str:
    """One of them fits; of none, nothing does (`(|)` is not known everywhere)."""
    parts = tuple(filters)
    if not parts:
        return NOTHING
    return parts[0] if len(parts) == 1 else f"(|{''.join(parts)})"


NOTHING = "(!(objectClass=*))"


def dn_parts(dn: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """A distinguished name (RFC 4514) as its parts, the entry's own first: lower-case attribute and plain value.

    Raises ValueError for what is no distinguished name.
    """
    if not SPECIAL.intersection(dn):
        return tuple((_pair(piece),) for piece in dn.split(",")) if dn.strip() else ()
    parts: list[tuple[tuple[str, str], ...]] = []
    pairs: list[tuple[str, str]] = []
    for piece, end in _pieces(dn):
        pairs.append(_pair(piece))
        if end != "+":
            parts.append(tuple(sorted(pairs)))
            pairs = []
    return tuple(parts)


@lru_cache(maxsize=20_000)
def dn_key(dn: str) -> tuple[object, ...]:
    """What two spellings of one distinguished name have in common: case, blanks and ways to escape do not count.

    Something that is no distinguished name is its own key, so that it equals nothing else.
    """
    try:
        parts = dn_parts(dn)
    except ValueError:
        return ("?", dn)
    return tuple(tuple((attribute, _folded(value)) for attribute, value in part) for part in parts)


def is_under(dn: str, above: str) -> bool:
    """Is `dn` the entry `above` or below it? Compared as names, never as text."""
    key, root = dn_key(dn), dn_key(above)
    return bool(root) and len(key) >= len(root) and key[len(key) - len(root) :] == root


def shared_base(*dns: str) -> str:
    """The lowest entry that is above (or is) all of these, as a name; empty when there is none."""
    keys = [dn_key(dn) for dn in dns]
    shared = 0
    while all(len(key) > shared and key[-1 - shared] == keys[0][-1 - shared] for key in keys):
        shared += 1
    pieces = [piece + end for piece, end in _pieces(dns[0])]
    parts = dn_parts(dns[0]) if shared else ()
    return "".join(pieces[len(pieces) - sum(len(part) for part in parts[len(parts) - shared :]) :]) if shared else ""


def first_value(dn: str, attribute: str) -> str:
    """The value of `attribute` in the entry's own part of its name; empty when it is named by something else."""
    try:
        own = dn_parts(dn)[:1]
    except ValueError:
        return ""
    return next((value for name, value in (own[0] if own else ()) if name == attribute.casefold()), "")


def _pair(piece: str) -> tuple[str, str]:
    attribute, equals, value = piece.partition("=")
    attribute = attribute.strip()
    if not equals or not attribute:
        raise ValueError("not a distinguished name")
    return attribute.casefold(), _unescaped(_stripped(value)) if "\\" in value else value.strip(" ")


def _pieces(dn: str) -> Iterable[tuple[str, str]]:
    start = index = 0
    while index < len(dn):
        if dn[index] == "\\":
            index += 2
        elif dn[index] in ",;+":
            yield dn[start:index], dn[index]
            start = index = index + 1
        else:
            index += 1
    if dn.strip():
        yield dn[start:], ""


def _stripped(value: str) -> str:
    # A blank at the end that is escaped belongs to the value.
    value = value.lstrip(" ")
    while value.endswith(" ") and not (value.endswith("\\ ") and _odd(value[:-1])):
        value = value[:-1]
    return value


def _odd(value: str) -> bool:
    return (len(value) - len(value.rstrip("\\"))) % 2 == 1


def _unescaped(value: str) -> str:
    octets = bytearray()
    index = 0
    while index < len(value):
        if value[index] != "\\":
            octets += value[index].encode("utf-8", "surrogatepass")
            index += 1
        elif HEX_PAIR.fullmatch(value[index + 1 : index + 3]):
            octets.append(int(value[index + 1 : index + 3], 16))
            index += 3
        else:
            octets += value[index + 1 : index + 2].encode("utf-8", "surrogatepass")
            index += 2
    return octets.decode("utf-8", "replace")


def _folded(value: str) -> str:
    folded = value.casefold()
    return re.sub(" +", " ", folded if folded.isascii() else unicodedata.normalize("NFC", folded))

"""Who may do what to an object of Active Directory, read from its access control list ([MS-DTYP] 2.4)."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connectors.ldap.active_directory import sid_text

DACL_ONLY: tuple[str, bool, bytes] = ("1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x04")
"""The control with which `nTSecurityDescriptor` can be read by ordinary accounts: the list of rights and no more."""

RESET_PASSWORD = uuid.UUID("00299570-246d-11d0-a768-00aa006e0529")
"""The right to set another's password (User-Force-Change-Password)."""
EVERYBODY = frozenset({"S-1-1-0", "S-1-5-11"})
"""Everyone, and whoever is signed in."""
SELF = "S-1-5-10"

CONTROL, WRITE_PROPERTY = 0x100, 0x20
GENERIC_ALL, GENERIC_WRITE = 0x1000_0000, 0x4000_0000
_ALLOW, _DENY = frozenset({0, 5, 9, 11}), frozenset({1, 6, 10, 12})
_WITH_OBJECT = frozenset({5, 6, 11, 12})
_INHERIT_ONLY = 0x8
_LIST_PRESENT = 0x4


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the list: allows or denies `mask` to `sid`, for everything or for one property or action."""

    allows: bool
    mask: int
    what: uuid.UUID | None
    sid: str


def rights(descriptor: bytes) -> list[Right] | None:
    """The lines that hold for the object itself, in their order; None where there is no list: then everybody may all.

    Raises ValueError for octets that are no security descriptor.
    """
    try:
        revision, _, control, _, _, _, start = struct.unpack_from("<BBHIIII", descriptor)
        if revision != 1:
            raise ValueError("not a security descriptor")
        if not control & _LIST_PRESENT or not start:
            return None
        return list(_lines(descriptor, start))
    except struct.error:
        raise ValueError("not a security descriptor") from None


def may_act(lines: list[Right] | None, sids: Collection[str], action: uuid.UUID) -> bool:
    """May somebody who is all of `sids` do this (an extended right)?"""
    return _allowed(lines, sids, CONTROL, (action,))


def may_write(lines: list[Right] | None, sids: Collection[str], *properties: uuid.UUID) -> bool:
    """May they write a property, named by its own identifier and that of its property set?"""
    return _allowed(lines, sids, WRITE_PROPERTY, properties)


def _allowed(lines: list[Right] | None, sids: Collection[str], bit: int, what: tuple[uuid.UUID, ...]) -> bool:
    if lines is None:
        return True
    wanted = bit | GENERIC_ALL | (GENERIC_WRITE if bit == WRITE_PROPERTY else 0)
    for line in lines:
        if line.sid in sids and line.mask & wanted and (line.what is None or line.what in what):
            return line.allows
    return False


def _lines(data: bytes, start: int) -> Iterator[Right]:
    _, _, _, count, _ = struct.unpack_from("<BBHHH", data, start)
    at = start + 8
    for _ in range(count):
        kind, flags, size, mask = struct.unpack_from("<BBHI", data, at)
        if size < 8 or at + size > len(data):
            raise ValueError("not a security descriptor")
        if kind in _ALLOW | _DENY and not flags & _INHERIT_ONLY:
            what, sid_at = _object(data, at + 8) if kind in _WITH_OBJECT else (None, at + 8)
            yield Right(kind in _ALLOW, mask, what, _sid(data, sid_at, at + size))
        at += size


def _object(data: bytes, at: int) -> tuple[uuid.UUID | None, int]:
    (present,) = struct.unpack_from("<I", data, at)
    at += 4
    what = None
    if present & 1:
        what, at = uuid.UUID(bytes_le=data[at : at + 16]), at + 16
    return what, at + 16 if present & 2 else at


def _sid(data: bytes, at: int, end: int) -> str:
    if at + 8 > end:
        raise ValueError("not a security descriptor")
    length = 8 + 4 * data[at + 1]
    if at + length > end:
        raise ValueError("not a security descriptor")
    return sid_text(data[at : at + length])

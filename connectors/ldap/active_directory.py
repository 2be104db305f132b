"""How Active Directory writes things down: times, flags, identifiers, and its refusals in words."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime, timedelta
from enum import IntFlag

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
NEVER = 0x7FFF_FFFF_FFFF_FFFF
NOT_YET = frozenset({0, NEVER})


class Flags(IntFlag):
    """The bits of `userAccountControl` that matter here ([MS-ADTS] 2.2.16)."""

    DISABLED = 0x2
    LOCKED = 0x10  # only in msDS-User-Account-Control-Computed
    NORMAL = 0x200
    INTERDOMAIN_TRUST = 0x800
    WORKSTATION = 0x1000
    DOMAIN_CONTROLLER = 0x2000
    NEVER_EXPIRES = 0x1_0000
    SMART_CARD_ONLY = 0x4_0000
    TRUSTED_FOR_DELEGATION = 0x8_0000
    TRUSTED_TO_IMPERSONATE = 0x100_0000
    READ_ONLY_CONTROLLER = 0x400_0000


MACHINES = Flags.INTERDOMAIN_TRUST | Flags.WORKSTATION | Flags.DOMAIN_CONTROLLER | Flags.READ_ONLY_CONTROLLER
SERVICES = Flags.TRUSTED_FOR_DELEGATION | Flags.TRUSTED_TO_IMPERSONATE

BIND_FAULTS = {
    "525": "there is no such account",
    "52e": "the name or the password is wrong",
    "530": "the account may not sign in at this time of day",
    "531": "the account may not sign in from this machine",
    "532": "the password of the account has expired",
    "533": "the account is disabled",
    "568": "the account is in too many groups",
    "701": "the account has expired",
    "773": "the password of the account must be changed first",
    "775": "the account is locked out",
}
"""What `data XXX` in the answer to a bind says (Windows system error codes, hexadecimal)."""

PASSWORD_RULES = 0x52D
"""ERROR_PASSWORD_RESTRICTION: length, complexity, history or age."""
NOT_ALLOWED = frozenset({0x5, 0x2098})
"""ERROR_ACCESS_DENIED and ERROR_DS_INSUFF_ACCESS_RIGHTS."""

_DATA = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
_CODE = re.compile(r"^([0-9A-F]{8}): ", re.IGNORECASE)


def file_time(text: str) -> datetime | None:
    """Tenths of microseconds since 1601 as a moment in UTC; None for never, not yet, or what is no such number."""
    try:
        ticks = int(text)
    except ValueError:
        return None
    if ticks in NOT_YET or ticks < 0:
        return None
    try:
        return EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return None


def interval(text: str) -> timedelta | None:
    """A length of time in policies, which are written as negative ticks; None for never or none."""
    try:
        ticks = -int(text)
    except ValueError:
        return None
    return timedelta(microseconds=ticks // 10) if 0 < ticks < NEVER else None


def flags(text: str) -> Flags:
    """The bits of `userAccountControl`. Raises ValueError for what is no number: nobody guesses here."""
    return Flags(int(text) & 0xFFFF_FFFF)


def sid_text(value: bytes) -> str:
    """A security identifier as `S-1-5-…` ([MS-DTYP] 2.4.2). Raises ValueError for what is none."""
    if len(value) < 8 or value[0] != 1 or len(value) != 8 + 4 * value[1]:
        raise ValueError("not a security identifier")
    authority = int.from_bytes(value[2:8], "big")
    parts = struct.unpack(f"<{value[1]}I", value[8:])
    return "-".join(["S-1", str(authority), *(str(part) for part in parts)])


def sid_bytes(text: str) -> bytes:
    """The other way round. Raises ValueError for what is no security identifier."""
    match = re.fullmatch(r"S-1-(\d{1,15})((?:-\d{1,10}){1,15})", text)
    if match is None:
        raise ValueError("not a security identifier")
    parts = [int(part) for part in match[2].split("-")[1:]]
    try:
        return bytes([1, len(parts)]) + int(match[1]).to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts)
    except (OverflowError, struct.error):
        raise ValueError("not a security identifier") from None


def quoted_password(secret: str) -> bytes:
    """A password as `unicodePwd` takes it: in quotation marks, as UTF-16 ([MS-ADTS] 3.1.1.3.1.5)."""
    return f'"{secret}"'.encode("utf-16-le")


def bind_fault(message: str) -> str:
    """Why a bind was refused, in words; empty when the message does not say it. Never the message itself."""
    match = _DATA.search(message)
    return BIND_FAULTS.get(match[1].lower().lstrip("0"), "") if match else ""


def error_code(message: str) -> int | None:
    """The Windows error code an answer begins with (`0000052D: …`); None when there is none."""
    match = _CODE.match(message)
    return int(match[1], 16) if match else None

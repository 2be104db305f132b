"""When an attribute of an Active Directory object was last changed, told by what domain controllers replicate.

Two forms of the same: `msDS-ReplAttributeMetaData`, which Windows computes as text with names in it, and
`replPropertyMetaData`, the octets behind it, which Samba gives. Both count whole seconds.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from connectors.ldap.active_directory import EPOCH
from connectors.ldap.entry import Entry

ATTRIBUTES = ("msDS-ReplAttributeMetaData", "replPropertyMetaData")
"""What must be read of an object for `changes`."""

WHOLE_SECOND = timedelta(microseconds=999_999)
NUMBERS: Mapping[str, int] = {
    "mail": 0x150003,
    "telephonenumber": 0x14,
    "mobile": 0x150029,
    "pager": 0x15002A,
    "homephone": 0x150014,
    "othermobile": 0x90287,
    "otherhomephone": 0x20115,
    "othermailbox": 0x9028B,
    "unicodepwd": 0x9005A,
    "pwdlastset": 0x90060,
    "lockouttime": 0x90296,
}
"""ATTRTYP of what may be asked for: the index of the OID's prefix in the table of every forest, and its last number
([MS-DRSR] 5.16.4). An attribute that an organisation added itself has another number in each forest."""

_HEAD = struct.Struct("<IIII")
_ROW = struct.Struct("<IIQ16sQQ")
_TEXT = re.compile(
    r"<pszAttributeName>([^<]{1,200})</pszAttributeName>.*?"
    r"<ftimeLastOriginatingChange>([0-9T:.-]{19,30})Z?</ftimeLastOriginatingChange>",
    re.DOTALL,
)


class Changes:
    """The last changes of one object's attributes."""

    def __init__(self, by_name: Mapping[str, datetime], by_number: Mapping[int, datetime]) -> None:
        self._by_name = by_name
        self._by_number = by_number

    @property
    def known(self) -> bool:
        """Did the directory tell anything at all?"""
        return bool(self._by_name or self._by_number)

    def of(self, attribute: str) -> datetime | None:
        """The last moment at which it may have changed (the end of the second that is written down), in UTC.

        None when it never changed. Raises LookupError when that cannot be told.
        """
        name = attribute.casefold()
        if self._by_name:
            return self._by_name.get(name)
        if not self._by_number or name not in NUMBERS:
            raise LookupError(f"it cannot be told when {attribute} changed")
        return self._by_number.get(NUMBERS[name])

    def latest(self, attributes: Iterable[str]) -> datetime | None:
        """The newest of several. Raises LookupError when that of one cannot be told."""
        return max((moment for name in attributes if (moment := self.of(name))), default=None)


def changes(entry: Entry) -> Changes:
    """What an object read with `ATTRIBUTES` tells. Raises ValueError for octets that are no such table."""
    by_name: dict[str, datetime] = {}
    for text in entry.texts(ATTRIBUTES[0]):
        match = _TEXT.search(text)
        if match is None:
            continue
        moment = datetime.fromisoformat(match[2]).replace(tzinfo=UTC) + WHOLE_SECOND
        name = match[1].casefold()
        by_name[name] = max(moment, by_name.get(name, moment))
    return Changes(by_name, _rows(entry.all(ATTRIBUTES[1])))


def _rows(values: tuple[bytes, ...]) -> dict[int, datetime]:
    if not values:
        return {}
    data = values[0]
    if len(data) < _HEAD.size:
        raise ValueError("not a table of changes")
    version, _, count, _ = _HEAD.unpack_from(data)
    if version != 1 or len(data) != _HEAD.size + count * _ROW.size:
        raise ValueError("not a table of changes")
    rows = (_ROW.unpack_from(data, _HEAD.size + index * _ROW.size) for index in range(count))
    return {number: EPOCH + timedelta(seconds=seconds) + WHOLE_SECOND for number, _, seconds, *_ in rows}

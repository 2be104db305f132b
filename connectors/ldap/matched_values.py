"""Of an attribute with many values only those that were asked about: the control of RFC 3876.

So the groups of several people come in one answer that says who is in which, and a group of thousands sends a few
names.
"""

from __future__ import annotations

from collections.abc import Iterable

VALUES_RETURN_FILTER = "1.2.826.0.1.3344810.2.3"
_SEQUENCE, _OCTETS, _EQUALITY = 0x30, 0x04, 0xA3


def only_values(attribute: str, values: Iterable[str]) -> tuple[str, bool, bytes]:
    """The control, for `Link.search`: of `attribute` send no other values than these.

    Not critical: a server that does not know it sends all, which is slower and as true.
    """
    name = _element(_OCTETS, attribute.encode())
    items = (_element(_EQUALITY, name + _element(_OCTETS, value.encode())) for value in values)
    return VALUES_RETURN_FILTER, False, _element(_SEQUENCE, b"".join(items))


def _element(tag: int, content: bytes) -> bytes:
    """Tag, length and content (X.690, 8.1, definite lengths)."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content

"""How many parts a text message is sent in. Each part is paid for, and old phones show only so many.

GSM 03.38 (3GPP TS 23.038 §6.2.1) with its extension table, else UCS-2; 7 or 4 places a part go to the numbering.
"""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """The number of parts; 1 for an empty text."""
    if set(text) <= _BASIC | _EXTENDED:
        return _parts(sum(2 if letter in _EXTENDED else 1 for letter in text), 160, 153)
    return _parts(len(text.encode("utf-16-be")) // 2, 70, 67)


def _parts(length: int, alone: int, joined: int) -> int:
    return 1 if length <= alone else -(-length // joined)

"""Personal numbers become placeholders before text leaves this machine, and come back in the answer.

Found by their own check digits where they have them: BSN (eleven-test, Logius "Stelselplaat BSN"), IBAN (ISO 13616,
modulo 97). Names are not masked: no recogniser finds them reliably, so it is not promised.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_BSN = re.compile(r"(?<![\d.,/-])\d{3}[. -]?\d{3}[. -]?\d{3}(?![\d/-]|[.,]\d)|(?<![\d.,/-])\d{8}(?![\d/-]|[.,]\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w.+])(?:\+\d{2}|0031|0032|0049|0)[ \-.(]*(?:\(0\)[ \-.]*)?\d(?:[ \-.()]{0,2}\d){7,10}(?![\w])"
)
# At most 64 before the at sign (RFC 5321): without a limit a long word costs quadratic time, on the event loop.
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_STAFF = re.compile(r"\bE\d{4,8}\b")
_PLACEHOLDER = re.compile(r"\[(?:bsn|iban|phone|mail|staff)-\d+\]")


@dataclass(slots=True)
class Masker:
    """One turn's placeholders. The same value gets the same placeholder, so that a model can tell people apart.

    `work_domains`: mail addresses of these domains stay, they are not private.
    """

    work_domains: frozenset[str] = frozenset()
    _values: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def mask(self, text: str) -> str:
        """The text with each personal number replaced by a placeholder such as `[bsn-1]`."""
        text = _IBAN.sub(self._cover("iban", _is_iban), text)
        text = _MAIL.sub(self._cover("mail", self._is_private), text)
        text = _PHONE.sub(self._cover("phone", _is_phone), text)
        text = _BSN.sub(self._cover("bsn", _is_bsn), text)
        return _STAFF.sub(self._cover("staff", lambda _: True), text)

    def restore(self, text: str) -> str:
        """The text with this turn's placeholders turned back. Unknown placeholders stay as they are."""
        return _PLACEHOLDER.sub(lambda match: self._values.get(match.group(), match.group()), text)

    def _cover(self, kind: str, is_one: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
        def cover(match: re.Match[str]) -> str:
            value = match.group()
            if not is_one(value):
                return value
            if value not in self._names:
                number = sum(name.startswith(f"[{kind}-") for name in self._values) + 1
                self._names[value] = f"[{kind}-{number}]"
                self._values[self._names[value]] = value
            return self._names[value]

        return cover

    def _is_private(self, value: str) -> bool:
        return value.rpartition("@")[2].lower() not in self.work_domains


def _digits(value: str) -> str:
    return "".join(letter for letter in value if letter.isdigit())


def _is_bsn(value: str) -> bool:
    digits = _digits(value).zfill(9)
    total = sum(int(digit) * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
    return total % 11 == 0 and int(digits) > 0


def _is_iban(value: str) -> bool:
    packed = value.replace(" ", "").upper()
    if not 15 <= len(packed) <= 34:
        return False
    turned = packed[4:] + packed[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def _is_phone(value: str) -> bool:
    return 9 <= len(_digits(value)) <= 14

"""Invented personal numbers in the spellings people use, and numbers that only look like them.

Written from the rules of the numbers alone (eleven-test, ISO 13616, national numbering plans), without looking at how
the masker finds them: it is what the masker is measured against.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

Maker = Callable[[random.Random], str]
WORK_DOMAIN = "dhb.example"

_BANKS = {"NL": ("ABNA", "INGB", "RABO", "TRIO", "SNSB"), "GB": ("NWBK", "BARC"), "IE": ("AIBK",)}
_PLANS = {"NL": 10, "GB": 14, "IE": 14, "BE": 12, "DE": 18, "FR": 23, "ES": 20, "PL": 24, "AT": 16, "LU": 16, "PT": 21}
"""How many digits follow the bank's letters in an IBAN of the country."""


def bsn(dice: random.Random) -> str:
    """Nine digits that pass the eleven-test; spelled as people spell them, the leading zero sometimes forgotten."""
    digits = _bsn_digits(dice)
    one, two, three = digits[:3], digits[3:6], digits[6:]
    return dice.choice(
        [
            digits, digits, digits, digits.removeprefix("0"), f"{one}.{two}.{three}", f"{one} {two} {three}",
            f"{one}-{two}-{three}", f"{digits[:4]}.{digits[4:6]}.{three}", f"{digits[:4]} {digits[4:6]} {three}",
            f"{one}\u00a0{two}\u00a0{three}",
        ]
    )  # fmt: skip


def iban(dice: random.Random) -> str:
    """An IBAN of one of eleven countries, half of them Dutch."""
    return _spelled_iban(dice, _iban(dice))


def phone(dice: random.Random) -> str:
    """A private phone number: Dutch mobile and fixed, Belgian, German and others."""
    kind = dice.choices([_dutch_mobile, _dutch_fixed, _belgian, _german, _elsewhere], [6, 3, 2, 2, 2])[0]
    return kind(dice)


def mail(dice: random.Random) -> str:
    """A private mail address."""
    first = dice.choice(["jan", "sanne", "m.devries", "tom_v", "a-b", "henriëtte", "J.Jansen", "x", "pieter+loket"])
    host = dice.choice(["gmail.com", "hotmail.com", "ziggo.nl", "kpnmail.nl", "web.de", "skynet.be", "mail.co.uk"])
    number = dice.choice(["", "", str(dice.randint(1, 99)), str(dice.randint(1950, 2005))])
    address = f"{first}{number}@{host}"
    return dice.choice([address, address, address, f"<{address}>", f"mailto:{address}", address.upper()])


def staff_code(dice: random.Random) -> str:
    """A personnel number that says itself what it is."""
    digits = str(dice.randint(1000, 99_999))
    return dice.choice([f"E{digits}", f"E{digits}", f"e{digits}", f"E-{digits}"])


def staff_digits(dice: random.Random) -> str:
    """A personnel number that needs its word."""
    return str(dice.randint(3_000, 9_999_999))


def _bsn_digits(dice: random.Random) -> str:
    while True:
        eight = [dice.randint(0, 9) for _ in range(8)]
        rest = sum(digit * (9 - place) for place, digit in enumerate(eight)) % 11
        if rest < 10 and eight[:2] != [0, 0]:
            return "".join(map(str, [*eight, rest]))


def _iban(dice: random.Random) -> str:
    country = dice.choice(["NL"] * 10 + list(_PLANS))
    letters = dice.choice(_BANKS.get(country, ("",)))
    account = letters + "".join(str(dice.randint(0, 9)) for _ in range(_PLANS[country]))
    number = "".join(str(string.ascii_uppercase.index(c) + 10) if c.isalpha() else c for c in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02d}{account}"


def _spelled_iban(dice: random.Random, packed: str) -> str:
    fours = [packed[start : start + 4] for start in range(0, len(packed), 4)]
    return dice.choice(
        [packed, packed, " ".join(fours), " ".join(fours), packed.lower(), " ".join(fours).lower(), "-".join(fours),
         "\u00a0".join(fours), f"{packed[:4]} {packed[4:8]} {packed[8:]}", ".".join(fours)]
    )  # fmt: skip


def _digits(dice: random.Random, count: int, first: str = "123456789") -> str:
    return dice.choice(first) + "".join(str(dice.randint(0, 9)) for _ in range(count - 1))


def _pairs(digits: str, separator: str = " ") -> str:
    return separator.join(digits[start : start + 2] for start in range(0, len(digits), 2))


def _dutch_mobile(dice: random.Random) -> str:
    eight = _digits(dice, 8)
    return dice.choice(
        [f"06{eight}", f"06-{eight}", f"06 {eight}", f"06 - {eight}", f"06 {_pairs(eight)}", f"06-{_pairs(eight)}",
         f"06.{_pairs(eight, '.')}", f"(06) {eight}", f"06 {eight[:4]} {eight[4:]}", f"06-{eight[:4]}-{eight[4:]}",
         f"+316{eight}", f"+31 6 {eight}", f"+31 6 {_pairs(eight)}", f"+31(0)6{eight}", f"+31 (0)6 {eight}",
         f"+31 (0) 6-{eight}", f"00316{eight}", f"0031 6 {eight}", f"0031-6-{eight}", f"+31-6-{eight}",
         f"316{eight}", f"06/{eight}", f"06\u2013{eight}", f"06 {eight[:3]} {eight[3:6]} {eight[6:]}",
         f"+31 6 {eight[:4]} {eight[4:]}", f"tel:+316{eight}"]
    )  # fmt: skip


def _dutch_fixed(dice: random.Random) -> str:
    area = dice.choice(["020", "010", "070", "030", "0182", "0512", "088", "0299", "040"])
    own = _digits(dice, 10 - len(area))
    half = len(own) // 2
    return dice.choice(
        [area + own, f"{area}-{own}", f"{area} {own}", f"({area}) {own}", f"{area} {own[:half]} {own[half:]}",
         f"{area} - {own[:3]} {_pairs(own[3:])}", f"+31 {area[1:]} {own}", f"+31 (0){area[1:]} {own}",
         f"0031{area[1:]}{own}", f"+31{area[1:]}{own}", f"+31 (0) {area[1:]} - {own}", f"{area}/{own}"]
    )  # fmt: skip


def _belgian(dice: random.Random) -> str:
    mobile, fixed = "4" + _digits(dice, 2, "6789") + _digits(dice, 6), dice.choice("239") + _digits(dice, 7)
    m = (mobile[:3], mobile[3:])
    return dice.choice(
        [f"0{m[0]} {_pairs(m[1])}", f"0{m[0]}/{_pairs(m[1], '.')}", f"0{m[0]}{m[1]}", f"+32 {m[0]} {_pairs(m[1])}",
         f"+32{mobile}", f"0032 {m[0]} {_pairs(m[1])}", f"0{m[0]}/{m[1]}", f"+32 (0){m[0]} {m[1]}",
         f"0{fixed[0]} {fixed[1:4]} {_pairs(fixed[4:])}", f"0{fixed[0]}/{fixed[1:4]}.{_pairs(fixed[4:], '.')}",
         f"+32 {fixed[0]} {fixed[1:4]} {_pairs(fixed[4:])}"]
    )  # fmt: skip


def _german(dice: random.Random) -> str:
    mobile, city = dice.choice(["151", "160", "172", "179"]), dice.choice(["30", "40", "221", "2821"])
    own, fixed = _digits(dice, dice.choice([7, 8])), _digits(dice, 7)
    return dice.choice(
        [f"0{mobile} {own}", f"0{mobile}-{own}", f"0{mobile}{own}", f"+49 {mobile} {own}", f"+49{mobile}{own}",
         f"0049 {mobile} {own}", f"+49 (0) {mobile} {own}", f"0{mobile}/{own}", f"+49 (0){mobile} {_pairs(own)}",
         f"0{city} {fixed}", f"0{city}/{fixed}", f"+49 {city} {fixed}", f"(0{city}) {fixed}", f"+49-{city}-{fixed}"]
    )  # fmt: skip


def _elsewhere(dice: random.Random) -> str:
    nine, seven = _digits(dice, 9), _digits(dice, 7)
    threes = (nine[:3], nine[3:6], nine[6:])
    area = dice.choice(["202", "312", "415", "646"])
    return dice.choice(
        [f"+33 {nine[0]} {_pairs(nine[1:])}", f"+44 20 {_digits(dice, 4)} {_digits(dice, 4)}", f"+44 7{nine}",
         f"+1 {area} {seven[:3]} {seven[3:]}", f"+1 ({area}) {seven[:3]}-{seven[3:]}", f"+34 {' '.join(threes)}",
         f"({area}) {seven[:3]}-{seven[3:]}", f"{area}-{seven[:3]}-{seven[3:]}", f"+48 {'-'.join(threes)}",
         f"+90 5{nine[:2]} {nine[2:5]} {nine[5:7]} {nine[7:]}", f"+212 6{nine[:8]}", f"07{nine[:3]} {nine[3:]}",
         f"0044 7{nine[:3]} {nine[3:]}", f"+351 {' '.join(threes)}"]
    )  # fmt: skip


IDENTIFIERS: dict[str, Maker] = {"bsn": bsn, "iban": iban, "phone": phone, "mail": mail, "staff": staff_code}

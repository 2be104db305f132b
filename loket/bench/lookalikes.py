"""Numbers that are nobody's: amounts, dates, tickets, orders, versions, and personal ones with a wrong check digit."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from loket.bench.identifiers import WORK_DOMAIN, Maker, bsn, iban

_START = datetime(2019, 1, 1, tzinfo=UTC)


def _day(dice: random.Random) -> datetime:
    return _START + timedelta(minutes=dice.randint(0, 5_000_000))


def _amount(dice: random.Random) -> str:
    euros = dice.choice([dice.randint(1, 999), dice.randint(1000, 99_999), dice.randint(10**6, 10**9)])
    dutch = f"{euros:,}".replace(",", ".")
    cents = f"{dice.randint(0, 99):02d}"
    return dice.choice(
        [
            f"€ {dutch},{cents}",
            f"€{euros}",
            f"{dutch} euro",
            f"EUR {euros:,}.{cents}",
            f"{dutch},{cents}",
            f"€ {dutch},-",
        ]
    )


def _date(dice: random.Random) -> str:
    form = dice.choice(
        ["%d-%m-%Y", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d", "%d%m%Y", "%d %m %Y", "%d-%m-%y", "%d - %m - %Y"]
    )
    return _day(dice).strftime(form)


def _moment(dice: random.Random) -> str:
    form = dice.choice(
        [
            "%d-%m-%Y %H:%M",
            "%Y-%m-%d %H:%M:%S",
            "%d-%m-%Y %H.%M",
            "%Y-%m-%dT%H:%M",
            "%d/%m/%Y, %H:%M",
            "%H:%M",
            "%d-%m %H.%M",
        ]
    )
    return _day(dice).strftime(form)


def _ticket(dice: random.Random) -> str:
    number = dice.randint(1, 999_999)
    return dice.choice(
        [
            f"IT-{number}",
            f"INC{number:07d}",
            f"HR-2026-{number:06d}",
            f"#{number}",
            f"CHG{number:010d}",
            f"FAC-{number}",
        ]
    )


def _article(dice: random.Random) -> str:
    number = dice.randint(10**5, 10**9)
    return dice.choice(
        [
            str(number),
            f"{number // 1000}-{number % 1000}",
            f"A{number}",
            f"{number:013d}",
            f"{number % 10**4}.{number % 100}",
        ]
    )


def _order(dice: random.Random) -> str:
    number = dice.randint(10**6, 10**10)
    return dice.choice(
        [str(number), f"2026-{number % 10**6:06d}", f"{number:010d}", f"PO-{number}", f"F2026{number % 10**5:05d}"]
    )


def _version(dice: random.Random) -> str:
    one, two, three = dice.randint(1, 30), dice.randint(0, 30), dice.randint(0, 20_000)
    return dice.choice(
        [
            f"{one}.{two}.{three}",
            f"v{one}.{two}",
            f"10.0.{three}.{one}",
            f"2026.{two}.{three}",
            f"{one}.{two}.{three}-rc{one}",
        ]
    )


def _room(dice: random.Random) -> str:
    floor, number = dice.randint(0, 12), dice.randint(1, 99)
    return dice.choice(
        [
            f"R{floor}.{number:02d}",
            f"kamer {floor}.{number}",
            f"{floor}{number:02d}",
            f"kamer E{floor:02d}{number:02d}",
            f"B-{floor}-{number}",
        ]
    )


def _ip(dice: random.Random) -> str:
    parts = [str(dice.choice([10, 172, 192, 145])), *(str(dice.randint(0, 255)) for _ in range(3))]
    return ".".join(parts) + dice.choice(["", "", ":8080", "/24"])


def _hours(dice: random.Random) -> str:
    start, end = dice.randint(6, 11), dice.randint(15, 22)
    return dice.choice(
        [
            f"{start}-{end} uur",
            f"{start:02d}:00-{end}:30",
            f"{start:02d}.30 - {end}.00",
            f"{start:02d}00-{end}30",
            "36 uur",
            f"{start}u30",
        ]
    )


def _law(dice: random.Random) -> str:
    number = dice.randint(1, 700)
    return dice.choice(
        [f"artikel {number} lid 2", f"art. 7:{number} BW", f"Stb. 2026, {number}", f"BWBR000{dice.randint(1000, 9999)}",
         f"ECLI:NL:CRVB:2024:{dice.randint(100, 9999)}", f"CAO 2025-2027 art. {number}.3", f"§ {number}"]
    )  # fmt: skip


def _work_mail(dice: random.Random) -> str:
    who = dice.choice(["hr", "sanne.dewit", "it", "j.smit2", "servicedesk"])
    return f"{who}@{dice.choice(['', 'team.'])}{WORK_DOMAIN}"


def _wrong_bsn(dice: random.Random) -> str:
    """One digit changed: no such number passes the eleven-test."""
    return _one_digit_off(dice, bsn(dice))


def _wrong_iban(dice: random.Random) -> str:
    return _one_digit_off(dice, iban(dice))


def _one_digit_off(dice: random.Random, right: str) -> str:
    places = [place for place, letter in enumerate(right) if letter.isdigit() and (place > 1 or len(right) < 13)]
    place = dice.choice(places[2:])
    other = str((int(right[place]) + dice.randint(1, 9)) % 10)
    return right[:place] + other + right[place + 1 :]


def _service_phone(dice: random.Random) -> str:
    return dice.choice(["112", "113", "0800-0113", "0900-8844", "14 020", "144", "0900 1234567", "0800 12 34"])


def _code(dice: random.Random) -> str:
    number = dice.randint(1000, 9999)
    return dice.choice(
        [
            f"{number} AB",
            f"XK-{number % 1000}-Z",
            f"{number}-{number}-ABCD-{number}",
            f"00:1A:{number % 90 + 10}:3F:9B:01",
            f"{number}AZ",
        ]
    )


def _amount_of_things(dice: random.Random) -> str:
    count = dice.randint(10, 999_999_999)
    return dice.choice(
        [f"{count:,}".replace(",", ".") + " regels", f"{count} records", f"{count % 1000} stuks", f"{count} bytes"]
    )


LOOKALIKES: dict[str, Maker] = {
    "amount": _amount, "date": _date, "moment": _moment, "ticket": _ticket, "article": _article, "order": _order,
    "version": _version, "room": _room, "ip": _ip, "hours": _hours, "law": _law, "work_mail": _work_mail,
    "wrong_bsn": _wrong_bsn, "wrong_iban": _wrong_iban, "service_phone": _service_phone, "code": _code,
    "amount_of_things": _amount_of_things,
}  # fmt: skip

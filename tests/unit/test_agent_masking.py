"""What leaves for a model elsewhere, and what is never stored at all."""

from __future__ import annotations

import random

import pytest

from agent.masking import Masker
from agent.secrets_in_text import COVER, cover_secrets, holds_code


def bsn(generator: random.Random) -> str:
    while True:
        digits = [generator.randint(0, 9) for _ in range(8)]
        check = sum(digit * weight for digit, weight in zip(digits, range(9, 1, -1), strict=True)) % 11
        if check < 10 and any(digits):
            return "".join(map(str, [*digits, check]))


def iban(generator: random.Random) -> str:
    account = "".join(str(generator.randint(0, 9)) for _ in range(10))
    number = int("".join(str(int(letter, 36)) for letter in f"BANK{account}NL00"))
    return f"NL{98 - number % 97:02d}BANK{account}"


def test_every_generated_number_is_masked_and_comes_back() -> None:
    generator = random.Random(7)
    for _ in range(1_000):
        values = [
            bsn(generator),
            iban(generator),
            f"06-{generator.randint(10_000_000, 99_999_999)}",
            f"+31 6 {generator.randint(10_000_000, 99_999_999)}",
            f"someone{generator.randint(1, 999)}@mail.example",
            f"E{generator.randint(1000, 99999)}",
        ]
        text = "Here is it: " + ", and ".join(values) + ". Thanks"
        masker = Masker()
        masked = masker.mask(text)
        assert not [value for value in values if value in masked], masked
        assert masker.restore(masked) == text


@pytest.mark.parametrize(
    "text",
    [
        "You get 24 days in 2026 and €1.500,00 or 2,500.00.",
        "Ticket IT-104 of 2026-11-23 at 14:30, room R2.14.",
        "Version 3.11.9, order 123456780, part 4711",
        "Write to hr@dhb.example.",
    ],
)
def test_what_is_no_personal_number_stays(text: str) -> None:
    assert Masker(frozenset({"dhb.example"})).mask(text) == text


def test_the_same_value_gets_the_same_placeholder() -> None:
    masker = Masker()
    assert masker.mask("E1001 and E1002 and E1001") == "[staff-1] and [staff-2] and [staff-1]"
    assert masker.restore("[staff-2], [staff-9]") == "E1002, [staff-9]"


@pytest.mark.parametrize(
    "text",
    [
        "483920",
        " 483 920 ",
        "code: 483920",
        "de code is 483-920",
        "sms zegt 483920",
        "my password is Welkom01!",
        "ww: Geheim#22",
    ],
)
def test_codes_and_passwords_are_covered_before_anything_is_stored(text: str) -> None:
    covered = cover_secrets(text)
    assert COVER in covered
    assert not any(secret in covered for secret in ("483", "920", "Welkom01", "Geheim"))
    assert holds_code(covered)


@pytest.mark.parametrize(
    "text", ["my password is expired", "wachtwoord is verlopen", "budget of 100000 euro", "IT-104", "bel 0201234567"]
)
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    assert cover_secrets(text) == text

"""The gate's sentences, and how it masks what it must name without showing it."""

from __future__ import annotations

from pathlib import Path

from core.catalogue import Catalogue

CATALOGUE = Catalogue(Path(__file__).with_name("messages"))


def say(key: str, language: str, **values: object) -> str:
    """A sentence of the gate in the reader's language."""
    return CATALOGUE.say(key, language, **values)


def masked_phone(number: str) -> str:
    """`+31655501234` as `+31 … 34`: enough to recognise, too little to use."""
    return f"{number[:3]} … {number[-2:]}"


def masked_mail(address: str) -> str:
    """`someone@mail.example` as `s…@mail.example`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"

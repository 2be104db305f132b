"""Private addresses as Entra ID has them, made usable or left out: a guess would send a secret to a stranger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


def mobile(written: str) -> str | None:
    """A number in E.164 form; None when it does not say its country."""
    plain = re.sub(r"[\s().\-/]", "", written.replace("(0)", ""))
    plain = f"+{plain[2:]}" if plain.startswith("00") else plain
    return plain if _E164.fullmatch(plain) else None


def private_mail(mails: Sequence[object], work: Iterable[str]) -> str | None:
    """The first further address outside the `work` addresses' domains: the own mailbox is no second road."""
    domains = {address.rpartition("@")[2].casefold() for address in work if address}
    for mail in mails:
        if isinstance(mail, str) and _ADDRESS.fullmatch(mail) and mail.rpartition("@")[2].casefold() not in domains:
            return mail
    return None

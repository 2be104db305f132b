"""Phone numbers: with a country code, with a leading zero, or called one. Forms: ITU E.164, and how people write."""

from __future__ import annotations

import re

from agent.digit_groups import Cluster, goes_on
from agent.number_words import is_amount, service_numbers, table

NOT_A_PHONE = {(9,), (3, 3, 3), (4, 2, 3), (4, 5)}
"""Groups of nine digits that are a BSN or nothing, unless they are called a phone number."""
LEAST = 9
LONGEST_RUN = 12
"""More digits than this without a gap are a bar code."""
_AMERICAN = re.compile(r"\(?[2-9]\d{2}(?:\) ?|[-. ])\d{3}[-.]\d{4}(?!\d)")


def is_service(cluster: Cluster) -> bool:
    """Whether it is the number of a service: free, premium or an emergency line."""
    return cluster.digits.startswith(service_numbers())


def phone_end(text: str, cluster: Cluster, label: str) -> int | None:
    """Where the phone number ends that begins here; None when none does. `label` is what the word before says."""
    american = _AMERICAN.match(text, cluster.start)
    if american is not None:
        return american.end()
    written = text[cluster.start : cluster.ends[-1]]
    digits = cluster.digits
    if written.lstrip("( ").startswith("+") or (digits.startswith("00") and digits[2:3] != "0"):
        count = _international(cluster, written)
    elif len(cluster.groups[0]) >= 2 and digits[0] == "0" and digits[1] != "0":
        count = _national(cluster, label)
    else:
        count = _bare(cluster, label)
    return None if count is None else _closed(text, cluster, count)


def _closed(text: str, cluster: Cluster, count: int) -> int | None:
    """Where it ends: without a last group that is an amount or goes on, as in "06 12345678 34 dagen"."""
    for groups in range(count, 0, -1):
        if groups < count and sum(cluster.form(groups)) < LEAST:
            return None
        end = cluster.ends[groups - 1]
        if not goes_on(text, end) and not is_amount(text, cluster.start, end):
            return end
    return None


def _international(cluster: Cluster, written: str) -> int | None:
    """Groups of a number with its country code: as many digits as the country has, else at most 15 (E.164)."""
    digits = cluster.digits
    prefix = 0 if "+" in written[:3] else 2
    trunk = 1 if "(0)" in written[:14] else 0
    for code, length in table("phone_lengths").items():
        if digits[prefix:].startswith(code) and (count := cluster.until(prefix + trunk + length)):
            return count
    return cluster.longest(prefix + 8 + trunk + (1 if prefix else 0), prefix + trunk + 15)


def _national(cluster: Cluster, label: str) -> int | None:
    """Groups of a number that starts with a zero: 9 to 13 digits; behind "06" as a group of its own exactly 10."""
    if cluster.groups[0] == "06" and (count := cluster.until(10)):
        return count
    count = cluster.longest(9, 13)
    form = cluster.form(count)
    return count if label == "phone" or (form not in NOT_A_PHONE and max(form) <= LONGEST_RUN) else None


def _bare(cluster: Cluster, label: str) -> int | None:
    """Neither zero nor plus: a phone number only when it is called one, or is a Dutch mobile one with its country."""
    if label == "phone":
        return cluster.longest(7, 13)
    return cluster.until(11) if cluster.digits.startswith("316") else None

"""Finds personal numbers in text: BSN, IBAN, phone, private mail, personnel number. Time grows with the text, no more.

Where a number has check digits they decide: BSN by the eleven-test (Logius, "Stelselplaat BSN"), IBAN by modulo 97 and
its country's length (ISO 13616). Else its form decides (ITU E.164 and how people write phone numbers here), and the
word right before it: "order 0612345678" is no phone number, "personeelsnummer 12345" is a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.digit_groups import DASHES, SPACES, Cluster, goes_on, is_hash, read_cluster
from agent.number_words import OTHER, is_amount, label_before, table
from agent.phone_numbers import is_service, phone_end

_START = re.compile(
    rf"(?P<mail>@|[\[(]at[\])])|(?<![^\W_])(?P<iban>[A-Z]{{2}}[{SPACES}{DASHES}.]?\d{{2}})|"
    rf"(?<![^\W_])(?P<staff>[A-Z]{{1,2}}[{DASHES}]?\d{{3,9}}(?!\w))|"
    rf"(?P<number>(?<![\d+])(?:\+[{SPACES}]?\(?|\([{SPACES}]?\+?)?\d)",
    re.IGNORECASE,
)
_IBAN_STEP = re.compile(rf"[{SPACES}{DASHES}.]?([A-Za-z0-9])")
_DOMAIN = re.compile(
    rf"[{SPACES}]?([\w-]{{1,63}}(?:(?:\.|[{SPACES}]?[\[(](?:dot|punt)[\])][{SPACES}]?)[\w-]{{1,63}})+)",
    re.IGNORECASE,
)
_LOCAL = re.compile(rf"[\w.+'%&~-]{{1,64}}[{SPACES}]?$")
_DOT = re.compile(rf"[{SPACES}]?[\[(](?:dot|punt)[\])][{SPACES}]?", re.IGNORECASE)
_STAFF = re.compile(rf"([A-Z]{{1,2}})[{DASHES}]?(\d{{3,9}})(?!\w)", re.IGNORECASE)
_DATE = re.compile(
    r"(?:\d{1,2} ?[-./ ] ?\d{1,2} ?[-./ ] ?(?:19|20)\d\d|(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2})(?!\d)"
    r"|(?:(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d)(?!\d)"
)
_DIGITS = re.compile(r"\d+")
_VERSION = re.compile(r"(?:199\d|20[0-3]\d)\.(?:0?[1-9]|1[0-2])\.")
_BSN_FORMS = {(9,), (8,), (3, 3, 3), (4, 2, 3), (2, 3, 3), (4, 5), (3, 6)}
_BSN_LOOSE = {(2, 2, 2, 3), (3, 2, 2, 2), (2, 2, 2, 2, 1)}
"""Not with full stops between: four groups with full stops are an address on a network."""
_JOINTS = "-\u2010\u2011\u2013./,:"
"""Behind a digit and one of these comes the rest of a longer number."""


@dataclass(frozen=True, slots=True)
class Found:
    """One personal number: what kind it is (a key of `kinds` in `masking.yaml`) and where it stands."""

    kind: str
    start: int
    end: int


def find(text: str, work_domains: frozenset[str]) -> Iterator[Found]:
    """All personal numbers, in order and apart. Mail addresses of `work_domains` and below are not private."""
    position = taken = 0
    while match := _START.search(text, position):
        found, position = _look(text, match, taken, work_domains)
        if found is not None:
            yield found
            position = taken = found.end


def _look(text: str, match: re.Match[str], taken: int, work_domains: frozenset[str]) -> tuple[Found | None, int]:
    """What stands there, and from where to look on if it is nothing. Up to `taken` the text is somebody's already."""
    kind, start = match.lastgroup, match.start()
    if kind == "mail":
        return _mail(text, match, taken, work_domains)
    if kind == "iban":
        found, shaped_until = _iban(text, start)
        if found is not None or shaped_until:
            return found, shaped_until
    if kind in ("iban", "staff"):
        found = _staff(text, start)
        if found is not None:
            return found, found.end
        return None, start + (2 if text[start + 1].isalpha() else 1)
    return _number(text, match)


# --- mail --------------------------------------------------------------------------------------------------------


def _mail(text: str, match: re.Match[str], taken: int, work_domains: frozenset[str]) -> tuple[Found | None, int]:
    """An address around an at sign, at most 64 characters before it (RFC 5321)."""
    window = text[max(taken, match.start() - 66) : match.start()]
    local = _LOCAL.search(window)
    domain = _DOMAIN.match(text, match.end())
    if local is None or domain is None or (match.group() == "@" and _one_sided(text, match)):
        return None, match.end()
    name = _DOT.sub(".", domain.group(1)).lower()
    begin, end = match.start() - len(local.group().lstrip("'.-%&~")), domain.end()
    if name.rpartition(".")[2].isdigit() or any(name == own or name.endswith(f".{own}") for own in work_domains):
        return None, end
    return Found("mail", begin, end), end


def _one_sided(text: str, match: re.Match[str]) -> bool:
    """`mail @name.nl` is no address; `name @ host.nl` is one."""
    before, behind = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return (before in tuple(SPACES)) != (behind in tuple(SPACES))


# --- IBAN --------------------------------------------------------------------------------------------------------


def _iban(text: str, start: int) -> tuple[Found | None, int]:
    """An IBAN, or where something of an IBAN's shape ends that is none (0: not even the shape)."""
    country = text[start : start + 2].upper()
    length = table("iban_lengths").get(country)
    if length is None:
        return None, 0
    packed: list[str] = []
    position = start
    while len(packed) < length and (step := _IBAN_STEP.match(text, position)):
        packed.append(step.group(1))
        position = step.end()
    written = "".join(packed)
    value = written.upper()
    follows = text[position : position + 1]
    digits = sum(letter.isdigit() for letter in value)
    # "at 0612345678" is no Austrian account, and "NL123456789B01 voor" no Dutch one.
    if written not in (value, value.lower()) or not (text[start + 2].isdigit() or written == value):
        return None, 0
    if len(value) < length or follows.isalnum() or not value.isascii() or digits * 2 < length:
        return None, 0
    turned = "".join(str(int(letter, 36)) for letter in value[4:] + value[:4])
    return (Found("iban", start, position) if int(turned) % 97 == 1 else None), position


# --- personnel numbers -------------------------------------------------------------------------------------------


def _staff(text: str, start: int) -> Found | None:
    """`E1001`, or any letters and digits that are called a personnel number."""
    match = _STAFF.match(text, start)
    if match is None:
        return None
    label = label_before(text, start)
    own = match.group(1).upper() == "E" and 4 <= len(match.group(2)) <= 8 and text[start - 1 : start] != "#"
    if is_hash(text, match.end()):
        return None
    if label in ("staff", "person") or (own and label != OTHER):
        return Found("staff", start, match.end())
    return None


# --- BSN and phone -----------------------------------------------------------------------------------------------


def _number(text: str, match: re.Match[str]) -> tuple[Found | None, int]:
    """A number at its first digit, plus or bracket; and from where to look on if it is none."""
    start, first = match.start(), match.end() - 1
    cluster = read_cluster(text, start, first)
    if cluster is None:  # more digits than any number has
        return None, _after_digits(text, first)
    if is_service(cluster):
        return None, cluster.ends[-1]
    before = text[max(0, start - 2) : start]
    rest_of_longer = len(before) == 2 and before[0].isdigit() and before[1] in _JOINTS
    if rest_of_longer or (len(cluster.digits) < 7 and len(cluster.groups[0]) < 3):
        return None, cluster.ends[0]
    label = label_before(text, start)
    if _may_be_one(text, match, cluster, label):
        found = _labelled_staff(cluster, label, text) or _bsn(text, cluster, label) or _phone(text, cluster, label)
        if found is not None:
            return found, found.end
    return None, cluster.ends[0]


def _may_be_one(text: str, match: re.Match[str], cluster: Cluster, label: str) -> bool:
    """Whether this is no code, no date, and not the number of a thing."""
    if text[match.start() - 1 : match.start()].isalpha() and label in ("", OTHER):
        return False
    if label == OTHER:
        return match.group().startswith("+") or cluster.groups[0] == "06"
    if label in ("bsn", "staff", "person") or match.group().startswith("+"):
        return True
    return _DATE.match(text, match.end() - 1) is None


def _labelled_staff(cluster: Cluster, label: str, text: str) -> Found | None:
    first = cluster.groups[0]
    if label not in ("staff", "person") or goes_on(text, cluster.ends[0]) or not 3 <= len(first) <= 9:
        return None
    if label == "person" and (len(first) < 4 or (len(first) == 4 and first[:2] in ("19", "20"))):
        return None
    return Found("staff", cluster.start, cluster.ends[0])


def _bsn(text: str, cluster: Cluster, label: str) -> Found | None:
    if text[cluster.start] == "+":
        return None
    for digits in (9, 8):
        count = cluster.until(digits)
        if count is None or not _eleven("".join(cluster.groups[:count])):
            continue
        end = cluster.ends[count - 1]
        if label != "bsn" and not _looks_like_bsn(text, cluster, count):
            continue
        if not goes_on(text, end) and not is_amount(text, cluster.start, end):
            return Found("bsn", cluster.start, end)
    return None


def _looks_like_bsn(text: str, cluster: Cluster, count: int) -> bool:
    form = cluster.form(count)
    gaps = {gap.strip(SPACES) for gap in cluster.gaps[1:count]}
    if len(gaps) > 1 or (form not in _BSN_FORMS and (form not in _BSN_LOOSE or "." in gaps)):
        return False
    if _VERSION.match(text, cluster.start) or (count == 1 and _DATE.match(text, cluster.start)):
        return False
    rest = cluster.groups[count : count + 1]
    # One more small group with the same separator: a longer number, of which this would be only the beginning.
    return not (count > 1 and rest and cluster.gaps[count].strip(SPACES) in gaps and len(rest[0]) <= 4)


def _phone(text: str, cluster: Cluster, label: str) -> Found | None:
    end = phone_end(text, cluster, label)
    return None if end is None else Found("phone", cluster.start, end)


def _eleven(digits: str) -> bool:
    weighted = zip(digits.zfill(9), (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)
    return int(digits) > 0 and sum(int(digit) * weight for digit, weight in weighted) % 11 == 0


def _after_digits(text: str, first: int) -> int:
    match = _DIGITS.match(text, first)
    return match.end() if match else first + 1

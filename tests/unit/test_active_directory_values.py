"""How Active Directory writes things down, read from octets and texts; no server needed."""

from __future__ import annotations

import struct
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap.access_rights import RESET_PASSWORD, SELF, may_act, may_write, rights
from connectors.ldap.active_directory import (
    Flags,
    bind_fault,
    error_code,
    file_time,
    flags,
    interval,
    quoted_password,
    sid_bytes,
    sid_text,
)
from connectors.ldap.entry import Entry
from connectors.ldap.protected_sids import protecting
from connectors.ldap.replication import changes
from connectors.ldap.server_clock import ServerClocks

DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
DESK, BOSS = f"{DOMAIN}-1107", f"{DOMAIN}-1108"
MOBILE = uuid.UUID("f0f8ffa3-1191-11d0-a060-00aa006c33ed")
PERSONAL = uuid.UUID("77b5b886-944a-11d1-aebd-0000f80367c1")


def test_times_are_counted_from_1601_and_never_is_no_time() -> None:
    assert file_time("134401617599880790") == datetime(2026, 11, 26, 10, 15, 59, 988079, tzinfo=UTC)
    for nothing in ("0", "9223372036854775807", "", "-1", "tomorrow", "99999999999999999999999"):
        assert file_time(nothing) is None
    assert interval("-18000000000") == timedelta(minutes=30)
    for for_ever in ("0", "-9223372036854775808", "", "soon"):
        assert interval(for_ever) is None


def test_the_flags_of_an_account_are_a_number_or_an_error() -> None:
    assert flags("514") == Flags.NORMAL | Flags.DISABLED
    assert flags("-2147483136") & Flags.NORMAL
    with pytest.raises(ValueError, match="invalid literal"):
        flags("")


@given(st.integers(0, 2**48 - 1), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15))
def test_an_identifier_survives_both_ways(authority: int, parts: list[int]) -> None:
    text = "-".join(["S-1", str(authority), *map(str, parts)])
    assert sid_text(sid_bytes(text)) == text


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x02\x01" + bytes(10), b"\x01\x05" + bytes(10), bytes(28)])
def test_other_octets_are_no_identifier(octets: bytes) -> None:
    with pytest.raises(ValueError, match="identifier"):
        sid_text(octets)


@pytest.mark.parametrize("text", ["", "S-1-5", "S-1-5-", "S-2-5-21", "S-1-5-99999999999", "S-1-5-21)(cn=*", "S-1-x-1"])
def test_other_texts_are_no_identifier(text: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        sid_bytes(text)


@pytest.mark.parametrize(
    ("sid", "name"),
    [
        (f"{DOMAIN}-512", "Domain Admins"),
        (f"{DOMAIN}-519", "Enterprise Admins"),
        ("S-1-5-21-1-2-3-518", "Schema Admins"),
        ("S-1-5-32-544", "Administrators"),
        ("S-1-5-32-551", "Backup Operators"),
        (f"{DOMAIN}-502", "krbtgt"),
        (f"{DOMAIN}-521", "Read-only Domain Controllers"),
    ],
)
def test_protected_groups_are_known_by_number_in_any_domain(sid: str, name: str) -> None:
    assert protecting([f"{DOMAIN}-513", sid, "S-1-5-32-545"]) == name


def test_an_ordinary_token_protects_nobody() -> None:
    assert protecting([f"{DOMAIN}-513", f"{DOMAIN}-1512", "S-1-5-32-545", "S-1-5-11", "S-1-1-0", "S-1-5-32-512"]) == ""


def test_why_a_sign_in_was_refused_is_said_without_the_servers_words() -> None:
    told = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {}, v2580"
    assert "locked out" in bind_fault(told.format("775"))
    assert "must be changed" in bind_fault(told.format("773"))
    assert "wrong" in bind_fault(told.format("52e"))
    assert bind_fault(told.format("999")) == bind_fault("anything else") == ""
    assert error_code("0000052D: Constraint violation - check_password_restrictions: …") == 0x52D
    assert error_code("no code") is None


def test_a_password_is_written_in_quotes_and_two_octets_a_letter() -> None:
    assert quoted_password("Ąb1") == b'"\x00\x04\x01b\x001\x00"\x00'


# --- when an attribute changed ---------------------------------------------------------------------------------


def table(*rows: tuple[int, datetime]) -> bytes:
    epoch = datetime(1601, 1, 1, tzinfo=UTC)
    lines = [
        struct.pack("<IIQ16sQQ", number, 1, int((moment - epoch).total_seconds()), bytes(16), 1, 1)
        for number, moment in rows
    ]
    return struct.pack("<IIII", 1, 0, len(rows), 0) + b"".join(lines)


LONG_AGO, LATELY = datetime(2024, 12, 26, 10, 0, tzinfo=UTC), datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def test_the_octets_that_samba_replicates_say_when_a_phone_number_changed() -> None:
    entry = Entry("CN=x", {"replpropertymetadata": (table((0x150029, LATELY), (0x9028B, LONG_AGO)),)})
    found = changes(entry)
    assert found.of("mobile") == LATELY + timedelta(microseconds=999_999)  # it counts whole seconds
    assert found.latest(["mobile", "otherMailbox"]) == found.of("Mobile")
    assert found.of("pager") is None
    with pytest.raises(LookupError):
        found.of("extensionAttribute1")


def test_the_text_that_windows_works_out_says_it_of_every_attribute() -> None:
    text = (
        "<DS_REPL_ATTR_META_DATA>\n\t<pszAttributeName>extensionAttribute1</pszAttributeName>\n\t<dwVersion>2"
        "</dwVersion>\n\t<ftimeLastOriginatingChange>2026-11-26T09:00:00Z</ftimeLastOriginatingChange>\n\t"
        "<uuidLastOriginatingDsaInvocationID>x</uuidLastOriginatingDsaInvocationID></DS_REPL_ATTR_META_DATA>\n\0"
    )
    found = changes(Entry("CN=x", {"msds-replattributemetadata": (text.encode(), b"<nonsense>")}))
    assert found.of("ExtensionAttribute1") == LATELY + timedelta(microseconds=999_999)
    assert found.of("mobile") is None


def test_whoever_may_not_read_it_is_not_told_that_nothing_changed() -> None:
    found = changes(Entry("CN=x", {}))
    assert not found.known
    with pytest.raises(LookupError):
        found.of("mobile")


@given(st.binary(max_size=200))
def test_any_other_octets_are_refused(octets: bytes) -> None:
    try:
        changes(Entry("CN=x", {"replpropertymetadata": (octets,)}))
    except ValueError:
        return
    assert len(octets) >= 16


# --- who may do what -------------------------------------------------------------------------------------------


def line(
    kind: int, mask: int, sid: str, what: uuid.UUID | None = None, inherited: uuid.UUID | None = None, flags: int = 0
) -> bytes:
    body = struct.pack("<I", mask)
    if kind in (5, 6):
        body += struct.pack("<I", (1 if what else 0) | (2 if inherited else 0))
        body += (what.bytes_le if what else b"") + (inherited.bytes_le if inherited else b"")
    body += sid_bytes(sid)
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def descriptor(*lines: bytes, present: bool = True) -> bytes:
    acl = struct.pack("<BBHHH", 4, 0, 8 + sum(map(len, lines)), len(lines), 0) + b"".join(lines)
    return struct.pack("<BBHIIII", 1, 0, 0x8004 if present else 0x8000, 0, 0, 0, 20) + acl


def test_the_right_to_reset_a_password_is_found_in_the_list() -> None:
    found = rights(descriptor(line(5, 0x100, DESK, RESET_PASSWORD)))
    assert may_act(found, {DESK}, RESET_PASSWORD)
    assert not may_act(found, {BOSS}, RESET_PASSWORD)
    assert not may_act(found, {DESK}, MOBILE)
    assert not may_write(found, {DESK}, MOBILE)


@pytest.mark.parametrize(
    "allowing",
    [
        line(0, 0x100, DESK),
        line(0, 0x000F01FF, DESK),
        line(0, 0x10000000, DESK),
        line(5, 0x100, DESK),
        line(5, 0x100, DESK, RESET_PASSWORD, uuid.UUID(int=7)),
    ],
)
def test_a_right_to_everything_is_a_right_to_this(allowing: bytes) -> None:
    assert may_act(rights(descriptor(allowing)), {DESK}, RESET_PASSWORD)


def test_the_first_line_that_fits_decides() -> None:
    denied, allowed = line(6, 0x100, DESK, RESET_PASSWORD), line(0, 0x000F01FF, BOSS)
    assert not may_act(rights(descriptor(denied, allowed)), {DESK, BOSS}, RESET_PASSWORD)
    assert may_act(rights(descriptor(allowed, denied)), {DESK, BOSS}, RESET_PASSWORD)


def test_a_line_that_is_only_inherited_is_none_for_the_object() -> None:
    assert not may_act(rights(descriptor(line(5, 0x100, DESK, RESET_PASSWORD, flags=0x0A))), {DESK}, RESET_PASSWORD)


def test_a_property_may_be_written_by_its_set_as_well() -> None:
    found = rights(descriptor(line(5, 0x20, SELF, PERSONAL)))
    assert may_write(found, {SELF}, MOBILE, PERSONAL)
    assert not may_write(found, {SELF}, MOBILE)


def test_without_a_list_everybody_may_everything() -> None:
    assert may_act(rights(descriptor(present=False)), {DESK}, RESET_PASSWORD)
    assert not may_act(rights(descriptor()), {DESK}, RESET_PASSWORD)


@given(st.binary(max_size=120), st.integers(0, 60))
def test_a_damaged_list_is_an_error_and_never_a_right(octets: bytes, cut: int) -> None:
    whole = descriptor(line(5, 0x100, DESK, RESET_PASSWORD))
    for damaged in (octets, whole[: len(whole) - 1 - cut], whole[:20] + octets):
        try:
            found = rights(damaged)
        except ValueError:
            continue
        if found is not None:
            assert not may_act(found, {BOSS}, RESET_PASSWORD)


# --- whose clock -----------------------------------------------------------------------------------------------


class Clockwork:
    """A server that tells the time, in whole seconds, and counts how often it was asked."""

    server = "ldaps://dc1.dhb.example"

    def __init__(self, ahead: float | None) -> None:
        self.ahead = ahead
        self.asked = 0

    def read(self, dn: str, attributes: object) -> Entry | None:
        self.asked += 1
        if self.ahead is None:
            return None
        told = datetime.now(UTC) + timedelta(seconds=self.ahead)
        return Entry(dn, {"currenttime": (told.strftime("%Y%m%d%H%M%S.0Z").encode(),)})


@pytest.mark.parametrize(("ahead", "found"), [(0.0, 0), (1.0, 0), (-1.0, 0), (30.0, 30), (-90.0, -90), (None, 0)])
def test_a_clock_that_is_seconds_off_is_measured_once_a_minute(ahead: float | None, found: int) -> None:
    clocks, server = ServerClocks(), Clockwork(ahead)
    measured = [clocks.ahead(server) for _ in range(3)]  # type: ignore[arg-type]
    assert abs(measured[0].total_seconds() - found) <= 0.6
    assert (measured[0] == timedelta(0)) is (found == 0)
    assert len(set(measured)) == server.asked == 1

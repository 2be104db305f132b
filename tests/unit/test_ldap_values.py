"""Filters, distinguished names, times, telephone numbers and settings of directories: without any server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.ldap.entry import Entry, generalized_time
from connectors.ldap.people import e164
from connectors.ldap.policy_answer import error_of, reason_of
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, any_of, contains, dn_key, equal, first_value, is_under, shared_base

NASTY = [
    "*",
    "*)(uid=*",
    "a)(|(cn=*",
    "\\",
    "\\2a",
    "\x00",
    " leading",
    "trailing ",
    "é",
    "日本",
    "a\\",
    "(",
    ")",
    "=",
    "&|!",
]
SETTINGS: dict[str, Any] = {
    "urls": "ldaps://ldap.dhb.example",
    "bind_dn": "cn=reader,dc=dhb,dc=example",
    "bind_password": "canary-password",
    "people_base": "ou=people,dc=dhb,dc=example",
    "groups_base": "ou=groups,dc=dhb,dc=example",
}


def parsed(filter_: str) -> Any:
    """What goes over the wire, by the library that sends it."""
    from ldap3.operation.search import compile_filter, parse_filter

    return compile_filter(parse_filter(filter_, None, False, False, None, False).elements[0])


# --- filters -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", NASTY)
def test_a_value_is_that_value_and_nothing_else(value: str) -> None:
    match = parsed(equal("cn", value))["equalityMatch"]
    assert bytes(match["attributeDesc"]) == b"cn"
    assert bytes(match["assertionValue"]) == value.encode()


@hypothesis_settings(max_examples=5000)
@given(st.text(min_size=1, max_size=40))
def test_five_thousand_values_are_those_values(value: str) -> None:
    octets = value.encode("utf-8", "surrogatepass")
    assert bytes(parsed(equal("cn", value))["equalityMatch"]["assertionValue"]) == octets
    middle = parsed(contains("cn", value))["substringFilter"]["substrings"]
    assert [bytes(part.getComponent()) for part in middle] == [octets]


@given(st.lists(st.text(min_size=1, max_size=10), min_size=1, max_size=4))
def test_filters_within_filters_stay_where_they_are(values: list[str]) -> None:
    whole = parsed(all_of(equal("objectClass", "person"), any_of(equal("cn", value) for value in values)))
    assert len(whole["and"]) == 2
    inner = whole["and"][1]
    alternatives = inner["or"] if inner.getName() == "or" else [inner]
    assert [bytes(one["equalityMatch"]["assertionValue"]) for one in alternatives] == [
        value.encode("utf-8", "surrogatepass") for value in values
    ]


def test_nothing_to_look_for_finds_nothing() -> None:
    assert parsed(equal("cn", "")).getName() == "notFilter"
    assert parsed(any_of([])).getName() == "notFilter"


# --- distinguished names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=Admins,ou=groups,dc=dhb,dc=example", "CN=admins, OU=Groups , DC=DHB,dc=example"),
        ("cn=a\\,b,dc=x", "cn=a\\2cb,dc=x"),
        ("cn=a\\+b,dc=x", "cn=a\\2Bb,dc=x"),
        ("cn=\\20a,dc=x", "cn=\\ a,dc=x"),
        ("cn=a\\ ,dc=x", "cn=a\\20,dc=x"),
        ("cn=é,dc=x", "cn=\\c3\\a9,dc=x"),
        ("uid=a+cn=b,dc=x", "cn=b+uid=a,dc=x"),
        ("cn=a  b,dc=x", "cn=a b,dc=x"),
    ],
)
def test_two_ways_to_write_one_name_are_one_name(one: str, other: str) -> None:
    assert dn_key(one) == dn_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=a,dc=x", "cn=b,dc=x"),
        ("cn=a,dc=x", "cn=a,dc=x,dc=y"),
        ("cn=a\\,dc=x", "cn=a,dc=x"),
        ("cn=a,ou=b", "cn=a\\,ou=b"),
        ("cn=a+ou=b,dc=x", "cn=a,ou=b,dc=x"),
        ("nonsense", "nonsense,dc=x"),
        ("", "cn=a"),
    ],
)
def test_different_names_are_different(one: str, other: str) -> None:
    assert dn_key(one) != dn_key(other)


def test_being_below_is_about_names_and_not_about_text() -> None:
    base = "ou=groups,dc=dhb,dc=example"
    assert is_under("cn=a,OU=Groups,dc=dhb,dc=example", base)
    assert is_under(base, base)
    assert not is_under("cn=a\\,ou=groups,dc=dhb,dc=example", base)
    assert not is_under("cn=a,xou=groups,dc=dhb,dc=example", base)
    assert not is_under("dc=dhb,dc=example", base)
    assert not is_under("nonsense", base)
    assert not is_under("cn=a", "")


def test_the_shared_base_is_the_lowest() -> None:
    people, groups = "ou=people,dc=dhb,dc=example", "ou=groups,DC=dhb,dc=example"
    assert dn_key(shared_base(people, groups)) == dn_key("dc=dhb,dc=example")
    assert dn_key(shared_base(people, f"ou=x,{people}")) == dn_key(people)
    assert shared_base("dc=a", "dc=b") == ""
    assert dn_key(shared_base("cn=a\\,b,ou=x,dc=y", "ou=x,dc=y")) == dn_key("ou=x,dc=y")


def test_the_name_of_a_group_is_the_value_in_its_own_part() -> None:
    assert first_value("cn=it-approvers,ou=groups,dc=x", "cn") == "it-approvers"
    assert first_value("CN=a\\, b,ou=groups", "cn") == "a, b"
    assert first_value("ou=groups,cn=a", "cn") == ""
    assert first_value("nonsense", "cn") == ""


# --- times, numbers, reasons -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20261126093000Z", datetime(2026, 11, 26, 9, 30, tzinfo=UTC)),
        ("20261126093000.5Z", datetime(2026, 11, 26, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("20261126093000.0Z", datetime(2026, 11, 26, 9, 30, tzinfo=UTC)),
        ("20261126103000+0100", datetime(2026, 11, 26, 9, 30, tzinfo=UTC)),
        ("2026112609Z", datetime(2026, 11, 26, 9, tzinfo=UTC)),
        ("000001010000Z", None),
        ("20261341000000Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_generalized_times(text: str, moment: datetime | None) -> None:
    assert generalized_time(text) == moment


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+31655501001", "+31655501001"),
        ("+31 (0)6 5550-1001", "+31655501001"),
        ("0031 6 5550 1001", "+31655501001"),
        ("06-55501001", "+31655501001"),
        ("5550 1001", None),
        ("+31655501001; DROP", None),
        ("", None),
        ("+3165550100112345678", None),
    ],
)
def test_a_mobile_number_is_e164_or_none(written: str, number: str | None) -> None:
    assert e164(written, "31") == number


def test_a_national_number_without_a_country_is_none() -> None:
    assert e164("06-55501001", "") is None


@pytest.mark.parametrize(
    ("answer", "code", "words", "reason"),
    [
        (b"0\x03\x81\x01\x06", 19, "", "password_too_short"),
        (b"0\x03\x81\x01\x08", 19, "", "password_in_history"),
        (b"0\x06\xa0\x01\x00\x81\x01\x07", 19, "", "password_too_young"),
        (None, 19, "Password is in history of old passwords", "password_in_history"),
        (None, 19, "something else", "password_rules"),
        (None, 50, "", "not_delegated"),
        (None, 53, "", ""),
        (b"0\x03\x81\x01\x02", 19, "", "password_rules"),
        (b"nonsense", 19, "", "password_rules"),
    ],
)
def test_why_a_password_was_not_taken(answer: bytes | None, code: int, words: str, reason: str) -> None:
    assert reason_of(answer, code, words) == reason


@given(st.binary(max_size=12))
def test_any_octets_are_an_answer_or_none(answer: bytes) -> None:
    error = error_of(answer)
    assert error is None or 0 <= error <= 255


def test_an_entry_shows_nothing_of_its_values() -> None:
    entry = Entry("cn=a", {"mobile": (b"+31655501001",)})
    assert "+316" not in repr(entry)
    assert entry.text("MOBILE") == "+31655501001"
    assert entry.text("") == ""
    assert entry.fits([("mobile", "+31655501001")])
    assert not entry.fits([("mobile", "+3165550100")])


# --- settings ----------------------------------------------------------------------------------------------------


def test_the_password_is_in_no_representation() -> None:
    settings = LdapSettings(**SETTINGS)
    assert settings.is_set
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert not LdapSettings().is_set


@pytest.mark.parametrize(
    "changed",
    [
        {"urls": "http://ldap.dhb.example"},
        {"urls": "ldaps://user:secret@ldap.dhb.example"},
        {"urls": "ldaps://ldap.dhb.example/dc=x"},
        {"urls": "ldapi:///"},
        {"urls": "ldaps://ldap.dhb.example:99999"},
        {"bind_password": ""},
        {"bind_dn": ""},
        {"groups_base": ""},
        {"write_bind_dn": "cn=writer"},
        {"people_filter": "objectClass=person"},
        {"people_filter": "(objectClass=person"},
        {"employee_id_attribute": "cn)(uid"},
        {"guest_when": "employeeType"},
        {"kind": "novell"},
        {"phone_country": "+31"},
        {"page_size": 5000},
        {"unheard_of": "x"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_and_say_no_secret(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        LdapSettings(**{**SETTINGS, **changed})
    assert "canary" not in str(refused.value)


def test_the_names_of_attributes_follow_the_kind_and_the_settings() -> None:
    assert LdapSettings(**SETTINGS).attributes.employee_id == "employeeNumber"
    directory = LdapSettings(**SETTINGS, kind="active_directory", department_attribute="ou")
    assert directory.attributes.employee_id == "employeeID"
    assert directory.attributes.department == "ou"
    assert directory.attributes.identity == ""


def test_the_longest_wait_that_the_defaults_allow_is_under_five_seconds() -> None:
    settings = LdapSettings(**SETTINGS)
    assert settings.total_seconds < 5
    assert 2 * settings.connect_seconds + settings.read_seconds <= settings.total_seconds

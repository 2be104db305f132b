"""What is written and read without the LDAP library, against the library; and lines of indexes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ldap3 import Connection, Server
from ldap3.utils.asn1 import decode_message_fast, decode_sequence, encode
from pydantic import SecretStr

from connectors.ldap.entry import Entry
from connectors.ldap.index_examination import indexes, missing
from connectors.ldap.lean_decoding import decode_lean
from connectors.ldap.matched_values import VALUES_RETURN_FILTER, only_values
from connectors.ldap.settings import LdapSettings

OURS = LdapSettings(
    urls="ldaps://ldap.dhb.example",
    bind_dn="cn=svc",
    bind_password=SecretStr("x"),
    people_base="dc=dhb",
    groups_base="dc=dhb",
    identity_attribute="loketIdentity",
)
NAMES = ("cn", "mail;lang-nl", "member;range=0-1499", "x-ÿ")


def message(dn: bytes, attributes: dict[str, list[bytes]]) -> bytes:
    """A SearchResultEntry as a server sends it, made by the library's own encoder."""
    from ldap3.protocol.rfc4511 import LDAPMessage, PartialAttributeList, SearchResultEntry

    entry = SearchResultEntry()
    entry["object"] = dn
    entry["attributes"] = PartialAttributeList()
    for position, (name, values) in enumerate(attributes.items()):
        entry["attributes"][position]["type"] = name.encode()
        for index, value in enumerate(values):
            entry["attributes"][position]["vals"][index] = value
    whole = LDAPMessage()
    whole["messageID"] = 7
    whole["protocolOp"]["searchResEntry"] = entry
    encoded: bytes = encode(whole)
    return encoded


@settings(max_examples=60)
@given(
    dn=st.text(max_size=200).map(str.encode),
    attributes=st.dictionaries(st.sampled_from(NAMES), st.lists(st.binary(max_size=300), min_size=1, max_size=4)),
)
def test_an_entry_is_decoded_as_the_library_does(dn: bytes, attributes: dict[str, list[bytes]]) -> None:
    connection = Connection(Server("localhost"), client_strategy="SYNC", check_names=False)
    decoded: Any = decode_message_fast(message(dn, attributes))
    library = connection.strategy.decode_response_fast(decoded)
    decode_lean(connection.strategy)
    lean = connection.strategy.decode_response_fast(decoded)
    assert (lean["type"], lean["dn"]) == (library["type"], library["dn"])
    assert lean["raw_attributes"] == dict(library["raw_attributes"]) == attributes


def test_a_name_that_is_no_text_is_nobodys_name() -> None:
    strategy = SimpleNamespace(decode_response_fast=None)
    decode_lean(strategy)
    found = strategy.decode_response_fast(decode_message_fast(message(b"uid=\xff\xfe,dc=x", {})))
    assert found["dn"] == "uid=\ufffd\ufffd,dc=x"


@settings(max_examples=60)
@given(st.lists(st.text(max_size=400), max_size=30))
def test_the_control_says_what_the_standard_wants(values: list[str]) -> None:
    values = [value.encode("utf-8", "replace").decode() for value in values]
    oid, critical, octets = only_values("member", values)
    assert (oid, critical) == (VALUES_RETURN_FILTER, False)
    ((_, _, sequence, items),) = decode_sequence(octets, 0, len(octets), {3: decode_sequence})
    assert sequence == 16
    assert [tag for _, _, tag, _ in items] == [3] * len(values)  # equalityMatch
    pairs = [tuple(part[3].decode() for part in item[3]) for item in items]
    assert pairs == [("member", value) for value in values]


@pytest.mark.parametrize(
    ("lines", "lacking"),
    [
        (["employeeNumber,uid,mail,member,loketIdentity eq", "cn eq,sub"], []),
        (["default eq,sub", "employeeNumber,uid,mail,member,loketIdentity", "cn"], []),
        (["EMPLOYEENUMBER,uid,mail,member,loketidentity  pres, eq", "cn subany"], []),
        (["uid,mail,member,loketIdentity eq", "employeeNumber pres", "cn eq"], ["employeeNumber eq", "cn sub"]),
        ([], ["employeeNumber eq", "uid eq", "mail eq", "member eq", "loketIdentity eq", "cn sub"]),
    ],
)
def test_the_indexes_that_are_missing_are_named(lines: list[str], lacking: list[str]) -> None:
    assert missing(lines, OURS) == lacking


def test_an_index_that_finds_nobody_by_a_piece_of_their_name_is_told() -> None:
    class Stale:
        """What a server does whose index was made with other lengths than it is asked with."""

        def search(self, *_: object, **__: object) -> list[Entry]:
            return []

    people = [Entry("uid=a,dc=dhb", {"cn": (b"Al",)}), Entry("uid=s,dc=dhb", {"cn": (b"Sanne de Wit",)})]
    stale: Any = Stale()
    unseen, names = indexes(stale, OURS, people)
    assert (unseen.good, "cannot be seen" in unseen.detail) == (True, True)
    assert (names.good, names.fatal, "slapindex" in names.advice) == (False, True, True)
    assert [seen.what for seen in indexes(stale, OURS, people[:1])] == ["indexes"], "nobody to try it with"

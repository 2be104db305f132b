"""Where a tool may never go, in every spelling: hosts as text, addresses, and whole URLs."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.egress import Egress, EgressRules
from connectors.egress.addresses import checked, forbidden
from connectors.egress.names import canonical_host, encode_query, encode_segment, read_url
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError

HOST = "hr.example.gov"
RULES = EgressRules(frozenset({HOST}))
INSIDE = EgressRules(frozenset({"hr.inside"}), frozenset({"hr.inside"}), frozenset({80, 443, 8080}))

ODD_HOSTS = [
    "127.1",
    "127.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F000001",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "2130706433",
    "127.0.0.01",
    "127.0.0.1.",
    "127.0.0.256",
    "4294967296",
    "0",
    "0x",
    "1.2.3.4.5",
    "example.123",
    "hr.example.0x1f",
    "[::1]",
    "::1",
    "[::ffff:127.0.0.1]",
    "fe80::1%eth0",
    "hr.example.gov.",
    "hr..example.gov",
    ".example.gov",
    "-hr.example.gov",
    "hr-.example.gov",
    "hr.example.gov:443",
    "user@hr.example.gov",
    "hr.example.gov#",
    "hr.example.gov/",
    "hr.example.gov\\evil.example",
    "hr.example.gov\n",
    "hr.example.gov\t",
    " hr.example.gov",
    "hr.example.gov%00",
    "hr%2eexample%2egov",
    "１２７.0.0.1",
    "127。0。0。1",
    "hr．example．gov",
    "ⓗⓡ.example.gov",
    "hr.exam\u200bple.gov",
    "hr.exam\u00adple.gov",
    "*.example.gov",
    "*",
    "",
    "a" * 64 + ".example.gov",
    ".".join(["abc"] * 80),
]
NEVER_HOSTS = [
    "metadata",
    "metadata.google.internal",
    "METADATA.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
]
ONLY_INSIDE_HOSTS = [
    "localhost",
    "hr",
    "hr.localhost",
    "hr.local",
    "hr.internal",
    "127.0.0.1",
    "10.1.2.3",
    "192.168.1.1",
]
NEVER_ADDRESSES = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:2::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "2a00:1450::5efe:127.0.0.1",
    "2a00:1450::200:5efe:7f00:1",
    "4000::1",
    "ffff::1",
]
ONLY_INSIDE_ADDRESSES = [
    *["10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254"],
    *["172.16.0.1", "172.31.255.255", "192.168.0.1", "::1", "fc00::1", "fd12:3456::1"],
]
PUBLIC_ADDRESSES = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2a00:1450:400e::1", "2606:4700::1111"]
ODD_URLS = [
    f"http://{HOST}/",
    f"HTTPS://user@{HOST}/",
    f"https://user:word@{HOST}/",
    f"https://{HOST}@evil.example/",
    f"https://evil.example@{HOST}/",
    f"https://{HOST}:444/",
    f"https://{HOST}:80/",
    f"https://{HOST}:/",
    f"https://{HOST}:0443x/",
    f"https://{HOST}./",
    f"https://{HOST}\\@evil.example/",
    f"https:\\\\{HOST}/",
    f"https:/{HOST}/",
    f"https:{HOST}",
    f"//{HOST}/",
    f"ftp://{HOST}/",
    f"file://{HOST}/etc/passwd",
    f"gopher://{HOST}/",
    f"ws://{HOST}/",
    f"javascript://{HOST}/",
    f" https://{HOST}/",
    f"https://{HOST}/ ",
    f"https://{HOST}/a b",
    f"https://{HOST}/a\r\nHost: evil.example",
    f"https://{HOST}/a\tb",
    f"https://{HOST}/\x00",
    f"https://{HOST}/#fragment",
    f"https://{HOST}/a/../b",
    f"https://{HOST}/a/%2e%2e/b",
    f"https://{HOST}/a/.%2E/b",
    f"https://{HOST}/./a",
    f"https://{HOST}/..",
    f"https://{HOST}/%zz",
    f"https://{HOST}/%",
    f"https://{HOST}/é",
    f"https://{HOST}?q=[1]",
    "https://evil.example/",
    f"https://{HOST}.evil.example/",
    f"https://evil.{HOST}/",
    f"https://x{HOST}/",
    "https://hr%2eexample%2egov/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://127.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal/",
    "https://localhost/",
    "https://①②⑦.⓪.⓪.①/",
    "https:///",
    "",
    "https://" + HOST + "/" + "a" * 9_000,
]


def test_there_are_enough_forbidden_forms_to_be_worth_the_name() -> None:
    assert len({*ODD_HOSTS, *NEVER_HOSTS, *NEVER_ADDRESSES, *ODD_URLS}) >= 150


@pytest.mark.parametrize("host", ODD_HOSTS, ids=ascii)
@pytest.mark.parametrize("internal", [False, True], ids=["outside", "inside"])
def test_a_host_in_an_odd_form_cannot_be_declared(host: str, internal: bool) -> None:
    with pytest.raises(ConfigError):
        EgressRules(frozenset({host}), frozenset({host}) if internal else frozenset())


@pytest.mark.parametrize("host", NEVER_HOSTS)
def test_a_host_that_gives_out_credentials_or_is_none_cannot_be_declared_even_as_internal(host: str) -> None:
    with pytest.raises(ConfigError):
        EgressRules(frozenset({host}), frozenset({host}))


@pytest.mark.parametrize("host", ONLY_INSIDE_HOSTS)
def test_a_host_inside_has_to_be_declared_as_such(host: str) -> None:
    with pytest.raises(ConfigError):
        EgressRules(frozenset({host}))
    assert EgressRules(frozenset({host}), frozenset({host})).internal_hosts == {host}


@pytest.mark.parametrize("text", NEVER_ADDRESSES)
@pytest.mark.parametrize("internal", [False, True], ids=["outside", "inside"])
def test_these_addresses_are_never_connected_to(text: str, internal: bool) -> None:
    assert checked([text], internal=internal)[0]


@pytest.mark.parametrize("text", ONLY_INSIDE_ADDRESSES)
def test_an_address_inside_is_for_hosts_that_were_declared_to_be_there(text: str) -> None:
    assert forbidden(ipaddress.ip_address(text), internal=False)
    assert not forbidden(ipaddress.ip_address(text), internal=True)


@pytest.mark.parametrize("text", PUBLIC_ADDRESSES)
def test_public_addresses_are_for_every_host(text: str) -> None:
    assert not forbidden(ipaddress.ip_address(text), internal=False)


def test_one_bad_address_among_good_ones_spoils_them_all() -> None:
    assert checked(["8.8.8.8", "10.0.0.1"], internal=False)[0]
    assert checked(["8.8.8.8", "169.254.169.254"], internal=True)[0]
    assert checked(["8.8.8.8", "nonsense"], internal=True)[0]
    assert checked([], internal=True)[0]


@pytest.mark.parametrize("url", ODD_URLS, ids=lambda url: ascii(url)[:60])
def test_an_address_that_is_not_declared_or_not_plain_is_refused(url: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        read_url(url, RULES)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize("url", ODD_URLS, ids=lambda url: ascii(url)[:60])
async def test_it_is_refused_below_the_http_library_too(url: str) -> None:
    async def nobody(host: str, port: int) -> list[str]:
        raise AssertionError("no name of these may even be looked up")

    client = Egress(OutsideSettings(), nobody).httpx2_client(RULES)
    # What the library itself repairs before we see it (white space, dots) must still lead nowhere but to our host.
    with pytest.raises((httpx2.TransportError, httpx2.InvalidURL, AssertionError)) as caught:
        await client.get(url)
    if isinstance(caught.value, AssertionError):
        assert httpx2.URL(url).host == HOST
        assert httpx2.URL(url).scheme == "https"
        assert not httpx2.URL(url).userinfo


def test_case_and_international_names_are_one_name() -> None:
    rules = EgressRules(frozenset({"bücher.example", "HR.Example.GOV"}))
    assert rules.hosts == {"xn--bcher-kva.example", HOST}
    assert read_url("https://BÜCHER.example/a?b=c", rules).host == "xn--bcher-kva.example"
    assert read_url("https://Hr.eXample.gov:443", rules).text == f"https://{HOST}/"


def test_plain_http_and_other_ports_are_for_declared_inside_hosts() -> None:
    assert read_url("http://hr.inside:8080/a", INSIDE).port == 8080
    assert read_url("http://hr.inside/a", INSIDE).port == 80
    with pytest.raises(ConnectorError):
        read_url("http://hr.inside:8081/a", INSIDE)


def test_a_place_never_shows_its_query() -> None:
    assert "secret" not in repr(read_url(f"https://{HOST}/?key=secret", RULES))


@given(st.text(max_size=60))
def test_whatever_is_a_host_name_is_one_for_everybody(text: str) -> None:
    try:
        host = canonical_host(text)
    except ConfigError:
        return
    assert canonical_host(host) == host
    assert urlsplit(f"https://{host}/").hostname == host
    assert httpx2.URL(f"https://{host}/").raw_host == host.encode()


@given(st.text(max_size=200))
def test_no_value_leaves_its_segment_of_a_path(text: str) -> None:
    try:
        encoded = encode_segment(text)
    except ConnectorError:
        return
    place = read_url(f"https://{HOST}/before/{encoded}/after", RULES)
    assert place.target.split("/") == ["", "before", encoded, "after"]
    assert unquote(encoded) == text
    assert urlsplit(place.text).path == place.target


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_value_leaves_its_place_in_a_query(first: str, second: str) -> None:
    try:
        query = f"a={encode_query(first)}&b={encode_query(second)}"
    except ConnectorError:
        return
    place = read_url(f"https://{HOST}/x?{query}", RULES)
    assert httpx2.URL(place.text).params.multi_items() == [("a", first), ("b", second)]

"""A value never leaves its place in a request, whatever it holds."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.egress import EgressRules
from connectors.egress.names import read_url
from connectors.openapi import Slot, written
from core.errors import ConnectorError

SERVER = "https://hr.example.gov/api"
RULES = EgressRules(frozenset({"hr.example.gov"}))
ATTACKS = [
    "../../admin",
    "..",
    ".",
    "..%2f..%2fadmin",
    "%2e%2e",
    "a/b",
    "a?b=c",
    "a#b",
    "a&b=c",
    "a;b",
    "a\r\nX-Evil: 1",
    "a\nb",
    "a\x00b",
    "a b",
    "a+b",
    "a%00b",
    "é",
    "\u202e",
    "a\\b",
    "//evil.example/",
    "@evil.example",
    "{employee}",
    ":8080",
    "'; drop table",
]


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_an_attack_stays_one_segment_of_the_path(attack: str) -> None:
    values = [(Slot("path", "id"), attack)]
    try:
        request = written(SERVER, "/employees/{id}/leave", values)
    except ConnectorError:
        assert attack in (".", "..")
        return
    parts = urlsplit(request.url)
    assert (parts.netloc, parts.query, parts.fragment) == ("hr.example.gov", "", "")
    assert parts.path.split("/")[:3] == ["", "api", "employees"]
    assert parts.path.split("/")[4:] == ["leave"]
    assert unquote(parts.path.split("/")[3]) == attack
    read_url(request.url, RULES)


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_an_attack_stays_one_value_of_the_query_and_one_header_or_none(attack: str) -> None:
    request = written(SERVER, "/a", [(Slot("query", "q"), attack), (Slot("query", "r"), "1")])
    assert parse_qsl(urlsplit(request.url).query, keep_blank_values=True) == [("q", attack), ("r", "1")]
    try:
        headers = written(SERVER, "/a", [(Slot("header", "X-A"), attack)]).headers
    except ConnectorError:
        assert not (attack.isascii() and attack.isprintable())
        return
    assert headers["X-A"] == attack


@pytest.mark.parametrize(("first", "second"), [(".", "."), ("", ""), (".", ""), ("%2e", ".")])
def test_two_holes_in_one_segment_do_not_climb_either(first: str, second: str) -> None:
    values: list[tuple[Slot, Any]] = [(Slot("path", "a"), first), (Slot("path", "b"), second)]
    try:
        request = written(SERVER, "/x/{a}{b}/y", values)
        place = read_url(request.url, RULES)
    except ConnectorError:
        return
    assert unquote(place.target.split("/")[3]) == first + second
    assert len(place.target.split("/")) == 5


def test_lists_numbers_and_truth_are_written_as_the_style_says() -> None:
    values: list[tuple[Slot, Any]] = [
        (Slot("path", "ids"), ["a,b", 2]),
        (Slot("query", "tag"), ["x", "y&z"]),
        (Slot("query", "size", explode=False), [1, 2]),
        (Slot("query", "all"), True),
        (Slot("query", "rate"), 1.5),
        (Slot("header", "X-List"), ["a", 1]),
    ]
    request = written(SERVER, "/r/{ids}", values)
    assert request.url == f"{SERVER}/r/a%2Cb,2?tag=x&tag=y%26z&size=1,2&all=true&rate=1.5"
    assert request.headers["X-List"] == "a,1"
    assert request.body is None


def test_a_body_holds_its_members_or_is_the_one_list() -> None:
    values: list[tuple[Slot, Any]] = [
        (Slot("body", "roomId"), "é"),
        (Slot("body", "period"), {"fromTime": None, "n": 1}),
    ]
    request = written(SERVER, "/b", values)
    assert json.loads(request.body or b"") == {"roomId": "é", "period": {"fromTime": None, "n": 1}}
    assert request.headers["Content-Type"] == "application/json"
    whole = written(SERVER, "/b", [(Slot("body", "body"), [1, 2])], "body")
    assert whole.body == b"[1, 2]"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"], ids=ascii)
def test_what_is_no_json_is_not_sent(value: Any) -> None:
    for place in ("body", "query", "path"):
        with pytest.raises((ConnectorError, ValueError)):
            written(SERVER, "/a/{x}" if place == "path" else "/a", [(Slot(place, "x"), value)])  # type: ignore[arg-type]


def test_an_open_hole_is_never_sent() -> None:
    with pytest.raises(ConnectorError):
        written(SERVER, "/employees/{id}", [])


def test_nothing_of_the_values_shows() -> None:
    request = written(SERVER, "/a", [(Slot("body", "x"), "Canary-1"), (Slot("header", "X-A"), "Canary-2")])
    assert "Canary" not in repr(request)


scalars = (
    st.text(max_size=40)
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(path=scalars, query=scalars | st.lists(scalars, min_size=1, max_size=4), body=scalars)
def test_every_value_comes_out_again_where_it_went_in(path: Any, query: Any, body: Any) -> None:
    values: list[tuple[Slot, Any]] = [(Slot("path", "p"), path), (Slot("query", "q"), query), (Slot("body", "b"), body)]
    try:
        request = written(SERVER, "/x/{p}/y", values)
    except ConnectorError:
        return
    place = read_url(request.url, RULES)
    target, _, asked = place.target.partition("?")
    assert [len(target.split("/")), target.split("/")[4]] == [5, "y"]
    expected = query if isinstance(query, list) else [query]
    assert len(parse_qsl(asked, keep_blank_values=True)) == len(expected)
    assert json.loads(request.body or b"")["b"] == body
    if isinstance(path, str):
        assert unquote(target.split("/")[3]) == path

"""A page that cannot be reached safely is a mistake of the settings, said at the start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from web_app.settings import RevealSettings


def test_the_page_is_off_unless_somebody_switches_it_on() -> None:
    plain = RevealSettings()
    assert (plain.is_set, plain.in_links) == (False, "")
    assert RevealSettings(address="https://desk.dhb.example").in_links == "", "an address alone sends no links"


def test_what_links_begin_with_has_no_slash_at_its_end() -> None:
    assert RevealSettings(enabled=True, address="https://desk.dhb.example/").in_links == "https://desk.dhb.example"
    assert RevealSettings(enabled=True, address="http://localhost:8080").in_links == "http://localhost:8080"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://desk.dhb.example",
        "http://127.0.0.1.dhb.example",
        "desk.dhb.example",
        "ftp://desk.dhb.example",
        "https://",
        "https://user:word@desk.dhb.example",
        "https://desk.dhb.example/page",
        "https://desk.dhb.example?x=1",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_none_for_a_link_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        RevealSettings(enabled=True, address=address)

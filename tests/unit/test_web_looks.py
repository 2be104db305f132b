"""How the pages look: served from here, under names that change with the content; nothing comes from elsewhere."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response

from web_app import looks
from web_app.guard import Guard
from web_app.pages import button, page, paragraph, secret, text_field


def browser() -> httpx.AsyncClient:
    """At the address of the pages."""
    app = Starlette(routes=list(looks.routes()), middleware=[Middleware(Guard)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://desk.dhb.example")


def html(response: Response) -> str:
    return bytes(response.body).decode()


async def test_what_a_page_names_is_served_and_may_be_kept() -> None:
    named = re.findall(r'<link rel="(\w+)"[^>]* href="([^"]+)"', html(page("Title", [], "en")))
    assert [kind for kind, _ in named] == ["stylesheet", "icon"]
    async with browser() as client:
        for _, address in named:
            answer = await client.get(address)
            assert answer.status_code == 200
            assert answer.headers["content-type"].split(";")[0] in looks.KINDS.values()
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["pages.css", "pages-000000000000.css", "..%2fpages.py", "%2e%2e/settings.py", ""])
async def test_nothing_else_is(name: str) -> None:
    async with browser() as client:
        assert (await client.get(f"/look/{name}")).status_code == 404


async def test_the_style_fetches_nothing() -> None:
    async with browser() as client:
        style = (await client.get(looks.address("pages.css"))).text
    assert not re.search(r"url\(|@import|https?:|expression", style)


def test_no_page_has_script_style_or_address_of_its_own() -> None:
    hostile = '"><script>alert(1)</script><p style="x" onload=x>'
    parts = [paragraph(hostile, important=True), button(hostile, {"a": hostile}, [text_field("b", hostile)])]
    whole = html(page(hostile, [*parts, secret(hostile, hostile)], "en", wrong=True, switch=True))
    assert not re.search(r"<(script|style|p style|img|iframe|object)|<[^>]*\son\w+=(?![^<]*&gt;)", whole)
    assert "https://" not in whole


def test_a_page_shown_again_after_a_mistake_says_so_in_its_tab_and_at_its_field() -> None:
    field = text_field("code", "Code", numeric=True, wrong=True)
    whole = html(page("Title", [button("Go", fields=[field])], "nl", wrong=True))
    assert "<title>Niet goed: Title</title>" in whole
    assert "<h1>Title</h1>" in whole
    assert 'aria-invalid="true"' in whole


def test_the_credential_is_not_printed_and_paper_says_why() -> None:
    assert secret("abc", "not printed") == (
        '<p class="secret" translate="no">abc</p><p class="on-paper">not printed</p>'
    )

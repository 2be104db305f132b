"""Plain pages for people: no script, one column, words that are escaped, headers that let nothing in and nothing out.

Made for WCAG 2.2 AA: a language, a title, one heading, landmarks, real buttons and labels, contrast above 7:1, targets
of 44 px. How they look is in `look/pages.css`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.catalogue import Catalogue
from web_app import looks

LANGUAGES = ("en", "nl")
CATALOGUE = Catalogue(Path(__file__).with_name("messages"))


def page(
    title: str,
    parts: Sequence[str],
    language: str,
    *,
    status: int = 200,
    leads_to: Sequence[str] = (),
    wrong: bool = False,
    switch: bool = False,
) -> Response:
    """A whole page. `parts` come from `paragraph`, `button`, `facts` and the like, never from text as it is.

    A page with a form posts to this host only; `leads_to` are the addresses that the answer to it may send browsers
    on to (browsers hold that against `form-action`, too). `wrong`: it is shown again because of a mistake, which the
    title says first. `switch`: looking at it again in another language is safe.
    """
    tab = f"{_say('page_wrong', language)}: {title}" if wrong else title
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f'<meta name="robots" content="noindex, nofollow"><title>{escape(tab)}</title>'
    head += f'<link rel="stylesheet" href="{looks.address("pages.css")}">'
    head += f'<link rel="icon" type="image/svg+xml" href="{looks.address("mark.svg")}">'
    top = f'<p class="name">{escape(_say("page_desk", language))}</p>{_other_language(language) if switch else ""}'
    body = f'<header class="band"><div class="house">{top}</div></header>'
    body += f"<main><h1>{escape(title)}</h1>{''.join(parts)}</main>"
    body += f'<footer class="foot"><p>{escape(_say("page_promise", language))}</p></footer>'
    html = f'<!doctype html><html lang="{escape(language)}"><head>{head}</head><body>{body}</body></html>'
    return HTMLResponse(html, status, headers=_headers(leads_to))


Tone = Literal["", "note", "warning", "done"]
"""How a paragraph stands out: not, as something that went otherwise, as a danger, as something that is done."""


def paragraph(text: str, *, important: bool = False, tone: Tone = "") -> str:
    """A paragraph. An `important` one is read out at once by a screen reader, and is a note unless `tone` says more."""
    tone = tone or ("note" if important else "")
    role, kind = ' role="alert"' if important else "", f' class="{tone}"' if tone else ""
    return f"<p{role}{kind}>{escape(text)}</p>"


def button(
    label: str, hidden: Mapping[str, str] | None = None, fields: Sequence[str] = (), *, second: bool = False
) -> str:
    """A form with one button that posts to the page's own address. `fields` come from `text_field`.

    A `second` one is not what most people came for, and looks like it.
    """
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in (hidden or {}).items()
    )
    kind = ' class="second"' if second else ""
    pressed = f"<button{kind}>{escape(label)}</button>"
    return f'<form method="post" autocomplete="off">{kept}{"".join(fields)}{pressed}</form>'


def text_field(name: str, label: str, *, numeric: bool = False, longest: int = 100, wrong: bool = False) -> str:
    """A field with its label, for `button`. `wrong`: what was typed before was not taken."""
    kind = 'inputmode="numeric" autocomplete="one-time-code"' if numeric else 'autocomplete="off"'
    kind += ' spellcheck="false" autocapitalize="none"' + (' aria-invalid="true"' if wrong else "")
    field = f'<input id="{escape(name)}" name="{escape(name)}" type="text" {kind} maxlength="{longest}" required>'
    return f'<p><label for="{escape(name)}">{escape(label)}</label>{field}</p>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """What is what, in a list."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{_value(value)}</dd>" for name, value in pairs) + "</dl>"


def secret(text: str, on_paper: str = "") -> str:
    """Something to be copied. It is not printed; `on_paper` stands in its place there."""
    instead = f'<p class="on-paper">{escape(on_paper)}</p>' if on_paper else ""
    return f'<p class="secret" translate="no">{escape(text)}</p>{instead}'


def language_of(request: Request) -> str:
    """The reader's language, of those there are: the first that their browser names."""
    for wish in request.headers.get("accept-language", "")[:200].split(","):
        language = wish.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def language_for(request: Request) -> str:
    """The language of the link (`?lang=nl`), else the first that the browser names."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else language_of(request)


def is_cross_site(request: Request) -> bool:
    """Whether a page of another site, as the browser says, made it send this. `Origin` says nothing here: with
    `Referrer-Policy: no-referrer` it is `null` for our own forms, too."""
    return request.headers.get("sec-fetch-site", "same-origin") != "same-origin"


def _headers(leads_to: Sequence[str]) -> dict[str, str]:
    # Providers hand browsers on to others (federation), and Chrome holds every hop against `form-action`.
    hops = [(parts.scheme, parts.netloc) for parts in map(urlsplit, leads_to)]
    origins = sorted({"https:" if scheme == "https" else f"{scheme}://{host}" for scheme, host in hops})
    policy = [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        " ".join(("form-action 'self'", *origins)),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }


def _value(text: str) -> str:
    """As it is; several lines stay lines in any style. (HTML takes the first line break after `<pre>` away.)"""
    return f"<pre>\n{escape(text)}</pre>" if "\n" in text else escape(text)


def _other_language(language: str) -> str:
    other = next(one for one in LANGUAGES if one != language)
    label = escape(_say("page_language", language))
    return f'<a class="other" href="?lang={other}" lang="{other}" hreflang="{other}">{label}</a>'


def _say(key: str, language: str) -> str:
    return CATALOGUE.say(key, language)

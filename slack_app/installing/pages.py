"""What an admin who installs us sees: plain pages, no script, words that are escaped, headers that let nothing in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from slack_app.words import CATALOGUE, say

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 0 auto; padding: 1.5rem 1rem;
  color: #1a1a1a; background: #ffffff; }
h1 { font-size: 1.5rem; line-height: 1.25; }
p { overflow-wrap: anywhere; }
a { color: #154273; display: inline-block; padding: .5rem 0; }
:focus-visible { outline: 3px solid #8a4b00; outline-offset: 3px; }
@media (prefers-color-scheme: dark) {
  body { color: #f2f2f2; background: #121212; }
  a { color: #a6ccff; }
  :focus-visible { outline-color: #ffd27f; }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
SAFE = _HEADERS
"""The headers of every answer here, redirects too."""


def installed(language: str, name: str, lacking: Sequence[str], address: str) -> Response:
    """It worked. `lacking`: scopes that were not granted; `address`: where the workspace is, empty if unknown."""
    parts = [_paragraph(say("install_done_how", language, name=name))]
    if lacking:
        parts.append(_paragraph(say("install_lacking", language, scopes=", ".join(lacking)), important=True))
    if address:
        parts.append(f'<p><a href="{escape(address)}" rel="noreferrer">{escape(say("install_open", language))}</a></p>')
    return _page(say("install_done", language), parts, language, 200)


def refused(language: str, reason: str, status: int, said: str = "") -> Response:
    """It did not. `reason` ends a key of the catalogue; `said` is Slack's own word for it."""
    parts = [_paragraph(say(f"install_{reason}", language), important=True)]
    if said:
        parts.append(_paragraph(say("install_said", language, said=said)))
    return _page(say("install_not_done", language), parts, language, status)


def language_of(request: Request) -> str:
    """The reader's language, of those there are: the first that their browser names."""
    for wish in request.headers.get("accept-language", "")[:200].split(","):
        language = wish.split(";")[0].strip().lower()[:2]
        if language in CATALOGUE.languages:
            return language
    return "en"


def _paragraph(text: str, *, important: bool = False) -> str:
    return f'<p role="alert">{escape(text)}</p>' if important else f"<p>{escape(text)}</p>"


def _page(title: str, parts: Sequence[str], language: str, status: int) -> Response:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f'<meta name="robots" content="noindex, nofollow"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = f"<main><h1>{escape(title)}</h1>{''.join(parts)}</main>"
    html = f'<!doctype html><html lang="{escape(language)}"><head>{head}</head><body>{body}</body></html>'
    return HTMLResponse(html, status, headers=_HEADERS)

"""The clauses an answer rests on: numbered as the answer numbers them, with a link and the owner."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.replies import Citation
from slack_app.views.addresses import clickable, hosts_of
from slack_app.views.safe_text import link, safe_line
from slack_app.words import say


def hosts_for(citations: Sequence[Citation], hosts: frozenset[str]) -> frozenset[str]:
    """The hosts that an answer with these sources may link to."""
    return hosts | hosts_of(citation.address for citation in citations)


def citation_lines(citations: Sequence[Citation], text: str, language: str, hosts: frozenset[str]) -> str:
    """Markdown: a line a source, and its words below where the answer does not have them itself."""
    return "\n".join(_entry(number, one, text, language, hosts) for number, one in enumerate(citations, start=1))


def _entry(number: int, citation: Citation, text: str, language: str, hosts: frozenset[str]) -> str:
    title = safe_line(citation.title or citation.path, frozenset()).replace("`", "")
    may = clickable(citation.address.strip(), hosts)
    parts = [link(title, may) if may else f"**{title}**"]
    if citation.heading:
        parts.append(say("source_section", language, heading=safe_line(citation.heading, frozenset())))
    if citation.owner:
        parts.append(say("source_owner", language, owner=safe_line(citation.owner, frozenset())))
    if citation.note and citation.note not in text:
        parts.append(safe_line(citation.note, hosts))
    line = f"{number}. {', '.join(parts)}"
    if not citation.quote.strip() or _words(citation.quote) <= _words(text):
        return line
    return f"{line}  \n   {say('source_quote', language, quote=safe_line(citation.quote, hosts))}"


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))

"""The card of one action: every character of what would happen, and the buttons of whoever reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import ButtonElement, SectionBlock

from core.events import Verb
from core.replies import Card, Fact, Link
from slack_app.views import ids
from slack_app.views.addresses import encoded, is_web
from slack_app.views.exact_text import BAR, GOES_ON, barred, exact, exact_line
from slack_app.views.measure import pieces, size
from slack_app.views.pieces import (
    SECTION,
    Blocks,
    button,
    drawn_block,
    heading,
    joined,
    link_button,
    plain,
    rows,
    small,
    text_blocks,
)
from slack_app.words import say

STYLES = {Verb.CONFIRM: "primary", Verb.PROVE: "primary", Verb.APPROVE: "primary"} | {
    verb: "danger" for verb in (Verb.DENY, Verb.NOT_ME)
}
LINK = "link."
"""Followed by a number: a button that only opens an address. Slack tells us of it, and nothing is to be done."""
ADDRESS = 3000
"""Characters of an address behind a button."""
NUMBER = 8
"""So many characters of an action's id are its number in talk."""
_SIDE_BY_SIDE = 5
"""Pairs of a label and a value in one section: Slack takes ten fields."""
_SHORT_LABEL, _SHORT_VALUE = 150, 400
"""Beyond these a fact gets the whole width."""
_LABEL = 1000
"""A label longer than this stands in blocks of its own."""


def facts_of(card: Card, language: str) -> Blocks:
    """What there is to read: title, state, facts and note.

    All of it is plain text: nothing in a fact is drawn as a format, a link or a mention.
    """
    number = say("card_number", language, number=card.action_id[:NUMBER]) if card.action_id else ""
    state = say("card_state", language, state=card.state) if card.state else ""
    line = " · ".join(part for part in (state, number) if part)
    written = "\n".join(f"{link.label}: {link.address}" for link in card.links if not _opens(link))
    return joined(
        heading(exact_line(card.title)),
        small(line),
        fact_blocks(card.facts, language),
        text_blocks(card.note),
        text_blocks(written),
    )


def buttons_of(card: Card) -> Blocks:
    """What there is to press: our own pages first, then the choices."""
    return joined(rows(_links(card.links)), rows(_choices(card)))


def fact_blocks(facts: Sequence[Fact], language: str) -> Blocks:
    """Short facts in two columns, the others over the whole width, none of them cut off; in their order."""
    blocks: Blocks = ()
    pairs: list[Fact] = []
    for fact in (Fact(exact_line(fact.label), exact(fact.value)) for fact in facts):
        if _is_short(fact):
            pairs.append(fact)
            continue
        blocks = joined(blocks, _columns(pairs), _wide(fact, language))
        pairs = []
    return joined(blocks, _columns(pairs))


def _is_short(fact: Fact) -> bool:
    """Whether it is one line that fits beside its label."""
    return 0 < size(fact.label) <= _SHORT_LABEL and 0 < size(fact.value) <= _SHORT_VALUE and "\n" not in fact.value


def _columns(facts: Sequence[Fact]) -> Blocks:
    chunks = (facts[start : start + _SIDE_BY_SIDE] for start in range(0, len(facts), _SIDE_BY_SIDE))
    return tuple(
        drawn_block(SectionBlock(fields=[plain(text) for fact in chunk for text in (fact.label, fact.value)]))
        for chunk in chunks
    )


def _wide(fact: Fact, language: str) -> Blocks:
    """A label, and below it the whole value behind a bar. Every block says which part it is: none passes for all."""
    if size(fact.label) > _LABEL:
        return joined(text_blocks(fact.label), _wide(Fact("…", fact.value), language))
    label = fact.label or "…"
    parts = list(pieces(barred(fact.value), SECTION - _LABEL - 100))
    return tuple(
        drawn_block(SectionBlock(text=plain(f"{_head(label, n, len(parts), language)}\n{_begun(part)}"), expand=True))
        for n, part in enumerate(parts, start=1)
    )


def _head(label: str, part: int, parts: int, language: str) -> str:
    return say("card_part", language, label=label, part=part, parts=parts) if parts > 1 else label


def _begun(part: str) -> str:
    return part if part.startswith(BAR) else f"{GOES_ON}{part}"


def _choices(card: Card) -> Iterable[ButtonElement]:
    for choice in card.buttons:
        yield button(choice.label, f"{ids.CARD}{choice.verb}", card.action_id, STYLES.get(choice.verb))


def _links(links: Sequence[Link]) -> Iterable[ButtonElement]:
    openable = (link for link in links if _opens(link))
    for number, link in enumerate(openable, start=1):
        yield link_button(link.label, encoded(link.address), f"{LINK}{number}")


def _opens(link: Link) -> bool:
    """Whether a button can open it; else its address is written out."""
    return is_web(link.address) and len(encoded(link.address)) <= ADDRESS

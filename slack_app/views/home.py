"""App Home: what somebody sees before they ask anything, and what waits for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from slack_sdk.models.blocks import Block, SectionBlock
from slack_sdk.models.views import View

from core.front_page import Ability, FrontPage, RequestSummary, WaitsForYou
from slack_app.views import ids
from slack_app.views.measure import shortened
from slack_app.views.message import suggestion_rows
from slack_app.views.pieces import Blocks, button, divider, drawn_block, heading, joined, plain, small, text_blocks
from slack_app.views.plain_words import words_of
from slack_app.words import say

BLOCKS = 100
WAITING, REQUESTS, ABILITIES, SUGGESTIONS, LINES = 20, 10, 12, 5, 5
"""So many of each are shown; of more, how many."""
_TEXT = 1500
"""Of one entry. Nothing is decided from this list: the card behind Open is whole."""


def home_view(page: FrontPage) -> dict[str, Any]:
    """The whole tab. What waits for an approver comes first; strangers get only the notice."""
    hello = say("home_hello", page.language, name=page.name) if page.name else say("home_hello_nobody", page.language)
    if page.known:
        parts = joined(_off(page), _waiting(page), _requests(page), _asking(page), _abilities(page))
    else:
        parts = text_blocks(say("home_stranger", page.language))
    notice = joined((divider(),), text_blocks(words_of(page.notice))[:5])
    blocks: list[Block | dict[str, Any]] = [*joined(heading(shortened(hello, 150)), parts)[: BLOCKS - 6], *notice]
    made: dict[str, Any] = View(type="home", blocks=blocks).to_dict()
    return made


def moment(at: datetime) -> str:
    """A moment as it is named in lists."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _off(page: FrontPage) -> Blocks:
    if not page.switched_off:
        return ()
    lines = "\n".join(f"• {line}" for line in page.switched_off[:LINES])
    return joined(
        heading(say("home_switched_off", page.language)),
        text_blocks(shortened(lines, _TEXT)),
        _more(len(page.switched_off) - LINES, page.language),
    )


def _waiting(page: FrontPage) -> Blocks:
    if not page.is_approver and not page.waiting:
        return ()
    brake = small(f"{say('home_brake', page.language)}: {shortened(page.brake, _TEXT)}") if page.brake else ()
    entries = joined(*(_waits(one, page.language) for one in page.waiting[:WAITING]))
    return joined(
        heading(say("home_waiting", page.language)),
        brake,
        entries or text_blocks(say("home_waiting_none", page.language)),
        _more(len(page.waiting) - WAITING, page.language),
    )


def _waits(one: WaitsForYou, language: str) -> Blocks:
    asked = say("home_waiting_asked", language, who=one.requester, since=moment(one.asked_at))
    taken = (
        say("home_waiting_taken", language, who=one.taken_by) if one.taken_by else say("home_waiting_free", language)
    )
    until = say("home_waiting_until", language, until=moment(one.expires_at))
    return _entry(one.title, f"{asked} · {taken} · {until}", one.action_id, language)


def _requests(page: FrontPage) -> Blocks:
    entries = joined(*(_request(one, page.language) for one in page.requests[:REQUESTS]))
    return joined(
        heading(say("home_requests", page.language)),
        entries or text_blocks(say("home_requests_none", page.language)),
        _more(len(page.requests) - REQUESTS, page.language),
    )


def _request(one: RequestSummary, language: str) -> Blocks:
    parts = [one.state, say("home_request_since", language, since=moment(one.created_at))]
    if one.waits_for:
        parts.append(say("home_request_waits_for", language, who=one.waits_for))
    if one.reference:
        parts.append(one.reference)
    return _entry(one.title, " · ".join(parts), one.action_id, language)


def _entry(title: str, line: str, action_id: str, language: str) -> Blocks:
    """A title and a line below it, with the button that opens the card; who hears it, hears its title."""
    opens = button(say("home_open", language), ids.OPEN_CARD, action_id)
    opens.accessibility_label = shortened(f"{say('home_open', language)}: {_one_line(title)}", 75)
    text = f"{shortened(_one_line(title), _TEXT)}\n{shortened(_one_line(line), _TEXT - 200)}"
    return (drawn_block(SectionBlock(text=plain(text), accessory=opens)),)


def _asking(page: FrontPage) -> Blocks:
    return joined(
        heading(say("home_ask", page.language)),
        text_blocks(say("home_ask_text", page.language)) if page.suggestions else (),
        suggestion_rows(page.suggestions[:SUGGESTIONS]),
    )


def _abilities(page: FrontPage) -> Blocks:
    lines = [_ability(one) for one in page.abilities[:ABILITIES]]
    return joined(
        heading(say("home_abilities", page.language)),
        text_blocks("\n".join(lines) or say("home_abilities_none", page.language)),
        _more(len(page.abilities) - ABILITIES, page.language),
    )


def _ability(one: Ability) -> str:
    line = f"• {one.title}: {one.description}" if one.description else f"• {one.title}"
    return shortened(_one_line(line), 300)


def _one_line(text: str) -> str:
    """Words of somebody else cannot begin a line of the list."""
    return " ".join(text.split())


def _more(count: int, language: str) -> Blocks:
    return small(say("home_more", language, count=count)) if count > 0 else ()

"""A reply as Slack shows it: text with numbered sources, a card, what to say next, and what people thought of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.models.blocks import ContextActionsBlock, FeedbackButtonsElement
from slack_sdk.models.blocks.basic_components import FeedbackButtonObject

from core.outcomes import Outcome
from core.replies import Reply, Suggestion
from slack_app.views import ids
from slack_app.views.card import buttons_of, facts_of
from slack_app.views.citations import citation_lines, hosts_for
from slack_app.views.cutting import markdown_pieces, with_breaks
from slack_app.views.measure import size
from slack_app.views.pieces import VALUE, Blocks, button, drawn_block, joined, markdown, plain, rows, small, text_blocks
from slack_app.views.plain_words import notice_of
from slack_app.views.safe_text import safe_markdown
from slack_app.words import say

MARKDOWN = 11_500
"""Of the 12,000 characters that one markdown block may hold."""
WHOLE = 12_500
"""Of the 13,000 or so that all blocks of a message may hold together."""
BLOCKS = 50

JUDGED = frozenset({Outcome.ANSWERED, Outcome.NOT_FOUND, Outcome.HANDED_OVER})
"""Ends of a turn on which an opinion says something about the answer."""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One post. `text` is what notifications and screen readers get; `blocks` is what is seen."""

    text: str
    blocks: tuple[dict[str, Any], ...]


def drawn(reply: Reply, *, event_id: str = "", link_hosts: frozenset[str]) -> tuple[SlackMessage, ...]:
    """The reply as one post, or as several where it does not fit in one; buttons are on the last.

    Addresses can be clicked on `link_hosts` and on the hosts of the sources. With `event_id`, the event that is
    answered, people can say what they think of the answer.
    """
    reply = replace(reply, text="") if _says_no_more(reply) else reply
    notice = notice_of(reply.text) or (notice_of(f"{reply.card.title}: {reply.card.state}") if reply.card else "")
    notice = notice or say("notification_empty", reply.language)
    shown = joined(text_of(reply, link_hosts), facts_of(reply.card, reply.language) if reply.card else ())
    pressed = joined(
        buttons_of(reply.card) if reply.card else (),
        form_row(reply),
        suggestion_rows(reply.suggestions),
        small(made_by(reply)),
        feedback_of(reply, event_id),
    )
    posts = list(_posts(shown, pressed)) or [text_blocks(notice)]
    return tuple(
        SlackMessage(f"{number}/{len(posts)} {notice}" if number > 1 else notice, blocks)
        for number, blocks in enumerate(posts, start=1)
    )


def text_of(reply: Reply, link_hosts: frozenset[str]) -> Blocks:
    """What was said and where it stands, as markdown blocks."""
    hosts = hosts_for(reply.citations, link_hosts)
    said = markdown_pieces(with_breaks(safe_markdown(reply.text, hosts)), MARKDOWN)
    lines = citation_lines(reply.citations, reply.text, reply.language, hosts)
    cited = markdown_pieces(f"**{say('sources', reply.language)}**\n{lines}" if lines else "", MARKDOWN)
    return tuple(markdown(piece) for piece in (*said, *cited))


def _says_no_more(reply: Reply) -> bool:
    """Whether the words stand on the card as well: nobody reads them twice."""
    return reply.card is not None and reply.text.strip() in (reply.card.state, reply.card.note)


def suggestion_rows(suggestions: Sequence[Suggestion]) -> Blocks:
    """Things to say next, as buttons; pressing one is the same as writing it."""
    fitting = [one for one in suggestions if one.message.strip() and size(one.message) <= VALUE]
    return rows(button(one.title, f"{ids.SUGGEST}{n}", one.message) for n, one in enumerate(fitting, start=1))


def form_row(reply: Reply) -> Blocks:
    """The button that opens the form of a tool, for whoever presses it."""
    if reply.form is None:
        return ()
    return rows([button(say("form_offer", reply.language), ids.FILL, reply.form.tool, "primary")])


def made_by(reply: Reply) -> str:
    """That AI wrote it, and where to check it; nothing for words that people wrote."""
    if not reply.model:
        return ""
    return say("made_by_ai_cited" if reply.citations else "made_by_ai", reply.language, model=reply.model)


def feedback_of(reply: Reply, event_id: str) -> Blocks:
    """A thumb up and a thumb down, where an opinion makes sense: not of a greeting or what else people wrote."""
    if (
        reply.outcome not in JUDGED
        or not (reply.model or reply.citations)
        or not event_id
        or size(event_id) > VALUE - 10
    ):
        return ()
    good, bad = (
        FeedbackButtonObject(
            text=plain(say(f"feedback_{opinion}", reply.language)),
            accessibility_label=say(f"feedback_{opinion}", reply.language),
            value=f"{opinion} {event_id}",
        )
        for opinion in ("good", "bad")
    )
    thumbs = FeedbackButtonsElement(action_id=ids.FEEDBACK, positive_button=good, negative_button=bad)
    return (drawn_block(ContextActionsBlock(elements=[thumbs])),)


def _posts(shown: Blocks, pressed: Blocks) -> Iterator[Blocks]:
    """Blocks in their order, as many a post as it holds. What can be pressed stays together if it can."""
    held: Blocks = ()
    room = WHOLE
    for group in (*((block,) for block in shown), *_together(pressed)):
        needed = sum(block_size(block) for block in group)
        if held and (needed > room or len(held) + len(group) > BLOCKS):
            yield held
            held, room = (), WHOLE
        held, room = (*held, *group), room - needed
    if held:
        yield held


def _together(pressed: Blocks) -> Iterator[Blocks]:
    if len(pressed) <= BLOCKS and sum(block_size(block) for block in pressed) <= WHOLE:
        yield pressed
    else:
        yield from ((block,) for block in pressed)


def block_size(value: object) -> int:
    """How much of a message's room a block takes: everything in it that Slack may count."""
    if isinstance(value, str):
        return size(value)
    if isinstance(value, dict):
        return sum(block_size(inner) for name, inner in value.items() if name != "type")
    return sum(block_size(inner) for inner in value) if isinstance(value, list) else 0

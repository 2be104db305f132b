"""A suggestion that somebody chose: the same as if they had written it there."""

from __future__ import annotations

from core.events import Message
from core.people import Standing
from slack_app.edge import Edge
from slack_app.posted import direct_chat, person_of
from slack_app.pressed import Press

MOST_TEXT = 2_000
"""Slack lets a button carry so much."""


async def chosen(edge: Edge, press: Press) -> None:
    """The desk gets the words as those of whoever pressed, not of whom the suggestion was made for."""
    person = await person_of(edge, press.origin, press.user, press.home)
    text = press.value.strip()[:MOST_TEXT]
    address = press.address
    if not press.room:  # in App Home: the answer goes to their direct chat
        address = await direct_chat(edge, press.origin, press.user)
    if not text:
        return
    if not press.direct and person.standing is Standing.MEMBER:
        await edge.threads.join(address)
    await edge.desk.receive(
        Message(press.event_id, person.identity, address, text, edge.now(), complete=True, standing=person.standing)
    )

"""`message`: what people write to the desk, alone with it or in a thread in which they talk with it."""

from __future__ import annotations

from slack_app import markup
from slack_app.edge import Edge, Told
from slack_app.guard import is_from_a_machine
from slack_app.listeners import edited, mention
from slack_app.posted import deliver, own_user, post_of
from slack_app.shapes import text_of

_TYPED = frozenset({"", "file_share", "me_message", "thread_broadcast"})
"""What a person typed or sent: also behind `/me`, and a reply that they show to the whole channel too."""


async def heard(edge: Edge, told: Told) -> None:
    """Somebody wrote, changed or took back something. What is not meant for the desk is left alone."""
    subtype = text_of(told.event, "subtype")
    if subtype == "message_changed":
        await edited.changed(edge, told)
    elif subtype == "message_deleted":
        await edited.deleted(edge, told)
    elif subtype in _TYPED and not is_from_a_machine(told.event, told.origin.own):
        await _written(edge, told)


async def _written(edge: Edge, told: Told) -> None:
    post = post_of(told)
    if post.direct:
        await deliver(edge, post, told.origin.own)
        return
    people = markup.mentioned(post.written)
    own = await own_user(edge, told.origin) if people else ""
    if own and own in people:
        # The same post also comes as `app_mention`; either may be first, and both make the same message.
        await mention.asked(edge, post, own)
    elif post.is_reply and not markup.addressed(post.written) and await edge.threads.talks_with(post.address):
        await deliver(edge, post, own)

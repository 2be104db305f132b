"""`message_changed` and `message_deleted`: new words for an old question, and questions that are taken back."""

from __future__ import annotations

from core.events import Stop
from slack_app import markup
from slack_app.edge import Edge, Told, address_of, event_id_of, message_id
from slack_app.guard import is_from_a_machine
from slack_app.listeners import mention
from slack_app.posted import Post, deliver, is_direct, own_user, post_of
from slack_app.shapes import Json, id_of, needed_id, needed_ts, part_of, text_of, ts_of


async def changed(edge: Edge, told: Told) -> None:
    """Slack tells every change of a post, also that it now shows a preview. Only other words matter here."""
    new, old = part_of(told.event, "message"), part_of(told.event, "previous_message")
    if text_of(new, "subtype") == "tombstone":  # deleted, with replies below it
        await _taken_back(edge, told, old, ts_of(new, "ts"))
        return
    by = part_of(new, "edited")
    if is_from_a_machine(new, told.origin.own) or id_of(by, "user") != id_of(new, "user"):
        return
    if markup.plain(text_of(new, "text")) == markup.plain(text_of(old, "text")):
        return
    post = post_of(told, new)
    own = await own_user(edge, told.origin)
    if post.direct or await edge.threads.talks_with(post.address):
        await _reworded(edge, post, own, ts_of(by, "ts"))
    elif own in markup.mentioned(post.written):
        await mention.asked(edge, post, own)  # they forgot to say whom they meant: only now it is a question for us


async def _reworded(edge: Edge, post: Post, own: str, edited_at: str) -> None:
    if not post.direct and (first := markup.addressed(post.written)) and first != own:
        return
    # Two edits may fall into one second, which is all that Slack tells of when.
    event_id = event_id_of(post.origin, "edit", post.room, post.ts, edited_at, post.written)
    await deliver(edge, post, own, event_id=event_id, edits=message_id(post.origin, post.room, post.ts))


async def deleted(edge: Edge, told: Told) -> None:
    """Who takes a question back wants no answer to it."""
    await _taken_back(edge, told, part_of(told.event, "previous_message"), needed_ts(told.event, "deleted_ts"))


async def _taken_back(edge: Edge, told: Told, old: Json, ts: str) -> None:
    if not ts or is_from_a_machine(old, told.origin.own):
        return
    room, user = needed_id(told.event, "channel"), needed_id(old, "user")
    direct = is_direct(room, text_of(told.event, "channel_type"))
    address = address_of(told.origin, room, ts_of(old, "thread_ts") or ts, user, direct=direct)
    if direct or await edge.threads.talks_with(address):
        event_id = event_id_of(told.origin, "deleted", room, ts)
        await edge.desk.stop(Stop(event_id, told.origin.identity(user), address))

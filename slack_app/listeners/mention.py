"""`app_mention`: somebody turns to the desk in a room that others read."""

from __future__ import annotations

from core.people import Standing
from core.replies import Reply
from slack_app.edge import Edge, Told, message_id
from slack_app.guard import is_from_a_machine
from slack_app.posted import Post, deliver, direct_chat, own_user, person_of, post_of
from slack_app.words import say


async def heard(edge: Edge, told: Told) -> None:
    """They get an answer in that thread, in which they may then go on without a mention."""
    if is_from_a_machine(told.event, told.origin.own):
        return
    post = post_of(told)
    if not post.direct:  # there every message comes as `message`
        await asked(edge, post, await own_user(edge, told.origin))


async def asked(edge: Edge, post: Post, own: str) -> None:
    """A post that mentions the desk. One without any words gets suggestions."""
    if not await deliver(edge, post, own):
        key = message_id(post.origin, post.room, post.ts)
        if edge.once.is_new(key):
            edge.afterwards.do("suggestions", _suggest(edge, post, key))


async def _suggest(edge: Edge, post: Post, key: str) -> None:
    person = await person_of(edge, post.origin, post.user, post.home)
    page, address = await edge.desk.front_page(person.identity, person.standing), post.address
    if person.standing is Standing.MEMBER and page.known:
        await edge.threads.join(post.address)
        if post.outside:
            address = await direct_chat(edge, post.origin, post.user)
        reply = Reply(say("prompts_title", page.language), page.language, suggestions=page.suggestions)
    else:
        why = "try_again" if person.standing is Standing.UNKNOWN else "not_for_guests"
        reply = Reply(say(why, page.language), page.language)
    await edge.channel.send(address, reply, f"suggestions:{key}")

"""A post of a person in Slack, and how it becomes a message for the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import ConnectorError
from core.events import Address, Message
from core.people import Standing
from slack_app import markup
from slack_app.attached import attachments
from slack_app.edge import Edge, Person, Told, address_of, message_id
from slack_app.guard import Origin
from slack_app.passed_on import PassedOn, passed_on, quoted
from slack_app.shapes import Json, id_of, moment_of, needed_id, needed_ts, parts_of, text_of, ts_of
from slack_app.telling import tell_words

OWN_SECONDS, DIRECT_SECONDS = 1.0, 1.5


@dataclass(frozen=True, slots=True)
class Post:
    """What stands in Slack. `root` is the post at the top of its thread, itself where it is no reply.

    `home` is the workspace that its author belongs to, where the event says so. `written` is Slack's own markup, and
    `emoji` what its short names stand for. `passed_on` are messages of others that came with it, `files` also theirs.
    `outside`: another organisation reads it too.
    """

    origin: Origin
    room: str
    direct: bool
    user: str
    ts: str
    root: str
    written: str
    emoji: Mapping[str, str]
    passed_on: Sequence[PassedOn]
    files: Sequence[Json]
    home: str
    outside: bool

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread, below another."""
        return self.root != self.ts

    @property
    def address(self) -> Address:
        """Where an answer goes."""
        return address_of(self.origin, self.room, self.root, self.user, direct=self.direct)


def post_of(told: Told, said: Json | None = None) -> Post:
    """The post of an event; `said` is the message itself where the event wraps it (an edit). Raises `Malformed`."""
    event = told.event
    said = event if said is None else said
    room, kind = needed_id(event, "channel"), text_of(event, "channel_type")
    ts, others = needed_ts(said, "ts"), passed_on(said)
    return Post(
        origin=told.origin,
        room=room,
        direct=is_direct(room, kind),
        user=needed_id(said, "user"),
        ts=ts,
        root=ts_of(said, "thread_ts") or ts,
        written=text_of(said, "text"),
        emoji=markup.emoji_in(said.get("blocks")),
        passed_on=others,
        files=[*parts_of(said, "files"), *(file for one in others for file in one.files)],
        home=id_of(said, "user_team") or id_of(said, "source_team") or id_of(said, "team"),
        outside=told.outside,
    )


def is_direct(room: str, kind: str) -> bool:
    """Whether only one person and the desk read along. Where two signs differ, others may."""
    return room.startswith("D") and kind in ("", "im")


async def person_of(edge: Edge, origin: Origin, user: str, home: str = "") -> Person:
    """Who that is. Somebody of another organisation keeps their own: the directory knows nobody there."""
    standing = await edge.people.standing(origin, user, home)
    foreign = home if standing is Standing.OUTSIDER and home and not edge.guard.is_home(origin, home) else ""
    if not foreign:
        await edge.met(await edge.people.acquaintance(origin, user))
    return Person(user, origin.identity(user, foreign), standing)


async def direct_chat(edge: Edge, origin: Origin, user: str) -> Address:
    """Somebody's chat with the desk, while Slack waits for its answer. Raises `ConnectorError`: then it comes again."""
    try:
        async with asyncio.timeout(DIRECT_SECONDS):
            return await edge.channel.direct(origin.tenant, user)
    except TimeoutError:
        raise ConnectorError("slack", "the direct chat did not open in time") from None


async def own_user(edge: Edge, origin: Origin) -> str:
    """Under which id people mention us; empty where neither the event nor Slack says so."""
    if origin.own:
        return origin.own
    try:
        ids = await edge.api.ourselves(origin.tenant, until=edge.api.until(OWN_SECONDS))
    except ConnectorError:
        return ""
    return next((one for one in sorted(ids) if one[:1] in ("U", "W")), "")


async def words_of(edge: Edge, post: Post, own: str) -> str:
    """What the person wrote, as they read it themselves; below it, what they sent on of others."""
    whole = "\n".join((post.written, *(one.written for one in post.passed_on)))
    others = [user for user in markup.mentioned(whole) if user != own]
    names = await edge.people.names(post.origin, others) if others else {}
    said = markup.plain(post.written, own, names, post.emoji)
    quotes = (quoted(markup.plain(one.written, own, names), one.author) for one in post.passed_on)
    return "\n\n".join(part for part in (said, *quotes) if part)


async def deliver(edge: Edge, post: Post, own: str, *, event_id: str = "", edits: str = "") -> bool:
    """Have the desk store it; false where there is nothing in it.

    Whoever asks something in a shared room may go on in that thread without a mention. Where another organisation
    reads along, one of ours is answered in their direct chat: what all of ours may read is not for everybody.
    """
    person, text = await asyncio.gather(person_of(edge, post.origin, post.user, post.home), words_of(edge, post, own))
    files = attachments(post.origin, post.files, edge.settings.max_file_mb)
    if not text and not files:
        return False
    address = post.address
    joins = not post.direct and person.standing is Standing.MEMBER
    if joins and post.outside:
        address = await direct_chat(edge, post.origin, post.user)
        if edge.once.is_new(f"outside:{post.origin.tenant}:{post.room}:{post.root}:{post.user}"):
            tell_words(edge, post.origin, person, "outside_reads", post.room, post.root)
    message = Message(
        event_id=event_id or message_id(post.origin, post.room, post.ts),
        identity=person.identity,
        address=address,
        text=text,
        sent_at=min(moment_of(post.ts), edge.now()),
        edits=edits,
        files=files,
        standing=person.standing,
    )
    stored = [edge.desk.receive(message), *([edge.threads.join(post.address)] if joins else [])]
    await asyncio.gather(*stored)  # neither waits for the other; Slack hears yes when both are there
    return True

"""Posts of ours in Slack: each carries the key it was made for, so that none is made twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from slack_app.calling import SlackFailed, SlackGone, SlackRefused, SlackUnsure, WebApi, Work
from slack_app.plainer import NOT_DRAWN, plainer
from slack_app.views.message import SlackMessage

EVENT_TYPE = "loket_reply"
PAGE = 200
PAGES = 5
"""How far back an earlier copy is looked for."""
RECEIPT = 300
"""Characters that a receipt may have (`storage.tables.outbox`)."""
log = structlog.get_logger("loket.slack")


Showing = Callable[[AsyncWebClient, SlackMessage], Awaitable[AsyncSlackResponse]]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in Slack: a workspace, a channel of it, and the thread there, if it is in one."""

    tenant: str
    room: str
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a reply stands: its posts, first to last. As text `C…:ts`, with further ones behind commas."""

    room: str
    posts: tuple[str, ...]

    def __str__(self) -> str:
        posts = list(self.posts)
        while len(text := f"{self.room}:{','.join(posts)}") > RECEIPT:
            posts.pop(0)  # the buttons are on the last
        return text

    @classmethod
    def read(cls, text: str) -> Receipt:
        """A receipt from its text."""
        room, _, posts = text.partition(":")
        return cls(room, tuple(posts.split(",")))


class Posts:
    """Makes, finds, changes and removes posts. All raise `SlackFailed`; `until` is a moment of `WebApi.until`."""

    def __init__(self, web: WebApi) -> None:
        self._web = web

    async def put(
        self, spot: Spot, messages: Sequence[SlackMessage], key: str, there: Mapping[int, str], *, until: float
    ) -> Receipt:
        """All messages of a reply, one after the other; those whose number is `there` stand already."""
        made = dict(there)
        for number, message in enumerate(messages):
            if number not in made:
                made[number] = await self._post(spot, message, key, number, until)
        return Receipt(spot.room, tuple(made[number] for number in sorted(made)))

    async def find(self, spot: Spot, key: str, *, until: float) -> dict[int, str]:
        """Which messages of the reply with this key stand already: their numbers and ts.

        Where the app may not read (a scope is missing) none is found: rather a text twice than not at all.
        """
        found: dict[int, str] = {}
        for post in await self.ours(spot, until=until):
            payload = (post.get("metadata") or {}).get("event_payload") or {}
            if _is_marked(post) and payload.get("key") == key:
                found.setdefault(int(payload.get("part", 0)), str(post["ts"]))
        return found

    async def unmarked(self, spot: Spot, *, until: float) -> list[str]:
        """The ts of our posts in a thread that carry no key: those that were never finished."""
        return [str(post["ts"]) for post in await self.ours(spot, until=until) if not _is_marked(post)]

    async def ours(self, spot: Spot, *, until: float) -> list[Mapping[str, Any]]:
        """Our own posts there, as far back as we look. What somebody else posts in our manner is none."""
        try:
            selves = await self._web.ourselves(spot.tenant, until=until)
            posts = await self._read(spot, until)
        except SlackRefused as error:
            log.warning("slack_history_unread", error=error.code)
            return []
        return [post for post in posts if {post.get("user"), post.get("bot_id")} & selves]

    async def change(
        self, spot: Spot, ts: str, message: SlackMessage, key: str, number: int = 0, *, until: float
    ) -> None:
        """Let a post show this and nothing else. Raises `SlackGone` when that cannot be."""
        await self._shown(
            spot,
            "chat.update",
            message,
            lambda client, shown: client.chat_update(
                channel=spot.room,
                ts=ts,
                text=shown.text,
                blocks=shown.blocks,
                metadata=_marker(key, number),
                link_names=False,
                parse="none",
            ),
            until=until,
        )

    async def whisper(self, spot: Spot, user: str, message: SlackMessage, *, until: float) -> None:
        """A post that only one person there sees, until they load the page anew."""
        await self._shown(
            spot,
            "chat.postEphemeral",
            message,
            lambda client, shown: client.chat_postEphemeral(
                channel=spot.room,
                user=user,
                text=shown.text,
                blocks=shown.blocks,
                thread_ts=spot.thread or None,
                link_names=False,
                parse="none",
            ),
            until=until,
        )

    async def remove(self, spot: Spot, ts: str, *, until: float) -> None:
        """Take a post away; one that is gone is fine."""
        try:
            await self._web.call(
                spot.tenant, "chat.delete", lambda client: client.chat_delete(channel=spot.room, ts=ts), until=until
            )
        except SlackGone:
            return

    async def _post(self, spot: Spot, message: SlackMessage, key: str, number: int, until: float) -> str:
        try:
            answer = await self._shown(
                spot,
                "chat.postMessage",
                message,
                lambda client, shown: client.chat_postMessage(
                    channel=spot.room,
                    thread_ts=spot.thread or None,
                    text=shown.text,
                    blocks=shown.blocks,
                    metadata=_marker(key, number),
                    unfurl_links=False,
                    unfurl_media=False,
                    link_names=False,
                    parse="none",
                ),
                until=until,
                room=spot.room,
            )
        except SlackUnsure:
            found = await self._seen(spot, key, number, until)
            if found is None:
                raise
            return found
        return str(answer["ts"])

    async def _shown(
        self, spot: Spot, method: str, message: SlackMessage, work: Showing, *, until: float, room: str = ""
    ) -> Mapping[str, Any]:
        """A call that shows a message: in plainer blocks where Slack cannot draw ours (GovSlack may lack new ones)."""
        for shown in (message, plainer(message)):
            try:
                return await self._web.call(spot.tenant, method, _with(work, shown), until=until, room=room)
            except SlackRefused as error:
                if error.code not in NOT_DRAWN or shown is not message:
                    raise
                log.warning("slack_blocks_refused", error=error.code)
        raise AssertionError("unreachable")

    async def _seen(self, spot: Spot, key: str, number: int, until: float) -> str | None:
        """The post, if it got through although we did not hear of it."""
        try:
            return (await self.find(spot, key, until=until)).get(number)
        except SlackFailed:
            return None  # the next try looks again

    async def _read(self, spot: Spot, until: float) -> list[Mapping[str, Any]]:
        posts: list[Mapping[str, Any]] = []
        cursor = ""
        method = "conversations.replies" if spot.thread else "conversations.history"
        for _ in range(PAGES):
            answer = await self._web.call(spot.tenant, method, _reading(spot, cursor or None), until=until)
            posts += answer.get("messages") or []
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return posts


def _with(work: Showing, message: SlackMessage) -> Work:
    return lambda client: work(client, message)


def _reading(spot: Spot, cursor: str | None) -> Work:
    def replies(client: AsyncWebClient) -> Awaitable[AsyncSlackResponse]:
        return client.conversations_replies(
            channel=spot.room, ts=spot.thread, cursor=cursor, limit=PAGE, include_all_metadata=True
        )

    def history(client: AsyncWebClient) -> Awaitable[AsyncSlackResponse]:
        return client.conversations_history(channel=spot.room, cursor=cursor, limit=PAGE, include_all_metadata=True)

    return replies if spot.thread else history


def _marker(key: str, number: int) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key, "part": number}}


def _is_marked(post: Mapping[str, Any]) -> bool:
    return (post.get("metadata") or {}).get("event_type") == EVENT_TYPE

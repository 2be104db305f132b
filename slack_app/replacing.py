"""An earlier reply shows what holds now: its posts are changed, and where one is gone another takes its place."""

from __future__ import annotations

import dataclasses

import structlog

from core.replies import Reply
from slack_app.calling import SlackGone
from slack_app.posts import Posts, Receipt, Spot
from slack_app.views.message import drawn
from slack_app.words import say

log = structlog.get_logger("loket.slack")


async def replace_reply(
    posts: Posts, spot: Spot, receipt: Receipt, reply: Reply, link_hosts: frozenset[str], *, until: float
) -> None:
    """Let the posts of a receipt show this reply and nothing else, in as many posts as it takes.

    A post that is gone, or that Slack lets nobody change any more, is followed by a new one that says so; the next
    change finds that one by its key. Raises `SlackFailed`; doing it again does no harm.
    """
    messages = drawn(reply, link_hosts=link_hosts)
    key = f"instead:{receipt}"
    there: dict[int, str] = {}
    for number, (ts, message) in enumerate(zip(receipt.posts, messages, strict=False)):
        try:
            await posts.change(spot, ts, message, key, number, until=until)
            there[number] = ts
        except SlackGone as error:
            log.info("slack_post_gone", error=error.code)
    for ts in receipt.posts[len(messages) :]:
        await posts.remove(spot, ts, until=until)
    if len(there) == len(messages):
        return
    if 0 not in there:
        messages = drawn(_noted(reply), link_hosts=link_hosts)
    for number, ts in (await posts.find(spot, key, until=until)).items():
        if number not in there and number < len(messages):
            await posts.change(spot, ts, messages[number], key, number, until=until)
            there[number] = ts
    await posts.put(spot, messages, key, there, until=until)


def _noted(reply: Reply) -> Reply:
    note = say("posted_anew", reply.language)
    return dataclasses.replace(reply, text=f"{note}\n\n{reply.text}".strip())

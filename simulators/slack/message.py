"""A message as the simulated Slack keeps it, and what it would set off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulators.slack import reading

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class SimMessage:
    """One message. Of the app's own, `would_…`, `links` and `images` say what Slack would make of it."""

    channel: str
    ts: str
    user: str
    team: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    bot_id: str = ""
    app_id: str = ""
    username: str = ""
    ephemeral_to: str = ""
    markdown: bool = False
    edited: bool = False
    edited_by: str = ""
    deleted: bool = False
    streaming: bool = False
    streamed: bool = False
    started_at: float = 0.0
    stopped_by: str = ""
    chunks: list[Json] = field(default_factory=list)
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None
    mrkdwn: bool = True
    named: bool = False
    versions: list[tuple[str, list[Json]]] = field(default_factory=list)
    state: Json = field(default_factory=dict)

    @property
    def by_app(self) -> bool:
        """Whether the app wrote it."""
        return bool(self.bot_id)

    @property
    def all_blocks(self) -> list[Json]:
        """Its blocks, those that were streamed first."""
        streamed = [block for chunk in self.chunks if chunk["type"] == "blocks" for block in chunk["blocks"]]
        return [*streamed, *self.blocks]

    @property
    def would_notify(self) -> list[str]:
        """Whom the content calls: `!channel`, `!here`, `@U…`, `!subteam^…`, also of updates, to be strict."""
        calls = [call for kind, text in self._texts() if kind != "plain_text" for call in self._calls(text)]
        return list(dict.fromkeys([*calls, *reading.rich_calls_in([self.blocks, self.chunks])]))

    @property
    def links(self) -> list[str]:
        """Every address that a reader could click, in texts, buttons, citations and attachments."""
        found = self._links_in_texts()
        found += reading.addresses_in([self.blocks, self.attachments, self.chunks], reading.LINK_KEYS)
        return list(dict.fromkeys(found))

    @property
    def images(self) -> list[str]:
        """Every image that would be loaded, wherever it stands."""
        found = [image for kind, text in self._texts() if kind == "markdown" for image in reading.images_in(text)]
        found += reading.addresses_in([self.blocks, self.attachments, self.chunks], reading.IMAGE_KEYS)
        return list(dict.fromkeys(found))

    @property
    def would_unfurl(self) -> list[str]:
        """The addresses in its texts that Slack would fetch for a preview.

        Links are previewed only with `unfurl_links`, media unless `unfurl_media` is false; which of the two an address
        is, only Slack's fetch can tell: so any address counts while either is on. A streamed message has no such switch
        and is not counted.
        """
        if self.streamed or self.ephemeral_to or (not self.unfurl_links and self.unfurl_media is False):
            return []
        return [link for link in self._links_in_texts() if not link.startswith(("mailto:", "tel:"))]

    def as_api(self) -> Json:
        """The message as the Web API and events give it."""
        body: Json = {"type": "message", "user": self.user, "ts": self.ts, "team": self.team, "text": self.text}
        optional = {
            "blocks": self.blocks,
            "attachments": self.attachments,
            "files": self.files,
            "thread_ts": self.thread_ts,
            "metadata": self.metadata,
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "username": self.username,
        }
        body.update({key: value for key, value in optional.items() if value})
        if self.edited:
            body["edited"] = {"user": self.edited_by or self.user, "ts": self.ts}
        return body

    def _links_in_texts(self) -> list[str]:
        return [
            link
            for kind, text in self._texts()
            if kind != "plain_text"
            for link in reading.links_in(text, markdown=kind == "markdown")
        ]

    def _calls(self, text: str) -> list[str]:
        return reading.calls_in(text, named=self.named)

    def _texts(self) -> list[tuple[str, str]]:
        top = "markdown" if self.markdown else "mrkdwn" if self.mrkdwn else "plain_text"
        return [(top, self.text), *reading.texts_in([self.blocks, self.attachments, self.chunks])]

"""The three calls by which Slack shows a post that is being written."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Place
from slack_app.calling import SlackGone, SlackStreamOver, WebApi
from slack_app.posts import Spot
from slack_app.words import say

FEATURE = "chat.startStream"


@dataclass(slots=True)
class Shown:
    """One answer in this process: to which event, where, for whom, and since it is shown the ts of its post."""

    event_id: str
    spot: Spot
    user: str
    place: Place
    ts: str = ""
    chars: int = 0
    language: str = ""


class StreamCalls:
    """Starts, fills and stops streams. All raise `SlackFailed`."""

    def __init__(self, web: WebApi) -> None:
        self._web = web

    async def start(self, shown: Shown, text: str, until: float) -> str:
        """A new post with this text; its ts. Slack asks for whom it is, in rooms that several people read."""
        spot = shown.spot
        answer = await self._web.call(
            spot.tenant,
            FEATURE,
            lambda client: client.chat_startStream(
                channel=spot.room,
                thread_ts=spot.thread,
                recipient_team_id=spot.tenant,
                recipient_user_id=shown.user,
                chunks=[_step(shown.language, "in_progress"), {"type": "markdown_text", "text": text}],
            ),
            until=until,
        )
        return str(answer["ts"])

    async def append(self, shown: Shown, text: str, until: float) -> None:
        """More text behind what stands there."""
        await self._web.call(
            shown.spot.tenant,
            "chat.appendStream",
            lambda client: client.chat_appendStream(
                channel=shown.spot.room, ts=shown.ts, chunks=[{"type": "markdown_text", "text": text}]
            ),
            until=until,
        )

    async def stop(self, spot: Spot, ts: str, until: float, *, language: str = "", thinks: bool = False) -> None:
        """It is not being written any more; also where it was not already. `thinks`: the desk goes on with it.

        With a `language` the step that is shown is done; without, the post goes anyway.
        """
        try:
            await self._web.call(
                spot.tenant,
                "chat.stopStream",
                lambda client: client.chat_stopStream(
                    channel=spot.room,
                    ts=ts,
                    chunks=[_step(language, "complete")] if language else None,
                    session_status="processing" if thinks else None,  # else Slack takes it for answered
                ),
                until=until,
            )
        except (SlackStreamOver, SlackGone):
            return


def _step(language: str, status: str) -> dict[str, str]:
    """What people see the desk do while an answer grows: left open, it would spin for ever."""
    return {"type": "task_update", "id": "answer", "title": say("stream_step", language), "status": status}

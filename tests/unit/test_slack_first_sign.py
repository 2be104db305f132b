"""In Slack, whoever wrote sees at once that it was taken in, by the process that did, whether anybody thinks or not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.idle_engine import NobodyThinks
from tests.slack_edge import AtWork, at_work, message

STATUS = "agents.sessions.setStatus"


async def statuses(work: AtWork, count: int) -> list[dict[str, Any]]:
    """The calls that set a status, once there are so many."""
    async with asyncio.timeout(20):
        while len(work.edge.calls(STATUS)) < count:  # noqa: ASYNC110 - the simulated Slack tells nobody
            await asyncio.sleep(0.01)
    return work.edge.calls(STATUS)


async def test_the_thread_says_that_it_is_looked_into_while_no_agent_works(tmp_path: Path) -> None:
    async with at_work(tmp_path, NobodyThinks()) as work:
        post = await work.slack.people["UE1002"].dm("Hoeveel verlof heb ik?")
        call = (await statuses(work, 1))[0]
        assert (call["status"], call["thread_ts"], call["title"]) == ("processing", post.ts, "Hoeveel verlof heb ik?")


async def test_a_repeat_and_a_guest_are_shown_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path, NobodyThinks()) as work:
        work.slack.add_person("UGUEST", name="A guest", guest=True)
        once = message("How much leave do I get?")
        assert [await work.edge.post(once) for _ in range(3)] == [200] * 3
        assert await work.edge.post(message("What do you know?", user="UGUEST")) == 200
        await statuses(work, 1)
        assert await work.edge.post(message("And my colleague?", user="UE1003")) == 200
        assert [call["channel_id"] for call in await statuses(work, 2)] == ["DUE1002", "DUE1003"]


async def test_a_slack_that_takes_no_status_holds_no_acknowledgement_up(tmp_path: Path) -> None:
    async with at_work(tmp_path, NobodyThinks()) as work:
        work.slack.faults.timeout_after_accept(STATUS, times=99)
        assert await work.edge.post(message("How much leave do I get?")) == 200
        await statuses(work, 1)  # from now on a call hangs
        others = [message("And now?", ts=f"1700000001.{number:06}") for number in range(20)]
        async with asyncio.timeout(60):
            assert set(await asyncio.gather(*(work.edge.post(one) for one in others))) == {200}

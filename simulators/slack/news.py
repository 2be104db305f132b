"""What happens in the organisation, as events for the app: of people, of the app itself, of its installation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from simulators.slack import events
from simulators.slack.delivery import Courier
from simulators.slack.message import SimMessage
from simulators.slack.records import Delivery, Room
from simulators.slack.world import World

Json = dict[str, Any]


class News:
    """Tells the app what it subscribed to."""

    def __init__(self, world: World, courier: Courier) -> None:
        self._world = world
        self._courier = courier
        self._tasks: set[asyncio.Task[Any]] = set()

    async def send(self, team: str, event: Json, room: Room | None = None) -> Delivery | None:
        """Bring an event, with Slack's retries; None when the app may not hear of it."""
        place = self._world.workspaces[team]
        if not self._world.manifest.brings(events.subscription(event)) or not place.installed:
            return None
        if room is not None and place.bot_user not in room.members:
            return None
        delivery = events.envelope(self._world, team, event, room)
        self._world.deliveries.append(delivery)
        return await self._courier.bring_event(delivery)

    async def removed(self, place: str) -> Delivery | None:
        """The app was removed from a workspace or an organisation: its tokens are void, and it hears of both."""
        await self.revoked(place)
        places = self._world.workspaces_of(place)
        delivery = await self.send(places[0].team, {"type": "app_uninstalled"})
        for workspace in places:
            workspace.installed = False
        return delivery

    async def revoked(self, place: str) -> Delivery | None:
        """A workspace or an organisation took back the app's tokens."""
        for token in self._world.tokens.values():
            if token.team == place:
                token.revoked = True
        workspace = self._world.workspaces_of(place)[0]
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [workspace.bot_user]}}
        return await self.send(workspace.team, event)

    def echo(self, message: SimMessage, subtype: str) -> None:
        """What the app wrote comes back to it, while others go on."""
        if not self._courier.reaches:
            return
        room = self._world.rooms[message.channel]
        if subtype == "message_changed":
            event = events.changed_event(message, message.as_api(), room, self._world.clock.stamp())
        elif subtype == "message_deleted":
            event = events.deleted_event(message, room, self._world.clock.stamp())
        else:
            event = events.message_event(message, room, None)
        if self._world.manifest.brings(events.subscription(event)):
            delivery = events.envelope(self._world, message.team, event, room)
            self._world.echoes.append(delivery)
            self.background(self._courier.bring_event(delivery))

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something happen while others go on; it ends with the simulator."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is still on its way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

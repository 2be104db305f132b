"""`response_url`: the address in a click by which the app may answer there, five times in half an hour."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulators.slack.limits.messages import check_blocks, check_text
from simulators.slack.message import SimMessage
from simulators.slack.records import Account, Room
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]

USES = 5
SECONDS = 1800.0


@dataclass(slots=True)
class _Address:
    message: SimMessage
    person: Account
    room: Room
    until: float
    uses: int = 0


class Responses:
    """The response addresses that were given out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._given: dict[str, _Address] = {}

    def give(self, message: SimMessage, person: Account, room: Room) -> str:
        """An address for one click."""
        name = secrets.token_hex(12)
        self._given[name] = _Address(message, person, room, self._world.clock.now() + SECONDS)
        return f"{self._world.address}actions/{room.team}/{name}"

    async def serve(self, request: web.Request) -> web.Response:
        """A post to such an address."""
        try:
            self._write(self._address(request.match_info["name"]), await _sent(request))
        except SlackRefusal as refusal:
            status = 404 if refusal.error in ("expired_url", "used_url") else 400
            return web.json_response(refusal.body(), status=status)
        return web.json_response({"ok": True})

    def _address(self, name: str) -> _Address:
        address = self._given.get(name)
        if address is None or address.until < self._world.clock.now():
            raise SlackRefusal("expired_url")
        if address.uses >= USES:
            raise SlackRefusal("used_url")
        address.uses += 1
        return address

    def _write(self, address: _Address, sent: Json) -> None:
        message, room = address.message, address.room
        if sent.get("delete_original"):
            room.bury(message)
            return
        text, blocks = sent.get("text"), sent.get("blocks")
        if not text and not blocks:
            raise SlackRefusal("no_text")
        check_text(text, 40_000)
        check_blocks(blocks)
        if sent.get("replace_original"):
            message.versions.append((message.text, message.blocks))
            message.edited = True
        else:
            message = self._new(address, sent)
        message.text, message.blocks = text or "", self._world.name_blocks(blocks or [])

    def _new(self, address: _Address, sent: Json) -> SimMessage:
        place, room = self._world.workspaces[address.room.team], address.room
        new = SimMessage(room.id, self._world.clock.stamp(), place.bot_user, room.team, bot_id=place.bot_id)
        new.thread_ts = sent.get("thread_ts") or address.message.thread_ts
        new.unfurl_links, new.unfurl_media = sent.get("unfurl_links"), sent.get("unfurl_media")
        if sent.get("response_type") == "in_channel":
            room.messages[new.ts] = new
        else:
            new.ephemeral_to = address.person.id
            room.ephemerals.append(new)
        return new


async def _sent(request: web.Request) -> Json:
    try:
        sent = json.loads(await request.text())
    except ValueError:
        raise SlackRefusal("invalid_payload") from None
    if not isinstance(sent, dict):
        raise SlackRefusal("invalid_payload")
    return sent

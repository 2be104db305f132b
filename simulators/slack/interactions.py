"""Clicks and forms as payloads: how they reach the app, and what its answer does to the screen."""

from __future__ import annotations

import secrets
from typing import Any

from simulators.slack import forms
from simulators.slack.api.views import push_view, record, replace
from simulators.slack.delivery import Courier
from simulators.slack.limits.views import check_view
from simulators.slack.message import SimMessage
from simulators.slack.records import Account, Delivery, View
from simulators.slack.refusal import NothingToPress, SlackRefusal
from simulators.slack.responses import Responses
from simulators.slack.screen import Control, controls, find, first_state, option, state_of
from simulators.slack.world import World

Json = dict[str, Any]


class Interactions:
    """What people do with the app's buttons and forms."""

    def __init__(self, world: World, courier: Courier, responses: Responses) -> None:
        self._world = world
        self._courier = courier
        self._responses = responses

    async def press(self, person: Account, message: SimMessage, wanted: str, value: Any, stale: bool) -> Delivery:
        """Press something in a message; `stale`: as it stood before a change, on a screen that has not caught up."""
        room = self._world.rooms[message.channel]
        if person.id not in room.members or message.ephemeral_to not in ("", person.id):
            raise NothingToPress(f"{person.name} does not see this message")
        if message.deleted and not stale:
            raise NothingToPress("the message is gone")
        blocks, control = _found(message, wanted, person.id, stale)
        payload = self._payload("block_actions", person, room.team)
        payload |= {
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": room.id,
                "is_ephemeral": bool(message.ephemeral_to),
            },
            "channel": {"id": room.id, "name": "directmessage" if room.kind == "im" else room.name},
            "state": {"values": self._state(message.state, blocks, person, control, value)},
            "response_url": self._responses.give(message, person, room),
            "actions": [self._action(control, value)],
        }
        if message.thread_ts:
            payload["container"]["thread_ts"] = message.thread_ts
        if not message.ephemeral_to:
            payload["message"] = message.as_api()
        return await self._bring(payload)

    async def press_in_view(self, person: Account, view: View, wanted: str, value: Any) -> Delivery:
        """Press or pick something in a form or in App Home."""
        control = find(view.blocks, wanted, person.id)
        self._state(view.state, view.blocks, person, control, value)
        payload = self._payload("block_actions", person, view.team)
        payload |= {
            "container": {"type": "view", "view_id": view.id},
            "view": record(self._world, view),
            "actions": [self._action(control, value)],
        }
        return await self._bring(payload)

    async def suggest(self, person: Account, view: View, wanted: str, query: str) -> list[str]:
        """Type in a list that the app fills: what it offers."""
        control = find(view.blocks, wanted, person.id)
        payload = self._payload("block_suggestion", person, view.team)
        payload |= {
            "container": {"type": "view", "view_id": view.id},
            "view": record(self._world, view),
            "action_id": control.action_id,
            "block_id": control.block_id,
            "value": query,
        }
        answer = (await self._bring(payload)).answer or {}
        grouped = [one for group in answer.get("option_groups") or () for one in group["options"]]
        control.element["offered"] = [*(answer.get("options") or ()), *grouped]
        return [one["text"]["text"] for one in control.element["offered"]]

    async def submit(self, person: Account, view: View, values: Json) -> dict[str, str]:
        """Fill in the open form and send it: the errors shown, by block id; none when it went through."""
        forms.fill(view, values)
        if refused := forms.refused_by_slack(view):
            return refused
        payload = self._payload("view_submission", person, view.team)
        payload |= {"view": record(self._world, view), "response_urls": []}
        delivery = await self._bring(payload)
        if not delivery.acknowledged:
            return {"": forms.TROUBLE}
        return self._settle(person, view, delivery.answer or {})

    def _settle(self, person: Account, view: View, answer: Json) -> dict[str, str]:
        action = answer.get("response_action")
        if action == "errors":
            return forms.errors_shown(view, answer.get("errors"))
        try:
            if action == "update":
                replace(self._world, view, check_view(answer.get("view"), "modal"))
            elif action == "push":
                push_view(self._world, view.team, person, check_view(answer.get("view"), "modal"))
        except SlackRefusal:
            return {"": forms.TROUBLE}
        if action == "clear":
            self._close(person, list(person.modal))
        elif action is None:
            self._close(person, [view])
        return {}

    async def close(self, person: Account, view: View) -> Delivery | None:
        """Close the form without sending it; the app hears of it when it asked to."""
        self._close(person, [view])
        if not view.content.get("notify_on_close"):
            return None
        payload = self._payload("view_closed", person, view.team)
        return await self._bring(payload | {"view": record(self._world, view), "is_cleared": False})

    def _close(self, person: Account, views: list[View]) -> None:
        for view in views:
            if view in person.modal:
                person.modal.remove(view)
            self._world.views.pop(view.id, None)

    def _state(self, state: Json, blocks: list[Json], person: Account, pressed: Control, value: Any) -> Json:
        """The state of what can hold one; what was pressed has its new value."""
        for control in controls(blocks, person.id):
            if control.element["type"] not in ("button", "icon_button", "feedback_buttons", "overflow"):
                held = state.setdefault(control.block_id, {})
                if control == pressed and value is not None:
                    held[control.action_id] = state_of(control.element, value)
                else:
                    held.setdefault(control.action_id, first_state(control.element))
        return state

    def _action(self, control: Control, value: Any) -> Json:
        element, kind = control.element, control.element["type"]
        action: Json = {"type": kind, "action_id": control.action_id, "block_id": control.block_id}
        action["action_ts"] = self._world.clock.stamp()
        if kind in ("button", "icon_button"):
            action["text"] = element["text"]
            action |= {"value": control.value} if control.value else {}
        elif kind == "feedback_buttons":
            action |= {"value": control.value, "text": {"type": "plain_text", "text": control.label, "emoji": True}}
        elif kind == "overflow":
            action["selected_option"] = option(element, control.value)
        else:
            action |= state_of(element, value)
        return action

    def _payload(self, kind: str, person: Account, team: str) -> Json:
        place = self._world.workspaces[team]
        enterprise = {"id": place.enterprise, "name": place.enterprise.lower()} if place.enterprise else None
        name = person.name.lower().replace(" ", ".")
        payload: Json = {
            "type": kind,
            "user": {"id": person.id, "username": name, "name": name, "team_id": person.stranger_of or person.team},
            "api_app_id": self._world.app_id,
            "token": "unused",
            "team": {"id": team, "domain": place.domain},
            "enterprise": enterprise,
            "is_enterprise_install": place.by_organisation,
        }
        if kind in ("block_actions", "view_submission"):
            payload["trigger_id"] = self._world.triggers.give(person)
        if enterprise:
            payload["team"] |= {"enterprise_id": enterprise["id"], "enterprise_name": enterprise["name"]}
        return payload

    async def _bring(self, payload: Json) -> Delivery:
        if not self._world.manifest.interactivity:
            raise NothingToPress("interactivity is not enabled for this app")
        delivery = Delivery("interaction", payload["type"], secrets.token_hex(8), payload)
        self._world.deliveries.append(delivery)
        return await self._courier.bring_interaction(delivery)


def _found(message: SimMessage, wanted: str, user: str, stale: bool) -> tuple[list[Json], Control]:
    """The blocks and what is pressed in them; of a screen that lags, the newest earlier ones that had it."""
    earlier = [blocks for _text, blocks in reversed(message.versions)] if stale else []
    for blocks in earlier[:-1]:
        try:
            return blocks, find(blocks, wanted, user)
        except NothingToPress:
            continue
    blocks = earlier[-1] if earlier else message.all_blocks
    return blocks, find(blocks, wanted, user)

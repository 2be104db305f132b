"""A button that somebody pressed: where it stands, what it is called, what it carries. All of it is checked again."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Address, Place
from slack_app.edge import address_of, event_id_of
from slack_app.guard import CHANNEL, Origin
from slack_app.posted import is_direct
from slack_app.shapes import (
    Json,
    Malformed,
    id_of,
    needed_id,
    part_of,
    parts_of,
    text_of,
    ts_of,
)


@dataclass(frozen=True, slots=True)
class Press:
    """One press. `name` is the button's `action_id`, `value` what it carries: words of ours that came back.

    `view_kind` is `modal` or `home` where it stands in a view, and `room` then is empty. `trigger` lets a form be
    opened for three seconds. `home` is the workspace of whoever pressed.
    """

    origin: Origin
    user: str
    home: str
    room: str
    root: str
    name: str
    value: str
    trigger: str
    event_id: str
    view_id: str = ""
    view_kind: str = ""
    metadata: str = ""

    @property
    def direct(self) -> bool:
        """Whether only whoever pressed reads along."""
        return not self.room or is_direct(self.room, "")

    @property
    def address(self) -> Address:
        """Where that is, as the desk knows it. In a view it is nowhere yet: the direct chat of that person."""
        if not self.room:
            return Address(CHANNEL, self.origin.tenant, "", Place.DIRECT, None, self.user)
        return address_of(self.origin, self.room, self.root, self.user, direct=self.direct)


def press_of(origin: Origin, body: Json) -> Press:
    """The first action of a payload; Slack sends one at a time. Raises `Malformed`."""
    action = next(iter(parts_of(body, "actions")), None)
    if action is None:
        raise Malformed("actions")
    user, container, view = part_of(body, "user"), part_of(body, "container"), part_of(body, "view")
    stands, message = id_of(part_of(body, "channel"), "id"), part_of(body, "message")
    room = id_of(container, "channel_id") or stands
    at = ts_of(container, "message_ts") or ts_of(message, "ts")
    who, name, value = needed_id(user, "id"), text_of(action, "action_id"), text_of(action, "value")
    trigger = text_of(body, "trigger_id")
    return Press(
        origin=origin,
        user=who,
        home=id_of(user, "team_id"),
        room="" if view else room,
        root=ts_of(container, "thread_ts") or ts_of(message, "thread_ts") or at,
        name=name,
        value=value,
        trigger=trigger,
        event_id=event_id_of(origin, "press", who, room, at, name, value, text_of(action, "action_ts"), trigger),
        view_id=text_of(view, "id"),
        view_kind=text_of(view, "type"),
        metadata=text_of(view, "private_metadata"),
    )

"""The events of the Events API, as Slack writes them."""

from __future__ import annotations

import secrets
from typing import Any

from simulators.slack.message import SimMessage
from simulators.slack.records import Account, Delivery, Room
from simulators.slack.world import World

Json = dict[str, Any]

SUBSCRIPTIONS = {"im": "message.im", "channel": "message.channels", "group": "message.groups", "mpim": "message.mpim"}


def envelope(world: World, team: str, event: Json, room: Room | None = None) -> Delivery:
    """An event as it is delivered to the app's account in a workspace."""
    place = world.workspaces[team]
    event_id = f"Ev{secrets.token_hex(6).upper()}"
    body: Json = {
        "token": "unused",
        "team_id": team,
        "context_team_id": team,
        "context_enterprise_id": place.enterprise or None,
        "api_app_id": world.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(world.clock.now()),
        "authorizations": [
            {
                "enterprise_id": place.enterprise or None,
                "team_id": team,
                "user_id": place.bot_user,
                "is_bot": True,
                "is_enterprise_install": place.by_organisation,
            }
        ],
        "is_ext_shared_channel": bool(room and room.shared_with),
        "event_context": f"4-{secrets.token_hex(8)}",
    }
    if place.enterprise:
        body["enterprise_id"] = place.enterprise
    return Delivery("event", str(event["type"]), event_id, body)


def subscription(event: Json) -> str:
    """The name under which an app subscribes to an event."""
    if event["type"] == "message":
        return SUBSCRIPTIONS[event["channel_type"]]
    return str(event["type"])


def message_event(message: SimMessage, room: Room, author: Account | None) -> Json:
    """Somebody wrote a message."""
    event: Json = {
        **message.as_api(),
        "client_msg_id": secrets.token_hex(8),
        "channel": room.id,
        "channel_type": room.channel_type,
        "event_ts": message.ts,
    }
    if message.by_app:
        del event["client_msg_id"]
    if message.files:
        event["subtype"] = "file_share"
        event["upload"] = False
    return event | _home_of(author)


def mention_event(message: SimMessage, room: Room, author: Account) -> Json:
    """Somebody called the app by its name."""
    event = message_event(message, room, author)
    return {key: value for key, value in event.items() if key not in ("channel_type", "subtype")} | {
        "type": "app_mention"
    }


def _home_of(author: Account | None) -> Json:
    if author is None or not author.stranger_of:
        return {}
    return {"user_team": author.stranger_of, "source_team": author.stranger_of, "team": author.stranger_of}


def changed_event(message: SimMessage, before: Json, room: Room, ts: str) -> Json:
    """A message was edited."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "message": message.as_api(),
        "previous_message": before,
        "channel": room.id,
        "channel_type": room.channel_type,
        "ts": ts,
        "event_ts": ts,
    }


def deleted_event(message: SimMessage, room: Room, ts: str) -> Json:
    """A message was deleted."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "deleted_ts": message.ts,
        "previous_message": message.as_api(),
        "channel": room.id,
        "channel_type": room.channel_type,
        "ts": ts,
        "event_ts": ts,
    }


def user_record(account: Account) -> Json:
    """A person as `users.info` and `user_change` give them."""
    stranger = bool(account.stranger_of)
    record: Json = {
        "id": account.id,
        "team_id": account.stranger_of or account.team,
        "name": account.name.lower().replace(" ", "."),
        "real_name": account.name,
        "deleted": account.deactivated,
        "tz": "Europe/Amsterdam",
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "profile": {
            "real_name": account.name,
            "display_name": account.name,
            "team": account.stranger_of or account.team,
        },
        "is_bot": account.bot,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": account.guest,
        "is_ultra_restricted": False,
        "is_stranger": stranger,
        "updated": 0,
    }
    if account.enterprise:
        record["enterprise_user"] = {"id": account.id, "enterprise_id": account.enterprise, "teams": [account.team]}
    return record

"""`views.…`: modals, which a click opens, and App Home."""

from __future__ import annotations

import copy
import secrets
from typing import Any

from simulators.slack.api.ask import Ask
from simulators.slack.limits.views import check_view
from simulators.slack.records import Account, View
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]

DEEPEST = 3
"""Modals that may lie on each other."""


def open_view(world: World, ask: Ask) -> Json:
    """`views.open`."""
    content = check_view(ask.json("view"), "modal")
    person = world.triggers.use(ask.text("trigger_id"))
    view = new_view(world, ask.team, person, content)
    for old in person.modal:
        world.views.pop(old.id, None)
    person.modal[:] = [view]
    return {"ok": True, "view": record(world, view)}


def push(world: World, ask: Ask) -> Json:
    """`views.push`: on top of the modal in which the click was."""
    content = check_view(ask.json("view"), "modal")
    person = world.triggers.use(ask.text("trigger_id"))
    return {"ok": True, "view": record(world, push_view(world, ask.team, person, content))}


def push_view(world: World, team: str, person: Account, content: Json) -> View:
    """A modal on top of the one that is open. Raises `push_limit_reached`."""
    if len(person.modal) >= DEEPEST:
        raise SlackRefusal("push_limit_reached")
    below = person.modal[-1] if person.modal else None
    view = new_view(world, team, person, content)
    if below is not None:
        view.previous, view.root = below.id, below.root
    person.modal.append(view)
    return view


def update(world: World, ask: Ask) -> Json:
    """`views.update`: of a modal that is still open, by its id or external id."""
    content = check_view(ask.json("view"), "modal", "home")
    wanted, external = ask.maybe("view_id"), ask.maybe("external_id")
    for view in world.views.values():
        if view.team == ask.team and (view.id == wanted or (external and view.content.get("external_id") == external)):
            if (given := ask.maybe("hash")) and given != view.hash:
                raise SlackRefusal("hash_conflict")
            replace(world, view, content)
            return {"ok": True, "view": record(world, view)}
    raise SlackRefusal("not_found")


def publish(world: World, ask: Ask) -> Json:
    """`views.publish`: the home tab of one person."""
    if not world.manifest.home_tab:
        raise SlackRefusal("not_enabled")
    content = check_view(ask.json("view"), "home")
    person = world.people.get(ask.text("user_id"))
    if person is None or person.bot:
        raise SlackRefusal("invalid_arguments", "[ERROR] invalid user_id")
    if (given := ask.maybe("hash")) and person.home is not None and given != person.home.hash:
        raise SlackRefusal("hash_conflict")
    if person.home is None:
        person.home = new_view(world, ask.team, person, content)
    else:
        replace(world, person.home, content)
    return {"ok": True, "view": record(world, person.home)}


def new_view(world: World, team: str, person: Account, content: Json) -> View:
    """A view that comes on somebody's screen. Raises `duplicate_external_id`."""
    external = content.get("external_id")
    if external and any(view.content.get("external_id") == external for view in world.views.values()):
        raise SlackRefusal("duplicate_external_id")
    number = f"V{world.number():06d}"
    view = View(number, team, person.id, {}, "", number)
    replace(world, view, content)
    world.views[view.id] = view
    return view


def replace(world: World, view: View, content: Json) -> None:
    """A view's new content. What was typed in a block that stays (same ids) stays."""
    view.content = {**copy.deepcopy(content), "blocks": world.name_blocks(content["blocks"])}
    view.hash = f"{int(world.clock.now())}.{secrets.token_hex(4)}"
    kept = {block["block_id"] for block in view.blocks}
    view.state = {block_id: values for block_id, values in view.state.items() if block_id in kept}


def record(world: World, view: View) -> Json:
    """A view as Slack gives it in answers and payloads."""
    place = world.workspaces[view.team]
    return {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "title": None,
        "submit": None,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        **view.content,
        "id": view.id,
        "team_id": view.team,
        "hash": view.hash,
        "state": {"values": view.state},
        "root_view_id": view.root,
        "previous_view_id": view.previous or None,
        "app_id": world.app_id,
        "app_installed_team_id": view.team,
        "bot_id": place.bot_id,
    }

"""`auth.…`, `apps.…` and `files.…`: who we are, and what we were given."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulators.slack.api.ask import Ask
from simulators.slack.api.rooms import page_of
from simulators.slack.limits.manifests import faults_of
from simulators.slack.records import SimFile
from simulators.slack.refusal import SlackRefusal
from simulators.slack.world import World

Json = dict[str, Any]


def auth_test(world: World, ask: Ask) -> Json:
    """`auth.test`."""
    place = world.workspace(ask.team)
    body: Json = {
        "ok": True,
        "url": f"{world.address}",
        "team": place.domain,
        "user": world.manifest.name.lower(),
        "team_id": place.team,
        "user_id": place.bot_user,
        "bot_id": place.bot_id,
        "is_enterprise_install": bool(ask.token and ask.token.organisation),
    }
    if place.enterprise:
        body["enterprise_id"] = place.enterprise
    return body


def auth_teams(world: World, ask: Ask) -> Json:
    """`auth.teams.list`: the workspaces that a token reaches."""
    places = world.workspaces_of(ask.token.team) if ask.token else []
    teams = [{"id": place.team, "name": place.domain} for place in places if place.installed]
    page, cursor = page_of(ask, teams, 1000)
    return {"ok": True, "teams": page, "response_metadata": {"next_cursor": cursor}}


def auth_revoke(world: World, ask: Ask) -> Json:
    """`auth.revoke`."""
    if ask.token is not None and not ask.flag("test"):
        ask.token.revoked = True
    return {"ok": True, "revoked": not ask.flag("test")}


def uninstall(world: World, ask: Ask) -> Json:
    """`apps.uninstall`."""
    if ask.text("client_id") != world.client_id:
        raise SlackRefusal("invalid_client_id")
    if ask.text("client_secret") != world.client_secret:
        raise SlackRefusal("bad_client_secret")
    world.leave(ask.team)
    return {"ok": True}


def validate_manifest(world: World, ask: Ask) -> Json:
    """`apps.manifest.validate`."""
    manifest = ask.json("manifest", "invalid_manifest")
    if not isinstance(manifest, dict):
        raise SlackRefusal("invalid_manifest")
    if found := faults_of(manifest):
        raise SlackRefusal("invalid_manifest", errors=found)
    return {"ok": True, "errors": []}


def file_info(world: World, ask: Ask) -> Json:
    """`files.info`."""
    file = world.files.get(ask.text("file", "file_not_found"))
    if file is None or file.team != ask.team:
        raise SlackRefusal("file_not_found")
    return {"ok": True, "file": file_record(world, file)}


def file_record(world: World, file: SimFile) -> Json:
    """A file as messages and `files.info` carry it."""
    place = f"{world.address}files-pri/{file.team}-{file.id}"
    return {
        "id": file.id,
        "name": file.name,
        "title": file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2].lower(),
        "user": file.user,
        "user_team": file.team,
        "size": len(file.content) if file.size is None else file.size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "file_access": "visible",
        "url_private": f"{place}/{file.name}",
        "url_private_download": f"{place}/download/{file.name}",
        "permalink": f"{world.address}files/{file.user}/{file.id}",
    }


async def download(world: World, request: web.Request) -> web.StreamResponse:
    """A file's private address: its bytes for a token that may read files, for others a page to sign in on."""
    file = world.files.get(request.match_info["file"].rpartition("-")[2])
    token = world.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer ").strip())
    if token is None or token.revoked or "files:read" not in token.scopes:
        raise web.HTTPFound(f"{world.address}?redir=/files-pri/")
    if file is None or file.team not in {place.team for place in world.workspaces_of(token.team)}:
        raise web.HTTPNotFound
    return web.Response(body=file.content, content_type=file.mimetype)


async def sign_in_page(_: web.Request) -> web.Response:
    """What a browser without a session gets, with status 200."""
    return web.Response(text="<!DOCTYPE html><html><body>Sign in to Slack</body></html>", content_type="text/html")

"""The manifest: one source for both modes, and no scope more or less than what the code calls and hears."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import ConfigError
from simulators.slack.simulator import SlackSimulator
from slack_app.listeners import EVENTS
from slack_app.manifest import manifest
from slack_app.scopes import EVENTS_WITHOUT_SCOPE, SCOPES, WITHOUT_SCOPE, table
from slack_app.settings import SlackSettings

ROOT = Path(__file__).parents[2]
SOURCES = [file for file in (ROOT / "slack_app").rglob("*.py") if file.name != "scopes.py"]
SETTINGS = SlackSettings(
    public_url="https://loket.example.gov/",
    app_name="Balie Dordrecht",
    app_description="Vragen over HR en IT.",
    workspaces=frozenset({"T0DHB"}),
)
MODES: list[Literal["http", "socket"]] = ["http", "socket"]
METHODS = {
    name
    for name, _ in inspect.getmembers(AsyncWebClient, inspect.iscoroutinefunction)
    if not name.startswith("_") and name not in {"api_call", "send"}
}
STREAM = {"chat.startStream", "chat.appendStream", "chat.stopStream"}


def dotted(name: str) -> set[str]:
    """The Web API's names for a method of the SDK's client."""
    match name:
        case "chat_stream":
            return STREAM
        case "files_upload_v2":
            return {"files.getUploadURLExternal", "files.completeUploadExternal"}
        case _:
            return {name.replace("_", ".")}


def called() -> dict[str, str]:
    """Every method of the Web API that is called anywhere in slack_app, with a file that does."""
    found: dict[str, str] = {}
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = ""
            if isinstance(node, ast.Attribute):
                name = node.attr
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value.replace(".", "_")
            if name in METHODS:
                found |= dict.fromkeys(dotted(name), str(file.relative_to(ROOT)))
    # By no name of the client: made with `api_call`.
    found |= {"oauth.v2.access": "slack_app/installing/tokens.py"}
    return found


def test_the_calls_are_found() -> None:
    assert {"chat.postMessage", "chat.startStream", "views.open", "users.info", "auth.teams.list"} <= set(called())


def test_every_method_that_is_called_has_its_scope_in_the_manifest() -> None:
    known = WITHOUT_SCOPE | {method for scope in SCOPES.values() for method in scope.methods}
    assert {method: file for method, file in called().items() if method not in known} == {}


def test_no_scope_is_asked_for_without_a_use() -> None:
    used = set(called())
    assert {method for scope in SCOPES.values() for method in scope.methods} <= used
    assert used >= WITHOUT_SCOPE
    for name, scope in SCOPES.items():
        assert scope.methods or scope.events or scope.also, name


def test_every_event_has_its_scope_and_every_events_scope_its_event() -> None:
    needing = {event for scope in SCOPES.values() for event in scope.events}
    assert needing | EVENTS_WITHOUT_SCOPE == set(EVENTS)
    assert not needing & EVENTS_WITHOUT_SCOPE


def test_files_are_read_where_the_manifest_says_so() -> None:
    assert SCOPES["files:read"].also
    assert (ROOT / "slack_app" / "files.py").is_file()


def test_every_scope_says_why_in_a_sentence() -> None:
    for name, scope in SCOPES.items():
        assert re.fullmatch(r"[A-Z][^\n]{20,200}\.", scope.why), name
        assert re.fullmatch(r"[a-z_]+:[a-z.]+", name)


def test_the_page_for_admins_has_the_table_of_scopes() -> None:
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    assert table() in page, "run `python -m slack_app.scopes` and paste what it prints into docs/slack.md"


@pytest.mark.filterwarnings("ignore:Bare functions")
@pytest.mark.parametrize("mode", MODES)
async def test_slack_accepts_the_manifest(mode: Literal["http", "socket"]) -> None:
    made = manifest(SETTINGS, mode)
    async with SlackSimulator.start(made) as slack:
        client = AsyncWebClient(token="xoxe.xoxp-1-configuration", base_url=slack.api_url)
        said = await client.apps_manifest_validate(manifest=json.dumps(made))
        assert said["ok"]
        assert said.get("errors", []) == []


@pytest.mark.parametrize("mode", MODES)
def test_the_manifest_has_the_agencys_own_words(mode: Literal["http", "socket"]) -> None:
    made = manifest(SETTINGS, mode, "nl")
    assert made["display_information"]["name"] == made["features"]["bot_user"]["display_name"] == "Balie Dordrecht"
    assert made["features"]["agent_view"]["agent_description"] == "Vragen over HR en IT."
    prompts = made["features"]["agent_view"]["suggested_prompts"]
    assert 1 <= len(prompts) <= 4
    assert prompts[0] == {"title": "Mijn verlof", "message": "Hoeveel verlofdagen heb ik?"}
    assert re.fullmatch(r"#[0-9a-f]{6}", made["display_information"]["background_color"])


def test_the_modes_differ_in_how_events_come_in_and_in_nothing_else() -> None:
    http, socket = manifest(SETTINGS, "http"), manifest(SETTINGS, "socket")
    assert http["settings"].pop("socket_mode_enabled") is False
    assert socket["settings"].pop("socket_mode_enabled") is True
    for part in ("event_subscriptions", "interactivity"):
        assert http["settings"][part].pop("request_url") == "https://loket.example.gov/slack/events"
    assert http == socket


def test_slack_is_an_agent_with_a_home_and_a_chat_that_people_write_in() -> None:
    made: dict[str, Any] = manifest(SETTINGS, "socket")
    assert made["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert "assistant_view" not in made["features"]
    assert made["settings"]["org_deploy_enabled"] is True
    assert made["settings"]["interactivity"]["is_enabled"] is True
    assert made["oauth_config"]["redirect_urls"] == ["https://loket.example.gov/slack/oauth_redirect"]


def test_tokens_rotate_only_where_we_can_keep_new_ones() -> None:
    assert manifest(SETTINGS, "socket")["settings"]["token_rotation_enabled"] is False
    several = SETTINGS.model_copy(update={"client_id": "1111.2222"})
    assert manifest(several, "socket")["settings"]["token_rotation_enabled"] is True


def test_socket_mode_needs_no_public_address_and_http_does() -> None:
    bare = SlackSettings()
    made = manifest(bare, "socket")
    assert "redirect_urls" not in made["oauth_config"]
    assert "https://" not in json.dumps(made)
    for address in ("", "http://loket.example.gov", "loket.example.gov"):
        with pytest.raises(ConfigError, match="PUBLIC_URL"):
            manifest(bare.model_copy(update={"public_url": address}), "http")


def test_there_is_no_secret_in_it() -> None:
    from pydantic import SecretStr

    secrets = {
        name: SecretStr(f"secret-{name}") for name in ("signing_secret", "bot_token", "app_token", "client_secret")
    }
    text = json.dumps(manifest(SETTINGS.model_copy(update={**secrets, "client_id": "1111.2222"}), "http"))
    assert "secret-" not in text
    assert "1111.2222" not in text

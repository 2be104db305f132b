"""The app is installed in the simulated Slack, trades its tokens, and is removed, as with Slack's OAuth."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack import SlackSimulator
from tests.slack_room import call, listening, refusal

Json = dict[str, Any]

# slack_sdk 3.48 hands the client's secret over by a class that aiohttp 3.14 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")

MANIFEST: Json = {
    "display_information": {"name": "Loket", "description": "Antwoorden"},
    "features": {
        "agent_view": {"agent_description": "Helpt"},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "Loket"},
    },
    "oauth_config": {
        "scopes": {"bot": ["assistant:write", "chat:write", "im:history"]},
        "redirect_urls": ["https://loket.example/slack/oauth_redirect"],
    },
    "settings": {
        "event_subscriptions": {
            "request_url": "https://loket.example/slack/events",
            "bot_events": ["message.im", "app_uninstalled", "tokens_revoked"],
        },
        "interactivity": {"is_enabled": True, "request_url": "https://loket.example/slack/events"},
        "token_rotation_enabled": True,
    },
}
REDIRECT = "https://loket.example/slack/oauth_redirect"


async def authorised(slack: SlackSimulator, **query: str) -> tuple[int, dict[str, str]]:
    """Where the admin's browser is sent after yes: the status, and what stands in the address."""
    asked = {"client_id": slack.client_id, "scope": "chat:write,im:history", "redirect_uri": REDIRECT, "state": "s1"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(slack.authorize_url, params=asked | query, allow_redirects=False) as answer,
    ):
        back = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
        return answer.status, {name: values[0] for name, values in back.items()}


def client_of(slack: SlackSimulator, token: str = "") -> AsyncWebClient:
    return AsyncWebClient(token=token or None, base_url=slack.api_url)


async def access(slack: SlackSimulator, **more: str) -> Json:
    answer = await client_of(slack).oauth_v2_access(
        client_id=slack.client_id, client_secret=slack.client_secret, **more
    )
    data = answer.data
    assert isinstance(data, dict)
    return data


async def test_an_admin_says_yes_and_the_code_becomes_a_token() -> None:
    async with SlackSimulator.start(MANIFEST) as slack:
        slack.add_workspace("T-NEW", installed=False)
        assert await refusal(slack, "auth.test", token=slack.bot_token("T-NEW")) == "account_inactive"
        slack.installing.into = "T-NEW"
        status, back = await authorised(slack)
        assert (status, back["state"]) == (302, "s1")
        given = await access(slack, code=back["code"], redirect_uri=REDIRECT)
        assert (given["team"]["id"], given["scope"], given["expires_in"]) == ("T-NEW", "chat:write,im:history", 43_200)
        who = await call(slack, "auth.test", token=given["access_token"])
        assert (who["team_id"], who["user_id"]) == ("T-NEW", given["bot_user_id"])
        with pytest.raises(SlackApiError, match="code_already_used"):
            await access(slack, code=back["code"])


async def test_a_code_is_refused_when_it_is_old_or_made_up_or_asked_by_another() -> None:
    async with SlackSimulator.start(MANIFEST) as slack:
        code = slack.installing.code()
        with pytest.raises(SlackApiError, match="bad_client_secret"):
            await client_of(slack).oauth_v2_access(client_id=slack.client_id, client_secret="x", code=code)
        with pytest.raises(SlackApiError, match="invalid_client_id"):
            await client_of(slack).oauth_v2_access(client_id="x", client_secret="x", code=code)
        with pytest.raises(SlackApiError, match="invalid_code"):
            await access(slack, code="guess")
        slack.clock.advance(601)
        with pytest.raises(SlackApiError, match="invalid_code"):
            await access(slack, code=code)


async def test_the_page_sends_nobody_to_another_address_or_with_other_scopes() -> None:
    async with SlackSimulator.start(MANIFEST) as slack:
        assert (await authorised(slack, redirect_uri="https://evil.example/"))[0] == 400
        assert (await authorised(slack, scope="admin"))[0] == 400
        assert (await authorised(slack, client_id="other"))[0] == 400
        slack.installing.declined = True
        assert (await authorised(slack))[1]["error"] == "access_denied"


async def test_a_token_runs_out_and_is_traded_once() -> None:
    async with SlackSimulator.start(MANIFEST) as slack:
        given = await access(slack, code=slack.installing.code())
        slack.clock.advance(43_201)
        assert await refusal(slack, "auth.test", token=given["access_token"]) == "token_expired"
        trade = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
        traded = await access(slack, **trade)
        assert (await call(slack, "auth.test", token=traded["access_token"]))["ok"]
        with pytest.raises(SlackApiError, match="invalid_refresh_token"):
            await access(slack, **trade)
        assert (
            AsyncTokenRotator(client_id="a", client_secret="b", client=client_of(slack)).client.base_url
            == slack.api_url
        )


async def test_a_whole_organisation_can_install_the_app() -> None:
    async with SlackSimulator.start(MANIFEST) as slack:
        slack.add_workspace("T-ONE", "E-RIJK", installed=False)
        slack.add_workspace("T-TWO", "E-RIJK", installed=False)
        slack.installing.into = "E-RIJK"
        given = await access(slack, code=slack.installing.code())
        assert (given["is_enterprise_install"], given["team"], given["enterprise"]["id"]) == (True, None, "E-RIJK")
        token = given["access_token"]
        assert (await call(slack, "auth.test", token=token, team_id="T-TWO"))["team_id"] == "T-TWO"
        assert await refusal(slack, "auth.test", token=token, team_id="TDHB") == "team_access_not_granted"
        teams = (await call(slack, "auth.teams.list", token=token, limit=1))["teams"]
        assert [team["id"] for team in teams] == ["T-ONE"]
        assert slack.bot_user("T-ONE") == slack.bot_user("T-TWO") == given["bot_user_id"]
        person = slack.add_person("W1", team="T-TWO")
        root = await person.dm("hoi")
        assert (await call(slack, "chat.postMessage", token=token, channel=root.channel, text="dag"))["ok"]


async def test_who_removes_the_app_voids_its_tokens_and_tells_it() -> None:
    async with SlackSimulator.start(MANIFEST) as slack, listening(slack) as app:
        await slack.uninstall("TDHB")
        assert [event["type"] for event in app.events] == ["tokens_revoked", "app_uninstalled"]
        assert await refusal(slack, "auth.test") == "account_inactive"
        tom = slack.add_person("UE1002")
        await tom.dm("hoi")
        assert len(app.events) == 2


async def test_a_whole_organisation_can_remove_the_app() -> None:
    async with SlackSimulator.start(MANIFEST) as slack, listening(slack) as app:
        slack.add_workspace("T-ONE", "E-RIJK", installed=False)
        slack.installing.into = "E-RIJK"
        given = await access(slack, code=slack.installing.code())
        await slack.uninstall("E-RIJK")
        assert await refusal(slack, "auth.test", token=given["access_token"]) == "token_revoked"
        assert [body["authorizations"][0]["is_enterprise_install"] for body in app.heard] == [True, True]


async def test_the_address_of_the_app_is_challenged() -> None:
    async with SlackSimulator.start(MANIFEST) as slack, listening(slack) as app:
        assert not await slack.verify_url()
        app.answer = lambda body: web.json_response({"challenge": body["challenge"]})
        assert await slack.verify_url()


async def test_the_app_can_remove_itself() -> None:
    async with SlackSimulator.start(MANIFEST) as slack:
        both = {"client_id": slack.client_id, "client_secret": slack.client_secret}
        assert await refusal(slack, "apps.uninstall", client_id="x", client_secret="y") == "invalid_client_id"
        slack.clock.advance(61)
        assert (await call(slack, "apps.uninstall", **both))["ok"]
        assert await refusal(slack, "auth.test") in ("account_inactive", "token_revoked")


async def test_one_workspace_sees_nothing_of_another() -> None:
    async with SlackSimulator.start() as slack:
        slack.add_workspace("T-OTHER")
        tom = slack.add_person("UE1002", name="Tom", email="tom@example.nl")
        slack.add_channel("C-GENERAL", [tom])
        root = await tom.dm("x", files=[("a.txt", b"a")])
        other = slack.bot_token("T-OTHER")
        assert (
            await refusal(slack, "chat.postMessage", token=other, channel="C-GENERAL", text="x") == "channel_not_found"
        )
        assert await refusal(slack, "conversations.history", token=other, channel=tom.im) == "channel_not_found"
        assert await refusal(slack, "users.lookupByEmail", token=other, email="tom@example.nl") == "users_not_found"
        assert await refusal(slack, "files.info", token=other, file=root.files[0]["id"]) == "file_not_found"


WRONG: dict[str, tuple[str, Json]] = {
    "/display_information/name": ("display_information", {"name": "x" * 36}),
    "/display_information/description": ("display_information", {"name": "x", "description": "x" * 141}),
    "/features/agent_view/agent_description": ("features", {"agent_view": {"agent_description": "x" * 301}}),
    "/features": ("features", {"agent_view": {"agent_description": "x"}, "assistant_view": {}}),
    "/settings/event_subscriptions/bot_events/0": (
        "settings",
        {"event_subscriptions": {"request_url": "https://a.example", "bot_events": ["app_mention"]}},
    ),
    "/settings/event_subscriptions/request_url": (
        "settings",
        {"event_subscriptions": {"request_url": "http://a.example", "bot_events": []}},
    ),
    "/settings/interactivity": ("settings", {"interactivity": {"is_enabled": True}}),
}


@pytest.mark.parametrize("pointer", WRONG)
async def test_a_manifest_is_refused_where_it_is_wrong(pointer: str) -> None:
    async with SlackSimulator.start() as slack:
        token = "xoxe.xoxp-config"
        assert (await call(slack, "apps.manifest.validate", token=token, manifest=MANIFEST))["ok"]
        part, content = WRONG[pointer]
        answer = await call(slack, "apps.manifest.validate", token=token, manifest=MANIFEST | {part: content})
        assert (answer["error"], [found["pointer"] for found in answer["errors"]]) == ("invalid_manifest", [pointer])

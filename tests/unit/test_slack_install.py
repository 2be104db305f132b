"""Installing the Slack app with OAuth: who may, what is kept, and everything that ends without an installation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.web.async_client import AsyncWebClient

from core.errors import ConfigError, ConnectorError
from slack_app.installing import begun
from slack_app.installing.store import Tokens
from slack_app.scopes import SCOPES
from storage import Database
from tests.slack_install_room import PUBLIC, InstallRoom, install_room, said, text_of
from tests.slack_tokens import CLIENT_SECRET, Grant

ALL = ",".join(SCOPES)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'loket.db'}")
    yield database
    database.close()


@pytest.fixture
async def room(database: Database, tmp_path: Path) -> AsyncIterator[InstallRoom]:
    async with install_room(database, tmp_path) as made:
        yield made


# --- it works ----------------------------------------------------------------------------------------------------


async def test_an_admin_installs_the_app_and_we_can_speak_there(room: InstallRoom) -> None:
    sent = await room.begun()
    assert sent["scope"] == ALL
    assert sent["redirect_uri"] == f"{PUBLIC}/slack/oauth_redirect"
    page = await room.back(state=sent["state"], code=room.side.code(Grant(scopes=ALL)))
    assert page.status_code == 200
    assert "Loket is now in Drechtse Havenbedrijven" in text_of(page.text)
    client = await room.clients.of("T0DHB")
    assert (await client.auth_test())["team_id"] == "T0DHB"
    assert await room.clients.bot_user("T0DHB") == "U0BOT"
    assert room.audited("slack.installed") == [("slack:T0DHB:U0ADMIN", "slack:T0DHB", "done")]


async def test_the_page_links_to_the_workspace_and_says_what_was_not_granted(room: InstallRoom) -> None:
    page = await room.install(Grant(scopes="chat:write"))
    assert f'href="{room.side.address}/"' in page.text
    assert "Slack did not grant" in text_of(page.text)
    assert "users:read" in text_of(page.text)


async def test_the_pages_speak_dutch_to_a_dutch_browser(room: InstallRoom) -> None:
    page = await room.browser.get("/slack/oauth_redirect", headers={"accept-language": "nl-NL,nl;q=0.9,en;q=0.8"})
    assert 'lang="nl"' in page.text
    assert "Loket is niet geïnstalleerd" in page.text


async def test_installing_again_replaces_the_token(room: InstallRoom) -> None:
    await room.install()
    before = room.kept()
    await room.install()
    after = room.kept()
    assert before is not None
    assert after is not None
    assert said(before.tokens.access) != said(after.tokens.access)
    assert room.installed() == ["T0DHB"]


async def test_a_workspace_is_served_because_its_organisation_is(room: InstallRoom) -> None:
    page = await room.install(Grant(team="T0SISTER", enterprise="E0DHB", scopes=ALL))
    assert page.status_code == 200
    assert await room.clients.of("T0SISTER")


async def test_an_organisation_installs_us_for_all_of_its_workspaces(room: InstallRoom) -> None:
    room.side.teams["E0DHB"] = ["T0A", "T0B", "T0C", "T0D", "T0E"]
    page = await room.install(Grant(team="", enterprise="E0DHB", org_wide=True, scopes=ALL))
    assert page.status_code == 200
    assert room.installed() == ["E0DHB"]
    client = await room.clients.of("T0E")
    await client.chat_postMessage(channel="C1", text="hello")
    assert room.side.asked("chat.postMessage")[0]["team_id"] == "T0E"
    assert "team_id" not in (await room.clients.of("E0DHB")).default_params
    with pytest.raises(ConnectorError, match="not installed"):
        await room.clients.of("T0STRANGER")


async def test_a_workspace_of_its_own_comes_before_its_organisation(room: InstallRoom) -> None:
    room.side.teams["E0DHB"] = ["T0DHB"]
    await room.install(Grant(team="", enterprise="E0DHB", org_wide=True, scopes=ALL))
    await room.install(Grant(enterprise="E0DHB", scopes=ALL))
    own = room.kept("T0DHB")
    assert own is not None
    assert (await room.clients.of("T0DHB")).token == said(own.tokens.access)


# --- attacks, and what goes wrong --------------------------------------------------------------------------------


async def test_nobody_outside_the_list_installs_us_and_slack_forgets_the_token(room: InstallRoom) -> None:
    page = await room.install(Grant(team="T0OTHER", scopes=ALL))
    assert page.status_code == 403
    assert "does not serve this workspace" in text_of(page.text)
    assert room.side.alive == {}
    assert room.installed() == []
    assert room.audited("slack.installed") == [("slack:T0OTHER:U0ADMIN", "slack:T0OTHER", "refused:not_served")]


async def test_an_organisation_is_not_served_because_one_of_its_workspaces_is(room: InstallRoom) -> None:
    page = await room.install(Grant(team="", enterprise="E0OTHER", org_wide=True, scopes=ALL))
    assert page.status_code == 403
    assert room.side.alive == {}


async def test_a_workspace_that_is_taken_off_the_list_is_not_served_any_more(
    room: InstallRoom, database: Database, tmp_path: Path
) -> None:
    await room.install()
    async with install_room(database, tmp_path, workspaces=frozenset({"T0NEW"})) as later:
        with pytest.raises(ConnectorError, match="not served"):
            await later.clients.of("T0DHB")


async def test_a_victim_cannot_be_made_to_finish_an_attackers_install(room: InstallRoom) -> None:
    sent = await room.begun()
    code = room.side.code(Grant(scopes=ALL))
    victim = room.another_browser()
    page = await room.back(victim, state=sent["state"], code=code)
    assert page.status_code == 403
    assert "another browser" in text_of(page.text)
    assert room.side.calls == []
    page = await room.back(state=sent["state"], code=code)  # and that spoilt nothing
    assert page.status_code == 200
    await victim.aclose()


async def test_a_cookie_that_somebody_made_up_does_not_do(room: InstallRoom) -> None:
    sent = await room.begun()
    code = room.side.code(Grant(scopes=ALL))
    other = room.another_browser()
    other.cookies.set(begun.cookie_name(sent["state"]), "A" * 43, domain="loket.example.gov")
    page = await room.back(other, state=sent["state"], code=code)
    assert page.status_code == 403
    assert room.side.calls == []
    assert (await room.back(state=sent["state"], code=code)).status_code == 200
    await other.aclose()


async def test_an_install_is_finished_once(room: InstallRoom) -> None:
    sent = await room.begun()
    cookies = dict(room.browser.cookies)
    await room.back(state=sent["state"], code=room.side.code(Grant(scopes=ALL)))
    room.browser.cookies.update(cookies)
    page = await room.back(state=sent["state"], code=room.side.code(Grant(scopes=ALL)))
    assert page.status_code == 403
    assert len(room.side.asked("oauth.v2.access")) == 1


async def test_a_cancelled_install_is_used_up_too(room: InstallRoom) -> None:
    sent = await room.begun()
    cookies = dict(room.browser.cookies)
    page = await room.back(state=sent["state"], error="access_denied")
    assert "access_denied" in text_of(page.text)
    room.browser.cookies.update(cookies)
    page = await room.back(state=sent["state"], code=room.side.code(Grant(scopes=ALL)))
    assert page.status_code == 403
    assert room.installed() == []


@pytest.mark.parametrize("more", ["&code=other", "&x=" + "y" * 9_000])
async def test_an_address_that_says_a_thing_twice_or_too_much_is_not_read(room: InstallRoom, more: str) -> None:
    sent = await room.begun()
    code = room.side.code(Grant(scopes=ALL))
    page = await room.browser.get(f"/slack/oauth_redirect?state={sent['state']}&code={code}{more}")
    assert page.status_code == 400
    assert room.side.calls == []


async def test_only_a_word_of_slacks_is_repeated_on_the_page(room: InstallRoom) -> None:
    sent = await room.begun()
    page = await room.back(state=sent["state"], error="call 0900-1234 to finish")
    assert "0900" not in page.text
    room.side.troubles["oauth.v2.access"] = [{"ok": False, "error": "call 0900-1234 to finish"}]
    page = await room.install()
    assert "0900" not in page.text


async def test_an_install_ends_after_ten_minutes(room: InstallRoom, database: Database) -> None:
    sent = await room.begun()
    database.clock_offset = timedelta(minutes=10)
    page = await room.back(state=sent["state"], code=room.side.code(Grant(scopes=ALL)))
    assert "more than ten minutes ago" in text_of(page.text)
    assert room.side.calls == []


async def test_a_state_that_we_never_gave_is_refused(room: InstallRoom) -> None:
    state = "A" * 43
    room.browser.cookies.set(begun.cookie_name(state), "B" * 43, domain="loket.example.gov")
    page = await room.back(state=state, code="x")
    assert page.status_code == 403
    assert room.side.calls == []


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": False, "error": "invalid_code"},
        {"ok": False, "error": "<script>alert(1)</script>"},
        {"ok": False},
        {"ok": True},
        {"ok": True, "access_token": "", "token_type": "bot"},
        {"ok": True, "access_token": "xoxp-1", "token_type": "user", "team": {"id": "T0DHB"}},
        {"ok": True, "access_token": "xoxb-1\r\nX: y", "token_type": "bot", "team": {"id": "T0DHB"}},
        {"ok": True, "access_token": "xoxb-1", "token_type": "bot", "team": {"id": "../T0DHB"}},
        {"ok": True, "access_token": "xoxb-1", "token_type": "bot", "team": ["T0DHB"]},
        {"ok": True, "access_token": "xoxb-1", "token_type": "bot", "team": {"id": "E0DHB"}},
        {"ok": True, "access_token": "xoxb-1", "token_type": "bot", "team": {"id": "T0DHB"}, "expires_in": 43200},
        {"ok": True, "access_token": "xoxb-1", "token_type": "bot", "team": {"id": "T0DHB"}, "expires_in": "soon"},
        500,
        403,
    ],
    ids=str,
)
async def test_what_slack_should_never_answer_installs_nothing(room: InstallRoom, answer: Any) -> None:
    room.side.troubles["oauth.v2.access"] = [answer]
    page = await room.install()
    assert page.status_code in (502, 503)
    assert room.installed() == []
    assert "<script>" not in page.text
    assert "xox" not in page.text


async def test_a_workspace_may_be_called_anything(room: InstallRoom) -> None:
    page = await room.install(Grant(name="<b>Haven\x00\u202e\nRotterdam &", scopes=f"{ALL},\x00,<i>,"))
    assert page.status_code == 200
    assert "&lt;b&gt;Haven" in page.text
    kept = room.kept()
    assert kept is not None
    assert kept.about.name == "<b>Haven Rotterdam &"
    assert kept.about.scopes == set(SCOPES)


async def test_a_token_of_another_workspace_is_given_back(room: InstallRoom) -> None:
    room.side.troubles["auth.test"] = [{"ok": True, "team_id": "T0OTHER", "user_id": "U0BOT"}]
    page = await room.install()
    assert page.status_code == 502
    assert room.side.alive == {}
    assert room.installed() == []


async def test_a_token_that_does_not_work_is_not_kept(room: InstallRoom) -> None:
    room.side.troubles["auth.test"] = [503]
    page = await room.install()
    assert page.status_code in (502, 503)
    assert room.side.alive == {}
    assert room.installed() == []


@pytest.mark.parametrize("trouble", [503, {"ok": False, "error": "ratelimited"}], ids=str)
async def test_an_install_that_fails_does_not_end_the_one_before(room: InstallRoom, trouble: Any) -> None:
    """Without rotation Slack gives the same token again: revoking it would end the installation that works."""
    grant = Grant(scopes=ALL, fixed="xoxb-the-same-secret")
    await room.install(grant)
    room.side.troubles["auth.test"] = [trouble]
    page = await room.install(grant)
    assert page.status_code in (502, 503)
    assert (await (await room.clients.of("T0DHB")).auth_test())["ok"]


async def test_only_so_many_installs_are_under_way(room: InstallRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun, "MOST", 3)
    for _ in range(3):
        await room.begun(room.another_browser())
    with structlog.testing.capture_logs() as lines:
        answer = await room.browser.get("/slack/install")
    assert answer.status_code == 503
    assert lines == []
    room.database.clock_offset = timedelta(minutes=11)
    await room.begun()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.one_of(st.binary(max_size=200), st.text(alphabet="state=code&error%0aA-", max_size=120).map(str.encode))
)
async def test_no_query_breaks_the_page_or_reaches_slack(query: bytes, room: InstallRoom) -> None:
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/slack/oauth_redirect",
        "query_string": query,
        "headers": [(b"accept-language", query[:50])],
        "http_version": "1.1",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with structlog.testing.capture_logs() as lines:
        await room.app(scope, receive, send)
    assert lines == []  # nobody fills the log from outside
    assert sent[0]["status"] in (400, 403)
    assert room.side.calls == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inside),
    max_leaves=5,
)
FIELDS = ["access_token", "token_type", "team", "enterprise", "is_enterprise_install", "scope", "authed_user"]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changed=st.dictionaries(
        st.sampled_from([*FIELDS, "bot_user_id", "expires_in", "refresh_token", "ok"]), VALUES, min_size=1, max_size=3
    )
)
async def test_no_answer_of_slack_breaks_the_page(changed: dict[str, Any], room: InstallRoom) -> None:
    room.side.troubles["oauth.v2.access"] = [{**room.side.give(Grant(scopes=ALL)), **changed}]
    page = await room.install()
    assert page.status_code in (200, 403, 502, 503)
    assert room.installed() in ([], ["T0DHB"])
    assert "xox" not in page.text
    if page.status_code == 200:
        assert not {"access_token", "token_type"} & set(changed) or changed.get("token_type") == "bot"


async def test_both_addresses_answer_get_only(room: InstallRoom) -> None:
    for path in ("/slack/install", "/slack/oauth_redirect"):
        assert (await room.browser.post(path)).status_code == 405


# --- secrets -----------------------------------------------------------------------------------------------------


async def test_no_secret_is_written_shown_or_said(room: InstallRoom, tmp_path: Path, caplog: Any) -> None:
    caplog.set_level("WARNING", "httpx")  # the browser's own
    caplog.set_level("DEBUG")  # last: it is the level of what is captured, too
    with structlog.testing.capture_logs() as lines:
        sent = await room.begun()
        cookie = next(iter(room.browser.cookies.values()))
        code = room.side.code(Grant(scopes=ALL, lasts=43_200))
        page = await room.back(state=sent["state"], code=code)
        refused = await room.install(Grant(team="T0OTHER", scopes=ALL))
        room.side.troubles["oauth.v2.access"] = [{"ok": False, "error": "bad_client_secret", "echo": CLIENT_SECRET}]
        failed = await room.install()
        client = await room.clients.of("T0DHB")
    kept = room.kept()
    said_anywhere = "\n".join(
        (
            page.text + refused.text + failed.text + repr((page.headers, refused.headers, failed.headers)),
            room.everything_written(),
            repr((kept, room.clients, room.settings, room.keys, room.wire, client)),
            repr(lines),
            caplog.text,
            files_of(tmp_path),
        )
    )
    assert client.token == room.side.given[0]
    for secret in (*room.side.given, CLIENT_SECRET, sent["state"], cookie, code):
        assert secret not in said_anywhere


async def test_the_pages_let_nothing_in_and_the_cookie_is_bound_to_this_host(room: InstallRoom) -> None:
    answer = await room.browser.get("/slack/install")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-loket-slack-")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))
    page = await room.back(state="x")
    for headers in (answer.headers, page.headers):
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    assert "<script" not in page.text


def files_of(folder: Path) -> str:
    """All that stands in the files of a folder, besides the key."""
    return "".join(file.read_bytes().decode("latin-1") for file in folder.iterdir() if "slack-tokens" not in file.name)


def test_tokens_do_not_show_themselves() -> None:
    from pydantic import SecretStr

    assert "xoxb" not in repr(Tokens(SecretStr("xoxb-1"), SecretStr("xoxe-1"), 5))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"client_id": ""}, "CLIENT_ID"),
        ({"client_secret": ""}, "CLIENT_SECRET"),
        ({"public_url": "http://loket.example.gov"}, "PUBLIC_URL"),
        ({"workspaces": frozenset()}, "WORKSPACES"),
        ({"authorize_url": "https://slack.com/oauth/v2/authorize"}, "AUTHORIZE_URL"),
        ({"api_url": "http://slack.example/api/"}, "not encrypted"),
        ({"api_url": "slack"}, "API_URL"),
    ],
)
async def test_settings_that_cannot_work_are_one_clear_line(
    database: Database, tmp_path: Path, changes: dict[str, Any], name: str
) -> None:
    with pytest.raises(ConfigError, match=name):
        async with install_room(database, tmp_path, **changes):
            pass


async def test_a_key_that_is_gone_is_one_clear_line(room: InstallRoom, database: Database, tmp_path: Path) -> None:
    await room.install()
    (tmp_path / "other").mkdir()
    async with install_room(database, tmp_path / "other") as other:
        with pytest.raises(ConnectorError, match="install the app again"):
            await other.clients.of("T0DHB")


async def test_a_client_takes_no_proxy_from_the_environment(room: InstallRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    client = room.wire.client("xoxb-1")
    assert isinstance(client, AsyncWebClient)
    assert client.proxy is None

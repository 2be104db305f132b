"""`loket slack`: the manifest, the workspaces, and forgetting one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from slack_app.installing import store
from slack_app.installing.store import Installed, Tokens
from storage import Database
from storage.keys import KeyRing
from storage.tables import audit
from tests.command_line import Run

pytest_plugins = ["tests.fixtures_command"]
TOKEN = "xoxb-secret-9f31"


@pytest.fixture
def installed(loket: Run, tmp_path: Path) -> Iterator[Database]:
    """A home in which one workspace and one organisation installed us."""
    assert loket("slack", "list")[0] == 0
    database = Database(f"sqlite:///{tmp_path / 'home' / 'loket.sqlite'}")
    keys = KeyRing.load_or_create(tmp_path / "home" / "keys" / store.KEY_FILE)
    with database.transaction() as tx:
        for tenant, org_wide in (("T0DHB", False), ("E0DHB", True)):
            about = Installed(tenant, "E0DHB", "Drechtse Havens", "U0BOT", org_wide, frozenset({"chat:write"}), "U1")
            store.put(tx, keys, about, Tokens(SecretStr(TOKEN)))
    yield database
    database.close()


def test_the_manifest_is_printed_for_pasting(loket: Run) -> None:
    code, out, _ = loket("slack", "manifest", "--mode", "socket")
    assert code == 0
    assert json.loads(out)["settings"]["socket_mode_enabled"] is True


def test_the_manifest_takes_the_mode_and_the_names_of_the_settings(loket: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKET_SLACK_MODE", "http")
    monkeypatch.setenv("LOKET_SLACK_PUBLIC_URL", "https://loket.example.gov")
    monkeypatch.setenv("LOKET_SLACK_APP_NAME", "Balie é")
    made = json.loads(loket("slack", "manifest", "--language", "nl")[1])
    assert made["settings"]["event_subscriptions"]["request_url"] == "https://loket.example.gov/slack/events"
    assert made["display_information"]["name"] == "Balie é"
    assert made["features"]["agent_view"]["suggested_prompts"][0]["title"] == "Mijn verlof"


def test_the_manifest_goes_into_a_file(loket: Run, tmp_path: Path) -> None:
    code, out, _ = loket("slack", "manifest", "--out", "manifest.json")
    assert code == 0
    assert "manifest.json" in out
    assert json.loads((tmp_path / "manifest.json").read_text())["oauth_config"]
    code, _, err = loket("slack", "manifest", "--out", "nowhere/manifest.json")
    assert (code, "cannot be written" in err) == (2, True)


def test_a_manifest_for_http_says_what_is_missing(loket: Run) -> None:
    code, _, err = loket("slack", "manifest", "--mode", "http")
    assert code == 2
    assert "LOKET_SLACK_PUBLIC_URL" in err


def test_nobody_is_listed_before_anybody_installed(loket: Run) -> None:
    code, out, _ = loket("slack", "list")
    assert (code, out) == (0, "No workspace installed the app with OAuth.\n")


def test_workspaces_are_listed_without_their_tokens(
    loket: Run, installed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKET_SLACK_WORKSPACES", '["T0DHB"]')
    code, out, err = loket("slack", "list")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines() if "0DHB" in line] == ["E0DHB", "T0DHB"]
    assert out.count("yes") == 1
    assert TOKEN not in out + err


def test_a_workspace_is_forgotten_with_an_audit_row(loket: Run, installed: Database) -> None:
    code, out, _ = loket("slack", "forget", "T0DHB", "--yes")
    assert code == 0
    assert "T0DHB is forgotten" in out
    with installed.reading() as tx:
        assert [about.tenant for about, _ in store.listed(tx)] == ["E0DHB"]
        row = tx.execute(sa.select(audit).where(audit.c.verb == "slack.forgotten")).one()
    assert (row.actor.partition(":")[0], row.object) == ("operator", "slack:T0DHB")


def test_nothing_is_forgotten_without_a_yes(loket: Run, installed: Database) -> None:
    code, _, _ = loket("slack", "forget", "T0DHB", stdin="n\n")
    assert code == 1
    with installed.reading() as tx:
        assert len(store.listed(tx)) == 2


def test_forgetting_a_stranger_is_one_clear_line(loket: Run) -> None:
    code, _, err = loket("slack", "forget", "T0NOBODY", "--yes")
    assert code == 2
    assert "loket slack list" in err


def test_doctor_looks_at_slack_where_it_is_set(loket: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MODE": "socket",
        "BOT_TOKEN": TOKEN,
        "APP_TOKEN": "xapp-secret-77c1",
        "API_URL": "http://127.0.0.1:9/api/",
        "AUTHORIZE_URL": "http://127.0.0.1:9/oauth/v2/authorize",
    }.items():
        monkeypatch.setenv(f"LOKET_SLACK_{name}", value)
    code, out, err = loket("doctor", "--json")
    found = {one["what"]: one for one in json.loads(out)["findings"]}
    assert code == 1
    assert not found["Slack"]["good"]
    assert "no answer" in found["Slack app token"]["detail"]
    assert not [word for word in (TOKEN, "xapp-secret") if word in out + err]

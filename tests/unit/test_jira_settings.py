"""Settings of Jira that cannot work, or would be unsafe, stop with a sentence about what to write instead."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.jira.settings import JiraQueue, JiraSettings

GOOD = {"url": "https://agency.example", "user": "loket@agency.example", "token": "t0ken", "queues": "IT=SUP:Task"}


def refused(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        JiraSettings(**{**GOOD, **changes})
    return "; ".join(problem["msg"] for problem in caught.value.errors(include_input=False))


def test_nothing_set_is_no_jira() -> None:
    assert not JiraSettings().is_set


def test_queues_are_read_in_order() -> None:
    settings = JiraSettings(**{**GOOD, "queues": " IT=SUP:Service request ;HR=HRS:Task; FAC=FM:#4/25; "})
    assert list(settings.by_name.values()) == [
        JiraQueue("IT", "SUP", issue_type="Service request"),
        JiraQueue("HR", "HRS", issue_type="Task"),
        JiraQueue("FAC", "FM", desk_id="4", request_type_id="25"),
    ]
    assert settings.projects == ("SUP", "HRS", "FM")
    assert [queue.by_request for queue in settings.by_name.values()] == [False, False, True]


@pytest.mark.parametrize(
    "queues",
    ["IT", "IT=SUP", "IT=sup:Task", "LEGAL=LEG:Task", "IT=SUP:", "FAC=FM:#4", "FAC=FM:#x/1", 'IT=SUP" OR:Task',
     "IT=S:T", "IT=SUP:Ta\nsk"],
)  # fmt: skip
def test_a_queue_that_cannot_be_read_is_explained(queues: str) -> None:
    assert "write each queue as" in refused(queues=queues) or "after `#`" in refused(queues=queues)


def test_a_queue_stands_there_once() -> None:
    assert "once" in refused(queues="IT=SUP:Task; IT=OPS:Task")


@pytest.mark.parametrize("url", ["http://jira.agency.example", "ftp://x.example", "https://u:p@x.example", "jira"])
def test_an_address_that_leaks_the_token_is_refused(url: str) -> None:
    assert refused(url=url)


def test_cloud_needs_a_user_and_data_center_takes_none() -> None:
    assert "user" in refused(user="")
    assert "Data Center takes a token alone" in refused(kind="data_center")
    assert JiraSettings(**{**GOOD, "kind": "data_center", "user": ""}).is_set


@pytest.mark.parametrize("missing", ["token", "queues"])
def test_half_a_jira_is_refused(missing: str) -> None:
    assert refused(**{missing: None if missing == "token" else ""})


@pytest.mark.parametrize("secret", ["short", "a" * 40, "with space " * 5, "é" * 40])
def test_a_weak_secret_is_refused_and_not_shown(secret: str) -> None:
    said = refused(hook_secret=secret)
    assert "made by chance" in said
    assert secret not in said


@pytest.mark.parametrize(
    "changes",
    [{"requester_field": "Employee"}, {"outage_label": 'a" OR x'}, {"filed_by": "a b"}, {"user": "ü@x.example"},
     {"token": "a b"}, {"read_seconds": 6}, {"colour": "blue"}, {"kind": "server"}],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(changes: dict[str, object]) -> None:
    assert refused(**changes)


def test_the_web_process_hears_without_an_account_and_only_of_named_projects() -> None:
    secret = "kZ8q-4nT1-Wv7p-Xc2m-Rb6d-Hj3s-Lf9g"
    heard = JiraSettings(hook_secret=secret, queues="IT=SUP:Task")
    assert (heard.is_set, heard.hears, heard.projects) == (False, True, ("SUP",))
    with pytest.raises(ValidationError, match="which projects count"):
        JiraSettings(hook_secret=secret)


def test_secrets_are_not_shown() -> None:
    settings = JiraSettings(**GOOD, hook_secret="kZ8q-4nT1-Wv7p-Xc2m-Rb6d-Hj3s-Lf9g")
    assert "t0ken" not in f"{settings!r} {settings}"
    assert "kZ8q" not in f"{settings!r} {settings}"

"""What an operator can set of Jira: where it is, who Loket is there, and which project takes which queue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.settings import Key, ServerUrl

QUEUES = ("IT", "HR", "FAC")
"""The queues that the tools know: IT, staff matters, buildings."""
LEAST_SECRET = 32
_QUEUE = re.compile(r"(?P<name>[A-Z]{2,10})=(?P<project>[A-Z][A-Z0-9]{1,9}):(?P<how>.+)")
_REQUEST = re.compile(r"#(?P<desk>[1-9][0-9]{0,9})/(?P<type>[1-9][0-9]{0,9})")
_FIELD = re.compile(r"customfield_[1-9][0-9]{0,9}")
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class JiraQueue:
    """Where the tickets of one queue go: a project with an issue type, or a request type of a service desk in it."""

    name: str
    project: str
    issue_type: str = ""
    desk_id: str = ""
    request_type_id: str = ""

    @property
    def by_request(self) -> bool:
        """Whether tickets are made through Jira Service Management."""
        return bool(self.desk_id)


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("Jira is reached over https: over http anybody on the way reads the token")
    return url


def _checked_queues(text: str) -> str:
    seen = [queue.name for queue in _queues(text)]
    if len(seen) != len(set(seen)):
        raise ValueError("every queue stands there once")
    return text


def _checked_field(text: str) -> str:
    if text and not _FIELD.fullmatch(text):
        raise ValueError("write the field's id, such as customfield_10050")
    return text


def _checked_label(text: str) -> str:
    if text and not _LABEL.fullmatch(text):
        raise ValueError("a label has letters, digits, `.`, `_` and `-` only")
    return text


def _checked_line(text: str) -> str:
    if not text.isascii() or not text.isprintable() or ":" in text:
        raise ValueError("only plain letters, and no `:`")
    return text


def _checked_line_or_id(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("an account id or user name has no spaces")
    return text


def _checked_secret(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if value and (len(value) < LEAST_SECRET or len(set(value)) < 8 or not value.isascii() or " " in value):
        raise ValueError(f"at least {LEAST_SECRET} characters made by chance (`openssl rand -base64 48`)")
    return secret


class JiraSettings(BaseModel):
    """Jira as the ticket system."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: Annotated[ServerUrl, AfterValidator(_checked_url)] = ""
    """Address of Jira, such as `https://agency.atlassian.net` or `https://jira.agency.example/jira`; with a token of
    limited scopes `https://api.atlassian.com/ex/jira/CLOUD-ID`. Empty: Jira is not used."""

    browse_url: Annotated[ServerUrl, AfterValidator(_checked_url)] = ""
    """Address under which people open tickets, when it is another than `url`."""

    kind: Literal["cloud", "data_center"] = "cloud"
    """`cloud`, or `data_center` for a Jira that the organisation runs itself."""

    user: Annotated[str, AfterValidator(_checked_line)] = Field(default="", max_length=200)
    """Cloud: the e-mail address of the account that `token` belongs to. Data Center: empty."""

    token: Key = None
    """Cloud: an API token. Data Center: a personal access token."""

    queues: Annotated[str, AfterValidator(_checked_queues)] = ""
    """Which project takes which queue, as `IT=SUP:Service request; HR=HRS:Task; FAC=FM:#4/25`: a project with an issue
    type, or `#` with the ids of a service desk and of one of its request types."""

    requester: Literal["reporter", "watcher", "mark"] = "mark"
    """How Jira knows who asks: as the `reporter` or as a `watcher`, when their work e-mail address belongs to exactly
    one account there, or by Loket's own mark only. The mark is set in every case."""

    requester_field: Annotated[str, AfterValidator(_checked_field)] = ""
    """A text field of Jira, such as `customfield_10050`, for the employee number. Empty: a label takes a hash."""

    filed_by: Annotated[str, AfterValidator(_checked_line_or_id)] = Field(default="", max_length=200)
    """The account that files Loket's tickets: its account id (Cloud) or user name (Data Center). A mark counts only on
    tickets that it made. Empty: the account of `token`; the agent, whose account only reads, has to name it."""

    outage_label: Annotated[str, AfterValidator(_checked_label)] = "known-outage"
    """The label of tickets that are known outages, which everybody may see. Empty: no label says so."""

    outage_component: Annotated[str, AfterValidator(_checked_line)] = Field(default="", max_length=100)
    """The component that says the same. Empty: none does."""

    poll_seconds: int = Field(default=60, ge=0, le=3600)
    """How often it is asked which tickets have changed, in seconds. 0: never; then only a webhook tells."""

    hook_secret: Annotated[SecretStr, AfterValidator(_checked_secret)] = SecretStr("")
    """The secret with which Jira signs what it sends. Empty: nothing that is sent is taken."""

    read_seconds: float = Field(default=4, gt=0, le=5)
    """How long one question may take in all, in seconds."""

    write_seconds: float = Field(default=20, gt=0, le=60)
    """How long filing a ticket may take in all, in seconds; less than `LOKET_GATE_EFFECT_SECONDS`."""

    @property
    def is_set(self) -> bool:
        """Whether Jira is used."""
        return bool(self.url)

    @property
    def hears(self) -> bool:
        """Whether Jira may tell of changes by itself: so also in a process that has no account there."""
        return bool(self.hook_secret.get_secret_value())

    @property
    def on_cloud(self) -> bool:
        """Whether it is Atlassian's own."""
        return self.kind == "cloud"

    @property
    def by_name(self) -> Mapping[str, JiraQueue]:
        """The queues in the order in which they were written."""
        return {queue.name: queue for queue in _queues(self.queues)}

    @property
    def projects(self) -> tuple[str, ...]:
        """The keys of all projects, each once."""
        return tuple(dict.fromkeys(queue.project for queue in self.by_name.values()))

    @model_validator(mode="after")
    def _whole(self) -> JiraSettings:
        if self.hears and not self.queues:
            raise ValueError("to hear of changes, say which projects count, as LOKET_JIRA_QUEUES does")
        if not self.url:
            return self
        if self.token is None:
            raise ValueError("a Jira needs a token")
        if self.on_cloud != bool(self.user):
            raise ValueError("Jira Cloud needs the user of its token; Data Center takes a token alone")
        if not self.queues:
            raise ValueError("say which project takes which queue, such as IT=SUP:Service request")
        return self


def _queues(text: str) -> Iterator[JiraQueue]:
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = _QUEUE.fullmatch(part)
        if match is None or match["name"] not in QUEUES or not match["how"].isprintable():
            raise ValueError(f"write each queue as IT=PROJECT:Issue type or IT=PROJECT:#4/25, of {', '.join(QUEUES)}")
        name, project, how = match["name"], match["project"], match["how"].strip()
        if not how.startswith("#"):
            yield JiraQueue(name, project, issue_type=how)
        elif request := _REQUEST.fullmatch(how):
            yield JiraQueue(name, project, desk_id=request["desk"], request_type_id=request["type"])
        else:
            raise ValueError("after `#` come the ids of the service desk and of the request type, such as #4/25")

"""What an operator sets of Slack (`LOKET_SLACK_…`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SlackSettings(BaseModel):
    """How Slack is reached, and whom we serve there."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    mode: Literal["off", "http", "socket"] = "off"
    """How Slack's events come in: `http` (a public address) or `socket` (a connection that we open)."""

    signing_secret: SecretStr = SecretStr("")
    """Proves that a request comes from Slack (`http`): Basic Information, App Credentials."""

    bot_token: SecretStr = SecretStr("")
    """`xoxb-…` of the one workspace we are installed in. Leave it empty where several install us with OAuth."""

    app_token: SecretStr = SecretStr("")
    """`xapp-…` with the scope `connections:write` (`socket`)."""

    client_id: str = ""
    """Of the app, where several workspaces install us with OAuth: Basic Information, App Credentials."""

    client_secret: SecretStr = SecretStr("")
    """Belongs to the client id."""

    workspaces: frozenset[str] = frozenset()
    """The workspaces (`T…`) and organisations (`E…`) that are served, as a JSON list. Nobody else is, whatever they
    installed. With a bot token: empty means its own workspace."""

    rooms: dict[str, str] = Field(default_factory=dict)
    """Where each approver group works: `{"it-approvers": "C0123ABCD"}`."""

    api_url: str = "https://slack.com/api/"
    """Slack's Web API. GovSlack: `https://slack-gov.com/api/`."""

    authorize_url: str = "https://slack.com/oauth/v2/authorize"
    """Where an admin installs the app. GovSlack: `https://slack-gov.com/oauth/v2/authorize`."""

    public_url: str = ""
    """Our own address as Slack reaches it, such as `https://loket.example.gov`: goes into the manifest."""

    app_name: str = Field(default="Loket", min_length=1, max_length=35)
    """What the agency calls the counter: the name people see in Slack."""

    app_description: str = Field(
        default="Answers HR and IT questions from our own policies, and gets things done.", min_length=1, max_length=140
    )
    """One sentence under the name."""

    app_color: str = Field(default="#154273", pattern=r"^#[0-9A-Fa-f]{6}$")
    """The colour behind the app's name: the agency's own."""

    link_hosts: frozenset[str] = frozenset()
    """Hosts that an answer may link to, besides those of the policies it cites and of our own pages; JSON list."""

    stream_after_seconds: float = Field(default=2.0, ge=0.0, le=30.0)
    """An answer that takes longer than this is shown while it grows; a faster one is posted whole."""

    max_file_mb: int = Field(default=10, ge=1, le=100)
    """The largest file that is taken along into a ticket, in megabytes."""

    timeout_seconds: float = Field(default=10.0, ge=1.0, le=25.0)
    """How long one call to Slack may take, in seconds."""

    @property
    def is_set(self) -> bool:
        """Whether Slack is served."""
        return self.mode != "off"

"""What an operator can set: which system fills which need."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SystemsSettings(BaseModel):
    """Which system fills which need. What is not set stays embedded: a world of its own, to try everything in."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    directory: Literal["embedded", "ldap", "entra"] = "embedded"
    """Who works here: `ldap` (OpenLDAP or Active Directory, as `LOKET_LDAP_KIND` says) or `entra`."""

    accounts: Literal["embedded", "ldap", "entra", "hybrid"] = "embedded"
    """Whose accounts are reset and unlocked: `ldap`, `entra`, or `hybrid`: Entra ID for those that live there, Active
    Directory for those that are synchronised from it."""

    tickets: Literal["embedded", "jira"] = "embedded"
    """Where tickets are filed."""

    notify: Literal["embedded", "gateways"] = "embedded"
    """How codes, credentials and notices leave: `gateways` are the mail server (`LOKET_SMTP_…`) and the gateway for
    text messages (`LOKET_SMS_…`), whichever is set."""

    @property
    def all_embedded(self) -> bool:
        """Whether nothing real is connected."""
        return {self.directory, self.accounts, self.tickets, self.notify} == {"embedded"}


class LinkingSettings(BaseModel):
    """How accounts of Slack (and Teams) become known as employees where the directory does not hold their ids."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    sign_in: bool = True
    """A stranger who is a full member of the workspace is offered to sign in once, where people can sign in
    (`LOKET_OIDC_…`). Off: nobody links an account themselves; links that exist go on (docs/slack-people.md)."""

    email_must_match: bool = True
    """Where the channel vouches for an account's address, it must be the work address of whoever signs in."""

    trusted_tenants: frozenset[str] = frozenset()
    """Workspaces (`T…`, `E…`) whose members' addresses your organisation alone decides (SSO and SCIM, claimed domains),
    as a JSON list: a member is linked at first contact to the one employee with that work address."""


class ToolSettings(BaseModel):
    """What tools that admins add may use besides their declared hosts (docs/add-a-tool.md)."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    secrets_folder: Path | None = None
    """The folder of credentials that tool documents name as `file`. Empty: none. Credentials that they name as `env`
    stand in variables called `LOKET_TOOL_…`."""

    secret_commands: dict[str, list[str]] = Field(default_factory=dict)
    """Commands that print a credential, by the name that documents use; run without a shell, as JSON:
    `{"vault-hr": ["vault", "read", "-field=token", "secret/hr"]}`."""

    secret_hosts: dict[str, list[str]] = Field(default_factory=dict)
    """Where a credential may go, as JSON: `{"env:LOKET_TOOL_HR": ["hr.example.gov"]}`. Without an entry: the first
    host it was read for, as long as the process lives."""

    mcp_programs: frozenset[str] = frozenset()
    """The programs that may be started as MCP servers, by their whole path; JSON list. Empty: none."""

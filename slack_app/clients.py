"""Whom we speak to Slack as: one client a workspace, each with its own token."""

from __future__ import annotations

from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient


class Clients(Protocol):
    """The clients of the workspaces that installed us."""

    async def of(self, tenant: str) -> AsyncWebClient:
        """The client of a workspace (`T…`) or organisation (`E…`).

        Raises `ConnectorError` for one that is not installed or not served.
        """

"""Network access for added tools: the guarded HTTP and MCP clients, as far as the role may use them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from loket.service.roles import Role
from storage import Database
from tools.added.kinds import Way

if TYPE_CHECKING:
    from loket.settings import Settings

_ROLES: dict[Role, Literal["agent", "executor", "all"]] = {
    Role.ALL: "all",
    Role.AGENT: "agent",
    Role.EXECUTOR: "executor",
}


def way_of(settings: Settings, role: Role, database: Database) -> tuple[Way, list[Callable[[], Awaitable[None]]]]:
    """The way out of one process, and what to close at its end. The web shows added tools and calls none."""
    if role is Role.WEB:
        return Way(role="web"), []
    from connectors.egress import Egress
    from connectors.mcp import McpServers
    from connectors.secret_source import SecretPlaces, SecretSource
    from loket.settings import tool_credentials
    from tools.added.answers import KeptAnswers

    chosen = settings.tools
    places = SecretPlaces(
        environment=tool_credentials(),
        folder=chosen.secrets_folder,
        commands={name: tuple(argv) for name, argv in chosen.secret_commands.items()},
        hosts={name: frozenset(hosts) for name, hosts in chosen.secret_hosts.items()},
    )
    egress, secrets = Egress(settings.outside), SecretSource(places)
    servers = McpServers(egress, secrets, programs=chosen.mcp_programs)
    answers = KeptAnswers(database) if role is not Role.AGENT else None
    way = Way(egress, secrets, servers, _ROLES[role], answers)
    return way, [servers.close, egress.close]

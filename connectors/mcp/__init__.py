"""Sessions with MCP servers, for their tools only: no server is trusted, and a bad one harms no other."""

from connectors.mcp.answer import Answer
from connectors.mcp.endpoint import Counts, Endpoint, Limits
from connectors.mcp.listing import Listing, ToolChanged, changes
from connectors.mcp.servers import McpServers

__all__ = ["Answer", "Counts", "Endpoint", "Limits", "Listing", "McpServers", "ToolChanged", "changes"]

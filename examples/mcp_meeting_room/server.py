"""An MCP server over HTTP with two tools, for a try: `LOKET_TOOL_ROOMS=… python examples/mcp_meeting_room/server.py`.

It keeps what is booked in memory. `book_meeting_room.yaml` beside this file is its tool as Loket has it.
"""

from __future__ import annotations

import os

import uvicorn
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from pydantic import AnyHttpUrl

PORT = 8098
ROOMS = ("Linde", "Esdoorn", "Kastanje")


class OneBearer:
    """Knows the one bearer that was made for Loket."""

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer

    async def verify_token(self, token: str) -> AccessToken | None:
        """Whose it is; None when it is nobody's."""
        return AccessToken(token=token, client_id="loket", scopes=[]) if token == self._bearer else None


def rooms(bearer: str, booked: list[tuple[str, str, str]]) -> MCPServer:
    """The server. `booked` are (who, room, when)."""
    auth = AuthSettings(
        issuer_url=AnyHttpUrl("https://login.example.gov"),
        resource_server_url=AnyHttpUrl(f"http://localhost:{PORT}/mcp"),
        validate_token_resource=False,
    )
    server = MCPServer("rooms", version="1.0", token_verifier=OneBearer(bearer), auth=auth)

    @server.tool()
    def list_meeting_rooms() -> list[str]:
        """List the meeting rooms."""
        return list(ROOMS)

    @server.tool()
    def book_meeting_room(employeeNo: str, room: str, day: str, time: str) -> str:
        """Book a meeting room for an hour."""
        if room not in ROOMS:
            raise ValueError(f"there is no room {room}")
        booked.append((employeeNo, room, f"{day} {time}"))
        return f"{room} on {day} at {time}"

    return server


if __name__ == "__main__":
    uvicorn.run(rooms(os.environ["LOKET_TOOL_ROOMS"], []).streamable_http_app(), host="127.0.0.1", port=PORT)

"""The reference server of the Model Context Protocol, `server-everything`, installed once by npm into a cache."""

from __future__ import annotations

import shutil
import unittest
from pathlib import Path

from tests.servers.npm import installed

HERE = Path(__file__).with_name("mcp_everything")
INSTALL_SECONDS = 180
START = Path("node_modules") / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"


def reference_server() -> tuple[str, ...]:
    """The command that starts it over stdio. Skips where there is no Node, or where npm cannot install it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise unittest.SkipTest("no Node.js with npm: the reference server of MCP is not tested")
    return (
        str(Path(node).resolve()),
        str(installed("server-everything", "mcp-everything", HERE, INSTALL_SECONDS) / START),
        "stdio",
    )

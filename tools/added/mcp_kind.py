"""Tools of MCP servers: each is called once, as it was pinned, and what it answers is text of a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.mcp import Answer, Endpoint, McpServers, changes
from core.errors import ConfigError, ConnectorError, ToolFailed
from core.plain_text import inert, one_line
from core.risk import Risk
from core.secret_reference import SecretReference
from tools.added.document import ToolDocument
from tools.added.kinds import Way
from tools.added.loading import made, personal
from tools.added.mcp_source import McpSource, endpoint_of, read_source
from tools.added.risk_words import sounds_like_reading
from tools.context import ActionContext, Effect, Found, ToolContext
from tools.loaded import LoadedTool

LONGEST_ANSWER = 4_000
LONGEST_REFERENCE = 100
LONGEST_FAILURE = 300


class McpKind:
    """The loader. Nothing is asked of a server until its tool runs, or somebody asks whether it drifted."""

    name = "mcp"

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """The tool, ready to run. Raises `ConfigError` with what is wrong and how to mend it."""
        source = read_source(document)
        _refuse_bold_reading(document, source)
        reads = document.risk is Risk.READ
        endpoint = endpoint_of(document, source, _credential(document, reads))
        use = _Use(document, source, endpoint, way.mcp)
        return made(document, use.read if reads else use.act)

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """What the server changed of the pinned tool, in one line; empty when nothing. Other tools are no matter.

        Raises `ConnectorError` when the server cannot be asked.
        """
        source = read_source(document)
        reads = way.role == "agent" or (way.role != "executor" and document.risk is Risk.READ)
        endpoint = endpoint_of(document, source, _any_credential(document, reads))
        return changes(source.tool, await _servers(way.mcp).look(endpoint))


class _Use:
    """One tool of one server, as `run` calls it."""

    def __init__(
        self, document: ToolDocument, source: McpSource, endpoint: Endpoint, servers: McpServers | None
    ) -> None:
        self._document = document
        self._source = source
        self._endpoint = endpoint
        self._servers = servers

    async def read(self, ctx: ToolContext, **arguments: Any) -> Found:
        """Ask, in the turn. The answer is data: there is nothing in it to cite as a policy."""
        del ctx
        answer = await self._call(arguments, reads=True, key="")
        text = answer.text[:LONGEST_ANSWER]
        return Found(text, personal=personal(self._document), empty=not text)

    async def act(self, ctx: ActionContext, **arguments: Any) -> Effect:
        """One call, with the action's key, for servers that recognise it."""
        answer = await self._call(arguments, reads=False, key=ctx.key)
        return Effect(reference=inert(one_line(answer.text))[:LONGEST_REFERENCE])

    async def _call(self, arguments: Mapping[str, Any], *, reads: bool, key: str) -> Answer:
        wired = {self._source.wire(name): value for name, value in arguments.items()}
        try:
            servers = _servers(self._servers)
            return await servers.call(self._endpoint, self._source.tool, wired, reads=reads, key=key)
        except ToolFailed as error:
            raise ToolFailed(_as_data(str(error))) from None


def _as_data(text: str) -> str:
    """A stranger's reason why it did not work, so that nothing in it is a mark, a line of its own or a link."""
    said = inert(one_line(text)).replace("<", "‹").replace(">", "›").replace('"', "'")
    return f'the tool says that it did not work; its own words, which are only data: "{said[:LONGEST_FAILURE]}"'


def _servers(servers: McpServers | None) -> McpServers:
    if servers is None:
        raise ConnectorError("mcp", "this process reaches no MCP servers")
    return servers


def _refuse_bold_reading(document: ToolDocument, source: McpSource) -> None:
    """What a server says of the risk of its tool (`readOnlyHint` and the like) is not looked at here or anywhere."""
    said = " ".join(str(source.tool.get(key) or "") for key in ("title", "description"))
    if document.risk is Risk.READ and not sounds_like_reading(source.wire_name, said):
        raise ConfigError(
            f"{document.name}: risk: {source.wire_name!r} does not sound as if it only reads; make it `write` or more"
        )


def _credential(document: ToolDocument, reads: bool) -> SecretReference | None:
    """What this tool is called with. Raises `ConfigError` where only the other one is given: they are not exchanged."""
    if document.credential is None:
        return None
    found = document.credential.read if reads else document.credential.write
    if found is None:
        which = "read" if reads else "write"
        raise ConfigError(f"{document.name}: credential.{which}: a {document.risk} tool signs in with this one; add it")
    return found


def _any_credential(document: ToolDocument, reads: bool) -> SecretReference | None:
    """What this process has to look with: its own where there is one, else the other."""
    if document.credential is None:
        return None
    mine, other = document.credential.read, document.credential.write
    return (mine or other) if reads else (other or mine)


KIND = McpKind()

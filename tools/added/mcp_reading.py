"""The tools of an MCP server as an admin is offered them: each with a proposed name, risk and arguments, and what is
wrong with it. What the server wrote is cleaned here, and read by the admin before any model reads it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.mcp import Endpoint, Listing, McpServers
from core.plain_text import one_line, reveal, visible
from tools.added.mcp_schema import Converted, convert
from tools.added.mcp_source import WIRE_NAME
from tools.added.risk_words import proposed_risk, sounds_like_reading, words_of

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 600


@dataclass(frozen=True, slots=True)
class Proposal:
    """One tool of the server's. `values` are those of a tool document that can be proposed; the admin adds titles,
    examples and a rule, binds what stands in `to_bind` (with `bind`), and may say `read` where `may_read`.
    With `problems` it cannot be added. `notes` say what was changed or left out."""

    wire_name: str
    values: Mapping[str, Any]
    may_read: bool = False
    to_bind: Mapping[str, str] = field(default_factory=dict)
    must_bind: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def read_tools(endpoint: Endpoint, servers: McpServers, taken: Collection[str] = ()) -> tuple[Proposal, ...]:
    """Ask the server what it has. `taken` are the names of all tools there are. Raises `ConnectorError`."""
    return proposals(endpoint, await servers.look(endpoint), taken)


def proposals(endpoint: Endpoint, listing: Listing, taken: Collection[str] = ()) -> tuple[Proposal, ...]:
    """One proposal for each tool of the listing, in its order."""
    names = [_our_name(endpoint.server, tool) for tool in listing.tools]
    return tuple(
        _proposal(endpoint, listing, tool, name, {*taken, *(names[:place] + names[place + 1 :])})
        for place, (tool, name) in enumerate(zip(listing.tools, names, strict=True))
    )


def bind(proposal: Proposal, bindings: Mapping[str, str]) -> dict[str, Any]:
    """The proposed values with these arguments filled from the verified person (`{"employee_no":
    "requester.employee_id"}`) instead of by a model. Also for arguments that do not stand in `to_bind`."""
    values = dict(proposal.values)
    arguments, source = dict(values["arguments"]), dict(values["source"])
    wires = {ours: wire for ours, wire in proposal.to_bind.items() if ours in bindings and ours != wire}
    source["names"] = {**source["names"], **wires}
    arguments["properties"] = {name: one for name, one in arguments["properties"].items() if name not in bindings}
    arguments["required"] = [name for name in arguments["required"] if name not in bindings]
    return {**values, "arguments": arguments, "source": source, "bindings": dict(bindings)}


def _proposal(
    endpoint: Endpoint, listing: Listing, tool: Mapping[str, Any], name: str, taken: Collection[str]
) -> Proposal:
    wire_name = str(tool.get("name", ""))
    title, told = _text(tool, "title"), _text(tool, "description")
    converted = convert(tool.get("inputSchema"))
    said = f"{title}. {told}"
    values = {
        "version": 1,
        "name": name,
        "kind": "mcp",
        "description": (told or title)[:LONGEST_DESCRIPTION],
        "risk": proposed_risk(wire_name, said).value,
        "hosts": sorted(endpoint.hosts),
        "internal_hosts": sorted(endpoint.internal_hosts),
        "arguments": converted.arguments,
        "source": _source(endpoint, listing, tool, converted),
    }
    return Proposal(
        wire_name=reveal(wire_name)[:200],
        values=values,
        may_read=sounds_like_reading(wire_name, said),
        to_bind=converted.to_bind,
        must_bind=converted.must_bind,
        problems=(*_problems(listing, tool, name, taken), *converted.problems),
        notes=(*_notes(tool), *converted.left_out),
    )


def _source(endpoint: Endpoint, listing: Listing, tool: Mapping[str, Any], converted: Converted) -> dict[str, Any]:
    place: dict[str, Any] = (
        {
            "transport": "stdio",
            "command": list(endpoint.command),
            "environment": {
                name: reference.model_dump(mode="json", by_alias=True) for name, reference in endpoint.environment
            },
        }
        if endpoint.command
        else {"transport": "http", "url": endpoint.url}
    )
    return {
        **place,
        "server": endpoint.server,
        "tool": dict(tool),
        "names": {ours: wire for ours, wire in converted.names.items() if ours not in converted.to_bind},
        "protocol": listing.protocol,
        "server_info": {key: one_line(str(value)) for key, value in listing.server_info.items()},
    }


def _problems(listing: Listing, tool: Mapping[str, Any], name: str, taken: Collection[str]) -> tuple[str, ...]:
    wire_name = str(tool.get("name", ""))
    found = []
    if not WIRE_NAME.fullmatch(wire_name):
        found.append(f"its name {wire_name[:80]!a} holds what no name of a tool may hold")
    if len(listing.named(wire_name)) > 1:
        found.append("the server has more than one tool of this name: nobody can say which one would run")
    if not name:
        found.append("no name of ours can be made of its name")
    elif name in taken:
        found.append(f"there is a tool {name!r} already, or this server has two that come to it: choose another name")
    execution = tool.get("execution")
    if isinstance(execution, Mapping) and execution.get("taskSupport") == "required":
        found.append("the server only runs it as a task that is asked after later, which is not supported")
    return tuple(found)


def _notes(tool: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for key in ("title", "description"):
        text = tool.get(key)
        if isinstance(text, str) and visible(text) != text:
            found.append(f"its {key} held characters that nobody can see; they were taken out")
        if isinstance(text, str) and len(one_line(text)) > LONGEST_DESCRIPTION:
            found.append(f"its {key} is longer than {LONGEST_DESCRIPTION} characters; it was cut")
    return tuple(found)


def _our_name(server: str, tool: Mapping[str, Any]) -> str:
    """`{server}_{tool}` in plain words; empty where nothing plain is left of the tool's name."""
    words = words_of(str(tool.get("name", "")))
    return "_".join((server, *words))[:LONGEST_NAME].rstrip("_") if words else ""


def _text(tool: Mapping[str, Any], key: str) -> str:
    text = tool.get(key)
    return one_line(text) if isinstance(text, str) else ""

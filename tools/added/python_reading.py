"""The tools of an installed package as an admin is offered them: what `loket tools add package:NAME` starts from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ConfigError
from tools.added.arguments_of import carries_identity
from tools.added.python_import import import_within
from tools.added.python_kind import arguments_in, problem_of
from tools.added.python_source import PythonSource, declaration_of, entry_points_of, file_of, hashes_of, installed
from tools.spec import REQUESTER, Tool

LONGEST_DESCRIPTION = 600


@dataclass(frozen=True, slots=True)
class Proposal:
    """One tool of the package. `values` are those of a tool document that follow from it; the admin adds titles,
    examples, labels and a rule, and binds what stands in `to_bind` (with `bind`). With `problems` it cannot be added.
    """

    wire_name: str
    values: Mapping[str, Any]
    tool: Tool
    to_bind: Mapping[str, str] = field(default_factory=dict)
    must_bind: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_package(name: str, taken: Collection[str] = ()) -> tuple[Proposal, ...]:
    """All tools of an installed package. Its modules are imported: an admin has just asked for them by name.

    Raises `ConfigError` for a package that is not installed, names no tools, or cannot be imported.
    """
    package = installed(name)
    points = entry_points_of(package)
    if not points:
        raise ConfigError(f"the package {name!r} names no tools: give it an entry point in the group `loket.tools`")
    files = hashes_of(package)
    found: list[Proposal] = []
    for point in points:
        module, _, attribute = point.value.partition(":")
        source = PythonSource(
            distribution=name,
            release=package.version,
            entry_point=point.name,
            module=module,
            attribute=attribute,
            files=files,
            declaration={},
        )
        declared = getattr(import_within(module, file_of(source)), attribute, None)
        if not isinstance(declared, Tool):
            raise ConfigError(f"{point.value} is no tool: declare it with `@tool(risk=…)`")
        found.append(_proposal(declared, source, taken))
    return tuple(found)


def bind(proposal: Proposal, bindings: Mapping[str, str]) -> dict[str, Any]:
    """The proposed values with these parameters filled from the verified person instead of by a model."""
    return {
        **proposal.values,
        "bindings": dict(bindings),
        "arguments": arguments_in(proposal.tool, dict(bindings)),
    }


def _proposal(tool: Tool, source: PythonSource, taken: Collection[str]) -> Proposal:
    names = tool.arguments.model_fields
    to_bind = {name: name for name in names if carries_identity(name)}
    problems = [problem_of(tool), f"there is a tool {tool.name!r} already: rename the function"]
    wrong = tuple(one for one in problems[: 2 if tool.name in taken else 1] if one)
    long = len(tool.description) > LONGEST_DESCRIPTION
    values = {
        "version": 1,
        "name": tool.name,
        "kind": "python",
        "description": tool.description[:LONGEST_DESCRIPTION],
        "risk": tool.risk.value,
        "subject": "requester" if tool.subject == REQUESTER else "nobody",
        "groups": sorted(tool.groups),
        "arguments": arguments_in(tool, {}),
        "source": source.model_copy(update={"declaration": declaration_of(tool)}).model_dump(mode="json"),
    }
    return Proposal(
        wire_name=f"{source.module}:{source.attribute}",
        values=values,
        tool=tool,
        to_bind=to_bind,
        must_bind=tuple(name for name in to_bind if names[name].is_required()),
        problems=wrong,
        notes=(f"its docstring was cut after {LONGEST_DESCRIPTION} characters",) if long else (),
    )

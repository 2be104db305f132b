"""Which tools a model is told of, and with which examples of what people type."""

from __future__ import annotations

from functools import lru_cache

from core.chat import ToolSchema
from core.people import Employee
from core.risk import Risk
from tools.registry import Registry
from tools.spec import Tool

SEARCH = "search_policies"
HANDOVER = "hand_over_to_person"
EXAMPLES = "x-examples"
"""Key in a tool's parameters: what people type when they want it. The built-in model chooses by these."""
CHANGES = "x-changes"
"""Key in a tool's parameters: whether it becomes an action. The built-in model wants to be surer of these."""


def offered_schemas(registry: Registry, employee: Employee) -> list[ToolSchema]:
    """All tools that are on, also those this person is not entitled to.

    A wish that is not allowed must meet the tool it means, so that the gate can say no: without it the nearest
    other tool would be taken, and "reset Sanne's password" would become a reset of one's own. The gate decides.
    """
    return all_schemas(registry) if employee.may_use_tools else []


def all_schemas(registry: Registry) -> list[ToolSchema]:
    """All tools that are on, with the keys that the built-in model reads."""
    return [_schema(loaded.tool, loaded.all_examples) for loaded in map(registry.get, registry.names)]


def said_to_tools(registry: Registry) -> tuple[str, ...]:
    """What people type when they want a tool that does something of its own: not the search, not a person."""
    names = [name for name in registry.names if name not in (SEARCH, HANDOVER)]
    return tuple(example for name in names for example in registry.get(name).all_examples)


@lru_cache(maxsize=1_000)
def _schema(tool: Tool, examples: tuple[str, ...]) -> ToolSchema:
    """Made once for each definition: pydantic takes a millisecond for a schema."""
    extras = {EXAMPLES: list(examples), CHANGES: tool.risk is not Risk.READ}
    return ToolSchema(tool.name, tool.description, {**tool.schema.parameters, **extras})


def without_extras(schema: ToolSchema) -> ToolSchema:
    """The schema as a language model's server takes it: no keys of ours at the top, some examples in the words."""
    parameters = {key: value for key, value in schema.parameters.items() if key not in (EXAMPLES, CHANGES)}
    examples = schema.parameters.get(EXAMPLES, [])[:3]
    said = f"\nPeople say, for example: {'; '.join(examples)}" if examples else ""
    return ToolSchema(schema.name, schema.description + said, parameters)

"""Which tools a model is told of, and with which examples of what people type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from core.chat import ChatMessage, ToolSchema
from core.events import Address
from core.fields import Field
from core.people import Employee
from core.risk import Risk
from tools.loaded import LoadedTool
from tools.registry import Registry
from tools.spec import Tool

SEARCH = "search_policies"
HANDOVER = "hand_over_to_person"
ALWAYS = frozenset({SEARCH, HANDOVER, "create_ticket"})
"""What a language model is told of whatever was said: where a request goes that no other tool is for."""
NEAREST = 12
"""How many tools besides those a language model is told of at most, the nearest to what was said."""
HEARD = 3
"""So many of the person's last messages count: "and for Friday?" means the tool of the message before."""
Nearest = Callable[[Sequence[str], Sequence[ToolSchema], int], list[ToolSchema]]
EXAMPLES = "x-examples"
"""Key in a tool's parameters: what people type when they want it. The built-in model chooses by these."""
CHANGES = "x-changes"
"""Key in a tool's parameters: whether it becomes an action. The built-in model wants to be surer of these."""

ASKED = "x-asked"
"""Key in a tool's parameters: what a form asks for each argument, by language. The built-in model asks the same."""
TITLES = "x-titles"
"""Key in a tool's parameters: what people read for it, by language. Whoever types that asks for the tool."""
Asked = tuple[tuple[str, str, str], ...]
Titles = tuple[tuple[str, str], ...]


def offered_schemas(registry: Registry, employee: Employee, address: Address) -> list[ToolSchema]:
    """All tools that are on there, also those this person is not entitled to.

    A wish that is not allowed must meet the tool it means, so that the gate can say no: without it the nearest
    other tool would be taken, and "reset Sanne's password" would become a reset of one's own. The gate decides.
    """
    return schemas_of(registry.available(employee, address)) if employee.may_use_tools else []


def schemas_of(tools: Iterable[LoadedTool]) -> list[ToolSchema]:
    """These tools, with the keys that the built-in model reads."""
    return [_schema(one.tool, one.all_examples, _asked(one), tuple(one.titles.items())) for one in tools]


def said_to_tools(registry: Registry) -> tuple[str, ...]:
    """What people type when they want a tool that does something of its own: not the search, not a person."""
    tools = [loaded for loaded in registry.available() if loaded.name not in (SEARCH, HANDOVER)]
    return tuple(example for loaded in tools for example in loaded.all_examples)


def _asked(loaded: LoadedTool) -> Asked:
    """Of each field of a form: its label, with the choices there are."""
    return tuple(
        (field.name, language, _with_choices(field)) for language, fields in loaded.fields.items() for field in fields
    )


def _with_choices(field: Field) -> str:
    choices = ", ".join(one.label for one in field.choices)
    return f"{field.label} ({choices})" if choices else field.label


@lru_cache(maxsize=1_000)
def _schema(tool: Tool, examples: tuple[str, ...], asked: Asked, titles: Titles) -> ToolSchema:
    """Made once for each definition: pydantic takes a millisecond for a schema."""
    extras: dict[str, Any] = {EXAMPLES: list(examples), CHANGES: tool.risk is not Risk.READ, TITLES: dict(titles)}
    if asked:
        extras[ASKED] = {f"{name}.{language}": said for name, language, said in asked}
    return ToolSchema(tool.name, tool.description, {**tool.schema.parameters, **extras})


def told_schemas(
    messages: Sequence[ChatMessage], tools: Sequence[ToolSchema], nearest: Nearest
) -> Sequence[ToolSchema]:
    """The tools that a language model is told of: all while they are few, else those near to what the person said,
    those that were called in this conversation, and those of `ALWAYS`; in the order given. Blocking.

    A wish that is not allowed still meets its tool: who may ask plays no part.
    """
    if len(tools) <= NEAREST + len(ALWAYS):
        return tools
    said = [message.text for message in messages if message.role == "user"][-HEARD:]
    told = ALWAYS | {tool.name for tool in nearest(said, tools, NEAREST)}
    told |= {call.name for message in messages for call in message.tool_calls}
    return [tool for tool in tools if tool.name in told]


_OURS = frozenset({EXAMPLES, CHANGES, ASKED, TITLES})


def without_extras(schema: ToolSchema) -> ToolSchema:
    """The schema as a language model's server takes it: no keys of ours at the top, some examples in the words."""
    parameters = {key: value for key, value in schema.parameters.items() if key not in _OURS}
    examples = schema.parameters.get(EXAMPLES, [])[:3]
    said = f"\nPeople say, for example: {'; '.join(examples)}" if examples else ""
    return ToolSchema(schema.name, schema.description + said, parameters)

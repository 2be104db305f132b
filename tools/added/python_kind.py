"""Tools of the kind `python`: a function in a package that is installed beside Loket, pinned file by file."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import create_model

from core.errors import ConfigError, ConnectorError, EffectUnknown, LoketError
from core.plain_text import visible
from core.risk import Risk
from tools.added.arguments_of import carries_identity
from tools.added.document import ToolDocument, document_hash
from tools.added.kinds import Way
from tools.added.python_import import import_within
from tools.added.python_source import PythonSource, changed_since, declaration_of, file_of, read_source
from tools.context import ActionContext, Effect, Found, ToolContext
from tools.loaded import LoadedTool, bound
from tools.spec import NOBODY, REQUESTER, Arguments, Tool

MOST_TEXT = 4_000
SHORTEST = 10
"""Characters of a description."""


class PythonKind:
    """Implements `tools.added.kinds.Kind`. Only what a released document names is ever imported."""

    name = "python"

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """See `Kind.load`. Reads the package's files and imports its module, once a process."""
        del way
        source = read_source(document.source, document.name)
        if changed := changed_since(source):
            raise ConfigError(f"{document.name!r} is not what was released: {changed}")
        module = import_within(source.module, file_of(source))
        declared = getattr(module, source.attribute, None)
        if not isinstance(declared, Tool):
            raise ConfigError(f"{source.module}:{source.attribute} is no tool: declare it with `@tool(risk=…)`")
        _refuse_unfit(document, source, declared)
        return _loaded(document, declared)

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """See `Kind.drifted`."""
        del way
        source = read_source(document.source, document.name)
        return await asyncio.to_thread(changed_since, source)


KIND = PythonKind()


def arguments_in(tool: Tool, bindings: dict[str, Any]) -> dict[str, Any]:
    """What stands under `arguments` of its document: the function's parameters without those that are bound."""
    schema = _unbound(tool, bindings).model_json_schema()
    schema.pop("title", None)
    return schema


def problem_of(tool: Tool) -> str:
    """Why a function can be no added tool, whatever its document says; empty when it can."""
    if tool.subject not in (NOBODY, REQUESTER) or tool.proof or tool.credential or tool.issues_pass:
        return "only built-in tools are about another person, ask for proof or make credentials"
    if not tool.description.strip() or len(tool.description) < SHORTEST:
        return f"its docstring is what a model reads: write at least {SHORTEST} characters"
    return ""


def _refuse_unfit(document: ToolDocument, source: PythonSource, tool: Tool) -> None:
    """Raises `ConfigError` where the function is another than was pinned, or the document loosens what it declares."""
    bindings = dict(document.bindings)
    if tool.name != document.name:
        raise ConfigError(f"the function is called {tool.name!r}: a Python tool has the name of its function")
    if declaration_of(tool) != source.declaration:
        raise ConfigError(f"{tool.name!r} declares something else than was released: add it anew")
    if unknown := set(bindings) - set(tool.arguments.model_fields):
        raise ConfigError(f"{tool.name!r}: the binding {min(unknown)!r} is no parameter of the function")
    if problem := problem_of(tool) or _looser(document, tool):
        raise ConfigError(f"{tool.name!r}: {problem}")
    for name in tool.arguments.model_fields:
        if carries_identity(name) and name not in bindings:
            raise ConfigError(f"{tool.name!r}: {name!r} says who it is about: bind it, such as requester.employee_id")
    if document.arguments != arguments_in(tool, bindings):
        raise ConfigError(f"{tool.name!r}: the arguments are not those of the function: add it anew")


def _looser(document: ToolDocument, tool: Tool) -> str:
    """What of the document allows more than the function declares."""
    if (tool.subject == REQUESTER) != (document.subject == "requester"):
        return "`subject` is not what the function declares"
    if document.risk.rank < tool.risk.rank:
        return f"the function declares itself {tool.risk}: its document may only tighten that"
    if tool.risk is Risk.READ and document.risk not in (Risk.READ, Risk.FORBIDDEN):
        return f"it only reads: its document may forbid it, not make it {document.risk}"
    if tool.groups and not set(document.groups) <= tool.groups:
        return f"it is for {', '.join(sorted(tool.groups))} only: its document may name no others"
    return ""


def _loaded(document: ToolDocument, tool: Tool) -> LoadedTool:
    bindings = dict(document.bindings)
    guarded = _found(tool, document) if tool.risk is Risk.READ else _effect(tool)
    ready = dataclasses.replace(
        tool,
        description=document.description,
        risk=document.risk,
        groups=frozenset(document.groups) or tool.groups,
        pins=(f"document {document_hash(document)}",),
        arguments=_unbound(tool, bindings),
        run=bound(guarded, bindings),
        prepare=bound(tool.prepare, bindings) if tool.prepare else None,
        reconcile=bound(tool.reconcile, bindings) if tool.reconcile else None,
    )
    return LoadedTool(
        tool=ready,
        examples={"en": document.examples.en, "nl": document.examples.nl},
        titles={"en": document.title.en, "nl": document.title.nl},
        mask=frozenset(document.mask),
        rate_limit=document.rate_limit,
        hosts=frozenset(document.hosts),
        labels={name: {"en": label.en, "nl": label.nl} for name, label in document.labels.items()},
    )


def _unbound(tool: Tool, bindings: dict[str, Any]) -> type[Arguments]:
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in tool.arguments.model_fields.items() if name not in bindings
    }
    return create_model(tool.name, __base__=Arguments, **fields)


def _found(tool: Tool, document: ToolDocument) -> Callable[..., Awaitable[Found]]:
    """What it reads is untrusted text: cut, without hidden characters, and never a passage to cite."""

    async def run(ctx: ToolContext, **arguments: Any) -> Found:
        try:
            found = await tool.run(ctx, **arguments)
        except LoketError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a tool of somebody else: its words stay out
            raise ConnectorError(f"tool {tool.name}", type(error).__name__) from None
        if not isinstance(found, Found):
            raise ConnectorError(f"tool {tool.name}", "it gave back something else than Found")
        personal = found.personal or bool(document.bindings) or tool.subject == REQUESTER
        text = visible(found.text)[:MOST_TEXT]
        return dataclasses.replace(found, text=text, personal=personal, passages=())

    return run


def _effect(tool: Tool) -> Callable[..., Awaitable[Effect]]:
    """An end that nobody foresaw says nothing of whether it happened."""

    async def run(ctx: ActionContext, **arguments: Any) -> Effect:
        try:
            effect = await tool.run(ctx, **arguments)
        except LoketError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the same; nobody knows how far it got
            raise EffectUnknown(f"tool {tool.name}", type(error).__name__) from None
        if not isinstance(effect, Effect):
            raise EffectUnknown(f"tool {tool.name}", "it gave back something else than Effect")
        return Effect(effect.reference, effect.address)

    return run

"""From a document and one function to a loaded tool: all that does not depend on the kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from core.people import Employee
from core.replies import Fact
from core.risk import Risk
from tools.added.arguments_of import arguments_of
from tools.added.document import ToolDocument, document_hash
from tools.context import Draft, ToolContext
from tools.loaded import LoadedTool, bound
from tools.spec import NOBODY, REQUESTER, Arguments, Tool

Run = Callable[..., Awaitable[Any]]


def made(
    document: ToolDocument,
    run: Run,
    *,
    arguments: type[Arguments] | None = None,
    prepare: Run | None = None,
    reconcile: Run | None = None,
    repeats_with: Literal["", "accounts", "tickets", "service"] = "",
) -> LoadedTool:
    """The tool of this document. `run(ctx, **arguments)` gets the bound arguments as well, filled in from the verified
    person, and no argument that was left out (at any depth); so do `prepare(ctx, subject, …)` and `reconcile`.
    Without `prepare` what changes something is drafted by `draft_of`.

    Raises `ConfigError` as `arguments_of` does.
    """
    reads = document.risk is Risk.READ
    tool = Tool(
        name=document.name,
        description=document.description,
        risk=document.risk,
        arguments=arguments or arguments_of(document.name, document.arguments),
        run=_given(run, document),
        subject=REQUESTER if document.subject == "requester" else NOBODY,
        groups=frozenset(document.groups),
        prepare=None if reads else _prepare(document, prepare),
        reconcile=_given(reconcile, document) if reconcile else None,
        pins=(f"document {document_hash(document)}",),
        repeats_with=repeats_with,
    )
    return LoadedTool(
        tool=tool,
        examples={"en": document.examples.en, "nl": document.examples.nl},
        titles={"en": document.title.en, "nl": document.title.nl},
        mask=frozenset(document.mask),
        rate_limit=document.rate_limit,
        hosts=frozenset(document.hosts),
        labels={name: {"en": label.en, "nl": label.nl} for name, label in document.labels.items()},
    )


def draft_of(document: ToolDocument, language: str, arguments: Mapping[str, Any]) -> Draft:
    """What will happen, without asking the source: the tool's title, and every argument that is given by its label."""
    title = document.title.nl if language == "nl" else document.title.en
    given = {name: value for name, value in arguments.items() if value is not None and name in document.properties}
    return Draft(title, tuple(Fact(label_of(document, name, language), _shown(value)) for name, value in given.items()))


def label_of(document: ToolDocument, name: str, language: str) -> str:
    """What a person reads above an argument: its label, else its title in the schema, else its name in words."""
    if (label := document.labels.get(name)) is not None:
        return label.nl if language == "nl" else label.en
    shape = document.properties.get(name, {})
    told = shape.get("title") if isinstance(shape, Mapping) else None
    return str(told or name.replace("_", " ").capitalize())


def personal(document: ToolDocument) -> bool:
    """Is what the tool finds for the requester alone? Where anything is bound to the person, or it is about them."""
    return bool(document.bindings) or document.subject == "requester"


def _given(function: Run, document: ToolDocument) -> Run:
    filled = bound(function, document.bindings)

    async def call(ctx: Any, *subjects: Any, **arguments: Any) -> Any:
        return await filled(ctx, *subjects, **_without_none(arguments))

    return call


def _without_none(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """None is no value that an argument can have: it says that it was left out."""
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in arguments.items()
        if value is not None
    }


def _prepare(document: ToolDocument, prepare: Run | None) -> Run:
    if prepare is not None:
        return _given(prepare, document)

    async def drafted(ctx: ToolContext, subject: Employee, **arguments: Any) -> Draft:
        del subject
        return draft_of(document, ctx.language, arguments)

    return drafted


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_shown(one)}" for name, one in value.items() if one is not None)
    return str(value)

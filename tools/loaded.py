"""A tool ready for use: the function's declaration and what its manifest adds, as one record."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import create_model

from core.errors import ConfigError
from core.fields import Field
from core.risk import Risk, strictest
from tools.manifest import RateLimit, ToolEntry
from tools.spec import Arguments, Tool

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class LoadedTool:
    """One tool of the registry. `tool` already has the manifest's risk and bindings in it.

    `examples` and `titles` are by language; `mask` are argument names; `rule` is empty when the tier's rule holds.
    `labels` say by argument and language what people read above it; `fields` are a form's own, by language.
    """

    tool: Tool
    examples: Mapping[str, tuple[str, ...]]
    titles: Mapping[str, str]
    mask: frozenset[str] = frozenset()
    rate_limit: RateLimit | None = None
    hosts: frozenset[str] = frozenset()
    rule: str = ""
    enabled: bool = True
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fields: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The tool's name, unique in a registry."""
        return self.tool.name

    def title(self, language: str) -> str:
        """What a button says; English where the language is not there."""
        return self.titles.get(language) or self.titles[FALLBACK]

    @property
    def all_examples(self) -> tuple[str, ...]:
        """The examples of every language together."""
        return tuple(line for lines in self.examples.values() for line in lines)


def put_together(tool: Tool, entry: ToolEntry) -> LoadedTool:
    """One tool and its manifest entry. Raises `ConfigError` where the entry loosens the tool or does not fit it."""
    if entry.risk is not None and entry.risk.rank < tool.risk.rank:
        raise ConfigError(
            f"the manifest makes {tool.name!r} {entry.risk.value}, but the tool itself says {tool.risk.value}: "
            "a manifest may only tighten; remove the line"
        )
    if (entry.risk or tool.risk) is not tool.risk and tool.risk is Risk.READ and entry.risk is not Risk.FORBIDDEN:
        raise ConfigError(f"{tool.name!r} only reads: its manifest may forbid it, not make it {entry.risk}")
    for what, names in (("mask", entry.mask), ("bindings", tuple(entry.bindings))):
        for name in names:
            if name not in tool.arguments.model_fields:
                raise ConfigError(f"the manifest's {what} of {tool.name!r} name {name!r}, which is no parameter of it")
    return LoadedTool(
        tool=_with_manifest(tool, entry),
        examples={"en": entry.examples.en, "nl": entry.examples.nl},
        titles={"en": entry.title.en, "nl": entry.title.nl},
        mask=frozenset(entry.mask),
        rate_limit=entry.rate_limit,
        hosts=frozenset(entry.hosts),
        rule=entry.rule or "",
        enabled=entry.enabled,
    )


def _with_manifest(tool: Tool, entry: ToolEntry) -> Tool:
    risk = strictest(tool.risk, entry.risk or tool.risk)
    pins = (
        *(f"bind {name} {source}" for name, source in entry.bindings.items()),
        *(f"host {host}" for host in entry.hosts),
        *(f"mask {name}" for name in entry.mask),
        *([f"rule {entry.rule}"] if entry.rule else []),
    )
    if not entry.bindings:
        return dataclasses.replace(tool, risk=risk, pins=pins)
    if tool.subject in entry.bindings:
        raise ConfigError(
            f"{tool.name!r} is about {tool.subject!r}: that parameter cannot be bound; use subject=REQUESTER"
        )
    bindings = dict(entry.bindings)
    return dataclasses.replace(
        tool,
        risk=risk,
        pins=pins,
        arguments=_without(tool.arguments, bindings),
        run=bound(tool.run, bindings),
        prepare=bound(tool.prepare, bindings) if tool.prepare else None,
        reconcile=bound(tool.reconcile, bindings) if tool.reconcile else None,
    )


def _without(arguments: type[Arguments], bound: Mapping[str, str]) -> type[Arguments]:
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in arguments.model_fields.items() if name not in bound
    }
    return create_model(arguments.__name__, __base__=Arguments, **fields)


def bound(function: Callable[..., Awaitable[Any]], bindings: Mapping[str, str]) -> Callable[..., Awaitable[Any]]:
    """The function, with the bound parameters filled from the verified people of its context. It may be a `run`, a
    `reconcile` (ctx) or a `prepare` (ctx, subject)."""

    async def call(ctx: Any, *subjects: Any, **arguments: Any) -> Any:
        subject = subjects[0] if subjects else getattr(ctx, "subject", None)
        return await function(ctx, *subjects, **arguments, **_values(bindings, ctx.requester, subject))

    return call


def _values(bindings: Mapping[str, str], requester: Any, subject: Any) -> dict[str, Any]:
    people = {"requester": requester, "subject": subject or requester}
    return {name: getattr(people[source.split(".")[0]], source.split(".")[1]) for name, source in bindings.items()}

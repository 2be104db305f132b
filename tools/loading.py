"""The one road by which a tool comes in: a declared function and its manifest entry, put together and checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from core.errors import ConfigError
from tools.loaded import LoadedTool, put_together
from tools.manifest import Manifest, read_manifest
from tools.registry import AddedTools, Registry
from tools.spec import Tool

__all__ = ["BUILTIN_MANIFEST", "LoadedTool", "load", "load_builtin"]

BUILTIN_MANIFEST = Path(__file__).parent / "builtin" / "manifest.yaml"


def load_builtin(switched_off: Callable[[], Collection[str]] = frozenset, added: AddedTools | None = None) -> Registry:
    """The tools that come with the house. `switched_off` is asked at every use (see `Registry`)."""
    from tools.builtin import all_tools

    return Registry(load(all_tools(), read_manifest(BUILTIN_MANIFEST)), switched_off, added)


def load(tools: Iterable[Tool], manifest: Manifest) -> list[LoadedTool]:
    """Each tool with its entry, in the order given.

    Raises `ConfigError` for a tool without an entry (nothing is offered that nobody described) and for an entry
    without a tool (a spelling mistake would leave the real tool unprotected).
    """
    declared = list(tools)
    names = [tool.name for tool in declared]
    for name in manifest.tools:
        if name not in names:
            raise ConfigError(f"the manifest describes {name!r}, which is no tool; there are: {', '.join(names)}")
    for name in names:
        if name not in manifest.tools:
            raise ConfigError(f"the tool {name!r} has no entry in the manifest; add one with a title and examples")
    return [put_together(tool, manifest.tools[tool.name]) for tool in declared]

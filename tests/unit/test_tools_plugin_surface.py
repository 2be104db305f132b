"""A plug-in's author imports from `loket`, and importing it costs nothing."""

import subprocess
import sys

import pytest

import loket
import tools


def test_loket_gives_what_tools_gives() -> None:
    assert loket.__all__ == tools.__all__
    for name in loket.__all__:
        assert getattr(loket, name) is getattr(tools, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'tooll'"):
        _ = loket.tooll


def test_importing_loket_loads_nothing() -> None:
    code = "import sys, loket; sys.exit(any(name in sys.modules for name in ('pydantic', 'tools', 'yaml', 'core')))"
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_a_plugin_is_a_few_lines() -> None:
    from loket import Found, Risk, ShortText, ToolContext, tool

    @tool(risk=Risk.READ)
    async def canteen_menu(ctx: ToolContext, day: ShortText) -> Found:
        """Say what the canteen serves on a day."""
        return Found(f"soup on {day}")

    assert canteen_menu.name == "canteen_menu"
    assert canteen_menu.check({"day": " monday "}) == {"day": "monday"}

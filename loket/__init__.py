"""What a plug-in's author imports, as in `from loket import tool, Risk, Found`. Nothing is loaded before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools import NOBODY as NOBODY
    from tools import REQUESTER as REQUESTER
    from tools import ActionContext as ActionContext
    from tools import Draft as Draft
    from tools import Effect as Effect
    from tools import Fact as Fact
    from tools import Found as Found
    from tools import IsoDate as IsoDate
    from tools import LongText as LongText
    from tools import PersonName as PersonName
    from tools import Refused as Refused
    from tools import Risk as Risk
    from tools import ShortText as ShortText
    from tools import TicketId as TicketId
    from tools import Tool as Tool
    from tools import ToolContext as ToolContext
    from tools import ToolFailed as ToolFailed
    from tools import ToolRetry as ToolRetry
    from tools import one_line as one_line
    from tools import tool as tool
    from tools import visible as visible

# The same list as `tools.__all__`, written out so that importing `loket` loads nothing; a test compares the two.
__all__ = [
    "NOBODY",
    "REQUESTER",
    "ActionContext",
    "Draft",
    "Effect",
    "Fact",
    "Found",
    "IsoDate",
    "LongText",
    "PersonName",
    "Refused",
    "Risk",
    "ShortText",
    "TicketId",
    "Tool",
    "ToolContext",
    "ToolFailed",
    "ToolRetry",
    "one_line",
    "tool",
    "visible",
]


def __getattr__(name: str) -> Any:
    """Load the tools package when one of its names is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'loket' has no attribute {name!r}")
    import tools

    return getattr(tools, name)

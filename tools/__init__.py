"""What the agent may do. All that a tool's author needs is imported from here."""

from core.errors import Refused, ToolFailed, ToolRetry
from core.plain_text import one_line, visible
from core.replies import Fact
from core.risk import Risk
from tools.arguments import IsoDate, LongText, PersonName, ShortText, TicketId
from tools.context import ActionContext, Draft, Effect, Found, ToolContext
from tools.spec import NOBODY, REQUESTER, Tool, tool

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

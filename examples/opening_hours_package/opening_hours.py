"""When the counters of our buildings are open."""

from typing import Literal

from loket import Found, Risk, ToolContext, tool

HOURS = {"The Hague": "Monday to Friday, 8:00 to 17:00", "Utrecht": "Monday to Thursday, 9:00 to 16:00"}


@tool(risk=Risk.READ)
async def opening_hours(ctx: ToolContext, site: Literal["The Hague", "Utrecht"]) -> Found:
    """When the counter of a building is open, by the name of its city. Not for rules about working hours."""
    return Found(f"{site}: {HOURS[site]}")

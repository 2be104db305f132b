"""A tool that was nearly chosen: offered where the policies have no answer, and a button beside an answer they have.

Code does this from what the person wrote, whichever model spoke. Nothing is prepared before they say yes.
"""

from __future__ import annotations

import asyncio

from agent.builtin_model import BuiltinModel
from agent.offers import SEARCH, TITLES
from agent.parts import TurnParts
from agent.state import TurnState
from core.errors import ConnectorError


async def tool_to_offer(parts: TurnParts, state: TurnState) -> str:
    """The title of the tool worth asking about; empty when there is none, or when more than the search was tried."""
    gathered, fallback = state["gathered"], parts.fallback
    tried = set(state["spent"].called)
    if tried - {SEARCH} or gathered.prepared or gathered.refused or gathered.failed or gathered.connector_failed:
        return ""
    if not isinstance(fallback, BuiltinModel):
        return ""
    try:
        near = await asyncio.to_thread(fallback.nearly_meant, state["asked"].message.text, state["tools"])
    except ConnectorError:  # without an embedder nothing is near
        return ""
    titles = near.parameters.get(TITLES, {}) if near is not None else {}
    return str(titles.get(state["language"]) or titles.get("en") or "")

"""Third step: carry out the wishes that only read, and look at (never file) those that would change something."""

from __future__ import annotations

import asyncio
import json

import structlog

from agent.budget import use_tool_call
from agent.data_text import DRAFTED, FAILED, REFUSED, RETRY, found_text
from agent.parts import TurnParts
from agent.provenance import Provenance, has_read
from agent.state import Asked, Gathered, TurnState
from agent.words import refusal
from core.chat import ChatMessage, ToolCall
from core.errors import ConnectorError, Refused, ToolFailed, ToolRetry
from core.outcomes import Outcome
from core.risk import Risk
from core.tracing import span
from storage.faultpoint import reached
from tools import Found, ToolContext
from tools.limits import use
from tools.loaded import LoadedTool
from tools.spec import Tool

log = structlog.get_logger(__name__)
_RESULTS = {RETRY: "retried", FAILED: "failed", REFUSED: "refused", DRAFTED: "drafted"}


class UseTools:
    """Answers each tool call with a text for the model; what was found or prepared is kept beside the messages."""

    def __init__(self, parts: TurnParts) -> None:
        self._parts = parts
        self._provenance = Provenance(parts)

    async def __call__(self, state: TurnState) -> TurnState:
        """The results, in the order of the calls. Raises `BudgetSpent`."""
        results: list[ChatMessage] = []
        after_reading = has_read(state["asked"], state["gathered"]) and state["spoken"] != state.get("plain")
        for call in state["spoken"].tool_calls:
            use_tool_call(state["spent"], self._parts.settings)
            state["spent"].called.append(call.name)
            results.append(ChatMessage("tool", await self._seen(call, state, after_reading), call_id=call.call_id))
        return {"messages": [*state["messages"], *results]}

    async def _seen(self, call: ToolCall, state: TurnState, after_reading: bool) -> str:
        """The answer, seen from outside under the name of a registered tool: what a model calls one may be any text."""
        name = call.name if call.name in {loaded.name for loaded in self._parts.registry.all()} else "unknown"
        event_id = state["asked"].message.event_id
        with span(f"execute_tool {name}", event_id=event_id, operation="execute_tool", tool=name) as seen:
            reached("turn.before_tool")
            text = await self._answer(call, state, after_reading)
            reached("turn.after_tool")
            result = next((word for start, word in _RESULTS.items() if text.startswith(start)), "found")
            seen.set(result=result)
        self._parts.measures.tool_called(name, result)
        return text

    async def _answer(self, call: ToolCall, state: TurnState, after_reading: bool) -> str:
        """Every error has its text; detail of an outside system goes to the log only."""
        asked, language, gathered = state["asked"], state["language"], state["gathered"]
        event_id = asked.message.event_id
        try:
            loaded = self._parts.registry.get(call.name, asked.requester, asked.message.address)
            tool = loaded.tool
            await self._provenance.check(call, state, after_reading=after_reading)
            arguments = _parsed(call)
            if tool.risk is Risk.READ:
                return await self._read(loaded, arguments, asked, language, gathered)
            return await self._prepare(tool, arguments, asked, language, gathered)
        except ToolRetry as error:
            return f"{RETRY}{error}"
        except ToolFailed as error:
            gathered.failed.append(str(error))
            return f"{FAILED}{error}"
        except Refused as error:
            sentence = refusal(error.reason, language, **error.details)
            gathered.refused.append((error.outcome, sentence))
            log.info("tool_refused", event_id=event_id, tool=call.name, reason=error.reason)
            return f"{REFUSED}{sentence}"
        except (ConnectorError, TimeoutError) as error:
            gathered.connector_failed = True
            log.error(
                "tool_failed", event_id=event_id, tool=call.name, system=_system(error), error=type(error).__name__
            )
            return f"{FAILED}the system behind this tool does not answer"

    async def _read(
        self, loaded: LoadedTool, arguments: object, asked: Asked, language: str, gathered: Gathered
    ) -> str:
        tool, who = loaded.tool, asked.requester.employee_id
        if tool.groups and tool.groups.isdisjoint(asked.requester.groups):
            raise Refused("not_for_you", Outcome.REFUSED_NOT_ENTITLED)
        checked = tool.check(arguments)
        if loaded.rate_limit is not None:
            await self._parts.database.run(lambda tx: use(tx, tool.name, who, loaded.rate_limit))
        context = ToolContext(asked.requester, language, asked.at, self._parts.systems)
        async with asyncio.timeout(self._parts.settings.tool_seconds):
            found: Found = await tool.run(context, **checked)
        first_number = len(gathered.passages) + 1
        gathered.found.append(found)
        return found_text(found, first_number)

    async def _prepare(self, tool: Tool, arguments: object, asked: Asked, language: str, gathered: Gathered) -> str:
        async with asyncio.timeout(self._parts.settings.tool_seconds):
            prepared = await self._parts.gate.prepare(
                asked.requester, tool.name, arguments, language, said=asked.said, address=asked.message.address
            )
        if all(prepared.tool != other.tool or prepared.arguments != other.arguments for other in gathered.prepared):
            gathered.prepared.append(prepared)
        return f"{DRAFTED}{prepared.title}. The person sees the draft and decides; nothing has been done."


def _system(error: ConnectorError | TimeoutError) -> str | None:
    """Which outside system; not what it said, which may quote anything."""
    return error.system if isinstance(error, ConnectorError) else None


def _parsed(call: ToolCall) -> object:
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise ToolRetry(f"the arguments of {call.name!r} are not valid JSON") from error
    if not isinstance(arguments, dict):
        raise ToolRetry(f"the arguments of {call.name!r} must be a JSON object")
    return arguments

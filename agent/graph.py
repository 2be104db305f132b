"""The way of one message, on one screen: understand → think ⇄ read tools → check, weigh, reply.

The only file with LangGraph.

No checkpointer: history, actions and all waiting live in our own tables (ADR: turns have no checkpointer). No node has
an effect: what the turn leads to is committed afterwards, in one transaction (`agent/record.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from agent.check import Check
from agent.compose import Compose
from agent.parts import TurnParts
from agent.routing import Routing
from agent.signposts import with_kind_words
from agent.state import TurnState
from agent.think import Think
from agent.understand import Understand
from agent.use_tools import UseTools
from agent.weigh import Weigh

TurnGraph = Callable[[TurnState], Awaitable[TurnState]]
Step = Callable[[TurnState], Awaitable[TurnState]]


def build_graph(parts: TurnParts, routing: Routing) -> TurnGraph:
    """The compiled graph, made once and used for every turn."""
    from langgraph.graph import END, START, StateGraph

    graph: Any = StateGraph(TurnState)
    graph.add_node("understand", Understand(parts, routing))
    graph.add_node("think", Think(parts))
    graph.add_node("use_tools", UseTools(parts))
    graph.add_node("answer", _in_order(Check(parts), Weigh(parts), Compose(parts), with_kind_words))

    graph.add_edge(START, "understand")
    graph.add_conditional_edges(
        "understand", _after_understanding, {"end": END, "tools": "use_tools", "think": "think"}
    )
    graph.add_conditional_edges("think", _after_thinking, {"tools": "use_tools", "answer": "answer"})
    graph.add_edge("use_tools", "think")
    graph.add_edge("answer", END)

    compiled = graph.compile()
    # Our own budget ends a loop long before this; LangGraph's limit must not come first.
    config = {"recursion_limit": 4 * parts.settings.max_model_calls + 20}

    async def run(state: TurnState) -> TurnState:
        ended: TurnState = await compiled.ainvoke(state, config)
        return ended

    return run


def _in_order(*steps: Step) -> Step:
    """Steps that always follow one another, as one node: each node of its own costs a turn a millisecond."""

    async def all_of_them(state: TurnState) -> TurnState:
        said: TurnState = {}
        for step in steps:
            said |= await step({**state, **said})
        return said

    return all_of_them


# Both ask nobody, and are coroutines all the same: LangGraph would hand each plain function to a thread.
async def _after_understanding(state: TurnState) -> str:
    if "ending" in state:
        return "end"
    return "tools" if "spoken" in state else "think"


async def _after_thinking(state: TurnState) -> str:
    return "tools" if state["spoken"].tool_calls else "answer"

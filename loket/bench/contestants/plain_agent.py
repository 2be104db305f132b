"""What people build first: LangChain's `create_agent` with LangGraph's saver, written before the next step begins."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from loket.bench.contestants import Surroundings, WrongAnswer
from loket.bench.servers.llm import ANSWER, MODEL, QUESTION

PROMPT = "You are the service desk of a municipality. Look people up with your tool, and answer in one sentence."
RESULT = """Name: Sanne de Wit
Job title: Policy adviser
Department: Spatial Planning
Site: Damrak
Room: 3.14
Work phone: 020 555 0102
Work e-mail: sanne.dewit@dhb.example
Manager: Pieter van Dam"""
"""About as long as what the counter's tool of the same name gives."""


class PlainAgent:
    """No intake, no audit, no delivery: a call, and the checkpoints of its thread."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._open = AsyncExitStack()
        self._agent: Any = None

    async def open(self) -> None:
        """See `Contestant.open`."""
        saver = await self._open.enter_async_context(_saver(self._around))
        await saver.setup()
        self._agent = _agent(self._around.llm_url, saver)

    async def turn(self, turn_id: str) -> None:
        """See `Contestant.turn`."""
        question = {"messages": [{"role": "user", "content": QUESTION}]}
        thread = {"configurable": {"thread_id": turn_id}}
        state = await self._agent.ainvoke(question, thread, durability="sync")
        said = [message.type for message in state["messages"]]
        if said != ["human", "ai", "tool", "ai"] or state["messages"][-1].content != ANSWER:
            raise WrongAnswer(f"the agent said {said}")

    async def settle(self) -> None:
        """See `Contestant.settle`: nothing goes on behind a turn."""

    async def close(self) -> None:
        """See `Contestant.close`."""
        await self._open.aclose()


def _saver(around: Surroundings) -> Any:
    if around.postgres:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

        return AsyncPostgresSaver.from_conn_string(around.plain_postgres)
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    return AsyncSqliteSaver.from_conn_string(str(around.folder / "checkpoints.sqlite"))


def _agent(llm_url: str, saver: Any) -> Any:
    from langchain.agents import create_agent
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    @tool
    async def find_person(name: str, relation: str = "person") -> str:
        """Look up a colleague: job title, department, site, room, work phone, work e-mail and manager."""
        return RESULT

    # What the counter's client sends too: temperature, a limit, no repeats by the SDK.
    model = ChatOpenAI(
        model=MODEL, base_url=llm_url, api_key=SecretStr("none"), temperature=0, max_tokens=1200, max_retries=0
    )  # type: ignore[call-arg]  # max_tokens is an alias that its stub does not know
    return create_agent(model, [find_person], system_prompt=PROMPT, checkpointer=saver)

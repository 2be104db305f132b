"""Recorded examples of use, replayed: do the arguments fit, and has the answer still the shape that was recorded?"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import ConnectorError, LoketError, ToolFailed, ToolRetry
from core.risk import Risk
from tools.added.checks.findings import Finding, failed, passed, unseen
from tools.added.document import Recorded, ToolDocument
from tools.added.openapi_answer import told
from tools.context import Found, ToolContext
from tools.loaded import LoadedTool

CHECK = "contract"
_LABEL = re.compile(r"^[ -]*([^:\n]{1,80}):(?=\s|$)", re.MULTILINE)
SECONDS = 20.0
MOST_ROWS = 50
DEEPEST = 8
_NEEDED = ("openapi", "mcp", "python")


async def check_contract(document: ToolDocument, loaded: LoadedTool, context: ToolContext | None) -> list[Finding]:
    """One row for each recorded example. What reads is asked for real, as the person of `context`; what changes
    something is never run, only held against its arguments."""
    if not document.contract:
        if document.kind in _NEEDED:
            remedy = "add one under `contract`: arguments, and for what reads the answer they gave"
            return [failed(CHECK, "there is no recorded example", remedy)]
        return [passed(CHECK, "it asks no other system")]
    return [
        await _replayed(number, recorded, document, loaded, context)
        for number, recorded in enumerate(document.contract, start=1)
    ]


async def _replayed(
    number: int, recorded: Recorded, document: ToolDocument, loaded: LoadedTool, context: ToolContext | None
) -> Finding:
    here = f"example {number}"
    try:
        arguments = loaded.tool.check(recorded.arguments)
    except ToolRetry as error:
        return failed(CHECK, f"{here}: {error}", "record it again, or mend its arguments")
    if document.risk is not Risk.READ:
        return passed(CHECK, f"{here}: the arguments fit; not sent, because it would change something")
    if context is None:
        return unseen(CHECK, f"{here}: nobody to ask it for", "say for whom it may be asked: --as EMPLOYEE")
    return await _asked(here, recorded, document, loaded, context, arguments)


async def _asked(
    here: str,
    recorded: Recorded,
    document: ToolDocument,
    loaded: LoadedTool,
    context: ToolContext,
    arguments: Mapping[str, Any],
) -> Finding:
    try:
        async with asyncio.timeout(SECONDS):
            found: Found = await loaded.tool.run(context, **arguments)
    except ConnectorError as error:
        return unseen(CHECK, f"{here}: {error}", "run the check where the source can be reached")
    except TimeoutError:
        return failed(CHECK, f"{here}: no answer within {SECONDS:.0f} seconds", "an answer must come sooner than that")
    except (ToolFailed, ToolRetry) as error:
        return failed(CHECK, f"{here}: the source says no: {error}", "mend the example, or the source")
    except LoketError as error:
        return failed(CHECK, f"{here}: {type(error).__name__}", "mend the example, or the source")
    if recorded.answer is None:
        return passed(CHECK, f"{here}: answered; no answer was recorded to compare it with")
    different = list(_compared(recorded.answer, found.text, document, context.language))[:3]
    if different:
        return failed(CHECK, f"{here}: {'; '.join(different)}", "if the source really changed, add the tool anew")
    return passed(CHECK, f"{here}: the answer has the shape that was recorded")


def _compared(recorded: Any, text: str, document: ToolDocument, language: str) -> Iterator[str]:
    """Values against values where both are; else the labels of the lines in which the answer is told."""
    answer = _read(text)
    if not isinstance(recorded, str) and not isinstance(answer, str):
        yield from differences(recorded, answer)
        return
    if not isinstance(recorded, str):
        operation = document.source.get("operation")
        recorded, _facts = told(recorded, operation if isinstance(operation, Mapping) else {}, language)
    for label in sorted(_labels(recorded) - _labels(text)):
        yield f"{label!r} is gone"


def _labels(text: str) -> set[str]:
    """What stands before a colon at the start of a line, without the numbers of lists."""
    return {label for label in _LABEL.findall(text) if not label.isdigit()}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def differences(recorded: Any, answer: Any, place: str = "answer", depth: int = 0) -> Iterator[str]:
    """Where the shapes differ: kinds of values and names of members. Values may differ, lists be longer or empty, and
    nothing (null) may stand for anything; members may be added, never be gone."""
    if recorded is None or answer is None or depth > DEEPEST:
        return
    if _kind(recorded) != _kind(answer):
        yield f"{place} was {_kind(recorded)} and is {_kind(answer)}"
    elif isinstance(recorded, Mapping):
        for name, value in recorded.items():
            if name not in answer:
                yield f"{place}.{name} is gone"
            else:
                yield from differences(value, answer[name], f"{place}.{name}", depth + 1)
    elif isinstance(recorded, list) and recorded:
        for number, value in enumerate(answer[:MOST_ROWS]):
            yield from differences(recorded[0], value, f"{place}[{number}]", depth + 1)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"

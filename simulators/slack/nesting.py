"""Blocks inside blocks, and the elements inside those: containers, carousels, cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def blocks_in(blocks: object) -> Iterator[Json]:
    """Every block, those inside others too, in the order of the screen; of anything that may claim to be blocks."""
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict):
            yield block
            yield from blocks_in(block.get("child_blocks"))
            if block.get("type") == "carousel":
                yield from blocks_in(block.get("elements"))


def elements_in(block: Json) -> Iterator[Json]:
    """The elements of one block, not of the blocks inside it."""
    if block.get("type") == "carousel":
        return
    for element in (
        block.get("element"),
        block.get("accessory"),
        *_listed(block, "elements"),
        *_listed(block, "actions"),
    ):
        if isinstance(element, dict):
            yield element


def _listed(block: Json, name: str) -> list[Any]:
    inner = block.get(name)
    return inner if isinstance(inner, list) else []

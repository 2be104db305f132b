"""Added tools of many kinds, as an agency's admins might bring them: made from services and what is done with them."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import ConfigError, ConnectorError
from core.own_yaml import load_yaml
from storage import Database, Tx
from tools.added import versions
from tools.added.audience import EVERYBODY
from tools.added.document import ToolDocument, read_document
from tools.added.kinds import Kind, Way
from tools.added.loading import made
from tools.added.shelf import Shelf
from tools.loaded import LoadedTool

SERVICES = Path(__file__).with_name("tools_services.yaml")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAID = 6
"""Examples of each tool in each language: what a patient admin writes."""
_RULE = {"tier": "sensitive", "approvers": ["it-approvers"]}


def catalogue(count: int, seed: int = 1) -> list[ToolDocument]:
    """So many tool documents, of all services in turn; the same number and seed, the same ones.

    Raises `ConfigError` for more than the services make.
    """
    chance = random.Random(seed)  # noqa: S311 - a fixed choice, nothing secret
    kinds = _written()["kinds"].values()
    every = [
        _document(service, names, verb, said, chance)
        for kind in kinds
        for service, names in kind["services"].items()
        for verb, said in kind["verbs"].items()
    ]
    if count > len(every):
        raise ConfigError(f"the services make {len(every)} tools: ask for fewer than {count}")
    chance.shuffle(every)
    return every[:count]


def example_documents(folder: Path = EXAMPLES) -> list[ToolDocument]:
    """The tool documents among the examples that come with the house; other files there are passed over."""
    found = []
    for file in sorted(folder.rglob("*.yaml")):
        try:
            found.append(read_document(file.read_text(encoding="utf-8"), file.name))
        except ConfigError:
            continue
    return found


def loaded(document: ToolDocument) -> LoadedTool:
    """The tool of a document as the choice among tools sees it; it does nothing when run."""
    return made(document, _nothing)


def release_all(database: Database, documents: list[ToolDocument]) -> None:
    """Draft and release them, in one transaction: what admins do one by one. Blocking."""
    with database.transaction() as tx:
        for document in documents:
            _release(tx, document)


def shelf_of(database: Database, taken: tuple[str, ...]) -> Shelf:
    """The shelf over these tables, whose tools are loaded but reach nothing."""
    return Shelf(database, Way(), taken, kind=_kind)


def _release(tx: Tx, document: ToolDocument) -> None:
    drafted = versions.draft(tx, document, "operator:bench", "terminal")
    versions.release(tx, drafted, EVERYBODY, f"bench-{document.name}", "operator:bench")


class _Bench:
    """Implements `tools.added.kinds.Kind`: every kind of tool, without its source."""

    name = "bench"

    def load(self, document: ToolDocument, way: Way) -> LoadedTool:
        """See `Kind.load`."""
        del way
        return loaded(document)

    async def drifted(self, document: ToolDocument, way: Way) -> str:
        """See `Kind.drifted`."""
        del document, way
        return ""


def _kind(name: str) -> Kind:
    del name
    return _Bench()


async def _nothing(*_given: Any, **_arguments: Any) -> Any:
    raise ConnectorError("bench", "the tools of a measurement reach nothing")


def _document(
    service: str, names: dict[str, list[str]], verb: str, said: dict[str, Any], chance: random.Random
) -> ToolDocument:
    risk, first = said["risk"], {language: names[language][0] for language in ("en", "nl")}
    examples = {
        language: [_filled(line, names[language], chance) for line in chance.sample(said[language], SAID)]
        for language in ("en", "nl")
    }
    return ToolDocument.model_validate(
        {
            "version": 1,
            "name": f"{verb}_{service}",
            "kind": "openapi" if risk == "read" else "form",
            "title": {language: said["title"][language].replace("{n}", first[language]) for language in first},
            "description": said["description"].replace("{n}", first["en"]),
            "risk": risk,
            "rule": {} if risk == "read" else _RULE,
            "examples": {language: tuple(dict.fromkeys(lines)) for language, lines in examples.items()},
            "source": {"service": service, "verb": verb},
        }
    )


def _filled(line: str, names: list[str], chance: random.Random) -> str:
    return line.replace("{n}", chance.choice(names))


@lru_cache(maxsize=1)
def _written() -> Any:
    return load_yaml(SERVICES.read_text(encoding="utf-8"))

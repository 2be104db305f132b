"""The version of a tool that a source was added as before: whoever adds it anew is proposed what was said then."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from core.errors import ConfigError
from core.risk import Risk
from storage import Tx
from tools.added import versions
from tools.added.document import ToolDocument

_SAME: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "openapi": (("server",), ("method",), ("path",)),
    "mcp": (("server",), ("url",), ("command",), ("tool", "name")),
    "python": (("distribution",), ("entry_point",)),
}
"""Where in its `source` it says which thing out there a tool is; the rest is what that thing says of itself."""


_BY_HAND = ("repeats", "reconcile", "environment")


def newest_documents(tx: Tx) -> tuple[ToolDocument, ...]:
    """The newest version of every added tool that can be read. Blocking."""
    found = []
    for name in versions.names(tx):
        with suppress(ConfigError):  # changed in the table: nothing of it is proposed to anybody
            if (one := versions.newest(tx, name)) is not None:
                found.append(one.read())
    return tuple(found)


def earlier_of(values: Mapping[str, Any], documents: Iterable[ToolDocument]) -> ToolDocument | None:
    """The document whose source is the same operation, tool or function as that of the proposed `values`."""
    kind = str(values["kind"])
    wanted = _place(kind, values["source"])
    return next((one for one in documents if one.kind == kind and _place(kind, one.source) == wanted), None)


class Before:
    """The answers that an earlier document stands for, by the key of the question; None where there is none."""

    def __init__(self, document: ToolDocument | None) -> None:
        self.document = document

    def answer(self, key: str, otherwise: str) -> str:
        """The answer that was given then, else the one that is proposed now."""
        found = None if self.document is None else _answers(self.document).get(key)
        return otherwise if found is None else found

    def risk(self, least: Risk, allowed: Collection[Risk]) -> Risk:
        """What it was; `least` where its source makes more of it now."""
        return self.document.risk if self.document is not None and self.document.risk in allowed else least

    def example(self) -> dict[str, Any] | None:
        """The arguments of the first example that was recorded."""
        return dict(self.document.contract[0].arguments) if self.document and self.document.contract else None

    def kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values, and what nobody is asked about: labels, recorded answers, and what an admin wrote into `source`
        by hand."""
        if (before := self.document) is None:
            return dict(values)
        names = {*values["arguments"].get("properties", {}), *values.get("bindings", {})}
        by_hand = {key: before.source[key] for key in _BY_HAND if before.source.get(key)}
        kept = {
            **values,
            "subject": values.get("subject", before.subject),
            "labels": {name: label.model_dump() for name, label in before.labels.items() if name in names},
            "source": {**values["source"], **by_hand},
        }
        if values["contract"][0]["arguments"] == self.example():
            kept["contract"] = [one.model_dump(mode="json") for one in before.contract]
        return kept


def _answers(document: ToolDocument) -> Mapping[str, str | None]:
    approvers = document.rule.get("approvers")
    limit, credential = document.rate_limit, document.credential
    reference = (credential.write or credential.read) if credential else None
    return {
        "name": document.name,
        "description": document.description,
        "title_en": document.title.en,
        "title_nl": document.title.nl,
        "examples_en": "; ".join(document.examples.en),
        "examples_nl": "; ".join(document.examples.nl),
        "rate_limit": f"{limit.times}/{limit.per}" if limit else "none",
        "groups": "; ".join(document.groups),
        "approvers": "; ".join(map(str, approvers)) if isinstance(approvers, list) else None,
        "internal_hosts": "; ".join(document.internal_hosts),
        "credential": f"{reference.source}:{reference.name}" if reference else None,
    }


def _place(kind: str, source: Mapping[str, Any]) -> tuple[str, ...] | None:
    return tuple(repr(_at(source, way)) for way in _SAME[kind]) if kind in _SAME else None


def _at(source: Any, way: tuple[str, ...]) -> Any:
    for part in way:
        source = source.get(part) if isinstance(source, Mapping) else None
    return list(source) if isinstance(source, tuple) else source or None

"""How strictly the fake Graph looks at a question: permissions, parameters, names and types, as they are published."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.servers import graph_schema as schema
from tests.servers.graph_query import BadQuery
from tests.servers.tls_front import Reply, Request

if TYPE_CHECKING:
    from tests.servers.graph import FakeGraph


class Denied(Exception):
    """403."""


def error(status: int, code: str, headers: dict[str, str] | None = None) -> Reply:
    """An error as Graph writes them; its message quotes more than anybody should log."""
    body = {"error": {"code": code, "message": "canary-of-graph", "innerError": {"request-id": str(uuid.uuid4())}}}
    return Reply(status, json.dumps(body).encode(), headers or {})


class Question:
    """One request, and the checks that every route shares. They raise `BadQuery` and `Denied`."""

    def __init__(self, graph: FakeGraph, request: Request) -> None:
        self._graph = graph
        self._tenant = graph.tenant
        self._request = request
        self._query = dict(parse_qsl(request.query, keep_blank_values=True, strict_parsing=bool(request.query)))
        self._eventual = request.headers.get("consistencylevel") == "eventual"

    def _held(self) -> set[str]:
        return self._graph.login.roles

    def _may(self, what: str) -> None:
        if what not in schema.PERMISSIONS:
            raise BadQuery("no such address")
        if not self._held() & schema.PERMISSIONS[what]:
            raise Denied

    def _select(self, types: schema.Types) -> list[str]:
        if "$select" not in self._query:
            raise BadQuery("$select is missing")
        names = self._query["$select"].split(",")
        self._known(names, types)
        return names

    def _known(self, names: list[str], types: schema.Types) -> None:
        if unknown := [name for name in names if name not in types]:
            raise BadQuery(f"no such property: {unknown}")

    def _only(self, *names: str) -> None:
        if unknown := set(self._query) - set(names):
            raise BadQuery(f"parameters that are not known here: {sorted(unknown)}")

    def _top(self) -> int:
        top = self._query.get("$top", "100")
        if not top.isdigit() or not 1 <= int(top) <= 999:
            raise BadQuery("$top is 1 to 999")
        return int(top)

    def _body(self, types: schema.Types) -> dict[str, Any]:
        if self._request.headers.get("content-type") != "application/json":
            raise BadQuery("the body is no JSON")
        body = json.loads(self._request.body)
        self._refuse(schema.wrong(body, types))
        assert isinstance(body, dict)
        return body

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            raise BadQuery("; ".join(problems))

    def _shown(self, row: Mapping[str, Any], select: list[str]) -> dict[str, Any]:
        return {name: row.get(name) for name in select}

    def _reply(self, body: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(body).encode())

    def _error(self, status: int, code: str) -> Reply:
        return error(status, code)

    def _now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""A strict fake of Microsoft Graph v1.0 over real TLS: what the published schema does not know is an error.

async with fake_graph(tmp_path) as graph:
    directory = EntraDirectory(graph.settings(), graph.outside)

Look at `graph.violations` afterwards: a request Graph would not have understood is noted there, whatever became of it.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from connectors.graph.clouds import CLOUDS, Cloud
from connectors.graph.settings import EntraSettings
from connectors.settings import OutsideSettings
from tests.servers.graph_login import Login
from tests.servers.graph_query import BadQuery
from tests.servers.graph_question import error
from tests.servers.graph_routes import Routes
from tests.servers.graph_tenant import APP, TENANT, Tenant, agency, guid
from tests.servers.tls_front import Front, Reply, Request, tls_front

READING = {
    "User.Read.All",
    "GroupMember.Read.All",
    "RoleManagement.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "AuditLog.Read.All",
    "Directory.Read.All",
}
CHANGING = READING | {
    "User-PasswordProfile.ReadWrite.All",
    "Domain.Read.All",
    "User.RevokeSessions.All",
    "UserAuthMethod-TAP.ReadWrite.All",
}
NAMED = [
    "it-approvers",
    "it-staff",
    "all-staff",
    "admins",
    "domain-admins",
    "server-operators",
    "backup-operators",
    "service-desk",
    "security",
    "board",
    "managers",
    "hr-staff",
    "facilities",
    "contractors",
]


@dataclass
class FakeGraph:
    """The tenant, the sign-in host, and what was asked. `fail_next` makes the next fitting request go wrong."""

    cloud: Cloud
    tenant: Tenant
    login: Login
    front: Front | None = None
    page_size: int = 100
    violations: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    literals: list[str] = field(default_factory=list)
    clauses: list[tuple[str, str]] = field(default_factory=list)
    next_link: str = ""
    tokens_expired: bool = False
    _faults: list[tuple[str, str]] = field(default_factory=list)
    _pages: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)

    def settings(self, **values: Any) -> EntraSettings:
        """Settings that fit this tenant."""
        groups = ",".join(f"{guid(f'group-{name}')}={name}" for name in NAMED)
        name = next(name for name, cloud in CLOUDS.items() if cloud == self.cloud)
        known: dict[str, Any] = {
            "tenant": TENANT,
            "client_id": APP,
            "cloud": name,
            "secret": SecretStr(self.login.secret),
            "groups": groups,
            "protected_groups": "domain-admins",
            "identities": "slack=extensionAttribute5",
            "allow_password_reset": True,
        }
        return EntraSettings(**(known | values))

    @property
    def outside(self) -> OutsideSettings:
        """The way to it: through its front, trusting its own authority only."""
        assert self.front is not None
        return OutsideSettings(proxy=self.front.address, ca_file=self.front.ca_file, connect_seconds=3)

    def fail_next(self, what: str, how: str, times: int = 1) -> None:
        """`what`: a method and a piece of the path, such as `PATCH /users`. `how`: see `_broken`."""
        self._faults += [(what, how)] * times

    def asked(self, what: str) -> int:
        """How many requests of this kind came in."""
        method, piece = what.split(" ", 1)
        return sum(one.method == method and piece in one.path for one in self.requests)

    async def answer(self, request: Request) -> Reply:
        """One request to either host."""
        if request.host == self.cloud.login_host:
            return await self._broken(request, lambda: self.login.answer(request))
        self.requests.append(request)
        return await self._broken(request, lambda: self._graph(request))

    def _graph(self, request: Request) -> Reply:
        if request.host != self.cloud.graph_host:
            self.violations.append(f"asked {request.host}")
        if not self.login.accepts(request.headers.get("authorization", "")):
            return error(401, "InvalidAuthenticationToken")
        try:
            return Routes(self, request).answer()
        except BadQuery as problem:
            self.violations.append(f"{request.method} {request.path}: {problem}")
            return error(400, "Request_BadRequest")

    async def _broken(self, request: Request, work: Callable[[], Reply]) -> Reply:
        for number, (what, how) in enumerate(self._faults):
            method, piece = what.split(" ", 1)
            if request.method == method and piece in request.path:
                del self._faults[number]
                return await _fault(how, work)
        return work()

    # --- for the routes --------------------------------------------------------------------------------------

    def page(self, request: Request, rows: list[Any], size: int) -> Reply:
        """The first page of a list, with the address of the next."""
        return self._paged(request, rows, min(size, self.page_size))

    def following(self, request: Request, token: str) -> Reply:
        """A further page. Raises `BadQuery` for a token that was never given out."""
        if token not in self._pages:
            raise BadQuery("no such page")
        path, rows = self._pages.pop(token)
        if path != request.path:
            raise BadQuery("the page belongs to another list")
        return self._paged(request, rows, self.page_size)

    def _paged(self, request: Request, rows: list[Any], size: int) -> Reply:
        body: dict[str, Any] = {"value": rows[:size]}
        if rows[size:]:
            token = uuid.uuid4().hex
            self._pages[token] = (request.path, rows[size:])
            link = f"https://{request.host}{request.path}?$skiptoken={token}"
            body["@odata.nextLink"] = self.next_link or link
        return Reply(200, json.dumps(body).encode())


async def _fault(how: str, work: Callable[[], Reply]) -> Reply:
    """`403`. `429 N`, `503 N`: wait N seconds. `500 before|after`, `hang before|after`, `cut before|after`: whether it
    was done all the same. `slow N`, `drip`, `garbage`, `huge`, `gzip`, `redirect`, `list`."""
    kind, _, detail = how.partition(" ")
    if kind in ("403", "429", "503"):
        return error(
            int(kind), "Refused" if kind == "403" else "TooManyRequests", {"Retry-After": detail} if detail else {}
        )
    if kind == "slow":
        await asyncio.sleep(float(detail))
        return work()
    if kind in ("500", "hang", "cut"):
        if detail == "after":
            work()
        sent = {"500": "whole", "hang": "never", "cut": "cut"}[kind]
        return Reply(500, b'{"error": {"code": "InternalServerError"}}', how=sent)
    return {
        "drip": Reply(200, b'{"value": [] }' + b" " * 200, how="drip"),
        "garbage": Reply(200, b"<html>canary-of-a-proxy</html>"),
        "list": Reply(200, b"[1, 2]"),
        "huge": Reply(200, b'{"value": [' + b" " * 3_000_000 + b"]}"),
        "gzip": Reply(200, b"x", {"Content-Encoding": "gzip"}),
        "redirect": Reply(302, b"", {"Location": "https://elsewhere.example/"}),
    }[kind]


@asynccontextmanager
async def fake_graph(
    folder: Path, roles: Iterable[str] = CHANGING, cloud: Cloud = CLOUDS["global"], tenant: Tenant | None = None
) -> AsyncIterator[FakeGraph]:
    """A tenant at work."""
    graph = FakeGraph(cloud, tenant or agency(), Login(cloud, set(roles)))
    async with tls_front(graph.answer, folder, [cloud.login_host, cloud.graph_host]) as front:
        graph.front = front
        yield graph

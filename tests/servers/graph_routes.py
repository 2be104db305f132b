"""What the fake Graph answers to each address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from tests.servers import graph_schema as schema
from tests.servers.graph_query import BadQuery, Filter, Search
from tests.servers.graph_question import Denied, Question
from tests.servers.graph_tenant import SERVICE_PRINCIPAL
from tests.servers.tls_front import Reply

USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"


class Routes(Question):
    """One request and its answer. Raises `BadQuery` for what Graph does not document."""

    def answer(self) -> Reply:
        """Raises `BadQuery`."""
        if not self._request.path.startswith("/v1.0/"):
            raise BadQuery("only v1.0")
        if "$skiptoken" in self._query:
            return self._graph.following(self._request, self._query["$skiptoken"])
        parts = [unquote(part) for part in self._request.path.removeprefix("/v1.0/").split("/")]
        route = getattr(self, f"_{self._request.method.lower()}_{parts[0]}", None)
        if route is None:
            raise BadQuery("no such address")
        try:
            reply: Reply = route(*parts[1:])
        except Denied:
            return self._error(403, "Authorization_RequestDenied")
        return reply

    # --- users -----------------------------------------------------------------------------------------------

    def _get_users(self, user_id: str = "", *rest: str) -> Reply:
        if rest[:2] == ("authentication", "temporaryAccessPassMethods"):
            return self._passes(user_id)
        if rest == ("transitiveMemberOf",):
            return self._member_of(user_id)
        if rest:
            raise BadQuery("no such address")
        self._may("users")
        if user_id == "delta":
            return self._delta()
        select = self._select(schema.USER)
        if not user_id:
            return self._list_users(select)
        self._only("$select", "$expand")
        user = self._tenant.users.get(user_id)
        if user is None:
            return self._error(404, "Request_ResourceNotFound")
        return self._reply({**self._shown(user, select), **self._expanded(user_id)})

    def _list_users(self, select: list[str]) -> Reply:
        self._only("$select", "$filter", "$search", "$count", "$top")
        if "$search" in self._query and not self._eventual:
            raise BadQuery("$search needs ConsistencyLevel: eventual")
        if "$count" in self._query and not self._eventual:
            raise BadQuery("$count needs ConsistencyLevel: eventual")
        users = list((self._tenant.index if self._eventual and self._tenant.index else self._tenant.users).values())
        known = frozenset(schema.USER)
        if "$filter" in self._query:
            wanted = Filter(self._query["$filter"], known)
            self._graph.literals += wanted.literals
            if any("/" in path for path in wanted.attributes) and not (self._eventual and "$count" in self._query):
                raise BadQuery("an extension attribute is an advanced query")
            users = [user for user in users if wanted.test(user)]
        if "$search" in self._query:
            search = Search(self._query["$search"], known)
            self._graph.clauses += search.clauses
            users = [user for user in users if search.test(user)]
        return self._graph.page(self._request, [self._shown(user, select) for user in users], self._top())

    def _delta(self) -> Reply:
        if self._query.get("$deltatoken") == "latest":
            return self._changes([], set(self._select(schema.USER)))
        self._only("$deltatoken")
        start, _, names = self._query["$deltatoken"].partition("-")
        if self._request.headers.get("prefer") != "return=minimal" or not start.isdigit():
            raise BadQuery("the token is not one of ours")
        if self._graph.tokens_expired:
            return self._error(400, "syncStateNotFound")
        wanted = set(names.split("-"))
        changed = [(user, fields & wanted) for user, fields in self._tenant.tracked[int(start) :] if fields & wanted]
        rows = [{"id": user, **self._shown(self._tenant.users[user], sorted(fields))} for user, fields in changed]
        return self._changes(rows, wanted)

    def _changes(self, rows: list[dict[str, Any]], names: set[str]) -> Reply:
        token = f"{len(self._tenant.tracked)}-{'-'.join(sorted(names))}"
        link = f"https://{self._request.host}{self._request.path}?$deltatoken={token}"
        return self._reply({"value": rows, "@odata.deltaLink": link})

    def _expanded(self, user_id: str) -> dict[str, Any]:
        if "$expand" not in self._query:
            return {}
        if self._eventual:
            raise BadQuery("$expand does not go with advanced queries")
        asked = self._query["$expand"]
        if not (asked.startswith("manager($select=") and asked.endswith(")")):
            raise BadQuery("$expand")
        names = asked.removeprefix("manager($select=").removesuffix(")").split(",")
        self._known(names, schema.USER)
        above = self._tenant.users.get(self._tenant.managers.get(user_id, ""))
        return {"manager": {"@odata.type": "#microsoft.graph.user", **self._shown(above, names)}} if above else {}

    def _member_of(self, user_id: str) -> Reply:
        self._may("memberships")
        self._only("$select", "$top")
        select = self._select({**schema.GROUP, **schema.ROLE})
        if user_id not in self._tenant.users:
            return self._error(404, "Request_ResourceNotFound")
        limited = not self._held() & schema.PERMISSIONS["groups"]
        rows: list[dict[str, Any]] = []
        for group_id in self._tenant.parents(user_id):
            shown = self._shown(self._tenant.groups[group_id], select)
            shown = {name: value if name == "id" else None for name, value in shown.items()} if limited else shown
            rows.append({"@odata.type": "#microsoft.graph.group", **shown})
        for row in self._tenant.assigned:
            if row["principalId"] == user_id:
                rows.append({"@odata.type": "#microsoft.graph.directoryRole", "id": row["roleDefinitionId"]})
        return self._graph.page(self._request, rows, self._top())

    def _patch_users(self, user_id: str, *rest: str) -> Reply:
        body = self._body(schema.USER)
        if rest or set(body) != {"passwordProfile"}:
            raise BadQuery("only passwords are changed here")
        self._refuse(schema.wrong(body["passwordProfile"], schema.PASSWORD_PROFILE))
        self._may("password")
        self._needs_role(user_id)
        user = self._tenant.users.get(user_id)
        if user is None:
            return self._error(404, "Request_ResourceNotFound")
        password = body["passwordProfile"].get("password", "")
        domain = user["userPrincipalName"].partition("@")[2]
        if user["onPremisesSyncEnabled"] or self._tenant.domains.get(domain) != "Managed" or len(password) < 8:
            return self._error(400, "Request_BadRequest")
        self._tenant.passwords[user_id] = (
            password,
            body["passwordProfile"].get("forceChangePasswordNextSignIn", False),
        )
        user["lastPasswordChangeDateTime"] = self._now()
        self._tenant.effects.append(("password", user_id))
        return Reply(204)

    def _post_users(self, user_id: str, *rest: str) -> Reply:
        if rest == ("revokeSignInSessions",):
            self._may("sessions")
            if self._request.body:
                raise BadQuery("this action has no body")
            self._tenant.revoked.append(user_id)
            return self._reply({"value": True})
        if rest != ("authentication", "temporaryAccessPassMethods"):
            raise BadQuery("no such address")
        self._may("passes.change")
        body = self._body(schema.PASS_BODY)
        if not 10 <= body.get("lifetimeInMinutes", 60) <= 480:
            return self._error(400, "badRequest")
        made = self._tenant.make_pass(user_id, body["lifetimeInMinutes"], body["isUsableOnce"])
        self._tenant.effects.append(("pass", user_id))
        return self._reply({**self._shown_pass(made), "temporaryAccessPass": made["code"]}, 201)

    # --- passes ----------------------------------------------------------------------------------------------

    def _passes(self, user_id: str) -> Reply:
        self._may("passes")
        self._only("$select")
        select = self._select(schema.PASS)
        rows = [self._shown(self._shown_pass(one), select) for one in self._tenant.passes.get(user_id, ())]
        return self._reply({"value": rows})

    def _shown_pass(self, one: Mapping[str, Any]) -> dict[str, Any]:
        usable, reason = self._tenant.usability(dict(one))
        kept = {name: one[name] for name in one if name in schema.PASS}
        return {**kept, "isUsable": usable, "methodUsabilityReason": reason, "temporaryAccessPass": None}

    def _delete_users(self, user_id: str, *rest: str) -> Reply:
        if rest[:2] != ("authentication", "temporaryAccessPassMethods") or len(rest) != 3:
            raise BadQuery("no such address")
        self._may("passes.change")
        kept = [one for one in self._tenant.passes.get(user_id, ()) if one["id"] != rest[2]]
        if len(kept) == len(self._tenant.passes.get(user_id, ())):
            return self._error(404, "resourceNotFound")
        self._tenant.passes[user_id] = kept
        self._tenant.effects.append(("pass deleted", user_id))
        return Reply(204)

    # --- everything else -------------------------------------------------------------------------------------

    def _get_groups(self, group_id: str, *rest: str) -> Reply:
        self._may("groups")
        if group_id not in self._tenant.groups:
            return self._error(404, "Request_ResourceNotFound")
        if not rest:
            return self._reply(self._shown(self._tenant.groups[group_id], self._select(schema.GROUP)))
        if rest != ("transitiveMembers",):
            raise BadQuery("no such address")
        self._only("$select", "$top")
        select, rows = self._select(schema.USER), []
        for one in self._tenant.below(group_id):
            if one in self._tenant.users:
                shown = self._shown(self._tenant.users[one], select)
                rows.append({"@odata.type": "#microsoft.graph.user", **shown})
            else:
                rows.append({"@odata.type": "#microsoft.graph.group", "id": one})
        return self._graph.page(self._request, rows, self._top())

    def _get_roleManagement(self, provider: str, kind: str) -> Reply:
        self._may(kind)
        self._only("$select", "$filter")
        held = {"roleAssignments": self._tenant.assigned, "roleEligibilityScheduleInstances": self._tenant.eligible}
        types = schema.ROLE_ASSIGNMENT if kind == "roleAssignments" else schema.ELIGIBILITY
        select, wanted = self._select(types), Filter(self._query["$filter"], frozenset(types))
        rows = [self._shown(row, select) for row in held[kind] if wanted.test(row)]
        return self._graph.page(self._request, rows, 100)

    def _get_auditLogs(self, kind: str) -> Reply:
        self._may("audits")
        if kind != "directoryAudits" or "Directory.Read.All" not in self._held():
            raise Denied
        self._only("$select", "$filter", "$top")
        select, rows = self._select(schema.AUDIT), list(reversed(self._tenant.audits))
        if "$filter" in self._query:
            wanted = Filter(self._query["$filter"], frozenset(schema.AUDIT))
            rows = [row for row in rows if wanted.test(row)]
        return self._graph.page(self._request, [self._shown(row, select) for row in rows], self._top())

    def _get_domains(self, name: str) -> Reply:
        self._may("domains")
        kind = self._tenant.domains.get(name)
        row = {"id": name, "authenticationType": kind}
        return self._reply(self._shown(row, self._select(schema.DOMAIN))) if kind else self._error(404, "NotFound")

    def _get_policies(self, *_path: str) -> Reply:
        self._may("policy")
        return self._reply(self._shown({"id": "TemporaryAccessPass", "state": "enabled"}, self._select(schema.POLICY)))

    def _needs_role(self, user_id: str) -> None:
        ours = {row["roleDefinitionId"] for row in self._tenant.assigned if row["principalId"] == SERVICE_PRINCIPAL}
        if USER_ADMINISTRATOR not in ours or self._tenant.is_administrator(user_id):
            raise Denied

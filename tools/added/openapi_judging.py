"""What is made of one operation: how risky it is at least, whom it is about, how one signs in, and what is pinned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

import rfc8785

from core.risk import Risk, strictest
from tools.added.openapi_spec import Operation
from tools.added.risk_words import DANGEROUS, DELICATE, NOUNS_TOO, WRITES, suggested_risk, words_of

LARGEST_PINNED = 100_000
_POWER = frozenset(
    {"payroll", "permission", "permissions", "payslip", "entitlement", "entitlements", "bank", "account"}
)
_PEOPLE = frozenset(
    {"employees", "employee", "users", "user", "people", "persons", "person", "staff", "workers", "members", "accounts"}
    | {"medewerkers", "medewerker", "personeel", "gebruikers", "personen", "customers", "profiles"}
)


def pinned(operation: Operation) -> dict[str, Any]:
    """The parts of a source that are pinned, as they are compared later: the operation and how one signs in. Answers
    that are very long to describe are pinned by their hash."""
    whole = dict(operation.whole)
    responses = json.dumps(whole.get("responses", {}))
    if len(responses) > LARGEST_PINNED:
        whole["responses"] = {"x-sha256": hashlib.sha256(rfc8785.dumps(whole["responses"])).hexdigest()}
    security, _ = sign_in_of(operation)
    return {
        "server": operation.server,
        "method": operation.method,
        "path": operation.path,
        "operation": whole,
        "security": security,
    }


def least_risk(method: str, path: str, operation: Mapping[str, Any], name: str = "") -> Risk:
    """The least risk that the method and the words allow. GET reads unless its words say that it does something;
    anything else writes at least, and more where it takes something away or gives power or money."""
    wire = " ".join([name, path, *(str(operation.get(key) or "") for key in ("operationId", "summary"))])
    said = {*words_of(wire)}
    if method in ("get", "head"):
        deeds = said & (DANGEROUS | (WRITES - NOUNS_TOO))
        return strictest(Risk.WRITE, suggested_risk(f"do {wire}")) if deeds else Risk.READ
    dangerous = method == "delete" or not said.isdisjoint(DANGEROUS)
    delicate = not said.isdisjoint(DELICATE | _POWER)
    if dangerous and delicate:
        return Risk.CRITICAL
    return Risk.SENSITIVE if dangerous or delicate else strictest(Risk.WRITE, suggested_risk(wire))


def holes_behind_people(operation: Operation) -> Collection[str]:
    """The holes of the path right behind a word for people: `/employees/{id}` says whom it is about."""
    return {
        hole[1:-1]
        for before, hole in pairwise(operation.path.split("/"))
        if hole.startswith("{") and hole.endswith("}") and before.lower() in _PEOPLE
    }


def sign_in_of(operation: Operation) -> tuple[dict[str, Any], list[str]]:
    """The first way to sign in that we know, with the raw scheme, and why there is none."""
    if not operation.security or any(not alternative for alternative in operation.security):
        return {}, []
    why = "one signs in there in a way that is not known here"
    for alternative in operation.security:
        if len(alternative) != 1:
            why = "one signs in there in two ways at once"
            continue
        (name, raw), *_ = alternative.items()
        if known := _scheme(raw["scheme"], raw["scopes"]):
            return {"name": name, "raw": raw["scheme"], "scopes": raw["scopes"], "as": known}, []
    return {}, [f"{why}: an API key in a header or query, basic, bearer, or OAuth 2 client credentials are"]


def _scheme(raw: Any, scopes: list[Any]) -> dict[str, str]:
    if not isinstance(raw, Mapping):
        return {}
    kind, place = raw.get("type"), raw.get("in")
    known = {"scheme": "", "parameter": "", "token_url": "", "scope": ""}
    if kind == "apiKey" and place in ("header", "query"):
        return {**known, "scheme": str(place), "parameter": str(raw.get("name", ""))}
    if kind == "http" and str(raw.get("scheme", "")).lower() in ("basic", "bearer"):
        return {**known, "scheme": str(raw["scheme"]).lower()}
    flows = raw.get("flows")
    flow = flows.get("clientCredentials") if isinstance(flows, Mapping) else None
    if (
        kind == "oauth2"
        and isinstance(flow, Mapping)
        and str(flow.get("tokenUrl", "")).startswith(("https://", "http://"))
    ):
        scope = " ".join(str(one) for one in scopes)
        return {**known, "scheme": "client_credentials", "token_url": str(flow["tokenUrl"]), "scope": scope}
    return {}

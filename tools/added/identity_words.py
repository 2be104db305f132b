"""Names of arguments that would say who somebody is, or that something was approved: never a model's to fill in."""

from __future__ import annotations

import re

from tools.spec import RESERVED

APPROVAL = RESERVED | frozenset(
    {"approvedby", "approve", "approvals", "approverid", "requesterid", "authorized", "authorised", "authorizedby"}
    | {
        "goedgekeurd",
        "goedgekeurddoor",
        "goedkeurder",
        "akkoord",
        "akkoorddoor",
        "override",
        "bypass",
        "sudo",
        "isadmin",
    }
)
"""Names that say an approval, a role or the requester: no tool takes them, not even bound."""
IDENTITY = frozenset(
    {"employee", "employeeid", "employeeno", "employeenumber", "user", "userid", "username", "onbehalfof", "behalfof"}
    | {
        "subject",
        "subjectid",
        "sub",
        "upn",
        "login",
        "account",
        "accountid",
        "accountname",
        "personid",
        "personnelnumber",
    }
    | {"staffid", "staffno", "staffnumber", "actor", "actorid", "impersonate", "runas", "principal", "samaccountname"}
    | {"medewerker", "medewerkerid", "medewerkernummer", "personeelsnummer", "gebruiker", "gebruikersnaam", "namens"}
    | {"bsn", "ssn", "oid", "objectid", "objectguid"}
)
"""Names that say who somebody is: only as a binding, which the model never sees (S-05)."""


def carries_identity(name: str) -> bool:
    """Does an argument of this name say who somebody is, or that something was approved? (`employeeNo`, `namens`)"""
    return _bare(name) in IDENTITY or carries_approval(name)


def carries_approval(name: str) -> bool:
    """Does an argument of this name say that something was approved, or with which power? Never, not even bound."""
    return name in APPROVAL or _bare(name) in APPROVAL


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())

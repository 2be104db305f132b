"""Groups and accounts of Active Directory that nobody touches through Loket, by identifier: names can be changed."""

from __future__ import annotations

from collections.abc import Iterable

BUILT_IN = "S-1-5-32"
OF_BUILT_IN = {
    544: "Administrators",
    548: "Account Operators",
    549: "Server Operators",
    550: "Print Operators",
    551: "Backup Operators",
    552: "Replicator",
    556: "Network Configuration Operators",
    557: "Incoming Forest Trust Builders",
    569: "Cryptographic Operators",
    578: "Hyper-V Administrators",
    580: "Remote Management Users",
}
OF_DOMAIN = {
    498: "Enterprise Read-only Domain Controllers",
    500: "Administrator",
    501: "Guest",
    502: "krbtgt",
    512: "Domain Admins",
    515: "Domain Computers",
    516: "Domain Controllers",
    517: "Cert Publishers",
    518: "Schema Admins",
    519: "Enterprise Admins",
    520: "Group Policy Creator Owners",
    521: "Read-only Domain Controllers",
    526: "Key Admins",
    527: "Enterprise Key Admins",
}
"""Relative identifiers of a domain ([MS-DTYP] 2.4.2.4); of any domain: those of a trusted one are as dangerous."""


def protecting(sids: Iterable[str]) -> str:
    """The name of a protected group or account among the identifiers; empty when there is none.

    Give it an account's own identifier and everything in its `tokenGroups`.
    """
    for sid in sids:
        head, _, last = sid.rpartition("-")
        if not last.isdigit():
            continue
        table = OF_BUILT_IN if head == BUILT_IN else OF_DOMAIN if head.startswith("S-1-5-21-") else {}
        if int(last) in table:
            return table[int(last)]
    return ""

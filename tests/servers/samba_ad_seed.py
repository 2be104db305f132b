"""Fills a freshly provisioned Samba domain, offline: run by the system's Python, which has Samba's own library.

`/usr/bin/python3 samba_ad_seed.py DC_FOLDER`, with what to make as JSON on stdin; `samba_ad_staff.py` says what is in
it. It must not import anything of ours: that Python knows nothing of it.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import ldb
from samba.auth import system_session
from samba.dcerpc import drsblobs, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

CHANGE_METADATA = "local_oid:1.3.6.1.4.1.7165.4.3.14:0"
SECONDS_1601 = 11_644_473_600
DAY = 86_400
ENABLED, DISABLED = "512", "514"


class Seed:
    """One domain being filled, in one transaction."""

    def __init__(self, folder: str, wanted: dict[str, Any]) -> None:
        settings = LoadParm()
        settings.load(f"{folder}/etc/smb.conf")
        settings.set("dsdb:schema update allowed", "yes")
        self.sam = SamDB(url=f"{folder}/private/sam.ldb", session_info=system_session(), lp=settings)
        self.wanted = wanted
        self.top, self.domain = wanted["top"], wanted["domain"]
        self.dn_of: dict[str, str] = {}

    def run(self) -> None:
        """Everything, or nothing at all."""
        for attribute in self.wanted["indexed"]:
            self._index(attribute)
        for unit in (self.top, *(f"OU={name},{self.top}" for name in self.wanted["units"])):
            self.sam.create_ou(unit)
        self.sam.transaction_start()
        for account in self.wanted["accounts"]:
            self._account(account)
        self._managers()
        self._groups()
        for service in self.wanted["services"]:
            self._service(service)
        self.sam.transaction_commit()
        for account in self.wanted["accounts"]:
            self._backdate(self.dn_of[account["id"]], time.time() - DAY * self.wanted["days_old"])
        self._protect_administrators()
        for delegation in self.wanted["delegations"]:
            self._delegate(**delegation)

    def _index(self, attribute: str) -> None:
        """Let questions for this attribute be answered without reading every entry: `searchFlags` of the schema."""
        schema = str(self.sam.get_schema_basedn())
        row = self.sam.search(schema, expression=f"(lDAPDisplayName={attribute})", attrs=["searchFlags"])[0]
        flags = int(str(row.get("searchFlags", ["0"])[0]))
        self._set(str(row.dn), "searchFlags", [str(flags | 1)])

    def _account(self, account: dict[str, Any]) -> None:
        dn = f"CN={account['id']},OU={account['unit']},{self.top}"
        entry = {
            "dn": dn,
            "objectClass": "user",
            "sAMAccountName": account["id"],
            "userPrincipalName": f"{account['id']}@{self.wanted['realm']}",
            "unicodePwd": f'"{account["password"]}"'.encode("utf-16-le"),
            "userAccountControl": ENABLED if account["enabled"] else DISABLED,
            **account["attributes"],
        }
        self.sam.add(entry)
        self.dn_of[account["id"]] = dn

    def _managers(self) -> None:
        for account, manager in self.wanted["managers"].items():
            self._set(self.dn_of[account], "manager", [self.dn_of[manager]])

    def _groups(self) -> None:
        names = {name: f"CN={name},OU=Groups,{self.top}" for name in self.wanted["groups"]}
        for name, dn in names.items():
            self.sam.add({"dn": dn, "objectClass": "group", "sAMAccountName": name})
        for name, members in self.wanted["groups"].items():
            inside = [self.dn_of.get(member) or names[member] for member in members]
            if inside:
                self._set(names[name], "member", inside, ldb.FLAG_MOD_ADD)
        for name, parent in self.wanted["inside_built_in"].items():
            self._set(f"CN={parent},CN=Users,{self.domain}", "member", [names[name]], ldb.FLAG_MOD_ADD)

    def _service(self, service: dict[str, Any]) -> None:
        dn = f"CN={service['id']},OU=Services,{self.top}"
        self.sam.add(
            {
                "dn": dn,
                "objectClass": "user",
                "sAMAccountName": service["id"],
                "userPrincipalName": f"{service['id']}@{self.wanted['realm']}",
                "unicodePwd": f'"{service["password"]}"'.encode("utf-16-le"),
                "userAccountControl": "66048",  # enabled, and its password does not expire
            }
        )
        self.dn_of[service["id"]] = dn

    def _protect_administrators(self) -> None:
        # What the domain controller of Windows does every hour (SDProp); Samba has no such process.
        holder = self.sam.search(
            f"CN=AdminSDHolder,CN=System,{self.domain}", ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"]
        )
        descriptor = ndr_unpack(security.descriptor, holder[0]["nTSecurityDescriptor"][0])
        for account in self.wanted["accounts"]:
            if account["is_privileged"]:
                self._set(self.dn_of[account["id"]], "adminCount", ["1"])
                self._set(self.dn_of[account["id"]], "nTSecurityDescriptor", [ndr_pack(descriptor)])

    def _backdate(self, dn: str, changed_at: float) -> None:
        """Let every attribute look as if it was last written then (seconds since 1970)."""
        row = self.sam.search(dn, ldb.SCOPE_BASE, attrs=["replPropertyMetaData"])[0]
        blob = ndr_unpack(drsblobs.replPropertyMetaDataBlob, row["replPropertyMetaData"][0])
        number = self.sam.sequence_number(ldb.SEQ_NEXT)  # Samba insists that the object has changed since
        for one in blob.ctr.array:
            one.local_usn = number
            one.originating_change_time = int((changed_at + SECONDS_1601) * 10_000_000)
        self._set(dn, "replPropertyMetaData", [ndr_pack(blob)], controls=[CHANGE_METADATA])

    def _delegate(self, account: str, unit: str, sddl: str) -> None:
        """Add access control entries to an OU, as `dsacls.exe` does; `{sid}` stands for the account."""
        sid = self.sam.search(self.dn_of[account], ldb.SCOPE_BASE, attrs=["objectSid"])[0]["objectSid"][0]
        text = sddl.replace("{sid}", str(ndr_unpack(security.dom_sid, sid)))
        owner = security.dom_sid(self.sam.get_domain_sid())
        row = self.sam.search(unit, ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])[0]
        descriptor = ndr_unpack(security.descriptor, row["nTSecurityDescriptor"][0])
        for entry in security.descriptor.from_sddl(f"D:{text}", owner).dacl.aces:
            descriptor.dacl_add(entry)
        self._set(unit, "nTSecurityDescriptor", [ndr_pack(descriptor)])

    def _set(
        self, dn: str, name: str, values: list[Any], how: int = ldb.FLAG_MOD_REPLACE, controls: list[str] | None = None
    ) -> None:
        message = ldb.Message(ldb.Dn(self.sam, dn))
        message[name] = ldb.MessageElement(values, how, name)
        self.sam.modify(message, controls or [])


if __name__ == "__main__":
    Seed(sys.argv[1], json.load(sys.stdin)).run()

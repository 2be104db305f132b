"""A running domain as its own administrators see it: sign in as somebody, lock somebody out, change groups."""

from __future__ import annotations

import ssl
import struct
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from connectors.ldap.access_rights import DACL_ONLY, RESET_PASSWORD
from connectors.ldap.active_directory import sid_bytes, sid_text
from connectors.ldap.entry import Entry
from connectors.ldap.replication import changes
from tests.servers.certificates import Certificates
from tests.servers.samba_ad_staff import ADMINISTRATOR_PASSWORD, DOMAIN, GROUPS, REALM, USER_OBJECTS

LONGEST_TALK = 60.0
SignIn = Literal["ok", "must_change", "locked", "disabled", "no"]
CODES: dict[str, SignIn] = {"data 773": "must_change", "data 775": "locked", "data 533": "disabled", "data 52e": "no"}


@dataclass
class Domain:
    """Where it is, and what one can do there."""

    address: str
    certificates: Certificates
    process: subprocess.Popen[bytes]

    @property
    def ca_file(self) -> Path:
        """What a client must trust."""
        return self.certificates.ca_file

    @contextmanager
    def administrator(self) -> Iterator[Any]:
        """A bound connection of the domain's own Administrator."""
        connection = self._connection(f"Administrator@{REALM}", ADMINISTRATOR_PASSWORD)
        assert connection.bind(), connection.result
        try:
            yield connection
        finally:
            connection.strategy.close()

    def signs_in(self, account_id: str, secret: str) -> SignIn:
        """What the domain says to this name and password: it counts a wrong one."""
        connection = self._connection(f"{account_id}@{REALM}", secret)
        try:
            if connection.bind():
                return "ok"
            message = str(connection.result["message"])
        finally:
            connection.strategy.close()
        found = [answer for code, answer in CODES.items() if code in message]
        assert found, message
        return found[0]

    def set_credential(self, account_id: str, secret: str) -> None:
        """The person has this password now, and need not change it; a lock-out is gone."""
        self.change(account_id, unicodePwd=f'"{secret}"'.encode("utf-16-le"), pwdLastSet="-1", lockoutTime="0")

    def lock_account(self, account_id: str) -> None:
        """Three wrong tries."""
        for number in range(3):
            self.signs_in(account_id, f"not-the-password-{number}")

    def set_enabled(self, account_id: str, enabled: bool) -> None:
        """Switch an account on or off."""
        self.change(account_id, userAccountControl="512" if enabled else "514")

    def change(self, name: str, **attributes: Any) -> None:
        """Replace attributes of an account or a group; None takes one away."""
        with self.administrator() as connection:
            self._replace(connection, self._dn(connection, name), attributes)

    def change_entry(self, dn: str, **attributes: Any) -> None:
        """The same of any entry, by its name."""
        with self.administrator() as connection:
            self._replace(connection, dn, attributes)

    def add_group(self, name: str, members: Iterable[str] = (), base: str = GROUPS) -> str:
        """A new global security group; its DN."""
        with self.administrator() as connection:
            dn = f"CN={name},{base}"
            assert connection.add(dn, "group", {"sAMAccountName": name}), connection.result
        for member in members:
            self.join(member, name)
        return dn

    def join(self, member: str, group: str) -> None:
        """Make an account or a group a member of a group."""
        self._member(member, group, "MODIFY_ADD")

    def leave(self, member: str, group: str) -> None:
        """End a membership."""
        self._member(member, group, "MODIFY_DELETE")

    def add_account(self, account_id: str, base: str, secret: str = "", **attributes: Any) -> str:
        """A new account, enabled when it has a password; its DN."""
        dn = f"CN={account_id},{base}"
        values = {"sAMAccountName": account_id, "userPrincipalName": f"{account_id}@{REALM}", **attributes}
        if secret:
            values |= {"unicodePwd": f'"{secret}"'.encode("utf-16-le"), "userAccountControl": "512"}
        with self.administrator() as connection:
            assert connection.add(dn, "user", values), connection.result
        return dn

    def delete(self, name: str) -> None:
        """Take an account or a group away."""
        with self.administrator() as connection:
            assert connection.delete(self._dn(connection, name)), connection.result

    def attributes(self, name: str, *wanted: str) -> dict[str, Any]:
        """Attributes of an account or a group as they are now."""
        with self.administrator() as connection:
            dn = self._dn(connection, name)
            connection.search(dn, "(objectClass=*)", "BASE", attributes=list(wanted))
            return dict(connection.response[0]["attributes"])

    def sid(self, name: str) -> str:
        """The security identifier of an account or a group."""
        with self.administrator() as connection:
            connection.search(self._dn(connection, name), "(objectClass=*)", "BASE", attributes=["objectSid"])
            return sid_text(connection.response[0]["raw_attributes"]["objectSid"][0])

    def written_at(self, name: str, attribute: str) -> datetime | None:
        """When an attribute was last written: also one that nobody may read."""
        with self.administrator() as connection:
            dn = self._dn(connection, name)
            connection.search(dn, "(objectClass=*)", "BASE", attributes=["replPropertyMetaData"])
            (raw,) = connection.response[0]["raw_attributes"]["replPropertyMetaData"]
            return changes(Entry(dn, {"replpropertymetadata": (raw,)})).of(attribute)

    @contextmanager
    def reset_right(self, account: str, unit: str) -> Iterator[None]:
        """For as long as the block lasts, an account may reset the passwords of the users below an OU."""
        sid = sid_bytes(self.sid(account))
        what = RESET_PASSWORD.bytes_le + uuid.UUID(USER_OBJECTS).bytes_le
        entry = struct.pack("<BBHII", 5, 0x0A, 12 + len(what) + len(sid), 0x100, 3) + what + sid
        with self.administrator() as connection:
            connection.search(
                unit, "(objectClass=*)", "BASE", attributes=["nTSecurityDescriptor"], controls=[DACL_ONLY]
            )
            before = connection.response[0]["raw_attributes"]["nTSecurityDescriptor"][0]
            (start,) = struct.unpack_from("<I", before, 16)
            revision, size, count = struct.unpack_from("<HHH", before, start)
            head = struct.pack("<HHH", revision, size + len(entry), count + 1)
            after = before[:start] + head + before[start + 6 : start + size] + entry
            for value in (after, before):
                part = {"nTSecurityDescriptor": [("MODIFY_REPLACE", [value])]}
                assert connection.modify(unit, part, controls=[DACL_ONLY]), connection.result
                if value is after:
                    yield

    def make_ready(self) -> None:
        """What is measured from now on: the phone of E1013 has just changed."""
        mobile = self.attributes("noor.hendriks", "mobile")["mobile"]
        self.change("noor.hendriks", mobile=None)
        self.change("noor.hendriks", mobile=mobile)

    @staticmethod
    def _replace(connection: Any, dn: str, attributes: dict[str, Any]) -> None:
        values = {
            name: [] if value is None else value if isinstance(value, list) else [value]
            for name, value in attributes.items()
        }
        parts = {name: [("MODIFY_REPLACE", new)] for name, new in values.items()}
        assert connection.modify(dn, parts), connection.result

    def _member(self, member: str, group: str, how: str) -> None:
        with self.administrator() as connection:
            part = {"member": [(how, [self._dn(connection, member)])]}
            assert connection.modify(self._dn(connection, group), part), connection.result

    @staticmethod
    def _dn(connection: Any, name: str) -> str:
        from ldap3.utils.conv import escape_filter_chars

        connection.search(DOMAIN, f"(sAMAccountName={escape_filter_chars(name)})", attributes=["cn"])
        found = [entry["dn"] for entry in connection.response if entry["type"] == "searchResEntry"]
        assert len(found) == 1, f"{name}: {found}"
        return str(found[0])

    def _connection(self, user: str, secret: str) -> Any:
        from ldap3 import NONE, Connection, Server

        from connectors.ldap.opening import VerifiedTls

        # The library's own check of host names is deprecated, and warnings are errors here.
        context = ssl.create_default_context(cafile=self.ca_file)
        tls = VerifiedTls(context, self.address, time.monotonic() + LONGEST_TALK)
        server = Server(self.address, 636, use_ssl=True, tls=tls, get_info=NONE, connect_timeout=10)
        return Connection(server, user, secret, receive_timeout=20, auto_referrals=False)

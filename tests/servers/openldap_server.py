"""A running OpenLDAP: how to reach it, what its administrator does, and what one sees when one tries to sign in."""

from __future__ import annotations

import ssl
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from ldap3.core.exceptions import LDAPExceptionError

from connectors.ldap.settings import LdapSettings
from tests.servers.certificates import Certificates
from tests.servers.openldap_seed import (
    ACCOUNTS,
    ADMINS,
    GROUPS,
    PEOPLE,
    READER,
    READER_PASSWORD,
    RESETTER,
    RESETTER_PASSWORD,
    ROOT_PASSWORD,
    SUFFIX,
)

ROOT = f"cn=root,{SUFFIX}"
POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"
CHANGE_AFTER_RESET = b"0\x03\x81\x01\x02"
LONGEST_TALK = 60.0
RELAX = ("1.3.6.1.4.1.4203.666.5.12", True, None)


@dataclass
class OpenLdapServer:
    """Its two ports on 127.0.0.1, and the process for those who want to pause it."""

    plain_port: int
    secure_port: int
    certificates: Certificates
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Its address under TLS."""
        return f"ldaps://127.0.0.1:{self.secure_port}"

    def settings(self, **changed: Any) -> LdapSettings:
        """What an operator would set; `changed` fields take the place of those."""
        usual: dict[str, Any] = {
            "urls": self.url,
            "ca_file": self.certificates.ca_file,
            "bind_dn": READER,
            "bind_password": READER_PASSWORD,
            "write_bind_dn": RESETTER,
            "write_bind_password": RESETTER_PASSWORD,
            "people_base": PEOPLE,
            "groups_base": GROUPS,
            "accounts_bases": f"{PEOPLE};{ACCOUNTS};{ADMINS}",
            "identity_attribute": "loketIdentity",
            "private_mail_attribute": "loketPrivateMail",
            "contact_changed_attribute": "loketContactChanged",
            "guest_when": "employeeType=guest",
            "service_when": "employeeType=service",
            "privileged_when": "employeeType=admin",
            "phone_country": "31",
        }
        return LdapSettings(**{**usual, **changed})

    def answers(self) -> bool:
        """Can the administrator sign in?"""
        try:
            with self.administrator():
                return True
        except RuntimeError:
            return False

    def administrator(self) -> closing[Any]:
        """A connection of ldap3 with all rights, for a `with`. Raises RuntimeError."""
        connection, result = self._bind(ROOT, ROOT_PASSWORD)
        if result["result"] != 0:
            connection.strategy.close()
            raise RuntimeError(f"the administrator cannot sign in: {result['description']}")
        return closing(_Closing(connection))

    def dn(self, account_id: str) -> str:
        """Where an account is."""
        with self.administrator() as admin:
            admin.search(SUFFIX, f"(uid={account_id})", attributes=["1.1"])
            found: str = admin.response[0]["dn"]
            return found

    def set_credential(self, account_id: str, secret: str) -> None:
        """The person chose this password: nothing has to be changed."""
        from ldap3 import MODIFY_DELETE, MODIFY_REPLACE

        dn = self.dn(account_id)
        with self.administrator() as admin:
            _done(admin, admin.modify(dn, {"userPassword": [(MODIFY_REPLACE, [secret])]}))
            if self.attribute(account_id, "pwdReset"):
                _done(admin, admin.modify(dn, {"pwdReset": [(MODIFY_DELETE, [])]}))

    def signs_in(self, account_id: str, secret: str) -> Literal["ok", "must_change", "no"]:
        """What happens when somebody tries. A wrong try counts towards a lock-out."""
        connection, result = self._bind(self.dn(account_id), secret)
        connection.strategy.close()
        if result["result"] != 0:
            return "no"
        answer = (result.get("controls") or {}).get(POLICY, {}).get("value")
        return "must_change" if answer == CHANGE_AFTER_RESET else "ok"

    def lock(self, account_id: str) -> None:
        """Three wrong tries."""
        for _ in range(3):
            assert self.signs_in(account_id, "a wrong guess, surely") == "no"

    def replace(self, dn: str, **values: list[str]) -> None:
        """The administrator writes attributes; an empty list takes one away."""
        from ldap3 import MODIFY_REPLACE

        with self.administrator() as admin:
            changes = {name: [(MODIFY_REPLACE, held)] for name, held in values.items()}
            _done(admin, admin.modify(dn, changes, controls=[RELAX]))

    def join(self, account_id: str, group: str) -> None:
        """One more member."""
        from ldap3 import MODIFY_ADD

        dn = self.dn(account_id)
        with self.administrator() as admin:
            _done(admin, admin.modify(f"cn={group},{GROUPS}", {"member": [(MODIFY_ADD, [dn])]}))

    def add(self, dn: str, classes: list[str], **values: Any) -> None:
        """A new entry."""
        with self.administrator() as admin:
            _done(admin, admin.add(dn, classes, values))

    def delete(self, dn: str) -> None:
        """An entry goes."""
        with self.administrator() as admin:
            _done(admin, admin.delete(dn))

    def attribute(self, account_id: str, name: str) -> list[bytes]:
        """The values an account has."""
        return self.entry(account_id).get(name.lower(), [])

    def entry(self, account_id: str) -> dict[str, list[bytes]]:
        """All of it, as the administrator sees it."""
        with self.administrator() as admin:
            admin.search(SUFFIX, f"(uid={account_id})", attributes=["*", "+"])
            raw = admin.response[0]["raw_attributes"]
            return {key.lower(): list(values) for key, values in raw.items()}

    def _bind(self, dn: str, password: str) -> tuple[Any, dict[str, Any]]:
        from ldap3 import NONE, Connection, Server

        from connectors.ldap.opening import VerifiedTls

        context = ssl.create_default_context(cafile=str(self.certificates.ca_file))
        tls = VerifiedTls(context, "127.0.0.1", time.monotonic() + LONGEST_TALK)
        server = Server("127.0.0.1", self.secure_port, use_ssl=True, tls=tls, get_info=NONE, connect_timeout=2)
        connection = Connection(server, dn, password, check_names=False)
        try:
            connection.open(read_server_info=False)
        except LDAPExceptionError as error:
            if connection.socket is not None:
                connection.socket.close()
            raise RuntimeError("slapd does not answer") from error
        connection.bind(read_server_info=False, controls=[(POLICY, False, None)])
        return connection, connection.result


class _Closing:
    """Passes everything on to a connection, and closes it without a word."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def close(self) -> None:
        self._connection.strategy.close()


def _done(admin: Any, done: bool) -> None:
    if not done:
        raise RuntimeError(f"{admin.result['description']}: {admin.result['message']}")

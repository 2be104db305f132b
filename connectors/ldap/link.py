"""One signed-in connection: questions and changes, each with a checked result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import SecretStr

from connectors.ldap.call import BoundedSocket, Call
from connectors.ldap.entry import Entry
from connectors.ldap.refusal import DOUBTFUL, ConnectionBroke, RefusedByServer
from connectors.ldap.settings import LdapSettings
from core.errors import ConnectorError, EffectUnknown

PAGED = "1.2.840.113556.1.4.319"
PASSWORD_MODIFY = "1.3.6.1.4.1.4203.1.11.1"  # noqa: S105 - the name of an operation (RFC 3062)
NO_SUCH_OBJECT = 32
MOST_ENTRIES = 200_000

Operation = Literal["add", "delete", "replace"]
Change = tuple[Operation, str, Sequence[bytes]]
"""One part of a modification: what to do with which attribute and which values."""
Control = tuple[str, bool, bytes | None]
"""OID, criticality, value."""


class Link:
    """Works in one thread at a time, for one `Call` at a time. Every method raises `ConnectionBroke` when the
    connection ends or stays silent, and `RefusedByServer` for every other result than success.
    """

    def __init__(
        self, connection: Any, over: BoundedSocket, settings: LdapSettings, system: str, server: str, account: str
    ) -> None:
        self._connection = connection
        self._over = over
        self._settings = settings
        self._system = system
        self._call = Call(system, 0)
        self.server = server
        self.signed_in_as = account
        self.used_at = time.monotonic()

    def serve(self, call: Call) -> None:
        """From here on it works for this call."""
        call.use(self._over)
        self._call = call

    @property
    def certificate_ends_at(self) -> datetime:
        """The last moment at which the certificate of the server is accepted, in UTC."""
        return self._over.certificate_ends_at

    def search(
        self,
        base: str,
        filter_: str,
        attributes: Sequence[str],
        *,
        scope: Literal["BASE", "LEVEL", "SUBTREE"] = "SUBTREE",
        enough: int | None = None,
        controls: Sequence[Control] = (),
    ) -> list[Entry]:
        """Every entry that fits, in pages; none where `base` does not exist. With `enough`, stops at so many."""
        found: list[Entry] = []
        cookie: bytes | None = None
        page_size = min(self._settings.page_size, enough or self._settings.page_size)
        while True:
            result = self._ask(
                "search",
                search_base=base,
                search_filter=filter_,
                search_scope=scope,
                attributes=list(attributes) or ["1.1"],
                paged_size=None if scope == "BASE" else page_size,
                paged_cookie=cookie,
                controls=list(controls) or None,
            )
            if result["result"] == NO_SUCH_OBJECT:
                return []
            self._refuse(result)
            found += self._entries()
            cookie = _cookie(result)
            if not cookie or (enough is not None and len(found) >= enough):
                return found
            if len(found) > MOST_ENTRIES:
                raise ConnectorError(self._system, "the directory has more entries than can be read")

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """One entry by its name; None when there is none."""
        found = self.search(dn, "(objectClass=*)", attributes, scope="BASE")
        return found[0] if found else None

    def modify(self, dn: str, changes: Sequence[Change], controls: Sequence[Control] = ()) -> None:
        """Change one entry: all of it or nothing. Raises `EffectUnknown` when the answer does not say which."""
        self._change("modify", dn=dn, changes=_as_sent(changes), controls=list(controls) or None)

    def set_password(self, dn: str, password: SecretStr, controls: Sequence[Control] = ()) -> None:
        """Give an entry this password (RFC 3062); the server hashes it. Raises `EffectUnknown` as `modify` does."""
        from ldap3.protocol.rfc3062 import PasswdModifyRequestValue

        value = PasswdModifyRequestValue()
        value["userIdentity"] = dn.encode()
        value["newPasswd"] = password.get_secret_value().encode()
        self._change("extended", request_name=PASSWORD_MODIFY, request_value=value, controls=list(controls) or None)

    def try_impossible(self, dn: str, attribute: str, first: bytes, second: bytes) -> int:
        """Ask for a change that cannot happen, and return the result's code: whether it is forbidden tells the rights.

        It deletes two values, and an attribute of one value does not have both; a modification is all or nothing.
        """
        parts: list[Change] = [("delete", attribute, [first]), ("delete", attribute, [second])]
        if first == second:
            raise ValueError("one of the two values must be missing")
        return int(self._ask("modify", dn=dn, changes=_as_sent(parts), controls=None)["result"])

    def compare(self, dn: str, attribute: str, value: str) -> bool:
        """Has this entry this value? The server answers; the value need not be readable."""
        result = self._ask("compare", dn=dn, attribute=attribute, value=value)
        if result["result"] not in (5, 6):
            self._refuse(result)
        return bool(result["result"] == 6)

    def close(self) -> None:
        """End the connection without a word; the server notices."""
        self._connection.strategy.close()

    def _change(self, what: str, **details: Any) -> None:
        self._call.begin_change()
        try:
            result = self._ask(what, **details)
        except ConnectionBroke as broke:
            raise EffectUnknown(self._system, "the connection broke before the directory answered") from broke
        if result["result"] in DOUBTFUL:
            raise EffectUnknown(self._system, f"the directory answered {result['description']} to a change")
        if result["result"] != 0:
            self._call.change_refused()
        self._refuse(result)

    def _ask(self, what: str, **details: Any) -> Mapping[str, Any]:
        if self._call.left <= 0:
            raise ConnectionBroke(self._system, "the directory did not answer in time")
        self._over.allow(min(self._call.until, time.monotonic() + self._settings.read_seconds))
        try:
            getattr(self._connection, what)(**details)
            result = self._connection.result
            int(result["result"]), str(result["description"])
        except Exception as error:  # noqa: BLE001 - the library raises whatever its parser trips over
            # Its text may hold what was sent: it is neither kept nor chained.
            raise ConnectionBroke(self._system, f"the directory did not answer ({type(error).__name__})") from None
        self.used_at = time.monotonic()
        answer: Mapping[str, Any] = result
        return answer

    def _refuse(self, result: Mapping[str, Any]) -> None:
        if result["result"] == 0 and not result.get("referrals"):
            return
        controls = {oid: held.get("value") for oid, held in (result.get("controls") or {}).items()}
        octets = {oid: value if isinstance(value, bytes) else None for oid, value in controls.items()}
        name = str(result["description"]) if result["result"] else "referral"
        raise RefusedByServer(self._system, int(result["result"]), name, str(result.get("message") or ""), octets)

    def _entries(self) -> list[Entry]:
        entries = []
        for item in self._connection.response or ():
            if item["type"] == "searchResEntry":
                raw = item["raw_attributes"]
                entries.append(Entry(item["dn"], {name.lower(): tuple(values) for name, values in raw.items()}))
            elif item["type"] == "searchResRef" and self._settings.kind != "active_directory":
                # Part of the people are elsewhere: half a result is none. (Active Directory always names its other
                # partitions, which hold no people.)
                raise ConnectorError(self._system, "the directory points to another server; referrals are not followed")
        return entries


def _as_sent(changes: Sequence[Change]) -> dict[str, list[tuple[str, list[bytes]]]]:
    sent: dict[str, list[tuple[str, list[bytes]]]] = {}
    for operation, attribute, values in changes:
        sent.setdefault(attribute, []).append((f"MODIFY_{operation.upper()}", list(values)))
    return sent


def _cookie(result: Mapping[str, Any]) -> bytes | None:
    control = (result.get("controls") or {}).get(PAGED)
    return control["value"]["cookie"] if control else None

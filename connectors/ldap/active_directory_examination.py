"""What `loket doctor` looks at in Active Directory: read-only, and with what to do about whatever is not right."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.examination import Seen
from connectors.ldap import replication
from connectors.ldap.access_rights import EVERYBODY, SELF, may_write
from connectors.ldap.active_directory import Flags, interval
from connectors.ldap.active_directory_powers import PEOPLE, Sample, list_of_rights, samples
from connectors.ldap.entry import Entry
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from connectors.ldap.token_groups import TokenGroups
from connectors.ldap.values import all_of, any_of, equal
from core.errors import ConnectorError

IS_ACTIVE_DIRECTORY, IS_READ_ONLY = "1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1920"
MOST_SECONDS_APART = 5.0
"""Whether a doubtful change happened is told by comparing the directory's time with ours."""
ROOT = ("defaultNamingContext", "schemaNamingContext", "currentTime", "supportedCapabilities")
RENEW_BEFORE = timedelta(days=14)
NEEDED = frozenset({"pwdLastSet", "lockoutTime"})
INDEXED = 1
"""The bit of `searchFlags`."""
LONGEST_CREDENTIAL = 23
"""Letters in a temporary credential, dashes included."""


class Examination:
    """One look, over one connection. `changes`: the account is the one that may change something."""

    def __init__(self, link: Link, settings: LdapSettings, *, changes: bool) -> None:
        self._link = link
        self._settings = settings
        self._changes = changes
        self._root = link.read(
            "", ["defaultNamingContext", "schemaNamingContext", "currentTime", "supportedCapabilities"]
        )

    def seen(self) -> Iterator[Seen]:
        """Everything, the more basic first."""
        yield Seen("sign-in", True, f"as {self._link.signed_in_as}")
        yield self._server()
        if self._root is None:
            return
        yield self._certificate()
        yield self._time()
        yield from self._bases()
        yield self._groups_readable()
        yield self._changes_readable()
        yield from self._protected_groups()
        yield self._policy()
        yield self._never_expiring()
        yield self._identity()
        yield from self._indexes()
        yield from self._rights()

    def _server(self) -> Seen:
        known = self._root.texts("supportedCapabilities") if self._root else ()
        if IS_ACTIVE_DIRECTORY not in known:
            return Seen("domain controller", False, "the server is no Active Directory", "set LOKET_LDAP_KIND=openldap")
        if self._changes and IS_READ_ONLY in known:
            advice = "name a writable domain controller first in LOKET_LDAP_URLS"
            return Seen("domain controller", False, "it is a read-only one", advice)
        return Seen("domain controller", True, "Active Directory")

    def _certificate(self) -> Seen:
        ends = self._link.certificate_ends_at
        detail = f"valid until {ends:%Y-%m-%d}"
        return Seen("certificate", ends - datetime.now(UTC) > RENEW_BEFORE, detail, "renew it", fatal=False)

    def _time(self) -> Seen:
        theirs = _root(self._root).moment("currentTime")
        if theirs is None:
            return Seen("time", False, "the domain controller does not say it", fatal=False)
        apart = abs((datetime.now(UTC) - theirs).total_seconds())
        detail = f"{apart:.0f} s between this machine and the domain controller"
        return Seen("time", apart <= MOST_SECONDS_APART, detail, "let both follow the same time servers")

    def _bases(self) -> Iterator[Seen]:
        places = [("accounts", base, PEOPLE) for base in self._settings.bases_of_accounts]
        places += [("people", self._settings.people_base, self._settings.filter_of_people)]
        places += [("groups", self._settings.groups_base, "(objectCategory=group)")]
        for what, base, filter_ in places:
            if self._link.read(base, ()) is None:
                yield Seen(f"{what} in {base}", False, "does not exist or may not be read", "check the DN")
            else:
                found = self._link.search(base, filter_, ())
                needed = what != "accounts"
                yield Seen(
                    f"{what} in {base}", bool(found) or not needed, f"{len(found)} found", "check the DN", needed
                )

    def _groups_readable(self) -> Seen:
        return self._of_somebody("nested groups (tokenGroups)", self._token_groups)

    def _token_groups(self, somebody: Entry) -> str:
        return f"{len(TokenGroups(self._settings).sids(self._link, somebody.dn))} for one person"

    def _changes_readable(self) -> Seen:
        return self._of_somebody("when a phone number or address changed", self._contact_change)

    def _contact_change(self, somebody: Entry) -> str:
        entry = self._link.read(somebody.dn, replication.ATTRIBUTES)
        names = self._settings.attributes
        try:
            replication.changes(entry or somebody).latest(name for name in (names.mobile, names.private_mail) if name)
        except (LookupError, ValueError):
            raise ConnectorError("accounts", "it cannot be told; any change of the entry counts instead") from None
        return "readable"

    def _of_somebody(self, what: str, look: Callable[[Entry], str]) -> Seen:
        found = self._link.search(self._settings.people_base, self._settings.filter_of_people, (), enough=1)
        if not found:
            return Seen(what, False, "nobody to look at", fatal=False)
        try:
            return Seen(what, True, look(found[0]))
        except ConnectorError as error:
            return Seen(what, False, error.detail, "docs/connect-active-directory.md, “The two accounts”")

    def _protected_groups(self) -> Iterator[Seen]:
        root, name = _root(self._root).text("defaultNamingContext"), self._settings.attributes.group_name
        for group in self._settings.groups_protected:
            if "=" in group:
                found = self._link.read(group, ()) is not None
            else:
                either = any_of((equal(name, group), equal("sAMAccountName", group)))
                found = bool(self._link.search(root, all_of("(objectCategory=group)", either), ()))
            if not found:
                advice = "correct LOKET_LDAP_PROTECTED_GROUPS: whoever should be protected by it is not"
                yield Seen(f"protected group {group}", False, "there is no such group", advice, fatal=False)

    def _policy(self) -> Seen:
        names = ("minPwdLength", "pwdHistoryLength", "lockoutThreshold", "lockoutDuration")
        domain = self._link.read(_root(self._root).text("defaultNamingContext"), names)
        if domain is None or not domain.text("minPwdLength"):
            return Seen("password rules", False, "may not be read", fatal=False)
        tries, lasts = domain.text("lockoutThreshold"), interval(domain.text("lockoutDuration"))
        until = f"for {lasts.total_seconds() / 60:.0f} minutes" if lasts else "until somebody unlocks it"
        lockout = "no lock-out" if tries in ("", "0") else f"locked after {tries} wrong tries {until}"
        detail = f"at least {domain.text('minPwdLength')} characters, {lockout}"
        good = int(domain.text("minPwdLength")) <= LONGEST_CREDENTIAL
        return Seen("password rules", good, detail, f"temporary credentials have {LONGEST_CREDENTIAL} characters")

    def _never_expiring(self) -> Seen:
        bit = f"(userAccountControl:1.2.840.113556.1.4.803:={int(Flags.NEVER_EXPIRES)})"
        fits = all_of(self._settings.filter_of_people, bit)
        found = len(self._link.search(self._settings.people_base, fits, ()))
        advice = "take the flag “password never expires” off these accounts: a temporary password would stay theirs"
        detail = f"{found} people whose password never expires; theirs is not reset"
        return Seen("passwords that can be temporary", not found, detail, advice, fatal=False)

    def _identity(self) -> Seen:
        """Whoever can write who somebody is can be anybody."""
        names = self._settings.attributes
        marks = [name for which in ("guest", "service", "inactive") for name, _ in self._settings.conditions(which)]
        wanted = [name for name in dict.fromkeys((names.employee_id, names.identity, names.account_id, *marks)) if name]

        def look(somebody: Entry) -> str:
            lines = list_of_rights(self._link, somebody.dn)
            open_to = [name for name in wanted if may_write(lines, {SELF, *EVERYBODY}, *self._identifiers(name))]
            if open_to:
                raise ConnectorError("accounts", f"people can write {', '.join(open_to)} of their own entry themselves")
            return f"only administrators write {', '.join(wanted)}"

        return self._of_somebody("attributes that say who somebody is", look)

    def _indexes(self) -> Iterator[Seen]:
        """Without an index every question reads every entry."""
        names = self._settings.attributes
        for attribute in (names.employee_id, names.identity):
            entry = self._schema_of(attribute) if attribute else None
            flags = entry.text("searchFlags") if entry else "0"
            if entry is not None and not int(flags or "0") & INDEXED:
                advice = "docs/connect-active-directory.md says how to index it"
                yield Seen(f"index on {attribute}", False, "missing: lookups are slow", advice, fatal=False)

    def _schema_of(self, attribute: str) -> Entry | None:
        schema, names = _root(self._root).text("schemaNamingContext"), ("schemaIDGUID", "attributeSecurityGUID")
        found = self._link.search(schema, equal("lDAPDisplayName", attribute), (*names, "searchFlags"))
        return found[0] if found else None

    def _identifiers(self, attribute: str) -> list[uuid.UUID]:
        """Of an attribute and of the property set it is in: rights may be given on either."""
        entry = self._schema_of(attribute)
        if entry is None:
            raise ConnectorError("accounts", f"there is no attribute {attribute} in this domain")
        values = (*entry.all("schemaIDGUID"), *entry.all("attributeSecurityGUID"))
        return [uuid.UUID(bytes_le=value) for value in values]

    def _rights(self) -> Iterator[Seen]:
        found = samples(self._link, self._settings)
        if not self._changes:
            can = sorted({name for sample in found for name in _can(sample)})
            advice = "take these rights away from the reading account"
            yield Seen("rights of the reading account", not can, f"it can change {', '.join(can) or 'nothing'}", advice)
            return
        in_people = [sample for sample in found if self._is_person(sample)]
        lacking = sorted(sample.dn.partition(",")[2] for sample in in_people if not _is_delegated(sample))
        advice = "docs/connect-active-directory.md has the three dsacls commands"
        where = f"missing in {'; '.join(lacking[:3])}" if lacking else f"present in {len(in_people)} containers"
        yield Seen("right to reset passwords and to unlock", not lacking and bool(in_people), where, advice)
        more = sorted({name for sample in found for name in _can(sample) if name not in (*NEEDED, "passwords")})
        if more:
            detail = f"it can also change {', '.join(more[:8])}"
            yield Seen(
                "rights it does not need", False, detail, "take them away from the changing account", fatal=False
            )

    def _is_person(self, sample: Sample) -> bool:
        entry = self._link.search(sample.dn, self._settings.filter_of_people, ("adminCount",), scope="BASE")
        is_protected = bool(entry) and entry[0].text("adminCount") not in ("", "0")
        services = any(sample.dn.casefold().endswith(base.casefold()) for base in self._settings.bases_of_services)
        return bool(entry) and not is_protected and not services


def examine(link: Link, settings: LdapSettings, *, changes: bool) -> Sequence[Seen]:
    """All that was seen. Raises `ConnectorError` when the directory does not answer."""
    found = Examination(link, settings, changes=changes).seen()
    return [replace(seen, advice="") if seen.good else seen for seen in found]


def _root(root: Entry | None) -> Entry:
    if root is None:
        raise ConnectorError("accounts", "the server does not say what it is")
    return root


def _is_delegated(sample: Sample) -> bool:
    return sample.resets_password and sample.attributes >= NEEDED


def _can(sample: Sample) -> Iterable[str]:
    yield from sample.attributes
    if sample.resets_password:
        yield "passwords"
    if sample.children:
        yield "new entries"
    if sample.changes_rights:
        yield "access rights"

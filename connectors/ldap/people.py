"""From entries to employees: names, groups, managers, kinds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from connectors.ldap.dialect import Dialect
from connectors.ldap.entry import Entry
from connectors.ldap.fetching import by_name
from connectors.ldap.link import Link
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import dn_key, first_value, is_under
from core.people import Employee, EmployeeKind

LANGUAGE = re.compile(r"\s*([A-Za-z]{2})(?![A-Za-z])")
NOT_A_DIGIT = re.compile(r"[\s().\-/\u2010-\u2015\u00a0]+")
Key = tuple[object, ...]
ANYTHING = "(objectClass=*)"
E164 = re.compile(r"\+[1-9]\d{7,14}")


class People:
    """Makes employees of entries, within one call: what it reads on the way (managers, groups) it reads once."""

    def __init__(self, link: Link, settings: LdapSettings, dialect: Dialect) -> None:
        self._link = link
        self._settings = settings
        self._dialect = dialect
        self._names = settings.attributes
        self._managers: dict[Key, str | None] = {}
        self._groups: dict[str, str] = {}

    @staticmethod
    def wanted(settings: LdapSettings, dialect: Dialect) -> tuple[str, ...]:
        """The attributes an entry must have been read with."""
        marks = (*settings.conditions("guest"), *settings.conditions("service"), *settings.conditions("inactive"))
        return tuple(dict.fromkeys((*settings.attributes.of_people, *dialect.attributes, *(name for name, _ in marks))))

    @property
    def for_ranking(self) -> tuple[str, ...]:
        """The few attributes that `active_staff` and a ranking look at: each one more costs time for every entry."""
        names, settings = self._names, self._settings
        marks = (*settings.conditions("guest"), *settings.conditions("service"), *settings.conditions("inactive"))
        wanted = (names.employee_id, names.name, "cn", names.mail, *(name for name, _ in marks))
        state = (name for name in self._dialect.attributes if name != "memberOf")
        return tuple(dict.fromkeys((*wanted, *state)))

    def employees(self, entries: Sequence[Entry]) -> list[Employee]:
        """One employee for each entry, in the same order."""
        groups = self._dialect.groups_of(self._link, entries) if entries else ()
        self._read_managers({dn_key(dn): dn for entry in entries if (dn := entry.text(self._names.manager))})
        return [self._employee(entry, held) for entry, held in zip(entries, groups, strict=True)]

    def active_staff(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those who may be found and counted. Entries that share an employee number are nobody: which one is meant?"""
        numbers = Counter(entry.text(self._names.employee_id) for entry in entries)
        return [
            entry
            for entry in entries
            if numbers[entry.text(self._names.employee_id)] == 1
            and entry.text(self._names.employee_id)
            and self.is_active(entry)
            and self.kind(entry) is EmployeeKind.STAFF
        ]

    def is_active(self, entry: Entry) -> bool:
        """Works here, as far as the entry says."""
        return self._dialect.state_of(entry).enabled and not entry.fits(self._settings.conditions("inactive"))

    def kind(self, entry: Entry) -> EmployeeKind:
        """What sort of entry it is."""
        if self._dialect.state_of(entry).service or entry.fits(self._settings.conditions("service")):
            return EmployeeKind.SERVICE
        return EmployeeKind.GUEST if entry.fits(self._settings.conditions("guest")) else EmployeeKind.STAFF

    def name(self, entry: Entry) -> str:
        """What people are called."""
        return entry.text(self._names.name) or entry.text("cn")

    def _employee(self, entry: Entry, groups: frozenset[str]) -> Employee:
        names, name = self._names, self.name(entry)
        return Employee(
            employee_id=entry.text(names.employee_id),
            name=name,
            given_name=entry.text(names.given_name) or name.split(" ")[0],
            title=entry.text(names.title),
            department=entry.text(names.department),
            site=entry.text(names.site),
            room=entry.text(names.room),
            phone=entry.text(names.phone),
            email=entry.text(names.mail),
            manager_id=self._manager(entry.text(names.manager)),
            groups=self._giving_rights(groups),
            language=self._language(entry),
            kind=self.kind(entry),
            active=self.is_active(entry),
        )

    def _giving_rights(self, groups: frozenset[str]) -> frozenset[str]:
        return frozenset(name for name in map(self._group, groups) if name)

    def _group(self, dn: str) -> str:
        """The name of a group that gives rights; empty for one elsewhere."""
        if dn not in self._groups and not is_under(dn, self._settings.groups_base):
            self._groups[dn] = ""
        if dn not in self._groups:
            attribute = self._names.group_name
            entry = None if first_value(dn, attribute) else self._link.read(dn, (attribute,))
            self._groups[dn] = first_value(dn, attribute) or (entry.text(attribute) if entry else "")
        return self._groups[dn]

    def _manager(self, dn: str) -> str | None:
        return self._managers.get(dn_key(dn)) if dn else None

    def _read_managers(self, names: Mapping[Key, str]) -> None:
        """Their employee numbers. Who is not among the people, or has no number, is nobody's manager here."""
        missing = {key: dn for key, dn in names.items() if key not in self._managers}
        base, number = self._settings.people_base, self._names.employee_id
        inside = [dn for dn in missing.values() if is_under(dn, base)]
        if len(inside) > 1:
            found = by_name(self._link, self._settings, base, ANYTHING, inside, (number,))
        else:
            found = [entry for dn in inside if (entry := self._link.read(dn, (number,)))]
        self._managers |= dict.fromkeys(missing)
        self._managers |= {dn_key(entry.dn): entry.text(number) or None for entry in found}

    def _language(self, entry: Entry) -> str:
        match = LANGUAGE.match(entry.text(self._names.language))
        return match[1].lower() if match else self._settings.default_language


def e164(written: str, country: str) -> str | None:
    """A telephone number as `+31655501001`; None for what cannot be one. `country` is for numbers without one."""
    number = NOT_A_DIGIT.sub("", written.replace("(0)", ""))
    if number.startswith("00"):
        number = f"+{number[2:]}"
    elif number.startswith("0") and country:
        number = f"+{country}{number[1:]}"
    return number if E164.fullmatch(number) else None

"""What `loket doctor` looks at in an OpenLDAP: read-only, and with what to do about whatever is not right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from connectors.examination import Seen
from connectors.ldap.entry import Entry
from connectors.ldap.index_examination import indexes
from connectors.ldap.link import Link
from connectors.ldap.openldap import LOCKED_AT, MUST_CHANGE
from connectors.ldap.powers import may_change, powers_of
from connectors.ldap.session import LdapSession
from connectors.ldap.settings import LdapSettings
from connectors.ldap.values import all_of, dn_key, equal, shared_base
from core.errors import ConnectorError

LOOKED_AT = 1000
"""So many people are looked at; what is wrong is seldom wrong with one."""
SOON = timedelta(days=14)
WITHIN_RIGHTS = frozenset({"passwords", "lock-outs", "forced changes"})
LONGEST_CREDENTIAL = 23
"""Letters in a temporary credential, dashes included."""


async def examine_directory(session: LdapSession) -> Sequence[Seen]:
    """Servers, people, groups and identities, as the reading account sees them."""
    return [*await session.reach(), *await look(session, lambda link: list(_directory(link, session.settings)))]


async def examine_accounts(session: LdapSession, *, changes: bool) -> Sequence[Seen]:
    """Accounts and rights. `changes`: the account is the one that may change something."""
    return [
        *await session.reach(),
        *await look(session, lambda link: list(_accounts(link, session.settings, changes=changes))),
    ]


async def look(session: LdapSession, work: Callable[[Link], Sequence[Seen]]) -> Sequence[Seen]:
    """What `work` sees over a connection that is signed in, or that there is none."""
    try:
        return await session.run(work)
    except ConnectorError as error:
        return [Seen("sign-in", False, error.detail, "check LOKET_LDAP_BIND_DN, its password and the servers")]


def _directory(link: Link, settings: LdapSettings) -> Iterator[Seen]:
    yield Seen("sign-in", True, "the reading account is let in")
    yield _certificate(link)
    people = _people(link, settings)
    yield _numbers(people, settings)
    yield _identities(people, settings)
    yield _contact(link, people, settings)
    yield from _groups(link, settings)
    yield from indexes(link, settings, people)
    powers = powers_of(link, settings)
    detail = f"it can change {', '.join(powers)}" if powers else "it can change nothing"
    yield Seen("rights of the reading account", not powers, detail, _unless(not powers, "docs/connect-ldap.md, step 2"))


def _accounts(link: Link, settings: LdapSettings, *, changes: bool) -> Iterator[Seen]:
    yield Seen("sign-in", True, "the account is let in")
    yield _certificate(link)
    for base in settings.bases_of_accounts:
        entries = link.search(base, settings.filter_of_accounts, (settings.attributes.account_id,), enough=1)
        detail = "has accounts" if entries else "holds no account that can be read"
        yield Seen(
            f"accounts in {base}", bool(entries), detail, _unless(bool(entries), "check LOKET_LDAP_ACCOUNTS_BASES")
        )
    yield from _protected_groups(link, settings)
    yield _policy(link, settings)
    powers = powers_of(link, settings)
    if not changes:
        detail = f"it can change {', '.join(powers)}" if powers else "it can change nothing"
        yield Seen("rights of the account", not powers, detail, _unless(not powers, "docs/connect-ldap.md, step 2"))
        return
    yield _needed(link, settings)
    more = [power for power in powers if power not in WITHIN_RIGHTS]
    if more:
        advice = "take these rights away from the changing account"
        yield Seen("rights it does not need", False, f"it can change {', '.join(more)}", advice, fatal=False)


def _certificate(link: Link) -> Seen:
    left = link.certificate_ends_at - datetime.now(UTC)
    good = left > SOON
    return Seen(
        "certificate", good, f"is valid for {left.days} more days", _unless(good, "renew it in time"), fatal=False
    )


def _people(link: Link, settings: LdapSettings) -> list[Entry]:
    names = settings.attributes
    wanted = [name for name in (names.employee_id, names.identity, names.name) if name]
    return link.search(settings.people_base, settings.filter_of_people, wanted, enough=LOOKED_AT)


def _numbers(people: Sequence[Entry], settings: LdapSettings) -> Seen:
    attribute = settings.attributes.employee_id
    numbers = Counter(entry.text(attribute) for entry in people)
    without = numbers.pop("", 0)
    twice = sum(1 for count in numbers.values() if count > 1)
    if not numbers:
        return Seen("people", False, f"nobody with {attribute} can be read", "check LOKET_LDAP_PEOPLE_BASE and _FILTER")
    detail = f"{len(people)} looked at, {without} without {attribute}, {twice} numbers on more than one entry"
    return Seen(
        "people", not twice, detail, _unless(not twice, "let LOKET_LDAP_PEOPLE_FILTER leave one entry a person")
    )


def _identities(people: Sequence[Entry], settings: LdapSettings) -> Seen:
    attribute = settings.attributes.identity
    if not attribute:
        return Seen("channel identities", False, "nobody is mapped", "set LOKET_LDAP_IDENTITY_ATTRIBUTE")
    values = [value for entry in people for value in entry.texts(attribute)]
    wrong = sum(1 for value in values if len(value.split(":", 2)) != 3)
    detail = f"{len(values)} found, {wrong} of them not written as channel:tenant:user"
    good = bool(values) and not wrong
    return Seen("channel identities", good, detail, _unless(good, f"write them into {attribute}"), fatal=not values)


def _contact(link: Link, people: Sequence[Entry], settings: LdapSettings) -> Seen:
    what = "when contact data changed"
    if settings.attributes.contact_changed:
        return Seen(what, True, f"is taken from {settings.attributes.contact_changed}")
    entry = link.read(people[0].dn, ("modifyTimestamp",)) if people else None
    if entry is None or entry.moment("modifyTimestamp") is None:
        return Seen(what, False, "cannot be read", "let the reading account see modifyTimestamp")
    return Seen(what, True, "is taken from modifyTimestamp: never too early, often too late")


def _groups(link: Link, settings: LdapSettings) -> Iterator[Seen]:
    attribute = settings.attributes.group_name
    groups = link.search(settings.groups_base, f"({settings.attributes.member}=*)", (attribute,))
    names = Counter(entry.text(attribute) for entry in groups)
    twice = sorted(name for name, count in names.items() if count > 1)
    detail = f"{len(groups)} groups" + (f"; more than one is called {', '.join(twice[:5])}" if twice else "")
    good = bool(groups) and not twice
    yield Seen("groups", good, detail, _unless(good, "a name gives rights: it must be there once"))
    yield from _protected_groups(link, settings)


def _protected_groups(link: Link, settings: LdapSettings) -> Iterator[Seen]:
    base = shared_base(settings.people_base, settings.groups_base) or settings.groups_base
    for group in settings.groups_protected:
        if "=" in group:
            there = link.read(group, ()) is not None
        else:
            there = bool(link.search(base, equal(settings.attributes.group_name, group), (), enough=1))
        detail = "is there" if there else "is not there, so it protects nobody"
        advice = _unless(there, "check LOKET_LDAP_PROTECTED_GROUPS")
        yield Seen(f"protected group {group}", there, detail, advice, fatal=False)


def _policy(link: Link, settings: LdapSettings) -> Seen:
    what, base = "password policy", shared_base(settings.people_base, settings.groups_base)
    wanted = ("pwdMustChange", "pwdMinLength")
    found = link.search(base, "(objectClass=pwdPolicy)", wanted) if base else []
    if not found:
        return Seen(what, False, "cannot be read", "see that it says pwdMustChange: TRUE", fatal=False)
    if not any(entry.text("pwdMustChange").upper() == "TRUE" for entry in found):
        advice = "without pwdMustChange: TRUE a temporary password stays for ever"
        return Seen(what, False, "none says that a password must be changed after a reset", advice)
    lengths = [entry.text("pwdMinLength") for entry in found]
    too_long = any(length.isdigit() and int(length) > LONGEST_CREDENTIAL for length in lengths)
    detail = "asks for more letters than a temporary password has" if too_long else "lets a temporary password be one"
    return Seen(what, not too_long, detail, _unless(not too_long, f"let pwdMinLength be at most {LONGEST_CREDENTIAL}"))


def _needed(link: Link, settings: LdapSettings) -> Seen:
    own = dn_key(link.signed_in_as)
    has_number = f"({settings.attributes.employee_id}=*)"
    some = link.search(settings.people_base, all_of(settings.filter_of_people, has_number), (), enough=2)
    others = [entry.dn for entry in some if dn_key(entry.dn) != own][:1]
    lacking = [
        name for name in ("userPassword", MUST_CHANGE, LOCKED_AT) for dn in others if not may_change(link, dn, name)
    ]
    detail = f"it may not write {', '.join(lacking)}" if lacking else "it may write what it needs"
    good = bool(others) and not lacking
    return Seen("right to reset passwords and to unlock", good, detail, _unless(good, "docs/connect-ldap.md, step 2"))


def _unless(good: bool, advice: str) -> str:
    return "" if good else advice

"""What an operator can set of a directory that speaks LDAP: OpenLDAP or Active Directory."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from connectors.ldap.attributes import DEFAULTS, USERS, Attributes
from connectors.settings import OptionalPath

ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*|\d+(\.\d+)+")


def _attribute(name: str) -> str:
    if name and not ATTRIBUTE.fullmatch(name):
        raise ValueError("write the name of an LDAP attribute, such as employeeNumber")
    return name


def _servers(urls: str) -> str:
    for url in filter(None, (part.strip() for part in urls.split(","))):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("write addresses such as ldaps://ldap.example.org, with commas between") from None
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or port == 0:
            raise ValueError("write addresses such as ldaps://ldap.example.org, with commas between")
        if parts.username or parts.password or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("an address is ldaps:// or ldap://, a name and perhaps a port, and nothing else")
    return urls


def _conditions(text: str) -> str:
    for part in _parts(text):
        name, equals, value = part.partition("=")
        if not equals or not value or not ATTRIBUTE.fullmatch(name.strip()):
            raise ValueError("write attribute=value, with semicolons between")
    return text


def _filter(text: str) -> str:
    if text and not (text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")):
        raise ValueError("write a whole LDAP filter with its brackets, such as (objectClass=inetOrgPerson)")
    return text


def _secret(value: object) -> object:
    return None if value in ("", None) else value


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


AttributeName = Annotated[str, AfterValidator(_attribute)]
Conditions = Annotated[str, AfterValidator(_conditions)]
Password = Annotated[SecretStr | None, BeforeValidator(_secret)]


class LdapSettings(BaseModel):
    """A directory over LDAP. There is no clear text: `ldap://` is raised to TLS before anything else is said."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: Literal["openldap", "active_directory"] = "openldap"
    """Which directory it is: `openldap` or `active_directory`."""

    urls: Annotated[str, AfterValidator(_servers)] = ""
    """Addresses of the servers, the best first, with commas between: `ldaps://`, or `ldap://` with StartTLS."""

    ca_file: OptionalPath = None
    """A PEM file with the certificate authorities to trust for these servers. Empty: the usual ones of the machine."""

    bind_dn: str = Field(default="", max_length=500)
    """Name of the reading account: a DN, or for Active Directory also `name@domain`."""

    bind_password: Password = None
    """Password of the reading account."""

    write_bind_dn: str = Field(default="", max_length=500)
    """Name of the account that may change what a helpdesk changes. Only the executor has it."""

    write_bind_password: Password = None
    """Password of that account. Only the executor has it."""

    people_base: str = Field(default="", max_length=500)
    """Where the people are, one entry for each: the DN to search under."""

    groups_base: str = Field(default="", max_length=500)
    """Where the groups that give rights are: the DN to search under. A group elsewhere never gives a right."""

    accounts_bases: str = Field(default="", max_length=2000)
    """Where sign-in accounts are: DNs with semicolons between, `people_base` among them. Empty: `people_base` alone."""

    service_bases: str = Field(default="", max_length=2000)
    """Where accounts of services and machines are: DNs with semicolons between. What is under them is never touched."""

    people_filter: Annotated[str, AfterValidator(_filter)] = Field(default="", max_length=1000)
    """Which entries count as people, one for each employee number. Empty: `(objectClass=inetOrgPerson)`, in Active
    Directory all users; where people have several accounts, add what only the main one has: `(mail=*)`."""

    accounts_filter: Annotated[str, AfterValidator(_filter)] = Field(default="", max_length=1000)
    """Which entries count as sign-in accounts. Empty: `(objectClass=inetOrgPerson)`, in Active Directory all users."""

    employee_id_attribute: AttributeName = ""
    """Holds the employee number, which identifies a person. Empty: `employeeNumber`, or `employeeID` on that kind."""

    account_id_attribute: AttributeName = ""
    """Holds the name one signs in with. Empty: `uid`, in Active Directory `sAMAccountName`."""

    identity_attribute: AttributeName = ""
    """Holds the channel identities of a person as `channel:tenant:user`, exactly. Empty: nobody is mapped."""

    name_attribute: AttributeName = ""
    """Holds the name people are called by, and are found by. Empty: `cn`, in Active Directory `displayName`."""

    given_name_attribute: AttributeName = "givenName"
    """Holds the given name."""

    title_attribute: AttributeName = "title"
    """Holds the job title."""

    department_attribute: AttributeName = ""
    """Holds the department. Empty: `ou`, in Active Directory `department`."""

    site_attribute: AttributeName = ""
    """Holds the site or town. Empty: `l`, in Active Directory `physicalDeliveryOfficeName`."""

    room_attribute: AttributeName = "roomNumber"
    """Holds the room."""

    phone_attribute: AttributeName = "telephoneNumber"
    """Holds the work phone."""

    mail_attribute: AttributeName = "mail"
    """Holds the work e-mail address."""

    manager_attribute: AttributeName = "manager"
    """Holds the DN of the manager."""

    language_attribute: AttributeName = "preferredLanguage"
    """Holds the language of the person, such as `nl` or `en-GB`."""

    mobile_attribute: AttributeName = "mobile"
    """Holds the registered mobile number, to which codes and credentials go."""

    private_mail_attribute: AttributeName = ""
    """Holds the registered private e-mail address. Empty: nobody has one."""

    contact_changed_attribute: AttributeName = ""
    """Holds when mobile number or private address last changed, as a generalized time. Empty: what the server knows of
    the entry, which is later (never earlier) and so at worst makes somebody wait."""

    group_name_attribute: AttributeName = "cn"
    """Holds the name of a group, as rules and policies write it."""

    member_attribute: AttributeName = "member"
    """Holds the DNs of the members of a group."""

    guest_when: Conditions = ""
    """What marks a guest: `attribute=value`, with semicolons between, one is enough. Capitals do not matter."""

    service_when: Conditions = ""
    """What marks a service account, which is never touched: `attribute=value`, with semicolons between."""

    privileged_when: Conditions = ""
    """What marks an administrator's account, which is never touched: `attribute=value`, with semicolons between."""

    inactive_when: Conditions = ""
    """What marks somebody who has left or an account that is off: `attribute=value`, with semicolons between."""

    protected_groups: str = Field(default="domain-admins", max_length=4000)
    """Groups whose members, however nested, are never touched: names or DNs with semicolons between."""

    protected_accounts: str = Field(default="", max_length=4000)
    """Sign-in names that are never touched, with semicolons between."""

    phone_country: str = Field(default="", pattern=r"^[1-9]\d{0,2}$|^$")
    """Country code of mobile numbers written without one, such as `31`. Empty: such a number cannot be used."""

    default_language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    """Language of people of whom the directory does not say it."""

    page_size: int = Field(default=500, ge=10, le=1000)
    """How many entries are asked for at once; 1,000 is the most that Active Directory gives."""

    connections: int = Field(default=8, ge=1, le=64)
    """How many connections, and threads, one process uses at most."""

    connect_seconds: float = Field(default=1.25, gt=0, le=30)
    """How long a connection may take until the account is signed in, in seconds; then the next server is tried."""

    read_seconds: float = Field(default=2, gt=0, le=60)
    """How long one question may take, in seconds."""

    total_seconds: float = Field(default=4.5, gt=0, le=120)
    """How long a call may take in all, other servers and a second try included, in seconds."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.urls:
            return self
        needed = {"people_base": self.people_base, "groups_base": self.groups_base, "bind_dn": self.bind_dn}
        missing = [name for name, value in needed.items() if not value] + ["bind_password"] * (not self.bind_password)
        if missing:
            raise ValueError(f"a directory needs {' and '.join(missing)} as well")
        if bool(self.write_bind_dn) != bool(self.write_bind_password):
            raise ValueError("write_bind_dn and write_bind_password belong together")
        return self

    @property
    def is_set(self) -> bool:
        """Whether there is a directory over LDAP."""
        return bool(self.urls)

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses, the preferred one first."""
        return tuple(part.strip() for part in self.urls.split(",") if part.strip())

    @property
    def bases_of_accounts(self) -> tuple[str, ...]:
        """Where accounts are searched."""
        return _parts(self.accounts_bases) or (self.people_base,)

    @property
    def bases_of_services(self) -> tuple[str, ...]:
        """Under these DNs nothing is ever touched."""
        return _parts(self.service_bases)

    @property
    def attributes(self) -> Attributes:
        """The attribute names in force: what was set, else what is usual for this kind of directory."""
        names = {field: getattr(self, f"{field}_attribute") for field in Attributes.__dataclass_fields__}
        return Attributes(**{field: name or DEFAULTS[self.kind].get(field, "") for field, name in names.items()})

    @property
    def filter_of_people(self) -> str:
        """Which entries count as people."""
        return self.people_filter or USERS[self.kind]

    @property
    def filter_of_accounts(self) -> str:
        """Which entries count as sign-in accounts."""
        return self.accounts_filter or USERS[self.kind]

    def conditions(self, which: Literal["guest", "service", "privileged", "inactive"]) -> tuple[tuple[str, str], ...]:
        """What marks such an entry: pairs of an attribute and a value."""
        split = (part.partition("=") for part in _parts(getattr(self, f"{which}_when")))
        return tuple((name.strip(), value.strip()) for name, _, value in split)

    @property
    def groups_protected(self) -> tuple[str, ...]:
        """Names or DNs of the protected groups."""
        return _parts(self.protected_groups)

    @property
    def accounts_protected(self) -> frozenset[str]:
        """The sign-in names that are never touched, in lower case."""
        return frozenset(name.casefold() for name in _parts(self.protected_accounts))

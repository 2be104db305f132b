"""What an operator can set of Entra ID: the tenant, how the application signs in, and what its attributes mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connectors.graph.clouds import CLOUDS, Cloud, CloudName
from connectors.settings import Key, OptionalPath
from core.errors import ConfigError

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ATTRIBUTE = re.compile(r"employeeId|id|extensionAttribute(?:[1-9]|1[0-5])")
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,19}")


def _checked_guid(text: str) -> str:
    text = text.strip().lower()
    if text and not GUID.fullmatch(text):
        raise ValueError("write the id, such as 00000000-0000-0000-0000-000000000000, not a name or a domain")
    return text


def _checked_attribute(text: str) -> str:
    if not _ATTRIBUTE.fullmatch(text):
        raise ValueError("one of employeeId, id, extensionAttribute1 to extensionAttribute15")
    return text


Guid = Annotated[str, AfterValidator(_checked_guid)]
Attribute = Annotated[str, AfterValidator(_checked_attribute)]


class EntraSettings(BaseModel):
    """Entra ID over Microsoft Graph. The agent and the executor each have an application of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    tenant: Guid = ""
    """Id of the tenant (a GUID, not a domain): it is also what Teams says of its users. Empty: no Entra ID."""

    client_id: Guid = ""
    """Application (client) id. With a managed identity: the id of a user-assigned one, or empty for the system's."""

    cloud: CloudName = "global"
    """The cloud of the tenant: `global` (also GCC), `us_gcc_high`, `us_dod` or `china`. It sets both hosts."""

    certificate_file: OptionalPath = None
    """A PEM file with the private key and the certificate that was uploaded to the application. The best way in."""

    certificate_passphrase: Key = None
    """The passphrase of that private key. Empty when it has none."""

    secret: Key = None
    """The client secret, for those who cannot use a certificate."""

    managed_identity: bool = False
    """Sign in as the managed identity of the Azure machine this runs on: nothing to keep, nothing to renew."""

    person_attribute: Attribute = "employeeId"
    """The attribute that says which person an account belongs to. `id`: every account is a person of its own."""

    identities: str = Field(default="", max_length=500)
    """Where other channels' ids are kept, such as `slack=extensionAttribute5`; its values: `T0AB12:U0CD34`."""

    groups: str = Field(default="", max_length=20_000)
    """The names that rules use for groups: `object id=name`, commas between. Other groups are known by their id."""

    protected_groups: str = Field(default="", max_length=5_000)
    """Groups (names or ids, commas between) whose members' accounts are never changed, however deep they are nested."""

    service_types: str = Field(default="service,shared,room", max_length=500)
    """Values of `employeeType` that mark accounts which are no person's; commas between."""

    admin_types: str = Field(default="admin", max_length=500)
    """Values of `employeeType` that mark people's administrator accounts: never changed from here. Commas between."""

    second_types: str = Field(default="second", max_length=500)
    """Values of `employeeType` that mark further ordinary accounts of somebody who has a first one. Commas between."""

    eligible_roles: bool = True
    """Ask for roles somebody may activate (PIM) too. Off only for tenants without Entra ID P2, which cannot tell."""

    allow_password_reset: bool = False
    """Let the executor set temporary passwords of cloud-only users. It then needs the role User Administrator."""

    allow_access_pass: bool = True
    """Let the executor make Temporary Access Passes; they replace the second factor once."""

    default_language: str = Field(default="en", pattern=r"[a-z]{2}")
    """The language of people without `preferredLanguage`."""

    read_seconds: float = Field(default=5, gt=0, le=5)
    """How long one question may take in all, in seconds, waiting and repeated tries included."""

    change_seconds: float = Field(default=20, ge=5, le=60)
    """How long one change may take, in seconds. Keep it below `LOKET_GATE_EFFECT_SECONDS`."""

    @model_validator(mode="after")
    def _one_way_in(self) -> EntraSettings:
        ways = [self.certificate_file is not None, self.secret is not None, self.managed_identity]
        if self.tenant and sum(ways) != 1:
            raise ValueError("set exactly one of certificate_file, secret and managed_identity")
        if self.tenant and not self.client_id and not self.managed_identity:
            raise ValueError("client_id is missing")
        if self.tenant and self.cloud == "china" and self.managed_identity:
            raise ValueError("managed identities are not offered for this cloud here; use a certificate")
        for parsed in ("group_names", "identity_attributes", "protected"):
            getattr(self, parsed)
        return self

    @property
    def is_set(self) -> bool:
        """Whether there is a tenant to ask."""
        return bool(self.tenant)

    @property
    def hosts(self) -> Cloud:
        """Where to sign in and where to ask."""
        return CLOUDS[self.cloud]

    @cached_property
    def group_names(self) -> Mapping[str, str]:
        """Object id to the name in rules. Each name stands for one group: two would make a right ambiguous."""
        pairs = _pairs(self.groups, "groups")
        ids = [_checked_guid(group) for group, _ in pairs]
        names = [name for _, name in pairs]
        if len(set(ids)) < len(ids) or len(set(names)) < len(names):
            raise ValueError("groups: an id or a name stands there twice")
        if any(GUID.fullmatch(name.lower()) for name in names):
            raise ValueError("groups: a name may not look like an id")
        return dict(zip(ids, names, strict=True))

    @cached_property
    def identity_attributes(self) -> Mapping[str, str]:
        """Channel to the attribute that holds `tenant:user` of it. Teams needs none and may have none."""
        pairs = _pairs(self.identities, "identities")
        for channel, attribute in pairs:
            if not _CHANNEL.fullmatch(channel) or channel in ("teams", "oidc"):
                raise ValueError(
                    "identities: the channel is a name such as slack; teams and oidc are known by themselves"
                )
            if not _checked_attribute(attribute).startswith("extension"):
                raise ValueError("identities: use one of extensionAttribute1 to extensionAttribute15")
        return dict(pairs)

    @cached_property
    def protected(self) -> frozenset[str]:
        """The protected groups, as they stand in an account's `groups`. Raises `ValueError` for an unknown name."""
        known, wanted = set(self.group_names.values()), _names(self.protected_groups)
        for name in wanted:
            if name not in known and not GUID.fullmatch(name.lower()):
                raise ValueError("protected_groups: a name that is not among groups protects nobody; write its id")
        return frozenset(
            self.group_names.get(name.lower(), name.lower() if name not in known else name) for name in wanted
        )

    @property
    def not_people(self) -> frozenset[str]:
        """Lower-case `employeeType` values of accounts that are nobody's."""
        return frozenset(name.casefold() for name in _names(self.service_types))

    @property
    def administrators(self) -> frozenset[str]:
        """Lower-case `employeeType` values of administrator accounts."""
        return frozenset(name.casefold() for name in _names(self.admin_types))

    @property
    def further(self) -> frozenset[str]:
        """Lower-case `employeeType` values of further ordinary accounts."""
        return frozenset(name.casefold() for name in _names(self.second_types))

    def group_id(self, name: str) -> str | None:
        """The object id behind a name of the rules; None for a name that nobody mapped."""
        by_name = {known: group for group, known in self.group_names.items()}
        if name in by_name:
            return by_name[name]
        # A mapped group is known by its name only, so that nobody reaches it by another road.
        return name if GUID.fullmatch(name) and name not in self.group_names else None

    def require(self) -> None:
        """Raises `ConfigError` when there is no tenant to ask."""
        if not self.is_set:
            raise ConfigError("Entra ID is chosen but LOKET_ENTRA_TENANT is empty")


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _pairs(text: str, setting: str) -> list[tuple[str, str]]:
    pairs = []
    for part in _names(text):
        left, sign, right = (piece.strip() for piece in part.partition("="))
        if not sign or not left or not right:
            raise ValueError(f"{setting}: write pairs with = in between and commas between the pairs")
        pairs.append((left, right))
    return pairs

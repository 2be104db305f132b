"""A user of Entra ID as we ask for it, and reading it strictly: a wrong type is a fault, never an empty value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.graph.settings import GUID, EntraSettings
from connectors.graph.throttling import SYSTEM
from core.errors import ConnectorError

USER_FIELDS = (
    "id,accountEnabled,userType,displayName,givenName,jobTitle,department,city,officeLocation,businessPhones,mail,"
    "preferredLanguage,userPrincipalName,createdDateTime,lastPasswordChangeDateTime,employeeId,employeeType,"
    "onPremisesSyncEnabled,onPremisesSamAccountName,onPremisesExtensionAttributes"
)
"""Everything a colleague may see and everything rights hang on; no private address is among it."""

MANAGER = "manager($select=id,employeeId,onPremisesExtensionAttributes)"


@dataclass(frozen=True, slots=True)
class User:
    """One account of the directory. `person` is the number of whoever it belongs to, None when it says none."""

    user_id: str
    person: str | None
    manager: str | None
    enabled: bool
    guest: bool
    kind: str
    name: str
    given_name: str
    title: str
    department: str
    city: str
    office: str
    phone: str
    email: str
    sign_in_name: str
    language: str
    created_at: datetime | None
    credential_changed_at: datetime | None
    synced: bool
    local_name: str
    extensions: Mapping[str, Any]


def read_user(row: Mapping[str, Any], settings: EntraSettings) -> User:
    """Raises `ConnectorError` for a row whose fields are not of the published types."""
    phones = row.get("businessPhones") or []
    manager = row.get("manager")
    return User(
        user_id=user_id_of(row),
        person=person_of(row, settings),
        manager=person_of(manager, settings) if isinstance(manager, Mapping) else None,
        enabled=flag(row, "accountEnabled"),
        guest=text(row, "userType").casefold() != "member",  # null too: who is not surely ours is a guest
        kind=text(row, "employeeType").casefold(),
        name=text(row, "displayName"),
        given_name=text(row, "givenName"),
        title=text(row, "jobTitle"),
        department=text(row, "department"),
        city=text(row, "city"),
        office=text(row, "officeLocation"),
        phone=str(phones[0]) if isinstance(phones, list) and phones else "",
        email=text(row, "mail"),
        sign_in_name=text(row, "userPrincipalName"),
        language=text(row, "preferredLanguage")[:2].lower() or settings.default_language,
        created_at=moment(row, "createdDateTime"),
        credential_changed_at=moment(row, "lastPasswordChangeDateTime"),
        synced=flag(row, "onPremisesSyncEnabled"),
        local_name=text(row, "onPremisesSamAccountName"),
        extensions=row.get("onPremisesExtensionAttributes") or {},
    )


def person_of(row: Mapping[str, Any], settings: EntraSettings) -> str | None:
    """The number of the person an account belongs to."""
    if settings.person_attribute.startswith("extension"):
        held = row.get("onPremisesExtensionAttributes") or {}
        return text(held, settings.person_attribute).strip() or None
    return text(row, settings.person_attribute).strip() or None


def user_id_of(row: Mapping[str, Any]) -> str:
    """The object id. Raises `ConnectorError` when it is none: it goes into addresses and filters."""
    user_id = text(row, "id").lower()
    if not GUID.fullmatch(user_id):
        raise ConnectorError(SYSTEM, "Graph gave an object without a readable id")
    return user_id


def text(row: Mapping[str, Any], name: str) -> str:
    """A string field, empty for null."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConnectorError(SYSTEM, f"Graph gave a {name} that is no text")
    return value


def flag(row: Mapping[str, Any], name: str) -> bool:
    """A yes or no; null is no."""
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise ConnectorError(SYSTEM, f"Graph gave a {name} that is neither yes nor no")
    return bool(value)


def moment(row: Mapping[str, Any], name: str) -> datetime | None:
    """A time in UTC, None for null."""
    value = text(row, name)
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(_six_digits(value))
    except ValueError:
        raise ConnectorError(SYSTEM, f"Graph gave a {name} that is no time") from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _six_digits(value: str) -> str:
    # Graph writes seven digits of a second; Python reads at most six.
    head, dot, tail = value.partition(".")
    if not dot:
        return value
    digits = tail.rstrip("Zz")
    return f"{head}.{digits[:6].ljust(6, '0')}+00:00" if digits.isdigit() else value

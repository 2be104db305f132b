"""Whose an account is: from a number to the accounts that carry it, and which of them is the person's own."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.graph.client import GraphClient
from connectors.graph.odata import literal
from connectors.graph.settings import GUID, EntraSettings
from connectors.graph.throttling import SYSTEM, Deadline
from connectors.graph.users import MANAGER, USER_FIELDS, User, read_user
from core.errors import ConnectorError

LONGEST = 120


class GivenTwice(ConnectorError):
    """The admin acts: two accounts carry one number, and nobody can say whose it is."""


async def one_user(client: GraphClient, settings: EntraSettings, user_id: str, deadline: Deadline) -> User | None:
    """One account with its manager, as the directory has it now."""
    if not GUID.fullmatch(user_id):
        return None
    query = {"$select": USER_FIELDS, "$expand": MANAGER}
    row = await client.get(("users", user_id), query, deadline)
    return read_user(row, settings) if row else None


async def users_of(client: GraphClient, settings: EntraSettings, person: str, deadline: Deadline) -> Sequence[User]:
    """Every account that carries this number, without managers."""
    if not person or len(person) > LONGEST:
        return []
    if settings.person_attribute == "id":
        found = await one_user(client, settings, person.lower(), deadline)
        return [found] if found else []
    return await where(client, settings, settings.person_attribute, (person,), deadline)


async def where(
    client: GraphClient, settings: EntraSettings, attribute: str, values: Sequence[str], deadline: Deadline
) -> Sequence[User]:
    """Accounts whose attribute has one of these values."""
    extension = attribute.startswith("extension")
    path = f"onPremisesExtensionAttributes/{attribute}" if extension else attribute
    query = {"$filter": " or ".join(f"{path} eq {literal(value)}" for value in values), "$select": USER_FIELDS}
    if extension:
        query["$count"] = "true"
    rows = await client.rows(("users",), query, deadline, eventual=extension)
    return [read_user(row, settings) for row in rows or ()]


def own_account(users: Sequence[User], settings: EntraSettings) -> User | None:
    """The account that is the person's own: neither a guest's nor a further one. None when there is no account.

    Raises `GivenTwice` when two enabled ones claim to be it: then a number was given out twice, and whoever got
    it would act as somebody else.
    """
    further = settings.further | settings.administrators | settings.not_people
    groups = (
        [user for user in users if not user.guest and user.kind not in further],
        [user for user in users if not user.guest],
        list(users),
    )
    own = next((some for some in groups if some), [])
    enabled = [user for user in own if user.enabled]
    if len(enabled) > 1:
        raise GivenTwice(SYSTEM, "two accounts have the same number and neither is marked as a further one")
    return enabled[0] if enabled else min(own, key=lambda user: user.user_id, default=None)

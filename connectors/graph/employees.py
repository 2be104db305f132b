"""A user of Entra ID as the employee that the rest of Loket knows."""

from __future__ import annotations

from connectors.graph.settings import EntraSettings
from connectors.graph.users import User
from core.people import Employee, EmployeeKind


def employee_of(user: User, groups: frozenset[str], settings: EntraSettings) -> Employee:
    """`groups` are the names of the rules; an account without a number has an empty one and is nobody's."""
    kind = EmployeeKind.SERVICE if user.kind in settings.not_people else EmployeeKind.STAFF
    return Employee(
        employee_id=user.person or "",
        name=user.name,
        given_name=user.given_name or user.name.split(" ")[0],
        title=user.title,
        department=user.department,
        site=user.city,
        room=user.office,
        phone=user.phone,
        email=user.email,
        manager_id=user.manager,
        groups=groups,
        language=user.language,
        kind=EmployeeKind.GUEST if user.guest else kind,
        active=user.enabled,
    )

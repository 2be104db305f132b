"""Who is at this command line: named where a shell is an identity, else whoever signs in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rich.console import Console

from core.errors import ConfigError
from core.people import Employee
from loket.command.running import employee_of, looking
from loket.command.voting import signed_in
from loket.counter import Counter
from loket.settings import Settings

ADMINS = "admins"
NAMED = "Who does it, such as E1009: in the embedded form. On a server you sign in instead."
"""What `--as` is for, where a server has another way."""


def tell(text: str) -> None:
    """Where to sign in, said beside what the command prints."""
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


def signs_in(settings: Settings, employee_id: str) -> bool:
    """Whether whoever is here signs in. Raises `ConfigError`: nobody was named, or somebody where that says nothing."""
    if settings.shell_is_identity:
        if not employee_id:
            raise ConfigError("say who you are: --as ADMIN, such as --as E1009")
        return False
    if employee_id:
        raise ConfigError("--as exists only in the embedded form; here you sign in: leave it away")
    return True


@asynccontextmanager
async def person_at(
    settings: Settings, employee_id: str, say: Callable[[str], None] = tell
) -> AsyncIterator[tuple[Counter, Employee]]:
    """Who it is, and a counter to look at and to switch with. Raises `ConfigError`."""
    if signs_in(settings, employee_id):
        async with signed_in(settings, say) as (counter, operator):
            yield counter, operator.employee
        return
    async with looking(settings) as counter:
        yield counter, await employee_of(counter, employee_id)


def refuse_others(person: Employee, does: str) -> Employee:
    """The admin. Raises `ConfigError` for anybody else; `does` is what only admins do."""
    if ADMINS not in person.groups or not person.may_use_tools:
        raise ConfigError(f"{person.name} is no admin: only the group `{ADMINS}` {does}")
    return person

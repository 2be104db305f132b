"""The document that a command is about, by name or by file, and who brings it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.people import Employee
from loket.command.adding.files import document_in
from loket.command.nearest import did_you_mean
from loket.command.operator import operator
from loket.command.persons import ADMINS, refuse_others
from loket.command.running import employee_of
from loket.counter import Counter
from loket.settings import Settings
from storage import Tx
from tools.added import versions
from tools.added.document import ToolDocument
from tools.added.versions import Version


@dataclass(frozen=True, slots=True)
class Author:
    """Who brings a draft or a check, as the audit names them; `person` where the shell may say so."""

    actor: str
    person: Employee | None = None


async def author_of(counter: Counter, settings: Settings, employee_id: str) -> Author:
    """Raises `ConfigError` for somebody who is no admin, and where a shell is no identity."""
    if not employee_id:
        return Author(operator())
    if not settings.shell_is_identity:
        raise ConfigError("--as exists only in the embedded form; without it the draft is the operator's at this shell")
    person = await employee_of(counter, employee_id)
    refuse_others(person, "brings tools in")
    return Author(f"employee:{person.employee_id}", person)


async def looker_of(
    counter: Counter, settings: Settings, employee_id: str, version: Version | None, signed_in: Employee | None = None
) -> Author:
    """Whoever has a look: who signed in, any employee the shell may speak for, else whoever wrote the draft there.

    The audit names the operator where it is no admin, and where nobody said who they are.
    """
    if employee_id and not settings.shell_is_identity:
        raise ConfigError("--as exists only in the embedded form; here you sign in: leave it away")
    person = signed_in
    if person is None and employee_id:
        person = await employee_of(counter, employee_id)
    if person is not None:
        return Author(f"employee:{person.employee_id}" if ADMINS in person.groups else operator(), person)
    writer = version.author.removeprefix("employee:") if version and settings.shell_is_identity else ""
    return Author(operator(), await counter.directory.by_id(writer) if writer else None)


async def chosen(counter: Counter, name_or_file: str, number: int = 0) -> tuple[ToolDocument, Version | None]:
    """The newest version of a tool (or that `number`), or the document in a file, which is no version yet.

    Raises `ConfigError` for neither.
    """
    path = Path(name_or_file)
    if path.suffix in (".yaml", ".yml") or "/" in name_or_file:
        return document_in(path), None
    found = await counter.database.read(lambda tx: _version(tx, name_or_file, number))
    return found.read(), found


async def version_of(counter: Counter, name: str, number: int = 0) -> Version:
    """The newest version of a tool, or that `number`. Raises `ConfigError`."""
    return await counter.database.read(lambda tx: _version(tx, name, number))


def _version(tx: Tx, name: str, number: int) -> Version:
    found = versions.version(tx, name, number) if number else versions.newest(tx, name)
    if found is not None:
        return found
    known = versions.names(tx)
    if number:
        numbers = ", ".join(str(one.number) for one in versions.versions(tx, name)) or "none"
        raise ConfigError(f"{name!r} has no version {number}; there are: {numbers}")
    meant, there = did_you_mean(name, known), ", ".join(known) or "none yet"
    raise ConfigError(f"there is no added tool {name!r}.{meant} There are: {there}. Add one: loket tools add SOURCE")

"""The composition root of outside systems: builds the connectors of the settings, as far as the role may use them.

Besides `models.py` and `way.py` beside it the only file that names them. Nothing is connected before it is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from connectors.accounts import AccountReader, Accounts
from connectors.accounts.embedded import EmbeddedAccountReader, EmbeddedAccounts
from connectors.directory import Directory
from connectors.directory.embedded import EmbeddedDirectory
from connectors.directory.linked import LinkedDirectory
from connectors.embedded import World
from connectors.examination import Outside
from connectors.notify import Notifier
from connectors.notify.embedded import FolderNotifier
from connectors.tickets import TicketReader, Tickets
from connectors.tickets.embedded import EmbeddedTickets
from core.errors import ConfigError
from loket.outside.absent import AbsentTickets
from loket.service.roles import Duties
from storage import Database

if TYPE_CHECKING:
    from loket.settings import Settings


@dataclass(frozen=True, slots=True)
class Connected:
    """The systems of one process. `change` and `notifier` only where it changes something; `real` are the systems
    that are not embedded."""

    directory: Directory
    accounts: AccountReader
    tickets: TicketReader
    changing: tuple[Accounts, Tickets] | None
    notifier: Notifier | None
    real: Sequence[Outside]

    @property
    def closing(self) -> list[Callable[[], Awaitable[None]]]:
        """What to call at the end."""
        return [one.close for one in self.real]


def connect(settings: Settings, world: World, duties: Duties, database: Database | None = None) -> Connected:
    """The systems of the settings. Raises `ConfigError` for a system that is chosen and not described.

    `database`: where accounts are kept that people have linked to themselves; the directory then knows those, too.
    """
    real: list[Outside] = []
    directory = _directory(settings, world, real)
    if database is not None:
        directory = LinkedDirectory(directory, database)
    accounts = _reader(settings, world, duties, real)
    tickets = _tickets(settings, world, directory, duties, real)
    changing = None
    if duties.changes:
        changing = (_changing(settings, world, accounts), cast(Tickets, tickets))
    notifier = _notifier(settings, world, real) if duties.changes else None
    return Connected(directory, accounts, tickets, changing, notifier, tuple(real))


def _directory(settings: Settings, world: World, real: list[Outside]) -> Directory:
    chosen: Any
    match settings.systems.directory:
        case "ldap":
            from connectors.directory.ldap import LdapDirectory

            chosen = LdapDirectory(_described(settings.ldap, "LOKET_LDAP_URLS", "directory"))
        case "entra":
            from connectors.directory.entra import EntraDirectory

            chosen = EntraDirectory(_described(settings.entra, "LOKET_ENTRA_TENANT", "directory"), settings.outside)
        case _:
            return EmbeddedDirectory(world)
    real.append(chosen)
    directory: Directory = chosen
    return directory


def _reader(settings: Settings, world: World, duties: Duties, real: list[Outside]) -> AccountReader:
    """Where something is changed, the account that changes reads as well: what it sees is what it touches."""
    chosen: Any
    match settings.systems.accounts:
        case "ldap":
            chosen = _ldap_accounts(settings, changes=duties.changes)
        case "entra":
            chosen = _entra_accounts(settings, changes=duties.changes)
        case "hybrid":
            from connectors.accounts.by_origin import AccountReaderByOrigin, AccountsByOrigin

            cloud, local = (_entra_accounts(settings, duties.changes), _ldap_accounts(settings, duties.changes))
            protected = frozenset(settings.ldap.groups_protected)
            chosen = (
                AccountsByOrigin(cloud, local, protected) if duties.changes else AccountReaderByOrigin(cloud, local)
            )
        case _:
            return EmbeddedAccountReader(world)
    real.append(chosen)
    reader: AccountReader = chosen
    return reader


def _changing(settings: Settings, world: World, reader: AccountReader) -> Accounts:
    if settings.systems.accounts == "embedded":
        return EmbeddedAccounts(world)
    return cast(Accounts, reader)  # `_reader` made it for a role that changes


def _ldap_accounts(settings: Settings, changes: bool) -> Any:
    ldap = _described(settings.ldap, "LOKET_LDAP_URLS", "accounts")
    if ldap.kind == "active_directory":
        from connectors.accounts.active_directory import ActiveDirectoryAccounts, ActiveDirectoryReader

        return ActiveDirectoryAccounts(ldap) if changes else ActiveDirectoryReader(ldap)
    from connectors.accounts.openldap import OpenLdapAccountReader, OpenLdapAccounts

    return OpenLdapAccounts(ldap) if changes else OpenLdapAccountReader(ldap)


def _entra_accounts(settings: Settings, changes: bool) -> Any:
    from connectors.accounts.entra import EntraAccountReader, EntraAccounts

    entra = _described(settings.entra, "LOKET_ENTRA_TENANT", "accounts")
    return (EntraAccounts if changes else EntraAccountReader)(entra, settings.outside)


def _tickets(
    settings: Settings, world: World, directory: Directory, duties: Duties, real: list[Outside]
) -> TicketReader:
    """The web takes Jira's news in and needs no account there: without one, tickets are absent in it."""
    if settings.systems.tickets == "embedded":
        return EmbeddedTickets(world)
    if not settings.jira.is_set and not duties.thinks and not duties.changes:
        return AbsentTickets(tuple(settings.jira.by_name))
    from connectors.tickets.jira import JiraTicketReader, JiraTickets

    kind = JiraTickets if duties.changes else JiraTicketReader
    chosen: Any = kind(_described(settings.jira, "LOKET_JIRA_URL", "tickets"), settings.outside, directory)
    real.append(chosen)
    tickets: TicketReader = chosen
    return tickets


def _notifier(settings: Settings, world: World, real: list[Outside]) -> Notifier:
    if settings.systems.notify == "embedded":
        return FolderNotifier(world.notes, world.faults)
    from connectors.notify.by_road import ByRoad
    from connectors.notify.sms import SmsNotifier
    from connectors.notify.smtp import SmtpNotifier

    roads: list[Any] = []
    if settings.smtp.is_set:
        roads.append(SmtpNotifier(settings.smtp, settings.outside))
    if settings.sms.is_set:
        roads.append(SmsNotifier(settings.sms, settings.outside))
    if not roads:
        raise ConfigError("LOKET_SYSTEMS_NOTIFY is gateways: set LOKET_SMTP_HOST, LOKET_SMS_URL, or both")
    notifier = ByRoad(*roads)
    real.append(notifier)
    return notifier


def _described(section: Any, first: str, need: str) -> Any:
    if not section.is_set:
        raise ConfigError(f"LOKET_SYSTEMS_{need.upper()} names a system that is not described: begin with {first}")
    return section

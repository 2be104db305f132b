"""Who sits at a command line where a shell is no identity: whoever signs in at the organisation's provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectors.directory import Directory
from connectors.fetch import HttpFetch
from connectors.settings import OutsideSettings
from core.errors import ConfigError, ConnectorError
from core.people import ChannelIdentity, Employee
from storage import AuditEntry, Database
from storage.audit import record
from web_app.sign_in.device import DeviceSignIn
from web_app.sign_in.refusals import NotSignedIn
from web_app.sign_in.settings import OidcSettings

PURPOSE = "command_line"


@dataclass(frozen=True, slots=True)
class SignedInOperator:
    """Somebody who has just signed in for this one command. `identity` is where a click of theirs comes from."""

    employee: Employee
    identity: ChannelIdentity


async def signed_in_operator(
    oidc: OidcSettings, outside: OutsideSettings, directory: Directory, database: Database, tell: Callable[[str], None]
) -> SignedInOperator:
    """Have somebody sign in by the device flow; `tell` says to them where and with which code.

    Raises `ConfigError` with one line for everything that keeps them out: without a provider that can vouch for how
    they signed in, a command line has no identities.
    """
    from connectors.http import async_client

    if not oidc.proves:
        raise ConfigError(
            "a shell is no identity: set LOKET_OIDC_ISSUER and LOKET_OIDC_STEP_UP_ACR, "
            "or use Slack, Teams or the web page"
        )
    async with async_client(outside, oidc.timeout_seconds) as client:
        signing = DeviceSignIn(oidc, directory, HttpFetch("sign-in", client, oidc.timeout_seconds))
        try:
            waiting = await signing.begin()
            tell(f"Open {waiting.address} and type {waiting.code}. Only if you started this command yourself.")
            signed = await signing.wait(waiting, PURPOSE)
        except NotSignedIn as no:
            refused = AuditEntry("system:sign-in", "sign_in.refused", "sign_in:device", f"refused:{no.reason}", "cli")
            await database.run(lambda tx: record(tx, refused))
            raise ConfigError(f"you are not signed in ({no.reason}); nothing was done") from None
        except ConnectorError as error:
            raise ConfigError(f"nobody can sign in now ({error.detail}); nothing was done") from error
    employee = await directory.by_id(signed.employee_id)
    if employee is None or not employee.may_use_tools:
        raise ConfigError("you are not known to the directory; nothing was done")
    entry = AuditEntry(f"employee:{employee.employee_id}", "sign_in.device", "sign_in:device", signed.method, "cli")
    await database.run(lambda tx: record(tx, entry))
    return SignedInOperator(employee, signed.identity)

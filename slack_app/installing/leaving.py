"""Leaving a workspace: what we kept for it goes, when Slack itself says that we are out."""

from __future__ import annotations

import sqlalchemy as sa
import structlog
from pydantic import SecretStr

from core.errors import ConnectorError
from slack_app.installing import store
from slack_app.installing.answers import DEAD, SlackSaysNo, answer
from slack_app.installing.wire import Wire
from slack_app.tables import slack_streams, slack_threads
from storage import AuditEntry, Database, Tx
from storage.audit import record
from storage.keys import KeyRing, SealBroken

log = structlog.get_logger(__name__)
_LOOKS = 3


async def departed(database: Database, keys: KeyRing, wire: Wire, tenant: str) -> bool:
    """A workspace said that it removed us, or that our token was revoked; returns whether we really are out.

    Such news can be old: who removes an app and installs it again at once would lose the new installation to the
    late news of the removal. So Slack is asked whether our token still works. A workspace without an installation of
    its own speaks for its organisation. Raises `ConnectorError` when Slack gives no answer: the news is to be heard
    again.
    """
    tenants = await database.read(lambda tx: [tenant] if store.exists(tx, tenant) else store.org_wide(tx))
    out = [await _out(database, keys, wire, one) for one in tenants]
    if tenant not in tenants:
        await database.run(lambda tx: forget_talks(tx, tenant))
    return any(out)


async def _out(database: Database, keys: KeyRing, wire: Wire, tenant: str) -> bool:
    for _ in range(_LOOKS):
        try:
            found = await database.read(lambda tx: store.get(tx, keys, tenant))
        except SealBroken:
            return await _forget(database, tenant, None, "system:slack", "slack.departed")
        if found is None:
            return False
        if await still_works(wire, found.tokens.access):
            log.info("slack_still_installed")
            return False
        if await _forget(database, tenant, found.edition, "system:slack", "slack.departed"):
            return True
        # Its tokens were renewed, or it was installed, while we asked: what we heard was of the ones before.
    return False


async def forget(database: Database, tenant: str, actor: str) -> bool:
    """Drop an installation because an admin says so; false when there is none. Slack is not told."""
    return await _forget(database, tenant, None, actor, "slack.forgotten")


def forget_talks(tx: Tx, tenant: str) -> None:
    """Who talked with us in which thread there, and answers that were being shown."""
    for table in (slack_threads, slack_streams):
        tx.change(sa.delete(table).where(table.c.tenant == tenant))


async def still_works(wire: Wire, token: SecretStr) -> bool:
    """Whether Slack still takes a token. Raises `ConnectorError` when it does not say."""
    try:
        await answer("auth.test", wire.client(token.get_secret_value()).auth_test())
    except SlackSaysNo as no:
        if no.reason in DEAD:
            return False
        raise ConnectorError("slack", f"auth.test: {no.reason}") from None
    return True


async def _forget(database: Database, tenant: str, edition: str | None, actor: str, verb: str) -> bool:
    def work(tx: Tx) -> bool:
        if not store.remove(tx, tenant, edition):
            return False
        forget_talks(tx, tenant)
        record(tx, AuditEntry(actor, verb, f"slack:{tenant}", "done", origin="slack"))
        return True

    gone = await database.run(work)
    if gone:
        log.info("slack_departed")
    return gone

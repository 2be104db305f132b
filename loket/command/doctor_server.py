"""The checks of `loket doctor` that concern the Postgres form: the Chroma server and the rights of the account."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import SecretStr

from connectors.loopback import is_loopback
from core.errors import ConnectorError
from loket.settings import Settings
from storage import Database


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. `advice` says what to do about it; `fatal` means nothing will work before that."""

    what: str
    good: bool
    detail: str = ""
    advice: str = ""
    fatal: bool = True


def vector_server(settings: Settings) -> Finding:
    """Whether Chroma answers, and only to the token."""
    from policies.indexes.chroma import check_server

    policies, what = settings.policies, "vectors"
    if not policies.chroma_url:
        return Finding(
            what,
            good=settings.is_embedded,
            detail="Chroma in this process",
            advice="right for one process: set LOKET_POLICIES_CHROMA_URL before a second one starts",
            fatal=False,
        )
    try:
        check_server(policies)
    except ConnectorError as error:
        advice = "check LOKET_POLICIES_CHROMA_URL and LOKET_POLICIES_CHROMA_TOKEN, and that the server runs"
        return Finding(what, good=False, detail=str(error), advice=advice)
    if is_near(policies.chroma_url):
        return Finding(what, good=True, detail=f"{policies.chroma_url} answers, on this machine")
    try:
        check_server(policies.model_copy(update={"chroma_token": SecretStr("")}))
    except ConnectorError:
        return _on_the_way(policies.chroma_url)
    return Finding(
        what,
        good=False,
        detail=f"{policies.chroma_url} answers without a token: whoever reaches it reads and deletes every vector",
        advice="put the token proxy before it (deploy/chroma-proxy.conf), or keep it on loopback",
    )


def account_rights(settings: Settings) -> Finding:
    """Whether the account of this process could take the audit's guards away."""
    if settings.is_embedded:
        return Finding("database account", good=True, detail="none: the database is a file")
    database = Database(settings.database, pool_size=1)
    try:
        with database.reading() as tx:
            query = "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'audit'"
            owns = bool(tx.execute(sa.text(query)).scalar())
            name = str(tx.execute(sa.text("SELECT current_user")).scalar_one())
    finally:
        database.close()
    return Finding(
        "database account",
        good=not owns,
        detail=f"{name} owns the tables and could remove the audit's guards" if owns else f"{name} owns no table",
        advice="give each role an account of its own: loket secrets, loket grants (docs/operate.md)",
        fatal=False,
    )


def is_near(address: str) -> bool:
    """Whether an address is this machine's own."""
    return not urlsplit(address).hostname or is_loopback(address)


def _on_the_way(address: str) -> Finding:
    return Finding(
        "vectors",
        good=urlsplit(address).scheme == "https",
        detail=f"{address} answers, and only to the token",
        advice="over http the token can be read on the way: right only in a network of its own",
        fatal=False,
    )

"""The rights that the service's own Postgres account should have: for the audit chain, INSERT only."""

from __future__ import annotations

import sqlalchemy as sa

from storage.engine import metadata

_EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
_LESS = {"audit": "SELECT, INSERT", "audit_payload": "SELECT, INSERT, DELETE"}


def postgres_grants(role: str, schema: str = "public") -> str:
    """The GRANT statements for the account of the service, one a line.

    That account must not own the tables: an owner drops triggers. Covers the tables known by now, so import the
    packages that own tables first.
    """
    quote = sa.make_url("postgresql+psycopg://").get_dialect()().identifier_preparer.quote_identifier
    lines = [f"GRANT USAGE ON SCHEMA {quote(schema)} TO {quote(role)};"]
    for table in metadata.sorted_tables:
        rights = _LESS.get(table.name, _EVERYTHING)
        lines.append(f"GRANT {rights} ON {quote(schema)}.{quote(table.name)} TO {quote(role)};")
    lines.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {quote(schema)} TO {quote(role)};")
    return "\n".join(lines)

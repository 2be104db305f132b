"""The rights that each role's own Postgres account should have: what a process cannot do, nobody can make it do.

The words of the rights: `r` read, `i` insert, `u` update, `d` delete. A table that is not listed for a role is out of
its reach, so a new table must be thought about here (a test says so).
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from core.errors import ConfigError
from storage.engine import metadata

QUEUE_SCHEMA = "dbos"
"""Where the queue keeps its tables, in the same database."""
_WORDS = {"r": "SELECT", "i": "INSERT", "u": "UPDATE", "d": "DELETE"}
_EVERYTHING = "riud"
_LESS = {"audit": "ri", "audit_payload": "rid"}

_AGENT = {
    "actions": "riu",  # proposes, and takes a requester's own confirmation; without a stamp of the web it runs nothing
    "audit": "ri",
    "audit_payload": "i",
    "conversations": "riu",
    "feedback": "r",
    "holds": "r",
    "inbox": "riu",
    "messages": "ri",
    "outbox": "riu",
    "policy_documents": "r",
    "policy_glossary": "r",
    "policy_index": "r",
    "policy_passages": "r",
    "rule_versions": "r",
    "spend": "riu",
    "switches": "r",
    "turns": "ri",
    "votes": "r",
    "workers": "riud",
}
_WEB = {
    "actions": "riu",
    "audit": "ri",
    "audit_payload": "i",
    "conversations": "r",
    "door_calls": "riud",
    "envelopes": "riud",  # asks for a code to be sent, checks what people type and counts their tries
    "feedback": "riu",
    "holds": "riu",  # "this was not me"
    "inbox": "riu",
    "messages": "r",
    "outbox": "riu",
    "policy_documents": "r",
    "policy_glossary": "r",
    "policy_index": "r",
    "policy_passages": "r",
    "posts": "ri",
    "rule_versions": "r",
    "spend": "r",
    "switches": "ri",  # off; back on is an approved action of the executor
    "turns": "r",
    "votes": "ri",
    "workers": "riud",
}
_EXECUTOR = {  # `u` where it only removes: retention passes over rows that others hold, and that asks for it
    "actions": "riud",
    "audit": "ri",
    "audit_payload": "rid",
    "conversations": "rud",
    "door_calls": "rud",
    "envelopes": "riud",
    "feedback": "rud",
    "holds": "riud",
    "inbox": "riud",
    "messages": "rud",
    "outbox": "riud",
    "policy_documents": "r",
    "policy_glossary": "r",
    "policy_index": "r",
    "policy_passages": "r",
    "posts": "rud",
    "rule_versions": "ri",
    "spend": "rud",
    "switches": "riud",
    "turns": "rud",
    "votes": "ru",  # covers the reasons of people who are erased; a vote of its own it cannot cast
    "workers": "riud",
}
_INGEST = {
    "policy_documents": "riud",
    "policy_glossary": "riud",
    "policy_index": "riu",
    "policy_passages": "riud",
    "rule_versions": "r",
}
RIGHTS: Mapping[str, Mapping[str, str]] = {
    "web": _WEB,
    "agent": _AGENT,
    "executor": _EXECUTOR,
    "ingest": _INGEST,
}
"""What each role may do with each table, when every role has an account of its own."""


def postgres_grants(account: str, schema: str = "public", *, role: str = "all") -> str:
    """The GRANT statements for the account of one process, one a line; what it had before is taken away first.

    That account must not own the tables: an owner drops triggers. Covers the tables known by now, so import the
    packages that own tables first. `role`: one of `RIGHTS`, or `all` for an account that all roles share. Raises
    ConfigError for another.
    """
    if role != "all" and role not in RIGHTS:
        raise ConfigError(f"there is no role {role!r} with an account of its own; there are {', '.join(RIGHTS)}, all")
    to, inside = _quoted(account), _quoted(schema)
    lines = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {inside} FROM {to};",
        f"GRANT USAGE ON SCHEMA {inside} TO {to};",
    ]
    for table in metadata.sorted_tables:
        rights = _LESS.get(table.name, _EVERYTHING) if role == "all" else RIGHTS[role].get(table.name, "")
        if rights:
            words = ", ".join(_WORDS[letter] for letter in rights)
            lines.append(f"GRANT {words} ON {inside}.{_quoted(table.name)} TO {to};")
    lines.append(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {inside} TO {to};")
    return "\n".join(lines)


def postgres_queue_grants(account: str) -> str:
    """The GRANT statements for the queue, for a role that puts work in or takes it out; its tables must be there.

    The queue holds ids only: whoever puts a foreign id in gets it looked at, not carried out.
    """
    to, inside = _quoted(account), _quoted(QUEUE_SCHEMA)
    return "\n".join(
        (
            f"GRANT USAGE ON SCHEMA {inside} TO {to};",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {inside} TO {to};",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {inside} TO {to};",
        )
    )


def _quoted(name: str) -> str:
    quoted: str = sa.make_url("postgresql+psycopg://").get_dialect()().identifier_preparer.quote_identifier(name)
    return quoted

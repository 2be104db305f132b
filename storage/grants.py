"""The database rights of each role's Postgres account: what it needs and no more.

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
    "attachments": "r",  # names, types and sizes; whose they are only the web can say, and their bytes it cannot read
    "audit": "ri",
    "audit_payload": "i",
    "conversations": "riu",
    "feedback": "r",
    "holds": "r",
    "identity_links": "r",  # who somebody is, it cannot decide
    "inbox": "riu",
    "messages": "ri",
    "outbox": "riu",
    "policy_documents": "r",
    "policy_glossary": "r",
    "policy_index": "r",
    "policy_passages": "r",
    # what is drafted, and what was in force before, the one that answers cannot read
    "proof_links": "i",  # on the card that a requester's own "ok" leads to; a link proves nothing by itself
    "rule_versions": "r",
    "spend": "riu",
    "switches": "r",
    "tool_releases": "r",
    "tool_uses": "riu",  # counts what is limited
    "tool_versions": "r",
    "turns": "ri",
    "votes": "r",
    "work": "riud",
    "workers": "riud",
}
_WEB = {
    "actions": "riu",
    "approval_links": "riud",
    "attachment_bytes": "i",  # puts them in, encrypted, and never reads them back
    "attachments": "riu",
    "audit": "ri",
    "audit_payload": "i",
    "conversations": "r",
    "door_calls": "riud",
    "envelopes": "riud",  # asks for a code to be sent, checks what people type and counts their tries
    "feedback": "riu",
    "holds": "riu",  # "this was not me"
    "identity_links": "riud",
    "inbox": "riu",
    "link_offers": "riu",
    "messages": "r",
    "outbox": "riu",
    "policy_documents": "r",
    "policy_glossary": "r",
    "policy_index": "r",
    "policy_passages": "r",
    "policy_publications": "r",  # what is in force, it cannot say
    "policy_revisions": "r",  # it shows what would change
    "policy_version_documents": "r",
    "policy_versions": "r",
    "posts": "ri",
    "proof_links": "rid",
    "rule_versions": "r",
    "sign_ins": "riud",
    "slack_installations": "riud",
    "slack_installs_begun": "riud",
    "slack_streams": "riud",
    "slack_threads": "riud",
    "spend": "r",
    "switches": "ri",  # off; back on is an approved action of the executor
    "tool_checks": "riu",
    "tool_releases": "r",  # what is in force, it cannot say
    "tool_uses": "riu",
    "tool_versions": "ri",  # drafts: what two others do not release is ignored
    "turns": "r",
    "votes": "ri",
    "web_sessions": "rid",
    "work": "riu",  # hands work in; done it is by others
    "workers": "riud",
}
_EXECUTOR = {  # `u` where it only removes: retention passes over rows that others hold, and that asks for it
    "actions": "riud",
    "approval_links": "rud",  # takes away what is over; a link of its own it cannot make
    "attachment_bytes": "rud",
    "attachment_jobs": "riud",
    "attachments": "rud",
    "audit": "ri",
    "audit_payload": "rid",
    "conversations": "rud",
    "door_calls": "rud",
    "envelopes": "riud",
    "feedback": "rud",
    "holds": "riud",
    "identity_links": "riud",  # those that two admins approved
    "inbox": "riud",
    "link_offers": "rud",
    "messages": "rud",
    "outbox": "riud",
    "policy_documents": "riud",  # puts in force what two admins approved
    "policy_glossary": "riud",
    "policy_index": "riu",
    "policy_passages": "riud",
    "policy_publications": "ri",
    "policy_revisions": "riud",  # keeps what it takes out of force; drafts that were given up go with time
    "policy_version_documents": "riud",
    "policy_versions": "riud",
    "posts": "rud",
    "proof_links": "riud",  # the card is drawn anew when its code has left
    "rule_versions": "ri",
    "sign_ins": "rud",
    "slack_installs_begun": "rud",  # the workspaces themselves, with their tokens, are the web's alone
    "slack_streams": "rud",
    "slack_threads": "rud",
    "spend": "rud",
    "switches": "riud",
    "tool_answers": "riud",  # answers to forms that are kept: whoever fills one in has it filed by an approved action
    "tool_checks": "rud",
    "tool_releases": "ri",
    "tool_uses": "riud",
    "tool_versions": "rud",
    "turns": "rud",
    "votes": "ru",  # covers the reasons of people who are erased; a vote of its own it cannot cast
    "web_sessions": "rud",
    "work": "riud",
    "workers": "riud",
}
_INGEST = {
    "policy_documents": "riud",  # the first time; from then on it drafts
    "policy_glossary": "riud",
    "policy_index": "riu",
    "policy_passages": "riud",
    "policy_publications": "r",
    "policy_revisions": "ri",
    "policy_version_documents": "ri",
    "policy_versions": "ri",
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

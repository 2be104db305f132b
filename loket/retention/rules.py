"""The table of what is kept how long: one line for each thing that ages, where it is, by which clock, what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from actions.file_tables import attachment_bytes, attachment_jobs, attachments
from actions.flow import HOLDS_SUBJECT
from actions.records import State
from actions.tables import actions, approval_links, envelopes, holds, proof_links
from agent.tables import conversations, feedback, inbox, messages, spend, turns
from connectors.directory.tables import link_offers
from policies.tables import publications, version_documents
from policies.tables import revisions as policy_revisions
from policies.tables import versions as policy_versions
from policies.versions.versions import FOUND
from slack_app.installing.tables import slack_installs_begun
from slack_app.tables import slack_streams, slack_threads
from storage.tables import outbox
from tools.added.answer_tables import tool_answers
from tools.added.tables import tool_checks, tool_releases, tool_uses, tool_versions
from web_app.tables import door_calls, posts, sign_ins, web_sessions

REMEMBERED_DAYS = 7
"""An event's id outlives its text at least so long: Slack and Teams deliver again within hours, a relay within days."""

COVER = "•••"
"""Stands where text was taken out of a row that stays."""

OVER = frozenset(State) - HOLDS_SUBJECT
"""The states in which nothing more can happen to an action. `unknown` is none of them: a person still looks at it."""

Becomes = Literal["deleted", "covered"]


@dataclass(frozen=True, slots=True)
class Periods:
    """How many days each thing is kept; from the settings."""

    text: int
    turns: int
    actions: int
    audit_payload: int
    spend: int
    log: int
    work: int


@dataclass(frozen=True, slots=True)
class Term:
    """What is kept how many days, and what happens then."""

    what: str
    days: int
    becomes: Becomes


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` whose `clock` is older than `days` and that meet `only` are deleted or covered.

    `covers` are the values that cover a row; a row that already has them is not found again, by `only`. `cards`
    names the column that says which card a row draws: one of an action that is not over stays.
    """

    what: str
    table: sa.Table
    clock: sa.Column[object]
    days: int
    becomes: Becomes = "deleted"
    only: sa.ColumnElement[bool] | None = None
    covers: tuple[tuple[str, object], ...] = ()
    cards: sa.Column[str] | None = None

    @property
    def term(self) -> Term:
        """The rule without its where and how."""
        return Term(self.what, self.days, self.becomes)


def rules(periods: Periods) -> tuple[Rule, ...]:
    """Every rule about rows, in the order in which they are applied."""
    text = periods.text
    ended = actions.c.state.in_([state.value for state in OVER])
    over = sa.select(actions.c.action_id).where(ended)
    return (
        Rule("messages", messages, messages.c.at, text),
        Rule("conversations", conversations, conversations.c.last_at, text),
        Rule("events handled", inbox, inbox.c.received_at, max(text, REMEMBERED_DAYS), only=inbox.c.state == "handled"),
        Rule("content of files", attachment_bytes, attachment_bytes.c.at, 1),
        Rule("files sent along", attachments, attachments.c.at, text),
        Rule("files attached", attachment_jobs, attachment_jobs.c.begun_at, text),
        Rule(
            "words of comments",
            feedback,
            feedback.c.at,
            text,
            "covered",
            only=feedback.c.comment != "",
            covers=(("comment", ""),),
        ),
        Rule("opinions", feedback, feedback.c.at, periods.turns),
        Rule("turns", turns, turns.c.at, periods.turns),
        Rule("spend", spend, spend.c.day, periods.spend),
        Rule(
            "replies sent",
            outbox,
            outbox.c.created_at,
            text,
            only=outbox.c.state.in_(("sent", "failed", "overtaken")),
            cards=outbox.c.slot,
        ),
        Rule("posts", posts, posts.c.at, text, cards=posts.c.key),
        *_under_way(),
        Rule("threads that somebody talked in", slack_threads, slack_threads.c.at, text),
        Rule(
            "secrets that left",
            envelopes,
            envelopes.c.expires_at,
            text,
            only=sa.and_(envelopes.c.ciphertext.is_(None), envelopes.c.action_id.in_(over)),
        ),
        Rule("holds that ended", holds, holds.c.until, text),
        Rule("drafts of tools", tool_versions, tool_versions.c.drafted_at, text, only=_never_released()),
        Rule("checks of drafts", tool_checks, tool_checks.c.at, text, only=_of_no_version()),
        *_drafts_of_policies(text),
        Rule("answers to forms", tool_answers, tool_answers.c.at, periods.actions),
        Rule("uses of limited tools", tool_uses, tool_uses.c.begins, 2),
    )


def _drafts_of_policies(days: int) -> tuple[Rule, ...]:
    """Drafts that were never published, then what only they held. What was in force stays: one can go back to it."""
    of_version = sa.and_(
        version_documents.c.collection == policy_versions.c.collection,
        version_documents.c.number == policy_versions.c.number,
    )
    published = sa.and_(
        publications.c.collection == policy_versions.c.collection, publications.c.number == policy_versions.c.number
    )
    never = sa.and_(
        policy_versions.c.origin != FOUND,
        ~sa.select(publications.c.edition).where(published).correlate(policy_versions).exists(),
    )
    orphaned = ~sa.select(policy_versions.c.number).where(of_version).correlate(version_documents).exists()
    held = version_documents.c.revision == policy_revisions.c.revision
    unheld = ~sa.select(version_documents.c.number).where(held).correlate(policy_revisions).exists()
    return (
        Rule("drafts of policies", policy_versions, policy_versions.c.drafted_at, days, only=never),
        Rule("documents of drafts", version_documents, version_documents.c.at, days, only=orphaned),
        Rule("texts of drafts", policy_revisions, policy_revisions.c.at, days, only=unheld),
    )


def _under_way() -> tuple[Rule, ...]:
    """What serves something that is over within the day."""
    return (
        Rule("answers to clicks", door_calls, door_calls.c.at, 1),
        Rule("links to prove identity", proof_links, proof_links.c.expires_at, 1),
        Rule("links to approve with", approval_links, approval_links.c.expires_at, 1),
        Rule("links offered to strangers", link_offers, link_offers.c.expires_at, 1),
        Rule("sign-ins under way", sign_ins, sign_ins.c.expires_at, 1),
        Rule("installs under way", slack_installs_begun, slack_installs_begun.c.expires_at, 1),
        Rule("answers shown while they grew", slack_streams, slack_streams.c.at, 1),
        Rule("signed-in browsers", web_sessions, web_sessions.c.expires_at, 1),
    )


def _never_released() -> sa.ColumnElement[bool]:
    """A draft that was corrected or given up. What was in force stays: one can roll back to it."""
    same = sa.and_(tool_releases.c.name == tool_versions.c.name, tool_releases.c.number == tool_versions.c.number)
    return ~sa.select(tool_releases.c.edition).where(same).correlate(tool_versions).exists()


def _of_no_version() -> sa.ColumnElement[bool]:
    same = sa.and_(tool_versions.c.name == tool_checks.c.name, tool_versions.c.hash == tool_checks.c.hash)
    return ~sa.select(tool_versions.c.number).where(same).correlate(tool_checks).exists()


@dataclass(frozen=True, slots=True)
class Others:
    """The terms of what is no plain row: words inside rows, payload under the chain, files, the queue."""

    events: Term
    actions: Term
    payload: Term
    rooms: Term
    logs: Term
    work: Term


def others(periods: Periods) -> Others:
    """Their periods in force."""
    return Others(
        events=Term("words of events", periods.text, "covered"),
        actions=Term("words of actions that are over", periods.actions, "covered"),
        payload=Term("personal payload of the audit", periods.audit_payload, "deleted"),
        rooms=Term("lines in terminal rooms", periods.text, "deleted"),
        logs=Term("log files", periods.log, "deleted"),
        work=Term("finished work of the queue", periods.work, "deleted"),
    )


STAY: dict[str, str] = {
    "actions": "what was done, by number and without words, as long as the audit",
    "identity_links": "whose chat account is whose; it ends unused after 400 days, or when its person leaves",
    "votes": "who agreed to it, by number and without words, as long as the audit",
    "audit": "the chain: nothing may be taken out of it",
    "rule_versions": "which rules were in force when",
    "switches": "what is switched off now",
    "tool_releases": "which version of which tool was in force when",
    "workers": "which processes live; no person",
    "work": "what waits or runs, as ids; a row is gone when it is done",
    "slack_installations": "the workspaces that we are in, until they remove us",
    "policy_documents": "texts of the organisation, as long as they are published",
    "policy_passages": "the same",
    "policy_glossary": "the same",
    "policy_index": "the same",
    "policy_publications": "which version of the policies was in force when",
}
"""Tables in which rows stay, and why."""

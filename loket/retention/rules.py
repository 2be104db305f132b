"""The table of what is kept how long: one line for each thing that ages, where it is, by which clock, what happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from actions.flow import HOLDS_SUBJECT
from actions.records import State
from actions.tables import actions, envelopes, holds
from agent.tables import conversations, feedback, inbox, messages, spend, turns
from storage.tables import outbox
from web_app.tables import door_calls, posts

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
        Rule("answers to clicks", door_calls, door_calls.c.at, 1),
        Rule(
            "secrets that left",
            envelopes,
            envelopes.c.expires_at,
            text,
            only=sa.and_(envelopes.c.ciphertext.is_(None), envelopes.c.action_id.in_(over)),
        ),
        Rule("holds that ended", holds, holds.c.until, text),
    )


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
    "votes": "who agreed to it, by number and without words, as long as the audit",
    "audit": "the chain: nothing may be taken out of it",
    "rule_versions": "which rules were in force when",
    "switches": "what is switched off now",
    "workers": "which processes live; no person",
    "policy_documents": "texts of the organisation, as long as they are published",
    "policy_passages": "the same",
    "policy_glossary": "the same",
    "policy_index": "the same",
}
"""Tables in which rows stay, and why."""

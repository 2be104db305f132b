"""What the database and Slack say afterwards: nothing lost, nothing twice, nothing left growing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from agent.tables import inbox, turns
from loket.bench.slack.asking import Question
from simulators.slack import SimMessage, SlackSimulator
from storage import Database, audit_verifier
from storage.tables import outbox


@dataclass(frozen=True, slots=True)
class Accounts:
    """`refused`: the app did not take it in. `again`: only at a later try. `lost`: taken in, but without an ended turn
    or without its answer in Slack.

    `doubled`: answers that stand there twice. `growing`: answers that nobody finished. `limited` and `failed`: calls
    of the app that Slack answered with 429 or with another error, by method and error.
    """

    refused: int
    again: int
    lost: int
    doubled: int
    undelivered: int
    growing: int
    limited: int
    failed: dict[str, int]
    outcomes: dict[str, int]
    audit_problems: tuple[str, ...]


def settle_accounts(database: Database, slack: SlackSimulator, questions: Sequence[Question]) -> Accounts:
    """Look everything up that was asked. Blocking."""
    tried = {str(one.body["event"].get("ts")): one for one in slack.deliveries if one.kind == "event"}
    refused = {one.event_id for one in questions if not tried[one.post.ts].acknowledged}
    with database.reading() as tx:
        handled = set(tx.execute(sa.select(inbox.c.event_id).where(inbox.c.state == "handled")).scalars())
        ended = {row.event_id: f"{row.outcome} by {row.model or '-'}" for row in tx.execute(sa.select(turns))}
        undelivered = tx.execute(
            sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_(("waiting", "sending", "failed")))
        ).scalar_one()
    posts = {one.event_id: answers_to(slack, one) for one in questions}
    kept = {one.event_id for one in questions} - refused
    lost = [one for one in kept if one not in handled or one not in ended or one not in _keyed(posts[one])]
    report = audit_verifier.verify(database.url.replace("+psycopg", "", 1))
    failed = Counter(f"{call.method}: {call.error}" for call in slack.calls if not call.ok and call.status != 429)
    return Accounts(
        refused=len(refused),
        again=sum(tried[one.post.ts].tries > 1 for one in questions),
        lost=len(lost),
        doubled=sum(_twice(answers) for answers in posts.values()),
        undelivered=undelivered,
        growing=sum(post.streaming for answers in posts.values() for post in answers),
        limited=sum(call.status == 429 for call in slack.calls),
        failed=dict(failed),
        outcomes=dict(Counter(ended.get(one, "none") for one in kept)),
        audit_problems=report.problems,
    )


def answers_to(slack: SlackSimulator, question: Question) -> list[SimMessage]:
    """The posts of the app below a question."""
    room = slack.world.rooms[question.post.channel]
    return [post for post in room.messages.values() if post.by_app and post.thread_ts == question.post.ts]


def _keys(posts: Sequence[SimMessage]) -> list[tuple[str, int]]:
    payloads = [(post.metadata or {}).get("event_payload") or {} for post in posts]
    return [(str(payload["key"]), int(payload.get("part", 0))) for payload in payloads if payload.get("key")]


def _keyed(posts: Sequence[SimMessage]) -> set[str]:
    """The events that these posts answer."""
    return {key.removeprefix("turn:").rpartition(":")[0] for key, _ in _keys(posts)}


def _twice(posts: Sequence[SimMessage]) -> int:
    keys = _keys(posts)
    return len(keys) - len(set(keys))

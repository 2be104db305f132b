"""What people asked in vain, grouped by meaning, with the policy that lies nearest and who owns it.

In vain: the turn found nothing, did not understand, or the person said that the reply was bad. A question does not say
who asked it here: a group tells how many did, and its wording only when enough people asked, so that no single
person's words are shown to others (`LOKET_INSIGHT_PEOPLE`). Nothing of a signposted turn is in it: no words of those
are kept at all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from agent.masking import Masker
from agent.tables import feedback, messages, turns
from agent.words import say
from core.outcomes import Outcome
from core.plain_text import one_line
from core.ports import Embedder, Passage, PolicySearch
from loket.evaluation.grouping import groups
from storage import Tx

NEWEST = 2_000
"""At most so many questions are grouped, the newest."""
EACH = 3
"""A question asked again and again by one person weighs at most this much."""
SHORT_WORDS = 4
"""A message with fewer words is read together with the person's message before it: "and part-timers?"."""
LONGEST = 300
_LANGUAGES = ("en", "nl")
_NOT_UNDERSTOOD = ("ask_again",)
"""The questions back that mean: not understood."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One question asked in vain. `why` is `not_found`, `not_understood` or `bad`."""

    employee_id: str
    text: str
    language: str
    why: str


@dataclass(frozen=True, slots=True)
class Gap:
    """One group. `weight` is the number of questions, each person counted at most three times; `wording` is the most
    typical question, masked; empty when too few people asked it to show it.
    """

    weight: int
    questions: int
    people: int
    reasons: dict[str, int]
    wording: str = ""
    policy: str = ""
    heading: str = ""
    owner: str = ""
    contact: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object that `loket insight gaps --json` prints."""
        return asdict(self)


def unanswered(tx: Tx, since: datetime) -> list[Unanswered]:
    """The questions since then that were asked in vain, newest first, at most `NEWEST`."""
    bad = sa.exists().where(feedback.c.event_id == turns.c.event_id, feedback.c.good.is_(False))
    rows = tx.execute(
        sa.select(turns, bad.label("bad"))
        .where(turns.c.at >= since, turns.c.outcome != Outcome.SIGNPOSTED.value)
        .where(sa.or_(turns.c.outcome.in_((Outcome.NOT_FOUND.value, Outcome.CLARIFIED.value)), bad))
        .order_by(turns.c.at.desc(), turns.c.event_id)
        .limit(NEWEST * 2)
    ).all()
    found: list[Unanswered] = []
    for row in rows:
        texts = _texts(tx, row.event_id)
        why = _why(row.outcome, bad=row.bad, replied=texts.get("assistant", ""))
        text = _question(tx, row, texts.get("user", ""))
        if why and text and len(found) < NEWEST:
            found.append(Unanswered(row.employee_id, text, row.language, why))
    return found


async def gaps(
    asked: Sequence[Unanswered],
    embedder: Embedder,
    policies: PolicySearch,
    readable: frozenset[str],
    *,
    closeness: float,
    people: int,
    work_domains: frozenset[str],
) -> list[Gap]:
    """The groups, heaviest first. `readable`: the groups of whoever looks, which decide what policies may be named;
    `people`: how many must have asked before the wording is shown.
    """
    if not asked:
        return []
    vectors = await asyncio.to_thread(embedder.embed, [one.text for one in asked])
    found: list[Gap] = []
    for members in groups(vectors, closeness):
        together = [asked[member] for member in members]
        nearest = await policies.search(together[0].text, readable, k=1)
        found.append(_gap(together, nearest[0] if nearest else None, people, work_domains))
    return sorted(found, key=lambda gap: (-gap.weight, -gap.people, gap.policy, gap.wording))


def _gap(together: Sequence[Unanswered], nearest: Passage | None, people: int, work_domains: frozenset[str]) -> Gap:
    asked_by = Counter(one.employee_id for one in together)
    gap = Gap(
        weight=sum(min(EACH, times) for times in asked_by.values()),
        questions=len(together),
        people=len(asked_by),
        reasons=dict(sorted(Counter(one.why for one in together).items())),
        wording=_masked(together[0].text, work_domains) if len(asked_by) >= people else "",
    )
    if nearest is None:
        return gap
    return Gap(
        **{
            **asdict(gap),
            "policy": nearest.title,
            "heading": nearest.heading,
            "owner": nearest.owner,
            "contact": nearest.contact,
        }
    )


def _why(outcome: str, *, bad: bool, replied: str) -> str:
    if bad:
        return "bad"
    if outcome == Outcome.NOT_FOUND:
        return "not_found"
    sentences = {say(key, language) for key in _NOT_UNDERSTOOD for language in _LANGUAGES}
    return "not_understood" if any(sentence in replied for sentence in sentences) else ""


def _texts(tx: Tx, event_id: str) -> dict[str, str]:
    rows = tx.execute(sa.select(messages.c.role, messages.c.text).where(messages.c.event_id == event_id))
    return {row.role: row.text for row in rows}


def _question(tx: Tx, turn: sa.Row[Any], said: str) -> str:
    """What was asked; a very short message together with the one before it, on which it may follow."""
    said = one_line(said)[:LONGEST]
    if not said or len(said.split()) >= SHORT_WORDS:
        return said
    first = sa.select(sa.func.min(messages.c.message_id)).where(messages.c.event_id == turn.event_id)
    before = tx.execute(
        sa.select(messages.c.text)
        .where(messages.c.conversation_id == turn.conversation_id, messages.c.employee_id == turn.employee_id)
        .where(messages.c.role == "user", messages.c.text != "", messages.c.message_id < first.scalar_subquery())
        .order_by(messages.c.message_id.desc())
        .limit(1)
    ).scalar()
    return f"{one_line(before)[:LONGEST]} / {said}" if before else said


def _masked(text: str, work_domains: frozenset[str]) -> str:
    return Masker(work_domains).mask(text)

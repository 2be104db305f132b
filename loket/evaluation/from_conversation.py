"""A real conversation as a case: what was asked, by what kind of colleague, what came, and what is still to be said.

Personal numbers are masked (`agent.masking`); the person becomes their groups and language, never their number. Names
in running text are not masked: whoever adds the case reads it first. A signposted turn has left no words behind and
cannot become a case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from agent.feedback import last_bad
from agent.masking import Masker
from agent.tables import feedback, messages, turns
from core.encoding import decode
from core.errors import ConfigError
from core.outcomes import Outcome
from core.people import Employee
from core.plain_text import one_line
from core.replies import Citation
from loket.evaluation.lined_yaml import VERSION
from loket.evaluation.reading import parse_suite
from storage import Tx

LAST_BAD = "last-bad"
EVERYBODY = "all-staff"
EARLIER = 6
"""How many of the person's messages before the one in question go into the case."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The person's own words up to the message in question, oldest first, and how that turn ended.

    `bad`: the person said that the reply was bad; `comment` is what they said of it, good or bad.
    """

    event_id: str
    employee_id: str
    at: date
    said: tuple[str, ...]
    outcome: Outcome
    language: str
    cited: tuple[str, ...]
    comment: str
    bad: bool


def conversation(tx: Tx, named: str) -> Conversation:
    """The conversation around an event, or around the newest bad opinion for `last-bad`. Raises `ConfigError`."""
    event_id = named
    if named == LAST_BAD:
        opinion = last_bad(tx)
        if opinion is None:
            raise ConfigError("nobody has said that a reply was bad; `loket insight feedback` lists what people said")
        event_id = opinion.event_id
    turn = tx.execute(sa.select(turns).where(turns.c.event_id == event_id)).first()
    if turn is None:
        raise ConfigError(f"there is no turn {event_id}; `loket insight feedback` lists events, or say {LAST_BAD}")
    if turn.outcome == Outcome.SIGNPOSTED:
        raise ConfigError("that turn was signposted: nothing of it is kept, so it cannot become a case")
    lines = tx.execute(
        sa.select(messages)
        .where(messages.c.conversation_id == turn.conversation_id, messages.c.employee_id == turn.employee_id)
        .order_by(messages.c.message_id)
    ).all()
    own = [line for line in lines if line.event_id == event_id]
    last = max((line.message_id for line in own), default=0)
    said = [line.text for line in lines if line.role == "user" and line.text and line.message_id <= last]
    if not any(line.role == "user" and line.text for line in own):
        raise ConfigError(f"the words of {event_id} are no longer kept, so it cannot become a case")
    opinion_row = tx.execute(sa.select(feedback).where(feedback.c.event_id == event_id)).first()
    return Conversation(
        event_id=event_id,
        employee_id=turn.employee_id,
        at=turn.at.date(),
        said=tuple(said[-EARLIER - 1 :]),
        outcome=Outcome(turn.outcome),
        language=turn.language,
        cited=_cited(own),
        comment=opinion_row.comment if opinion_row else "",
        bad=opinion_row is not None and not opinion_row.good,
    )


def as_case(talk: Conversation, asker: Employee | None, work_domains: frozenset[str]) -> str:
    """The YAML of one case, an item of the list `cases`: what came stands in comments, to be confirmed or corrected."""
    masker = Masker(work_domains)
    said = [masker.mask(text) for text in talk.said]
    lines = [f"  # {talk.at}: came {talk.outcome}, {_comma(talk.cited) or 'nothing cited'}"]
    if talk.comment:
        lines.append(f"  # the person said: {_quoted(masker.mask(talk.comment))}")
    if len(said) == 1:
        lines.append(f"  - question: {_quoted(said[0])}")
    else:
        lines += ["  - talk:", *(f"      - {_quoted(text)}" for text in said)]
    lines += [
        f"    as: {{{_asker(asker, talk.language)}}}",
        "    tags: [feedback]",
        "    # Say what should have come: take the hash away where a line is right, and correct it where it is not.",
        f"    # outcome: {talk.outcome}",
        f"    # clause: {_clause(talk.cited)}",
        '    # says: ["a figure or a word that must be in the reply"]',
        f"    # language: {talk.language}",
    ]
    return "\n".join(lines) + "\n"


def add_to(file: Path, case: str, tools: frozenset[str]) -> int:
    """Append a case to a file of cases, or begin one; returns the line it stands in. The file changes only when the
    whole can still be read afterwards. Raises `ConfigError`.
    """
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else f"version: {VERSION}\ncases:\n"
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as UTF-8 text") from error
    joined = before if before.endswith("\n") else before + "\n"
    whole = joined + case
    try:
        suite = parse_suite(whole, file, tools)
    except ConfigError as error:
        raise ConfigError(
            f"the case cannot be added to {file}: `cases:` must be the last part of the file, its items two spaces in, "
            f"and the question new.\n  {error}"
        ) from error
    half = file.with_name(f"{file.name}.part")
    try:
        half.write_text(whole, encoding="utf-8")
        half.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
    return suite.cases[-1].line


def _cited(lines: Iterable[sa.Row[tuple[object, ...]]]) -> tuple[str, ...]:
    found = [decode(Citation, citation) for line in lines for citation in line.citations]
    return tuple(dict.fromkeys(f"{citation.path}#{citation.heading}" for citation in found))


def _asker(asker: Employee | None, language: str) -> str:
    """What matters of a person for the answer, as YAML: their language and the groups that open other documents."""
    groups = sorted(asker.groups - {EVERYBODY}) if asker is not None else []
    spoken = asker.language if asker is not None and asker.language in ("en", "nl") else language
    return f"language: {spoken}" + (f", groups: [{', '.join(map(_quoted, groups))}]" if groups else "")


def _clause(cited: Sequence[str]) -> str:
    return _quoted(cited[0]) if cited else "leave-2026.md#3"


def _comma(words: Sequence[str]) -> str:
    return ", ".join(words)


def _quoted(text: str) -> str:
    """One line of YAML for any text: JSON's strings are YAML's double-quoted ones."""
    return json.dumps(one_line(text), ensure_ascii=False)

"""Files that came with a message: which go along with a ticket, what is said of the others, and whether to file one.

Nobody here reads a file. A name is its sender's word: it stands on cards and in what people see, and neither a model
nor the history that a model is shown ever gets one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from actions import files
from actions.files import MOST_FILES, SealedFile, SentFile
from actions.records import Action, Prepared
from actions.ticket_news import FILING_TOOLS
from agent.corrections import correction_in
from agent.intents import Intent, intent_of
from agent.parts import TurnParts
from agent.state import Asked, Ending, FileNote, Past
from agent.words import CATALOGUE, say
from core.attachments import Attachment
from core.errors import ConnectorError, Refused, ToolFailed, ToolRetry
from core.events import Place
from core.file_names import plain_name, size_in_words
from core.outcomes import Outcome
from core.plain_text import inert, one_line, reveal
from core.replies import Fact, Reply, Suggestion
from storage import Tx

MOST_QUOTED = 300
"""Characters of the person's words that a suggestion repeats."""
SHORTER = 80
"""Characters of a name to which a number is added."""
_NOTHING_SAID = (Outcome.NOT_FOUND, Outcome.CLARIFIED)
log = structlog.get_logger(__name__)


async def with_files(parts: TurnParts, asked: Asked, ending: Ending, event_ids: Collection[str]) -> Ending:
    """The ending with the files of these messages in it: on the draft of a ticket, or with the question whether.

    Files that came up to half an hour before go along too. Reads only; raises `ConnectorError` of the database.
    """
    came, language = asked.message.files, ending.language
    if ending.outcome is Outcome.STOPPED or not (came or _filing(ending.proposals) is not None):
        return ending
    if ending.stored_text == "":  # not a word of this is kept, and no file either
        return replace(ending, files=FileNote(say("files_not_kept", language))) if came else ending
    there = await parts.database.read(lambda tx: _free(tx, asked, event_ids))
    drafts = await parts.gate.open_drafts(asked.requester.employee_id, asked.conversation_id)
    draft = next((one for one in drafts if one.tool in FILING_TOOLS), None)
    if _filing(ending.proposals) is not None:
        return await _on_proposal(parts, asked, ending, there, draft)
    new = [file for file in there if file.event_id in event_ids]
    if new and draft is not None:
        again = await _on_draft(parts, asked, ending, there, draft)
        if again is not None:
            return again
    return replace(ending, files=_question(asked, new, language))


def noted(replies: Sequence[Reply], ending: Ending) -> list[Reply]:
    """The replies of a turn with what is said of its files: in the last that is no card, else before the cards."""
    note = ending.files
    if note is None or not note.text:
        return list(replies)
    place = next((at for at in reversed(range(len(replies))) if replies[at].card is None), None)
    if place is None:
        outcome = None if replies else ending.outcome
        own = Reply(note.text, ending.language, outcome, private=ending.private, suggestions=note.suggestions)
        return [own, *replies]
    reply = replies[place]
    whole = replace(
        reply, text=f"{reply.text}\n\n{note.text}".strip(), suggestions=(*reply.suggestions, *note.suggestions)
    )
    return [*replies[:place], whole, *replies[place + 1 :]]


def with_yes_read(asked: Asked) -> Asked:
    """A yes to "shall I open a ticket with what you sent?" is the request for that ticket, now and in the history."""
    questions = tuple(say("files_ask", language) for language in CATALOGUE.languages)
    talk = [*asked.history, Past("user", asked.message.text, "")]
    places = [at for at, past in enumerate(talk[:-1]) if past.role == "assistant" and past.text.endswith(questions)]
    for at in places:
        answer = talk[at + 1]
        if answer.role == "user" and intent_of(answer.text) is Intent.CONFIRM:
            words = talk[at - 1].text if at and talk[at - 1].role == "user" else ""
            talk[at + 1] = replace(answer, text=_request(words, talk[at].language))
    if not places:
        return asked
    return replace(asked, history=tuple(talk[:-1]), message=replace(asked.message, text=talk[-1].text))


def _filing(proposals: Sequence[Prepared]) -> int | None:
    """The place of the first proposal that files a ticket."""
    return next((at for at, one in enumerate(proposals) if one.tool.name in FILING_TOOLS), None)


def _free(tx: Tx, asked: Asked, event_ids: Collection[str]) -> list[SentFile]:
    """What no ticket has taken yet. Outside a direct chat and a thread, a message is a conversation of its own."""
    found = files.free(tx, asked.message, asked.conversation_id, asked.requester.employee_id)
    address = asked.message.address
    if address.place is Place.SHARED and address.thread is None:
        return [file for file in found if file.event_id in event_ids]
    return found


async def _on_proposal(
    parts: TurnParts, asked: Asked, ending: Ending, there: Sequence[SentFile], draft: Action | None
) -> Ending:
    """On the draft that this turn makes. A corrected draft hands its files on."""
    at = _filing(ending.proposals)
    assert at is not None  # noqa: S101 - the caller looked
    if draft is not None and correction_in(asked.message.text) is not None:
        there = [*await _files_of(parts, draft), *there]
    taken, left = there[:MOST_FILES], there[MOST_FILES:]
    proposals = list(ending.proposals)
    proposals[at] = _sealed(proposals[at], taken)
    note = _said(asked, taken, left, ending.language)
    return replace(ending, proposals=tuple(proposals), files=FileNote(note))


async def _on_draft(
    parts: TurnParts, asked: Asked, ending: Ending, there: Sequence[SentFile], draft: Action
) -> Ending | None:
    """On a draft that is open already: a new one takes its place, because what was sealed cannot be added to."""
    if ending.move is not None and not (ending.move.yes and ending.move.action_id == draft.action_id):
        return None
    files_then = [*await _files_of(parts, draft), *there]
    try:
        prepared = await parts.gate.prepare(
            asked.requester, draft.tool, files.for_the_tool(draft), draft.language, said=None
        )
    except (ConnectorError, Refused, ToolRetry, ToolFailed) as error:
        log.info("files_not_on_draft", event_id=asked.message.event_id, error=type(error).__name__)
        return None
    taken, left = files_then[:MOST_FILES], files_then[MOST_FILES:]
    silent = ending.outcome in _NOTHING_SAID and not ending.citations
    return replace(
        ending,
        outcome=Outcome.PROPOSED,
        text="" if silent else ending.text,
        proposals=(*ending.proposals, _sealed(prepared, taken)),
        move=None,
        files=FileNote(_said(asked, taken, left, ending.language), replaces=draft.action_id),
    )


async def _files_of(parts: TurnParts, draft: Action) -> list[SentFile]:
    sealed = [file.file_id for file in files.sealed_in(draft)]
    known = await parts.database.read(lambda tx: files.of_ids(tx, sealed)) if sealed else {}
    return [known[file_id] for file_id in sealed if file_id in known]


def _sealed(prepared: Prepared, taken: Sequence[SentFile]) -> Prepared:
    """The proposal with its files: among what is sealed, and on its card."""
    if not taken:
        return prepared
    sealed = [
        SealedFile(file.file_id, name, file.size, file.sha256)
        for file, name in zip(taken, _unique([file.name for file in taken]), strict=True)
    ]
    label = say("files_label", prepared.language)
    facts = [Fact(label, reveal(f"{file.name} ({size_in_words(file.size)})")) for file in sealed]
    arguments = {**prepared.arguments, files.ARGUMENT: files.as_argument(sealed)}
    return replace(prepared, arguments=arguments, facts=(*prepared.facts, *facts))


def _unique(names: Sequence[str]) -> list[str]:
    """No two alike, also where capitals do not count: `image.png`, `image (2).png`."""
    given: list[str] = []
    seen: set[str] = set()
    for name in names:
        stem, dot, extension = name.rpartition(".")
        number, new = 1, name
        while new.casefold() in seen:
            number += 1
            new = plain_name(f"{stem[:SHORTER]} ({number}){dot}{extension}")
        seen.add(new.casefold())
        given.append(new)
    return given


def _question(asked: Asked, new: Sequence[SentFile], language: str) -> FileNote:
    """What came, what is not taken, and whether it is to become a ticket."""
    refused = _refusals(asked.message.files, language)
    if not new:
        return FileNote("\n".join([*refused, say("files_unread", language)]))
    asks = say("files_ask", language)
    lines = [say("files_received", language, files=_names(new, language)), *refused, asks]
    yes = Suggestion(say("files_yes", language), _request(asked.message.text, language))
    return FileNote("\n".join(lines), kept=asks, suggestions=(yes,))


def _request(words: str, language: str) -> str:
    """The request for a ticket in the person's own words; without any, they are then asked what it is about."""
    question = one_line(words)[:MOST_QUOTED]
    if not any(letter.isalnum() for letter in question):
        return say("files_request", language)
    return say("ticket_request", language, question=question)


def _said(asked: Asked, taken: Sequence[SentFile], left: Sequence[SentFile], language: str) -> str:
    """Of files that go along with a draft, and of those that do not."""
    lines = [say("files_on_ticket", language, files=_names(taken, language))] if taken else []
    lines += _refusals(asked.message.files, language)
    if left:
        why = say("files_why_count", language, most=MOST_FILES)
        lines.append(say("files_refused", language, files=_names(left, language), why=why))
    return "\n".join(lines)


def _refusals(came: Sequence[Attachment], language: str) -> list[str]:
    """One line a reason."""
    reasons = dict.fromkeys(file.unwanted for file in came if file.unwanted)
    return [
        say(
            "files_refused",
            language,
            files=_names([file for file in came if file.unwanted == reason], language),
            why=say(f"files_why_{reason}", language, most=MOST_FILES),
        )
        for reason in reasons
    ]


def _names(some: Sequence[SentFile | Attachment], language: str) -> str:
    shown = [f"`{inert(file.name)}` ({size_in_words(file.size)})" for file in some[:MOST_FILES]]
    if len(some) > MOST_FILES:
        shown.append(say("files_more", language, count=len(some) - MOST_FILES))
    return ", ".join(shown)

"""What somebody can say next, offered as buttons: never more than a sentence they could have typed themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from actions.cards import short_id
from actions.records import Action
from agent.words import say
from core.outcomes import Outcome
from core.plain_text import one_line
from core.replies import Suggestion

MOST_TITLE = 30
"""Characters of a title: what fits on a button."""
MOST_DRAFTS = 5
_TO_BEGIN_WITH = {"ask": "search_policies", "reset": "reset_my_password", "ticket": "create_ticket"}


def to_a_person(outcome: Outcome | None, language: str) -> tuple[Suggestion, ...]:
    """Where the desk did not help, somebody else may."""
    unhelpful = outcome is Outcome.NOT_FOUND or (outcome is not None and outcome.value.startswith("failed_"))
    return (_suggestion("person", language),) if unhelpful else ()


def to_use_a_tool(title: str) -> tuple[Suggestion, ...]:
    """A tool by its title, which is understood as a request for it; nothing for no title."""
    return (Suggestion(_short(title), title),) if title else ()


def whether_solved(language: str) -> tuple[Suggestion, ...]:
    """The two answers to whether the steps helped."""
    return _suggestion("solved", language), _suggestion("unsolved", language)


def to_begin_with(tools: Collection[str], language: str) -> tuple[Suggestion, ...]:
    """Common requests, of those whose tool is on."""
    return tuple(_suggestion(name, language) for name, tool in _TO_BEGIN_WITH.items() if tool in tools)


def which_draft(drafts: Sequence[Action], language: str, *, yes: bool) -> tuple[Suggestion, ...]:
    """A yes (or a no) for each of several drafts. It names its draft, so that it means the same whenever it is said."""
    word = say("suggest_yes" if yes else "suggest_no", language)
    return tuple(
        Suggestion(_short(draft.title), f"{word}, {short_id(draft.action_id)}") for draft in drafts[:MOST_DRAFTS]
    )


def _suggestion(name: str, language: str) -> Suggestion:
    return Suggestion(say(f"suggest_{name}_title", language), say(f"suggest_{name}", language))


def _short(title: str) -> str:
    """A title of a draft for a button: what it is about, where the whole is too long."""
    flat = one_line(title)
    flat = flat if len(flat) <= MOST_TITLE else flat.partition(": ")[2] or flat
    return flat if len(flat) <= MOST_TITLE else f"{flat[: MOST_TITLE - 1].rstrip()}…"

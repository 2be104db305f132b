"""What the Messages tab suggests to write first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.replies import Suggestion
from slack_app.views.measure import shortened
from slack_app.words import say

PROMPTS = 4
"""Slack shows no more."""
_TITLE = 75
_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Prompts:
    """As `assistant.threads.setSuggestedPrompts` takes them: without a thread, or Slack drops them unseen."""

    title: str
    prompts: tuple[dict[str, str], ...]


def prompts_for(suggestions: Sequence[Suggestion], language: str) -> Prompts:
    """The first four suggestions; one that is too long to be written as it is, is left out."""
    fitting = [one for one in suggestions if one.message.strip() and len(one.message) <= _MESSAGE][:PROMPTS]
    shown = tuple({"title": shortened(one.title or one.message, _TITLE), "message": one.message} for one in fitting)
    return Prompts(say("prompts_title", language), shown)

"""The names by which Slack tells us which button was pressed or which form was sent. Values are opaque ids."""

from __future__ import annotations

CARD = "card."
"""Followed by a verb: a button of a card; its value is the action's id and nothing else."""
SUGGEST = "suggest."
"""Followed by a number: a suggestion; its value is what the person would write."""
FEEDBACK = "feedback"
"""A thumb; its value is `good` or `bad`, a space and the id of the event that was answered."""
OPEN_CARD = "open_card"
"""In App Home: show the card of an action; its value is the action's id."""
FORM = "form."
"""Followed by a verb: the callback id of a form that a card's button opens."""
COMMENT = "comment"
"""The callback id of the form that asks why an answer was no good."""
FILL = "fill"
"""A button that opens the form of a tool, with the tool's name and nothing else; and the callback id of that form."""

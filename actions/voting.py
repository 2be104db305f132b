"""One vote cast, with everybody's card and whoever must hear of it, in one transaction; from a click or from a page."""

from __future__ import annotations

from actions.cards import Background
from actions.parts import GateParts
from actions.posting import post_approvers, post_requester
from actions.records import State
from actions.results import alert, tell_result
from actions.votes import Ballot, cast
from actions.words import say
from core.ports import Decision
from storage import Tx


def cast_and_tell(parts: GateParts, tx: Tx, action_id: str, ballot: Ballot, known: Background) -> Decision:
    """The one way in which a vote counts. Raises `Refused` for one that does not; then nothing has changed."""
    action, key = cast(parts, tx, action_id, ballot)
    post_approvers(parts, tx, action, known)
    if action.state is State.DENIED:
        tell_result(parts, tx, action, None)
    elif action.state is State.APPROVED:
        post_requester(tx, action, say("state_approved", action.language))
    if key == "voted_braked":
        alert(parts, tx, action, "alert_brake")
    text = say(key, ballot.approver.language, count=action.approvals_needed)
    return Decision(True, text, action.state.value)

"""A card's buttons as typed commands: `/approve 1a2b3c4d` becomes the click that a button would send.

So do the thumbs below a reply: `/good` and `/bad why`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from actions.records import Action
from core.errors import Refused
from core.events import Click, Verb
from core.feedback import Feedback
from core.people import Employee
from loket.terminal.channel import address_of, identity_of
from loket.terminal.drawing import COMMANDS, SHORT

VERBS = {command: verb for verb, command in COMMANDS.items()}
OPINIONS = {"/good": True, "/bad": False}
FOR_APPROVERS = frozenset({Verb.TAKE, Verb.APPROVE, Verb.DENY})
CODE = re.compile(r"\d{6}")
NOTICE = re.compile(r"[0-9A-Fa-f]{12}")
"""The code that a notice about a changed account carries."""
ID = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{7,}")


def parse(text: str, waiting: Sequence[Action], employee: Employee) -> Click:
    """The click that a typed command stands for.

    `waiting` are the actions that are not over: one of them is meant when the command names none. Raises `Refused`
    with a key of the message catalogue when the command cannot be understood.
    """
    command, *words = text.split()
    verb = VERBS.get(command.lower())
    if verb is None:
        raise Refused("chat_unknown_command", command=command)
    fields: dict[str, str] = {}
    if verb is Verb.PROVE:
        code = next((word for word in words if CODE.fullmatch(word)), None)
        if code is None:
            raise Refused("chat_code_missing")
        fields["code"] = code
        words.remove(code)
    if verb is Verb.NOT_ME and words and NOTICE.fullmatch(words[0]):
        return click_of(employee.employee_id, "", verb, {"code": words[0]})
    action_id = words.pop(0) if words and ID.fullmatch(words[0]) else ""
    if verb is Verb.DENY:
        fields["reason"] = _rest(words)
    if verb is Verb.APPROVE and words:
        fields["callback"] = " ".join(words)
    meant = _meant(action_id.lower(), verb, waiting, employee)
    return click_of(employee.employee_id, meant, verb, fields)


def opinion(text: str, employee: Employee) -> Feedback | None:
    """What `/good` or `/bad why` says of the last reply; None for any other text."""
    command, _, why = text.partition(" ")
    good = OPINIONS.get(command.lower())
    return None if good is None else Feedback("", identity_of(employee.employee_id), good, why.strip())


def click_of(employee_id: str, action_id: str, verb: Verb, fields: dict[str, str]) -> Click:
    """A click made in the terminal."""
    event_id = f"terminal:local:{uuid.uuid4().hex}"
    return Click(event_id, identity_of(employee_id), address_of(employee_id), action_id, verb, fields)


def _rest(words: list[str]) -> str:
    if not words:
        raise Refused("chat_deny_reason")
    return " ".join(words)


def _meant(named: str, verb: Verb, waiting: Sequence[Action], employee: Employee) -> str:
    if named:
        fits = [action.action_id for action in waiting if action.action_id.startswith(named)]
        # A request that is over is named too: the gate says why nothing can be done with it.
        return fits[0] if len(fits) == 1 else named
    if verb in FOR_APPROVERS:
        mine = [action for action in waiting if employee.groups & set(action.approver_groups)]
    else:
        mine = [action for action in waiting if action.requester_id == employee.employee_id]
    if not mine:
        raise Refused("chat_no_request")
    if len(mine) > 1:
        raise Refused("chat_which_request", ids=", ".join(action.action_id[:SHORT] for action in mine))
    return mine[0].action_id

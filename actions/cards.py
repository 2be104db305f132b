"""What the requester and the approvers see of an action. Pure functions: a record in, a card out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from actions.records import Action, State
from actions.words import say
from core.events import Verb
from core.plain_text import reveal
from core.replies import Button, Card, Fact, Link

LONG = 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class Background:
    """What an approver should know besides the action: read fresh from the directory when the card is drawn.

    `phone` is masked; `phone_to_ring` is whole and shown only while a call-back is due. `signs_in`: a yes counts only
    with a fresh sign-in for it.
    """

    requester: str = ""
    subject: str = ""
    manager: str = ""
    phone: str = ""
    phone_to_ring: str = ""
    rule: str = ""
    policy: str = ""
    taken_by: str = ""
    votes: str = ""
    passed_on: str = ""
    signs_in: bool = False


def short_id(action_id: str) -> str:
    """How people name an action: the first eight characters of its id."""
    return action_id[:8]


def moment_of(at: datetime) -> str:
    """A moment as cards and messages of approvers name it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def requester_card(action: Action, links: tuple[Link, ...] = ()) -> Card:
    """The action as its requester sees it, in their language. `links` lead to the page of proof."""
    language = action.language
    return Card(
        action_id=action.action_id,
        title=action.title,
        state=say(f"state_{action.state}", language),
        facts=action.facts,
        buttons=_requester_buttons(action),
        note=_requester_note(action, links),
        links=links,
    )


def approver_card(action: Action, background: Background, language: str) -> Card:
    """The action as an approver sees it: everything that will run, whole, with unseen characters made visible."""
    return Card(
        action_id=action.action_id,
        title=reveal(action.title),
        state=say(f"state_{action.state}", language),
        facts=tuple(_approver_facts(action, background, language)),
        buttons=_approver_buttons(action, language),
        note=_approver_note(action, background, language),
    )


def is_for_a_caller(action: Action) -> bool:
    """Whether the code goes to somebody else than who asks: they read it back."""
    return action.proof_needed and "code" in action.proofs and action.subject_id != action.requester_id


def shown(value: object) -> str:
    """An argument as text from which it can be read back: text as it is, unless it could be mistaken for a value."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            if value:
                return value
    return json.dumps(value, ensure_ascii=False)


def _requester_buttons(action: Action) -> tuple[Button, ...]:
    language = action.language
    cancel = Button(Verb.CANCEL, say("button_cancel", language))
    match action.state:
        case State.AWAITING_CONFIRMATION:
            sends = action.proof_needed and not _callback_due(action) and "code" in action.proofs
            to_whom = "button_send_caller_code" if is_for_a_caller(action) else "button_send_code"
            label = to_whom if sends else "button_confirm"
            edit = (Button(Verb.EDIT, say("button_edit", language)),) if action.can_be_edited else ()
            return (Button(Verb.CONFIRM, say(label, language)), *edit, cancel)
        case State.AWAITING_PROOF:
            return (*_proof_buttons(action, language), cancel)
        case State.AWAITING_APPROVAL:
            return (cancel,)
        case _:
            return ()


def _proof_buttons(action: Action, language: str) -> Sequence[Button]:
    """Only what this requester can do: whoever has no registered phone is not asked for a code."""
    code = "code" in action.proofs
    buttons = [Button(Verb.PROVE, say("button_prove", language), fields=("code",))] if code else []
    buttons.append(Button(Verb.SEND_CODE, say("button_resend" if code else "button_new_proof_link", language)))
    if "callback" in action.proofs:
        buttons.append(Button(Verb.NO_CODE, say("button_no_code" if code else "button_no_sign_in", language)))
    return buttons


def _requester_note(action: Action, links: tuple[Link, ...]) -> str:
    if action.state is State.AWAITING_PROOF:
        sent = say("code_sent", action.language, where=action.proof_detail) if action.proof_detail else ""
        return f"{sent} {say('proof_link_note', action.language) if links else ''}".strip()
    if action.state is State.AWAITING_APPROVAL:
        return say(
            "waits_for", action.language, count=action.approvals_needed, groups=", ".join(action.approver_groups)
        )
    return ""


def _approver_note(action: Action, background: Background, language: str) -> str:
    """What an approver should know before they press anything."""
    signs_in = background.signs_in and action.state is State.AWAITING_APPROVAL
    keys = [*(["callback_note"] if _callback_due(action) else []), *(["approve_sign_in_note"] if signs_in else [])]
    return " ".join(say(key, language) for key in keys)


def _approver_buttons(action: Action, language: str) -> tuple[Button, ...]:
    if action.state is not State.AWAITING_APPROVAL:
        return ()
    asks = ("callback",) if _callback_due(action) else ()
    return (
        Button(Verb.TAKE, say("button_take", language)),
        Button(Verb.APPROVE, say("button_approve", language), fields=asks),
        Button(Verb.DENY, say("button_deny", language), fields=("reason",)),
    )


def _approver_facts(action: Action, background: Background, language: str) -> Sequence[Fact]:
    arguments = [(f"= {name}", shown(value)) for name, value in action.arguments.items()]
    told = [(f"= {fact.label}", fact.value) for fact in action.facts]
    rows = [
        ("tool", action.tool),
        *(row for row in (*arguments, *told) if not _is_long(row[1])),
        ("requester", background.requester),
        ("subject", background.subject),
        ("account", action.account_id or ""),
        ("proof", _proof(action, language)),
        ("manager", background.manager),
        ("phone", background.phone_to_ring if _callback_due(action) else background.phone),
        ("tier", say(f"tier_{action.tier}", language, count=action.approvals_needed)),
        ("policy", background.policy),
        ("rule", background.rule),
        ("votes", background.votes),
        *(_while_open(action, background, language) if action.state is State.AWAITING_APPROVAL else ()),
        ("reason", action.reason),
        ("id", short_id(action.action_id)),
        *(row for row in (*told, *arguments) if _is_long(row[1])),
    ]
    return [
        Fact(reveal(label[2:]) if label.startswith("= ") else say(f"label_{label}", language), reveal(value))
        for label, value in rows
        if value
    ]


def _while_open(action: Action, background: Background, language: str) -> Sequence[tuple[str, str]]:
    """What says something only until it is decided."""
    return (
        ("taken_by", _taken(action, background, language)),
        ("passed_on", background.passed_on),
        ("expires", moment_of(action.expires_at)),
    )


def _is_long(text: str) -> bool:
    """Whether it would push away what an approver looks at first: it stands last, and whole."""
    return len(text) > LONG or "\n" in text


def _taken(action: Action, background: Background, language: str) -> str:
    """By whom and until when: a card that nobody touches afterwards still tells the truth."""
    if not background.taken_by or action.taken_until is None:
        return ""
    return say("taken_until", language, who=background.taken_by, at=moment_of(action.taken_until))


def _proof(action: Action, language: str) -> str:
    if not action.proof_needed:
        return say("proof_none", language)
    if _callback_due(action):
        return say("proof_callback_due", language)
    at = moment_of(action.proof_at) if action.proof_at else ""
    return say(f"proof_{action.proof_method or 'waiting'}", language, where=action.proof_detail, at=at)


def _callback_due(action: Action) -> bool:
    return action.proof_method == "callback_due"

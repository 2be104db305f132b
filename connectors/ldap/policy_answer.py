"""Why a password was not taken, as the password policy overlay says it (draft-behera-ldap-password-policy-11, 6.2)."""

from __future__ import annotations

REQUEST = "1.3.6.1.4.1.42.2.27.8.5.1"
"""The control that asks for the reason, and the one that answers."""

REASONS = {
    3: "not_delegated",
    4: "not_delegated",
    5: "password_too_simple",
    6: "password_too_short",
    7: "password_too_young",
    8: "password_in_history",
    9: "password_too_long",
}
"""The error in the control, and the key of the sentence for people."""

WORDS = {
    "too short": "password_too_short",
    "history": "password_in_history",
    "too young": "password_too_young",
    "quality": "password_too_simple",
    "too long": "password_too_long",
}
CONSTRAINT_VIOLATION, INSUFFICIENT_RIGHTS = 19, 50
ERROR_TAG = 0x81


def reason_of(answer: bytes | None, code: int, diagnostic: str) -> str:
    """The key of the reason; empty when the refusal has nothing to do with the password.

    `answer` is the value of the response control; without one the server's words are looked through, which are only
    compared and never passed on.
    """
    error = error_of(answer) if answer else None
    if error in REASONS:
        return REASONS[error]
    if code == INSUFFICIENT_RIGHTS:
        return "not_delegated"
    if code != CONSTRAINT_VIOLATION:
        return ""
    words = diagnostic.casefold()
    return next((reason for part, reason in WORDS.items() if part in words), "password_rules")


def error_of(answer: bytes) -> int | None:
    """The error number in `SEQUENCE { warning [0] …, error [1] ENUMERATED }`; None when there is none."""
    if len(answer) < 2 or answer[0] != 0x30 or answer[1] != len(answer) - 2:
        return None
    index = 2
    while index + 1 < len(answer):
        tag, length = answer[index], answer[index + 1]
        value = answer[index + 2 : index + 2 + length]
        if tag == ERROR_TAG and len(value) == 1:
            return value[0]
        index += 2 + length
    return None

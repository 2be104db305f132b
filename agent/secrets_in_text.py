"""One-time codes and passwords that people type into the chat: covered before the text is stored or read."""

from __future__ import annotations

import re

COVER = "••••••"
"""Stands where a code or a password was."""

_CODE = re.compile(r"(?<![\w-])\d{3}[ \-\u2013.]?\d{3}(?![\w-])")
_CODE_WORDS = re.compile(r"\b(code|codes|pin|otp|sms|verificatie\w*|verification)\b", re.IGNORECASE)
# "my password is X": X must look like one, so that "my password is expired" stays readable.
_PASSWORD = re.compile(
    r"(?i)\b((?:wachtwoord|wachtwrd|password|passwd|pass|pwd|pw|ww)\s*(?:is|was|:|=)\s*)(?=\S*[\d!@#$%^&*?])(\S{4,})"
)
# Twelve hexadecimal digits, as `actions/results.py` and the links of accounts make them.
_NOTICE = re.compile(r"(?<![\w-])[0-9A-Fa-f]{12}(?![\w-])")


def cover_secrets(text: str) -> str:
    """The text as it may be stored: a bare six-digit code, a code that is called one, and a typed password covered."""
    covered = _PASSWORD.sub(lambda match: match.group(1) + COVER, text)
    rest = _CODE.sub("", covered).strip(" .,!?:;\n\t\"'")
    if not rest or _CODE_WORDS.search(rest):
        return cover_codes(covered)
    return covered


def cover_codes(text: str) -> str:
    """The text with every six-digit group covered: for somebody from whom a code is expected."""
    return _CODE.sub(COVER, text)


def holds_code(text: str) -> bool:
    """Whether there is a six-digit group in it, or one was covered."""
    return COVER in text or _CODE.search(text) is not None


def only_a_code(text: str) -> bool:
    """Whether the message is nothing but a covered code."""
    return COVER in text and not text.replace(COVER, "").strip(" .,!?:;\n\t\"'")


def notice_code(text: str) -> str:
    """The code of a notice ("was this not you?") that is all of the message, or stands behind words; "" for none."""
    found = _NOTICE.findall(text)
    return found[0].upper() if len(found) == 1 else ""

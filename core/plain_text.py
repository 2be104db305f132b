"""Characters that people cannot see: removed before text reaches a model, spelled out before text reaches an approver.

Sources: Unicode 16 `Default_Ignorable_Code_Point` and `Bidi_Control` (DerivedCoreProperties.txt, PropList.txt).
"""

from __future__ import annotations

import re
import unicodedata

# Default-ignorable: soft hyphen, joiners, fillers, zero width, variation selectors, tags; and the bidi controls.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Controls except tab and line feed, lone surrogates, and code points that are no characters.
_BROKEN = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_LINE_ENDS = "\x0b\x0c\x85\u2028\u2029"
# Spaces that look like an ordinary one, private characters, and the bracket that marks what was spelled out.
_ODD = "\u1680\u2000-\u200a\u202f\u205f\u3000\ue000-\uf8ff\U000f0000-\U0010ffff⟦"

# A single joiner between letters of the Arabic and Indic scripts is spelling; anywhere else it only hides.
_SPELLING = "[\u0600-\u0dff]"
_REMOVED = re.compile(f"(?!(?<={_SPELLING})[\u200c\u200d]{_SPELLING})[{_UNSEEN}{_BROKEN}]")
_BREAK = re.compile(f"\r\n?|[{_LINE_ENDS}]")
_SPELLED = re.compile(f"[{_UNSEEN}{_BROKEN}{_LINE_ENDS}{_ODD}\r]")
_PART = re.compile(f"[^\\W\\d_]+|[{_UNSEEN}{_BROKEN}{_LINE_ENDS}{_ODD}\r]")


def visible(text: str) -> str:
    """The text as a reader would see it: nothing hidden is left for a model to obey.

    Removes the tag block, zero-width characters, variation selectors, bidi and other controls; every kind of line
    end becomes a line feed. Accents, other scripts, punctuation and emoji (their base character) stay, and so do the
    joiners that Arabic and Indic scripts spell with.
    """
    if text.isascii() and text.isprintable():
        return text
    return _REMOVED.sub("", _BREAK.sub("\n", text))


def one_line(text: str) -> str:
    """`visible`, with all white space run together: a name or a heading that cannot start a line of its own."""
    return " ".join(visible(text).split())


_MENTION = re.compile(r"@(?=(?:channel|here|everyone|all|iedereen|kanaal)\b)", re.IGNORECASE)
_MARKUP = re.compile(r"<(?=[!@#/?a-z|])|(?<=[\w!|/])>", re.IGNORECASE)
_SCHEME = re.compile(r"\b(javascript|vbscript|data|file)(?=\s*:\s*\S)", re.IGNORECASE)


def inert(text: str) -> str:
    """Text from outside as it may stand in Markdown that a channel draws: nothing in it is a link, an image, a tag, a
    command or a mention of everybody. What people read stays the same; marks that would do something are set apart.
    """
    text = _MARKUP.sub(lambda match: "‹" if match.group() == "<" else "›", visible(text))
    text = text.replace("](", "] (").replace("]:", "] :").replace("][", "] [").replace("![", "! [").replace("`", "'")
    return _MENTION.sub("@ ", _SCHEME.sub(r"\1 ", text))


def reveal(text: str) -> str:
    """The text with every unseen or look-alike character spelled out as `⟦U+202E⟧`, for the eyes of an approver.

    Also spelled out: letters of another script inside a Latin word, letters that only imitate an ASCII one, private
    characters and unusual spaces. Nothing is dropped; two different texts never give the same result.
    """
    if text.isascii() and text.isprintable():
        return text
    return _PART.sub(_spell_part, text)


def _spell_part(match: re.Match[str]) -> str:
    part = match.group()
    if part.isascii() and part.isprintable():
        return part
    mixed = any(_is_latin(letter) for letter in part)
    return "".join(
        f"⟦U+{ord(letter):04X}⟧"
        if _SPELLED.match(letter) or _imitates(letter) or (mixed and not _is_latin(letter))
        else letter
        for letter in part
    )


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith(("LATIN", "MODIFIER LETTER"))


def _imitates(letter: str) -> bool:
    plain = unicodedata.normalize("NFKC", letter)
    return plain != letter and len(plain) == 1 and plain.isascii()

"""Invisible characters out, Markdown markup off: what a person sees of a text, and nothing else."""

from __future__ import annotations

import re

# Source: Unicode blocks Tags, Variation Selectors (and their supplement), General Punctuation 200B-200F, 202A-202E,
# 2060-206F; soft hyphen, Arabic letter mark, Mongolian vowel separator, BOM; C0/C1 controls but tab and newline.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef\ud800-\udfff]"
)
# Joiners carry meaning in Arabic and Indic scripts; between other letters they only hide things.
_JOINER = re.compile("(?<![\u0600-\u0dff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u0dff])")

_SHORTCODE = re.compile(r"\{%[^\n]{0,500}?%\}|\{\{[^\n]{0,500}?\}\}|\{:[^\n}]{0,200}\}|\{#[\w-]{1,80}\}")
_COMMENT = re.compile(r"<!--[^>]{0,2000}-->")
_IMAGE = re.compile(r"!\[([^\]\n]{0,300})\]\([^)\n]{0,600}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\](?:\([^)\n]{0,600}\)|\[[^\]\n]{0,100}\])")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,600}>")
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|`{1,3}|~~")
_LINE_START = re.compile(r"^[ \t]{0,12}(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+)", re.MULTILINE)
_ENTITY = re.compile(r"&(nbsp|amp|lt|gt|quot|ndash|mdash|rsquo|lsquo|#39);")
_ENTITIES = {"nbsp": " ", "amp": "&", "lt": "<", "gt": ">", "quot": '"', "ndash": "–", "mdash": "—"}
_BLANK = re.compile(r"[ \t]{2,}")


def visible(text: str) -> str:
    """The text without characters that nobody sees (S-32), with `\\n` as the only line end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _JOINER.sub("", _INVISIBLE.sub("", text))


def plain(markdown: str) -> str:
    """Markdown as somebody would read it aloud: no markup, links or template shortcodes. Lines stay lines."""
    text = _COMMENT.sub(" ", _SHORTCODE.sub(" ", markdown))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _TAG.sub(" ", text)
    text = _EMPHASIS.sub("", _LINE_START.sub("", text))
    text = _ENTITY.sub(lambda match: _ENTITIES.get(match[1], "'"), text)
    return _BLANK.sub(" ", text).strip()

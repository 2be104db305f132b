"""Markdown markup off: a text as a person would read it aloud."""

from __future__ import annotations

import re

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


def plain(markdown: str) -> str:
    """Markdown as somebody would read it aloud: no markup, links or template shortcodes. Lines stay lines."""
    text = _COMMENT.sub(" ", _SHORTCODE.sub(" ", markdown))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _TAG.sub(" ", text)
    text = _EMPHASIS.sub("", _LINE_START.sub("", text))
    text = _ENTITY.sub(lambda match: _ENTITIES.get(match[1], "'"), text)
    return _BLANK.sub(" ", text).strip()

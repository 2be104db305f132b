"""What a text would set off in Slack: whom it calls, where it leads, what it shows, and how a reader sees it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulators.slack.emoji import short_named

_CALL = re.compile(r"<(!(?:channel|here|everyone)|@[UW][^>|\s]*|!subteam\^[^>|\s]+)(?:\|[^>]*)?>")
_NAMED = re.compile(r"(?<![\w@])@(?:channel|here|everyone|group)\b", re.I)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>|\"')\]]+", re.I)
_MAIL = re.compile(r"(?:mailto|tel):[^\s<>|\"')\]]+", re.I)
_ANGLE = re.compile(r"<((?:[a-z][a-z0-9+.-]*):[^>|\s]+)(?:\|[^>]*)?>", re.I)
_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?([^)\s>]+)")
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
_DEFINED = re.compile(r"^[ ]{0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)", re.M)
_REFERRED_IMAGE = re.compile(r"!\[[^\]]*\](?!\()")
_TOKEN = re.compile(r"<([^<>\n]+)>")

_TYPED = re.compile(
    r"(<(?:[@#!]|(?:https?|mailto|tel):)[^<>\n]*>|&(?:amp|lt|gt);)"
    r"|((?:https?)://[^\s<>|]*[^\s<>|.,;:!?)\"'])"
    r"|((?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|([&<>])"
)

IMAGE_KEYS = frozenset({"image_url", "thumb_url", "thumbnail_url", "icon_url", "author_icon", "footer_icon"})
LINK_KEYS = frozenset({"url", "title_url", "title_link", "author_link", "from_url", "video_url", "provider_url"})


_RICH_CALLS = {"user": ("@", "user_id"), "usergroup": ("!subteam^", "usergroup_id"), "broadcast": ("!", "range")}


def calls_in(text: str, *, named: bool = False) -> list[str]:
    """The mentions that Slack would act on, as written (`!channel`, `@U1`, `!subteam^S1`).

    Code spans do not protect: Slack resolves `<…>` before it looks at formatting. `named` is `parse=full` or
    `link_names`: then `@channel` in plain words calls too.
    """
    found = [match.group(1) for match in _CALL.finditer(text)]
    return found + [match.group(0) for match in _NAMED.finditer(text)] if named else found


def links_in(text: str, *, markdown: bool = False) -> list[str]:
    """Every address in a text that a reader could click; in Markdown also those without a scheme."""
    found = [match.group(1) for match in _ANGLE.finditer(text)]
    if markdown:
        found += [match.group(1) for pattern in (_MARKDOWN_LINK, _DEFINED) for match in pattern.finditer(text)]
    found += [match.group(0) for pattern in (_URL, _MAIL) for match in pattern.finditer(text)]
    return list(dict.fromkeys(html.unescape(link).rstrip(".,;:!?") for link in found))


def images_in(text: str) -> list[str]:
    """The addresses of images in Markdown text, by reference (`![a][b]`) too."""
    found = [match.group(1) for match in _IMAGE.finditer(text)]
    referred = _DEFINED.findall(text) if _REFERRED_IMAGE.search(text) else []
    return [*found, *referred]


def texts_in(part: Any) -> Iterator[tuple[str, str]]:
    """Every text of blocks, with how Slack reads it: `mrkdwn`, `markdown`, `plain_text`."""
    if isinstance(part, list):
        for item in part:
            yield from texts_in(item)
    elif isinstance(part, dict):
        kind, text = part.get("type"), part.get("text")
        if isinstance(text, str) and kind in ("mrkdwn", "plain_text", "markdown", "text", "markdown_text"):
            yield ("markdown" if kind == "markdown_text" else "plain_text" if kind == "text" else str(kind)), text
            return
        for key, value in part.items():
            if isinstance(value, dict | list):
                yield from texts_in(value)
            elif key in ("pretext", "fallback", "details", "output") or (key == "text" and isinstance(value, str)):
                yield "mrkdwn", str(value)


def addresses_in(part: Any, keys: frozenset[str]) -> Iterator[str]:
    """What stands under some of the keys, however deep: addresses of images, or of links."""
    if isinstance(part, list):
        for item in part:
            yield from addresses_in(item, keys)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in keys and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from addresses_in(value, keys)


def rich_calls_in(part: Any) -> Iterator[str]:
    """Whom the elements of a rich text call."""
    if isinstance(part, list):
        for item in part:
            yield from rich_calls_in(item)
    elif isinstance(part, dict):
        sign, key = _RICH_CALLS.get(str(part.get("type")), ("", ""))
        if key in part:
            yield f"{sign}{part[key]}"
        for value in part.values():
            if isinstance(value, dict | list):
                yield from rich_calls_in(value)


def shown(text: str, names: Mapping[str, str] | None = None) -> str:
    """A `mrkdwn` text as a reader sees it."""
    return html.unescape(_TOKEN.sub(lambda match: _shown_token(match.group(1), names or {}), text))


def typed(text: str) -> str:
    """What a person types as Slack sends it: `&`, `<`, `>` escaped, addresses made into links, emoji as short names.

    Slack's own markup (`<@U1>`, `<!here>`, `<https://…|…>`, `&amp;`) stays, so that a test can write it.
    """
    return _TYPED.sub(_sent, short_named(text))


def _sent(match: re.Match[str]) -> str:
    kept, url, mail, sign = match.groups()
    if kept:
        return kept
    if url:
        return f"<{html.escape(url, quote=False)}>"
    return f"<mailto:{mail}|{mail}>" if mail else html.escape(sign, quote=False)


def _shown_token(token: str, names: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return f"@{names.get(target[1:], label or target[1:])}"
    if target.startswith("#"):
        return f"#{label or names.get(target[1:], target[1:])}"
    if target.startswith("!date^"):
        return label
    if target.startswith("!"):
        return f"@{label or target[1:]}"
    bare = target.removeprefix("mailto:").removeprefix("tel:")
    return f"{label} ({target})" if label and label not in (target, bare) else bare

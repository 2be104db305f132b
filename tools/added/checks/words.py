"""Does any text of a document try to tell a model what to do, pose as somebody, or hide something?

A description is read by every model in every turn, so it may only say what the tool does. All texts that a model or a
person reads are looked at in one plain form: no accents, no digits for letters, no dots between letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.plain_text import reveal, visible
from tools.added.checks.findings import Finding, judged
from tools.added.checks.orders import orders
from tools.added.document import ToolDocument

CHECK = "words"
LONGEST_DESCRIPTION = 600
LONGEST_WORD = 40
"""No word of a language is longer; what is, hides something (an encoded text)."""

_URL = re.compile(r"(?:https?|ftp|javascript|vbscript|data|file|mailto)\s*:\s*\S|\bwww\.", re.IGNORECASE)
_DOMAIN = re.compile(r"\b(?:[a-z0-9-]+\.)+(?:app|be|co|com|de|dev|eu|example|gov|info|io|net|nl|org|ru|top|uk|xyz)\b")
_MARKUP = re.compile(
    r"[<>`{}|]|\]\s*\(|!\[|^\s*#+\s|\*\*|__|~~|-{3,}|={3,}|\[/?[A-Z]{3,}\]|&(?:#\d+|[a-z]{2,8});|\\[nrtux]", re.M
)
_ROLE = re.compile(
    r"(?:^|[\n.;])\s*(?:system|assistant|user|developer|human|ai|tool)\s*(?:message|prompt|note)?\s*:", re.I
)
_LEET = (str.maketrans("013457@$!|", "oleastasil"), str.maketrans("013457@$!|", "oieastasil"))
_APART = re.compile(r"\b(?:[^\W_][\s.\-_*]){4,}[^\W_]\b")
_WORD = re.compile(r"\S+")


def check_words(document: ToolDocument, others: Iterable[str]) -> list[Finding]:
    """`others` are the names of every other tool: no text of this one may speak of them."""
    names = sorted(set(others) - {document.name})
    problems = [problem for place, text in texts(document) for problem in _problems(place, text, names)]
    if len(document.description) > LONGEST_DESCRIPTION:
        problems.append(("description: too long", f"say it in {LONGEST_DESCRIPTION} characters"))
    problems += [("description: the same as the title", "say what it does and when it is used")] * (
        document.description.strip(". ").casefold() in {document.title.en.casefold(), document.title.nl.casefold()}
    )
    return judged(CHECK, problems, "its texts say what it does, and tell nobody what to do")


def texts(document: ToolDocument) -> Iterator[tuple[str, str]]:
    """Every text that a model or a person will read, with where it stands."""
    yield "name", document.name.replace("_", " ")
    yield "description", document.description
    yield "title.en", document.title.en
    yield "title.nl", document.title.nl
    for language in ("en", "nl"):
        for place, line in enumerate(getattr(document.examples, language)):
            yield f"examples.{language}.{place}", line
    for name, label in document.labels.items():
        yield f"labels.{name}.en", label.en
        yield f"labels.{name}.nl", label.nl
    yield from _in_schema("arguments", document.arguments)


def _in_schema(place: str, shape: Any) -> Iterator[tuple[str, str]]:
    """The texts of a schema: descriptions, titles, values, phrases and names; not its patterns."""
    if isinstance(shape, str):
        yield place, shape
    elif isinstance(shape, Mapping):
        for key, value in shape.items():
            if key in ("type", "pattern", "format", "x-kind"):
                continue
            if place.endswith(".properties"):
                yield f"{place}.{key}", str(key).replace("_", " ")
            yield from _in_schema(f"{place}.{key}", value)
    elif isinstance(shape, list):
        for number, value in enumerate(shape):
            yield from _in_schema(f"{place}.{number}", value)


def _problems(place: str, text: str, names: list[str]) -> Iterator[tuple[str, str]]:
    """At most one problem of each sort a text."""
    yield from _shape_problems(place, text)
    for form in _forms(text):
        if (order := orders().search(form)) is not None:
            said = " ".join(order.group().split())[:60]
            yield f"{place}: it tells the reader what to do ({said!r})", "say only what the tool does and for what"
            break
    for name in names:
        if _speaks_of(text, name):
            yield f"{place}: it speaks of another tool ({name})", "speak of this tool only"
            break


def _shape_problems(place: str, text: str) -> Iterator[tuple[str, str]]:
    """What can be seen without reading: odd characters, speakers, markup, addresses, endless words."""
    if visible(text) != text or reveal(text) != text or any(map(_is_foreign, text)):
        yield (
            f"{place}: characters that cannot be seen, or that are of another script",
            "type it again in plain letters",
        )
    if _ROLE.search(text):
        yield f"{place}: it speaks as somebody in the conversation (`system:`)", "leave out who speaks"
    if place != "name" and (found := _MARKUP.search(text)):
        yield f"{place}: markup {found.group().strip()!r}", "write plain sentences"
    if address := _URL.search(text) or _DOMAIN.search(text):
        yield f"{place}: an address ({address.group()[:20]!r})", "leave addresses out; `hosts` says where it goes"
    if any(len(word) > LONGEST_WORD for word in _WORD.findall(text)):
        yield f"{place}: a word of more than {LONGEST_WORD} letters", "write words that people can read"


def _speaks_of(text: str, name: str) -> bool:
    """The name itself, as code writes it: its words alone are just words."""
    return "_" in name and re.search(rf"(?<![a-z0-9_]){re.escape(name)}(?![a-z0-9_])", text.casefold()) is not None


def _forms(text: str) -> Iterator[str]:
    """The text as it would be read: plain, with digits read as letters, and with spaced-out letters joined."""
    plain = unicodedata.normalize("NFKD", visible(text)).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    joined = _APART.sub(lambda found: re.sub(r"[\s.\-_*]", "", found.group()), plain)
    for form in (plain, joined, re.sub(r"(?<=\w)[.\-*_](?=\w)", "", plain)):
        yield re.sub(r"[\W_]+", " ", form)
        for digits in _LEET:
            yield re.sub(r"[\W_]+", " ", form.translate(digits))


def _is_foreign(letter: str) -> bool:
    """Texts are English and Dutch: a letter of another script only imitates one of ours."""
    return letter.isalpha() and not unicodedata.name(letter, "").startswith(("LATIN", "MODIFIER LETTER"))

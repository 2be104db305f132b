"""Is a tool's name its own? Taken, alike to the eye, one letter away from another, or another one with a word more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from core.errors import ConfigError
from tools.added.checks.findings import Finding, judged
from tools.added.document import ToolDocument
from tools.registry import GATES_OWN, refuse_name

CHECK = "name"
MODELS_OWN = frozenset(
    {"assistant", "browser", "code_interpreter", "computer", "developer", "file_search", "final_answer", "finish"}
    | {"function", "functions", "image_generation", "multi_tool_use", "none", "parallel", "python", "respond"}
    | {"system", "think", "tool", "tools", "user", "web_search", "web_search_preview"}
)
"""Names that language models and their servers already give a meaning of their own."""
POWERS = frozenset(
    {"admin", "approve", "approval", "approved", "authorise", "authorize", "bypass", "confirm", "confirmed", "disable"}
    | {"elevate", "emergency", "force", "impersonate", "override", "root", "sudo", "superuser", "unrestricted"}
    | {"goedkeuren", "goedgekeurd", "omzeilen"}
)
"""Words in a name that promise a power no tool has: every tool goes through the gate."""
_FILLERS = frozenset(
    {"a", "an", "the", "my", "mijn", "de", "het", "new", "nieuw", "now", "nu", "please", "fast", "quick"}
)
_FILLERS |= frozenset({"v1", "v2", "v3", "2", "3", "tool", "real", "best", "official", "safe", "secure", "alt", "copy"})


def check_name(document: ToolDocument, others: Iterable[str]) -> list[Finding]:
    """`others` are the names of every other tool, built in or added, in force or only drafted."""
    known = sorted({*others, *GATES_OWN} - {document.name})
    return judged(CHECK, _problems(document.name, known), f"{document.name} is like no other of {len(known)} names")


def check_title(document: ToolDocument, titles: Mapping[str, Iterable[str]]) -> list[Finding]:
    """`titles` are those of every other tool, by its name: two buttons that say the same are one too many."""
    return judged("title", _same_titles(document, titles), "its titles stand on no other button")


def _problems(name: str, known: list[str]) -> Iterator[tuple[str, str]]:
    if (why := _refusal(name, known)) is not None:
        yield why, "choose a name of its own, in plain words: what it does and to what (`renew_my_pass`)"
        return
    words = name.split("_")
    if name in MODELS_OWN or words[0] in {"system", "assistant", "developer"}:
        yield f"language models give {name!r} a meaning of their own", "say in the name what it does"
    if powers := POWERS.intersection(words):
        yield (
            f"the name says {min(powers)!r}, a power no tool has",
            "name what it does; who must say yes is the rule's to say",
        )
    for other in known:
        if why := twin(name, other):
            yield f"{name!r} {why} {other!r}", "choose a name that nobody, and no model, takes for the other one"


def _refusal(name: str, known: list[str]) -> str | None:
    try:
        refuse_name(name, known)
    except ConfigError as error:
        return str(error)
    return None


def twin(name: str, other: str) -> str:
    """How the two names could be taken for each other; empty when they cannot."""
    if distance_is_at_most_one(name, other):
        return "is one letter away from"
    if name.startswith(f"{other}_") or name.endswith(f"_{other}"):
        return "is the whole name, and a word more, of"
    if other.startswith(f"{name}_") or other.endswith(f"_{name}"):
        return "is a part of the name"
    mine, theirs = _telling(name), _telling(other)
    if mine and mine == theirs:
        return "says the same as"
    return ""


def distance_is_at_most_one(one: str, other: str) -> bool:
    """Does one letter more, less, changed, or two that are swapped, make the one the other?"""
    if abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    start = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[start : start + 2] == long[start : start + 2][::-1] and short[start + 2 :] == long[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped


def _telling(name: str) -> frozenset[str]:
    """The words that say something, however they are ordered, without the plural."""
    return frozenset(_single(word) for word in name.split("_") if word and word not in _FILLERS)


def _single(word: str) -> str:
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def _same_titles(document: ToolDocument, titles: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    mine = {_plain(document.title.en), _plain(document.title.nl)}
    for other, theirs in titles.items():
        if other == document.name:
            continue
        for title in map(_plain, theirs):
            if any(distance_is_at_most_one(one, title) for one in mine):
                yield f"the title {title!r} is that of {other!r}", "say in the title what only this tool does"
                break


def _plain(title: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in title.casefold()).split())

"""What would change if one content of a collection took the place of another: by document, and in it by clause."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.records import Header
from policies.versions.revisions import Revision
from policies.versions.versions import Content

WHOLE = 10_000
"""Lines of context: the whole clause, so that nobody approves a part of a sentence."""
_A_SENTENCE = 20  # characters: what is shorter may stand in two documents by chance


@dataclass(frozen=True, slots=True)
class Changed:
    """One document that is there before (`old`), after (`new`), or both and not the same."""

    old: Revision | None
    new: Revision | None

    @property
    def path(self) -> str:
        """The document's path."""
        one = self.new or self.old
        return one.path if one else ""

    @property
    def readers(self) -> tuple[frozenset[str], frozenset[str]]:
        """Who may read it: before and after."""
        return _readers(self.old), _readers(self.new)


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that is not the same, in order of path; of the glossary the lines of a diff.

    `copied` names clauses that groups may read from now on because they stand in another document, too.
    """

    added: tuple[Changed, ...]
    changed: tuple[Changed, ...]
    removed: tuple[Changed, ...]
    words: tuple[str, ...]
    copied: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.all or self.words)

    @property
    def all(self) -> tuple[Changed, ...]:
        """Every document that changes: removed, changed and added."""
        return (*self.removed, *self.changed, *self.added)

    def wider(self) -> list[str]:
        """What is dangerous: documents, and clauses of others, that groups may read who could not before."""
        found = [
            f"{one.path}: {_names(after - before)} (before: {_names(before)})"
            for one in self.changed
            for before, after in (one.readers,)
            if after - before
        ]
        return [*found, *self.copied]

    def narrower(self) -> list[str]:
        """Documents that groups may not read any more."""
        return [
            f"{one.path}: no longer {_names(before - after)} (now: {_names(after)})"
            for one in self.changed
            for before, after in (one.readers,)
            if before - after
        ]

    def terms(self) -> list[str]:
        """Documents of which the days change on which they hold, or what they replace."""
        found = []
        for one in (*self.changed, *self.added):
            before, after = _term(one.old), _term(one.new)
            if after != before and after:
                found.append(f"{one.path}: {after}" + (f" (before: {before})" if before else ""))
            elif after != before:
                found.append(f"{one.path}: no dates (before: {before})")
        return found

    def lines(self) -> Iterator[str]:
        """The readable diff: each document, what it says about itself, and each clause that is not the same."""
        for one in self.all:
            yield from document_lines(one)
            yield ""
        if self.words:
            yield "=== glossary"
            yield from self.words


def changes(before: Content, after: Content, others: Sequence[Content] = ()) -> Changes:
    """From one content to another. `others`: the contents of the other collections, from which text may be copied."""
    pairs = [
        Changed(before.documents.get(key), after.documents.get(key))
        for key in {**before.documents, **after.documents}
        if _name(before.documents.get(key)) != _name(after.documents.get(key))
    ]
    pairs.sort(key=lambda one: one.path)
    return Changes(
        tuple(one for one in pairs if one.old is None),
        tuple(one for one in pairs if one.old is not None and one.new is not None),
        tuple(one for one in pairs if one.new is None),
        tuple(_diff(_glossary(before), _glossary(after))),
        tuple(_copied((before, *others), pairs)),
    )


def clauses_changed(one: Changed) -> list[str]:
    """The headings of the clauses that are not the same in both, in order."""
    old, new = _clauses(one.old), _clauses(one.new)
    return [" › ".join(name[0]) or "(intro)" for name in {**old, **new} if old.get(name) != new.get(name)]


def document_lines(one: Changed) -> Iterator[str]:
    """One document's part of the diff."""
    act = "added" if one.old is None else "removed" if one.new is None else "changed"
    yield f"=== {one.path} ({act})"
    own = list(_diff(_header_lines(one.old), _header_lines(one.new)))
    yield from own
    old, new = _clauses(one.old), _clauses(one.new)
    same = True
    for name in _in_order(list(old), list(new)):
        if old.get(name) == new.get(name):
            continue
        same = False
        yield f"--- {' › '.join(name[0]) or '(intro)'}"
        yield from _diff(old.get(name, []), new.get(name, []))
    if same and not own:
        yield "says the same, and was read anew"


def _copied(before: Sequence[Content], pairs: Sequence[Changed]) -> Iterator[str]:
    """Clauses that stood only where fewer could read them: a new name of a document is no way around its readers."""
    stood: dict[str, tuple[str, frozenset[str]]] = {}
    for content in before:
        for one in content.documents.values():
            for entry in one.entries:
                path, readers = stood.get(entry.text, (one.path, frozenset()))
                stood[entry.text] = path, readers | _readers(one)
    for pair in pairs:
        own = {entry.text for entry in pair.old.entries} if pair.old else set()
        for entry in pair.new.entries if pair.new else ():
            path, readers = stood.get(entry.text, ("", frozenset()))
            more = _readers(pair.new) - readers
            if path and more and entry.text not in own and len(entry.text) >= _A_SENTENCE:
                yield f"{pair.path}, {entry.heading}: {_names(more)} (before in {path}: {_names(readers)})"


def _name(one: Revision | None) -> str:
    return one.revision if one else ""


def _readers(one: Revision | None) -> frozenset[str]:
    return one.document.header.audience if one else frozenset()


def _names(groups: frozenset[str]) -> str:
    return ", ".join(sorted(groups)) or "nobody"


def _term(one: Revision | None) -> str:
    if one is None:
        return ""
    header = one.document.header
    parts = (
        f"from {header.effective_from}" if header.effective_from else "",
        f"until {header.effective_until}" if header.effective_until else "",
        f"replaces {', '.join(header.supersedes)}" if header.supersedes else "",
    )
    return " ".join(part for part in parts if part)


def _header_lines(one: Revision | None) -> list[str]:
    if one is None:
        return []
    header: Header = one.document.header
    values = {
        "audience": ", ".join(sorted(header.audience)),
        "id": header.document_id,
        "title": header.title,
        "kind": header.kind,
        "owner": header.owner,
        "contact": header.contact,
        "address": header.address,
        "language": header.language,
        "authority": header.authority,
        "holds": _term(one),
        "applies_to": "; ".join(f"{name}: {value}" for name, value in sorted(header.applies_to.items())),
        "rests_on": ", ".join(header.rests_on),
        "pair": header.pair,
        "keywords": ", ".join(header.keywords),
    }
    return [
        *(f"{name}: {value}" for name, value in values.items() if value),
        *(f"question: {question}" for question in header.questions),
    ]


def _clauses(one: Revision | None) -> dict[tuple[tuple[str, ...], int], list[str]]:
    """The lines of each clause, by its headings and, where several have the same, which of them it is."""
    found: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for entry in one.entries if one else ():
        times = 0
        while (entry.heading_path, times) in found:
            times += 1
        found[entry.heading_path, times] = entry.text.splitlines()
    return found


def _in_order(
    old: Sequence[tuple[tuple[str, ...], int]], new: Sequence[tuple[tuple[str, ...], int]]
) -> list[tuple[tuple[str, ...], int]]:
    """The clauses of both as they stand; one that is gone where it stood."""
    found: list[tuple[tuple[str, ...], int]] = []
    staying = set(new)
    for code, start, end, from_, to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        found += [name for name in old[start:end] if name not in staying] if code != "equal" else []
        found += new[from_:to]
    return found


def _glossary(content: Content) -> list[str]:
    return [f"{term}: {', '.join(words)}" for term, words in sorted(content.glossary.items())]


def _diff(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Lines with +, - or a space before them, all of them; nothing when both are the same."""
    if list(old) != list(new):
        lines = difflib.unified_diff(old, new, n=WHOLE, lineterm="")
        yield from (line for number, line in enumerate(lines) if number > 2)

"""What documents say of each other by id: names that are taken twice, that nobody has, or that go in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from policies.records import ANSWER
from policies.validity import Term, loops
from policies.versions.versions import Content


def conflicts(all_of_them: Mapping[str, Content], collection: str) -> list[str]:
    """What the documents of a collection say of each other, or of those of others, that cannot all be meant.

    `all_of_them`: the content of every collection as it would be.
    """
    named: dict[str, list[str]] = {}
    terms: list[Term] = []
    for content in all_of_them.values():
        for one in content.documents.values():
            header = one.document.header
            terms.append(Term(header.document_id, header.effective_from, header.effective_until, header.supersedes))
            if header.document_id:
                named.setdefault(header.document_id, []).append(one.path)
    found = [f"{' and '.join(sorted(paths))} both have the id {name!r}" for name, paths in named.items() if paths[1:]]
    circle = loops(terms)
    for one in sorted(all_of_them[collection].documents.values(), key=lambda one: one.path):
        header = one.document.header
        if header.document_id in circle:
            found.append(f"{one.path} replaces a document that replaces it: none of them is in force")
        found += [f"{one.path} replaces {name!r}, and there is none" for name in header.supersedes if name not in named]
        rests = [*header.rests_on, *([header.pair] if header.pair else [])] if header.kind == ANSWER else []
        found += [f"{one.path} names {name!r}, and there is none" for name in rests if name not in named]
    return found


def taken_twice(all_of_them: Mapping[str, Content]) -> list[str]:
    """The ids that more than one document has: these may not come in force."""
    seen: dict[str, int] = {}
    for content in all_of_them.values():
        for one in content.documents.values():
            name = one.document.header.document_id
            if name:
                seen[name] = seen.get(name, 0) + 1
    return sorted(name for name, times in seen.items() if times > 1)

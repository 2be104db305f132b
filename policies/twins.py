"""The same rule in two languages: what one text has in its favour counts for the one in the asker's language too.

A question is often nearer to the English text of a rule than to the Dutch one it was asked for in, or the other way
round; then the right text would stand behind five of the other language and not be looked at.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from policies.fusion import Hit

ALIKE = 0.64
"""The cosine from which two sections with the same number are one rule in two languages: translations have .65 to .95,
other sections that happen to have one number hardly .6."""
READ = 400
"""How many characters of each are compared."""
BEHIND = 0.999
"""What the text in another language counts beside its twin."""
_KEPT = 5_000
_NUMBER = re.compile(r"^(?:(?:article|artikel|art\.|clause|section|§)\s*)?(\d+(?:\.\d+)*[a-z]?)\b", re.IGNORECASE)
_Weighed = Sequence[tuple[Hit, str]]
_Vectors = NDArray[np.float32]


def number_of(heading: str) -> str:
    """The number a heading begins with ("4" of "4 Asking for leave"); empty for one without."""
    found = _NUMBER.match(heading)
    return found[1] if found else ""


def gist(title: str, heading: str, text: str) -> str:
    """What of a section is compared."""
    return f"{title} {heading} {text}"[:READ]


class Twins:
    """Finds them among what was found. Vectors of what was compared are kept. Blocking; for all threads."""

    def __init__(self, embed: Callable[[Sequence[str]], _Vectors]) -> None:
        self._embed = embed
        self._known: OrderedDict[str, _Vectors] = OrderedDict()
        self._lock = Lock()

    def lifted(self, hits: _Weighed, rows: Mapping[str, sa.RowMapping], language: str) -> list[tuple[Hit, str]]:
        """The hits with their states; a section in `language` has the score and the likeness of its better twin."""
        found = list(hits)
        own: dict[str, list[int]] = {}
        for place, (hit, _state) in enumerate(found):
            row = rows[hit.passage_id]
            if row["language"] == language and (number := number_of(row["heading"])):
                own.setdefault(number, []).append(place)
        for place, (hit, state) in enumerate(hits):
            row = rows[hit.passage_id]
            if row["language"] == language or not (at := self._twin(row, state, own, found, rows)):
                continue
            twin, twins_state = found[at[0]]
            if twin.score < hit.score:
                better = replace(twin, score=hit.score, similarity=max(twin.similarity, hit.similarity))
                found[at[0]] = better, twins_state
                found[place] = replace(hit, score=hit.score * BEHIND), state
        return found

    def _twin(
        self,
        row: sa.RowMapping,
        state: str,
        own: Mapping[str, list[int]],
        found: _Weighed,
        rows: Mapping[str, sa.RowMapping],
    ) -> list[int]:
        """The place of the section that says the same; empty when there is none."""
        same = [at for at in own.get(number_of(row["heading"]), ()) if found[at][1] == state]
        if not same:
            return []
        vectors = self._vectors([_gist(row), *(_gist(rows[found[at][0].passage_id]) for at in same)])
        near = vectors[1:] @ vectors[0]
        best = int(near.argmax())
        return [same[best]] if near[best] >= ALIKE else []

    def _vectors(self, texts: Sequence[str]) -> _Vectors:
        with self._lock:
            known = {text: self._known[text] for text in texts if text in self._known}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known.update(zip(missing, self._embed(missing), strict=True))
        with self._lock:
            self._known.update({text: known[text] for text in texts})
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return np.stack([known[text] for text in texts])


def _gist(row: sa.RowMapping) -> str:
    return gist(row["title"], row["heading"], row["text"])

"""How the three lists of hits become one: the two cosines of a section averaged, plus matching words by weight.

Scores are summed and not ranks: a cosine and a share of matched words mean the same in every partition and for every
question, a rank does not (first of three hits in a small partition is not first of two thousand).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the indexes said of one partition: (id, cosine) lists, best first, and word scores by passage id.

    Ids of sentences are `<passage id>#<number>`.
    """

    gists: Sequence[tuple[str, float]]
    sentences: Sequence[tuple[str, float]]
    words: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage with its joined score; `similarity` is its best cosine, `sentence` the id of its best sentence."""

    passage_id: str
    score: float
    similarity: float
    sentence: str


def fuse(evidence: Evidence, lexical_weight: float) -> list[Hit]:
    """All passages that any list names, best first.

    A passage missing from one list of cosines is at most as similar as the list's last entry, and counts as that.
    """
    gists = dict(evidence.gists)
    best: dict[str, tuple[float, str]] = {}
    for key, cosine in evidence.sentences:
        best.setdefault(key.partition("#")[0], (cosine, key))
    lowest_gist = evidence.gists[-1][1] if evidence.gists else 0.0
    lowest_sentence = evidence.sentences[-1][1] if evidence.sentences else 0.0
    hits: list[Hit] = []
    for passage_id in gists.keys() | best.keys() | evidence.words.keys():
        gist = gists.get(passage_id, lowest_gist)
        sentence, key = best.get(passage_id, (lowest_sentence, ""))
        score = (gist + sentence) / 2 + lexical_weight / 2 * evidence.words.get(passage_id, 0.0)
        hits.append(Hit(passage_id, score, max(gist, sentence), key))
    return sorted(hits, key=lambda hit: (-hit.score, hit.passage_id))

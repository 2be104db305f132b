"""How the lists of hits become one: the two cosines of a section averaged, plus matching words by weight.

Scores are summed and not ranks: a cosine and a share of matched words mean the same in every partition and for every
question, a rank does not (first of three hits in a small partition is not first of two thousand).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the indexes said of one partition: (id, cosine) lists, best first, and word scores by passage id.

    Ids of sentences are `<passage id>#<number>`. `words` are the question's own, `situations` those that handbooks
    have for what it sounds like; both 0..1.
    """

    gists: Sequence[tuple[str, float]]
    sentences: Sequence[tuple[str, float]]
    words: Mapping[str, float]
    situations: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weights:
    """What matching words count beside the two cosines, each at most 1."""

    words: float
    situations: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage with its joined score; `similarity` is its best cosine, `sentence` the id of its best sentence."""

    passage_id: str
    score: float
    similarity: float
    sentence: str


def fuse(evidence: Evidence, weights: Weights, limit: int) -> list[Hit]:
    """The best `limit` of all passages that any list names, best first.

    A passage missing from one list of cosines is at most as similar as the list's last entry, and counts as that.
    """
    gists = dict(evidence.gists)
    best: dict[str, tuple[float, str]] = {}
    for key, cosine in evidence.sentences:
        best.setdefault(key.partition("#")[0], (cosine, key))
    lowest_gist = evidence.gists[-1][1] if evidence.gists else 0.0
    lowest_sentence = evidence.sentences[-1][1] if evidence.sentences else 0.0
    scored = []
    for passage_id in gists.keys() | best.keys() | evidence.words.keys() | evidence.situations.keys():
        gist = gists.get(passage_id, lowest_gist)
        sentence = best[passage_id][0] if passage_id in best else lowest_sentence
        words = weights.words * evidence.words.get(passage_id, 0.0)
        words += weights.situations * evidence.situations.get(passage_id, 0.0)
        scored.append((-(gist + sentence + words) / 2, passage_id, max(gist, sentence)))
    return [
        Hit(passage_id, -score, similarity, best[passage_id][1] if passage_id in best else "")
        for score, passage_id, similarity in nsmallest(limit, scored)
    ]

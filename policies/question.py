"""What is asked: the vectors of a question, the words to look for, and what is known to stand for its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.ports import Embedder
from policies.concepts import by_word, thesaurus
from policies.coverage import Subject, subjects
from policies.function_words import telling
from policies.glossary import MAX_ADDED, Glossary, Match, expand, matches
from policies.indexes.spelling import Spelled, Spelling
from policies.situations import Situations

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read. `text` is as it was probably meant; `added` are words of the organisation's glossary and of the
    thesaurus, and other forms of compounds.

    `vector` is what passages are compared with, `meaning` that of the question as it stands with the added words;
    both have unit length and are None while there is no index of this embedder. `handbook` are the words a handbook
    has for what is asked, with weights of 0..1: the organisation's own, and those of what the question sounds like.
    """

    text: str
    added: tuple[str, ...]
    subjects: tuple[Subject, ...]
    vector: Vector | None = None
    meaning: Vector | None = None
    handbook: Mapping[str, float] = field(default_factory=dict)


class Reader:
    """Reads questions. Blocking; may be shared by threads."""

    def __init__(self, embedder: Embedder, situations: Situations) -> None:
        self._embedder = embedder
        self._situations = situations

    def read(
        self,
        text: str,
        glossary: Glossary,
        languages: frozenset[str],
        *,
        vectors: bool,
        spelling: Spelling | None = None,
    ) -> Question:
        """A question with the glossary of the documents and the languages they are in; with its words put right."""
        spelled = spelling.read(text) if spelling else Spelled(text)
        text = spelled.text
        known = thesaurus(languages)
        compounds = [_looked_up(match, glossary, known) for match in spelled.compounds]
        others = [word for match in compounds for word in match.meant]
        own = expand(text, glossary)
        added = tuple(dict.fromkeys([*own, *others, *expand(text, known)]))[:MAX_ADDED]
        about = tuple(subjects(text, [*matches(text, glossary), *compounds], matches(text, known)))
        if not vectors:
            return Question(text, added, about, handbook=dict.fromkeys(own, 1.0))
        plain, words, helped = self._embedded(text, added)
        named = [name for match in matches(text, by_word()) for name in match.meant]
        handbook = {**self._situations.words(plain, named, languages), **dict.fromkeys(own, 1.0)}
        return Question(text, added, about, _unit(plain + words + helped), _unit(plain + helped), handbook)

    def _embedded(self, text: str, added: Sequence[str]) -> tuple[Vector, Vector, Vector]:
        """The question, its telling words alone, and the question with what was added.

        A question is near to others of its form ("how long do I have to ..."); its telling words are not.
        """
        texts = [text, " ".join(telling(text)) or text, " ".join([text, *added])]
        distinct = list(dict.fromkeys(texts))
        rows = dict(zip(distinct, self._embedder.embed(distinct), strict=True))
        return rows[texts[0]], rows[texts[1]], rows[texts[2]]


def _looked_up(compound: Match, glossary: Glossary, known: Glossary) -> Match:
    """A compound in its other form, with what stands for that form as a whole."""
    others = [word for form in compound.meant for words in (glossary, known) for word in words.get(form, ())]
    return Match(compound.words, (*compound.meant, *others))


def _unit(vector: Vector) -> Vector:
    unit: Vector = vector / np.maximum(np.linalg.norm(vector), np.float32(1e-12))
    return unit

"""How many personal numbers the masker finds in ordinary sentences, and how often it takes something else for one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from agent.masking import Masker
from agent.personal_numbers import find
from loket.bench import Row
from loket.bench.identifiers import IDENTIFIERS, WORK_DOMAIN, staff_digits
from loket.bench.lookalikes import LOOKALIKES

DOMAINS = frozenset({WORK_DOMAIN})


@dataclass(frozen=True, slots=True)
class Sample:
    """A text with one identifier or none. `kind` is a key of `IDENTIFIERS` or of `LOOKALIKES`."""

    kind: str
    text: str
    value: str = ""


@dataclass(slots=True)
class Score:
    """The tally. `missed` and `mistaken` hold the texts, which are invented."""

    identifiers: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    lookalikes: int = 0
    mistaken: list[Sample] = field(default_factory=list)
    missed: list[Sample] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the identifiers of which nothing is left."""
        return self.found.total() / self.identifiers.total()

    @property
    def precision(self) -> float:
        """Share of what was masked that is an identifier and no more."""
        return self.found.total() / (self.found.total() + len(self.mistaken))


def samples(count: int, seed: int) -> Iterator[Sample]:
    """`count` texts with an identifier and as many without, in turn."""
    dice = random.Random(seed)  # noqa: S311 - invented numbers, no secrets
    sentences: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("masking.yaml").read_text(encoding="utf-8"))
    kinds, others = list(IDENTIFIERS), list(LOOKALIKES)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        yield _identifier(dice, kind, sentences)
        other = others[number % len(others)]
        template = dice.choice(sentences["others"][other])
        yield Sample(other, template.replace("{}", LOOKALIKES[other](dice)))


def _identifier(dice: random.Random, kind: str, sentences: dict[str, Any]) -> Sample:
    named = dice.random() < 0.5
    template = dice.choice(sentences[kind] if named else sentences["anywhere"])
    value = staff_digits(dice) if kind == "staff" and named and dice.random() < 0.7 else IDENTIFIERS[kind](dice)
    return Sample(kind, template.replace("{}", value), value)


def measure(count: int, seed: int) -> Score:
    """Mask `count` texts with an identifier and `count` without."""
    score = Score()
    for sample in samples(count, seed):
        spans = [(found.start, found.end) for found in find(sample.text, DOMAINS)]
        if not sample.value:
            score.lookalikes += 1
            score.mistaken += [sample] * len(spans)
            continue
        score.identifiers[sample.kind] += 1
        begin = sample.text.index(sample.value)
        whole = [span for span in spans if _covers(span, begin, sample)]
        score.mistaken += [sample] * (len(spans) - len(whole))
        if whole and _comes_back(sample):
            score.found[sample.kind] += 1
        else:
            score.missed.append(sample)
    return score


def _covers(span: tuple[int, int], begin: int, sample: Sample) -> bool:
    """Whether the span is the identifier: all its letters and digits, and none of its neighbours'."""
    start, end = span
    left = sample.text[min(begin, start) : max(begin, start)]
    right = sample.text[min(begin + len(sample.value), end) : max(begin + len(sample.value), end)]
    return not any(letter.isalnum() for letter in left.removeprefix("mailto").removeprefix("tel") + right)


def _comes_back(sample: Sample) -> bool:
    masker = Masker(DOMAINS)
    return masker.restore(masker.mask(sample.text)) == sample.text


def masking_rows(count: int, seed: int) -> list[Row]:
    """The report."""
    score = measure(count, seed)
    rows = [
        Row(f"masked: {kind}", f"{score.found[kind]} of {total}") for kind, total in sorted(score.identifiers.items())
    ]
    mistaken = Counter(sample.kind for sample in score.mistaken)
    return [
        *rows,
        Row("recall", f"{score.recall:.2%} of {score.identifiers.total()}", "at least 99.5 %"),
        Row("precision", f"{score.precision:.2%}, beside {score.lookalikes} look-alikes", "at least 98 %"),
        Row("mistaken", ", ".join(f"{kind} {times}" for kind, times in mistaken.most_common()) or "none"),
    ]

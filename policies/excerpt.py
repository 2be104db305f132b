"""A section that is too long to hand on whole, cut down to the part around the sentence that was found."""

from __future__ import annotations

from policies.sentences import sentences


def excerpt(text: str, sentence_id: str, longest: int) -> str:
    """At most `longest` characters of `text`, cut at line ends, around the sentence `<passage id>#<number>`."""
    if len(text) <= longest:
        return text
    at = _position(text, sentence_id)
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    first = max(0, at - longest // 2)
    begin = next((start for start in starts if start >= first and start <= at), first)
    end = begin + longest
    cut = max((start - 1 for start in starts if at < start - 1 <= end), default=end)
    return text[begin:cut].strip("\n")


def _position(text: str, sentence_id: str) -> int:
    """Where the sentence starts, about: markup is not counted, so it is found by its share of all sentences."""
    number = sentence_id.partition("#")[2]
    if not number.isdigit():
        return 0
    said = sentences(text)
    if int(number) >= len(said):  # a phrase people ask by, not a sentence of the text
        return 0
    start = text.find(said[int(number)][:40])
    before = sum(len(sentence) for sentence in said[: int(number)])
    return start if start >= 0 else min(len(text) - 1, before * len(text) // max(1, sum(map(len, said))))

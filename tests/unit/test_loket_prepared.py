"""The vectors made at set-up: the same as fresh ones, never those of another model, and no start depends on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from loket.vectors.prepared import PreparedEmbedder, write
from loket.vectors.remembered import RememberingEmbedder


class Counting:
    """Gives each text a direction of its own and counts what it is asked."""

    dimension = 8

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        rows = np.array([[float(ord(letter)) for letter in f"{text:8.8}"] for text in texts], dtype=np.float32)
        rows = rows.reshape(len(texts), 8)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


PHRASES = ["reset my password", "ik ben ziek", "wifi"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "phrases.npz"
    write(made, "counting", PHRASES, Counting().embed(PHRASES))
    return made


def test_a_prepared_phrase_is_not_embedded_again_and_is_the_same(file: Path) -> None:
    inner = Counting()
    prepared = PreparedEmbedder(inner, file)
    texts = ["wifi", "something else", "ik ben ziek", "wifi"]
    np.testing.assert_allclose(prepared.embed(texts), Counting().embed(texts), atol=2e-3)
    assert inner.asked == ["something else"]
    np.testing.assert_allclose(np.linalg.norm(prepared.embed(PHRASES), axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("trouble", ["missing", "broken", "another model", "empty"])
def test_without_a_usable_file_everything_is_embedded(file: Path, trouble: str) -> None:
    inner = Counting("other" if trouble == "another model" else "counting")
    if trouble == "missing":
        file.unlink()
    if trouble in ("broken", "empty"):
        file.write_bytes(b"" if trouble == "empty" else b"PK no archive")
    assert PreparedEmbedder(inner, file).embed(PHRASES).shape == (3, 8)
    assert inner.asked == PHRASES


def test_nothing_asked_is_nothing_given(file: Path) -> None:
    assert PreparedEmbedder(Counting(), file).embed([]).shape[0] == 0


def test_a_home_keeps_only_what_was_not_prepared(file: Path, tmp_path: Path) -> None:
    inner = Counting()
    home = tmp_path / "examples.npz"
    remembering = RememberingEmbedder(PreparedEmbedder(inner, file), home)
    with remembering.remembering():
        remembering.embed(["wifi", "a plug-in's example"])
    with np.load(home) as stored:
        assert stored["texts"].tolist() == ["a plug-in's example"]

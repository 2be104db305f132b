"""Grouping by meaning: every member is close to the middle, nobody is lost, and the order of texts does not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from loket.evaluation.grouping import groups


def units(rows: list[list[float]]) -> NDArray[np.float32]:
    found = np.array(rows, dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def random_units(seed: int, count: int) -> NDArray[np.float32]:
    return units(np.random.default_rng(seed).normal(size=(count, 6)).tolist())


def test_two_bundles_are_two_groups_with_their_middles_first() -> None:
    vectors = units([[1, 0.2, 0], [1, 0, 0], [1, -0.2, 0], [0, 0, 1], [0, 0.1, 1]])
    assert groups(vectors, 0.9) == [[1, 0, 2], [3, 4]]


def test_a_chain_does_not_become_one_group() -> None:
    angles = np.linspace(0, np.pi, 13)
    vectors = units([[np.cos(angle), np.sin(angle)] for angle in angles])
    assert len(groups(vectors, 0.95)) > 3


def test_no_texts_are_no_groups() -> None:
    assert groups(np.zeros((0, 4), dtype=np.float32), 0.5) == []


@given(st.integers(0, 10_000), st.integers(1, 40), st.floats(0.1, 0.95))
def test_everybody_is_in_exactly_one_group_and_close_to_its_middle(seed: int, count: int, closeness: float) -> None:
    vectors = random_units(seed, count)
    found = groups(vectors, closeness)
    assert sorted(member for group in found for member in group) == list(range(count))
    assert all(vectors[group[0]] @ vectors[member] >= closeness - 1e-5 for group in found for member in group)
    assert [len(group) for group in found] == sorted((len(group) for group in found), reverse=True)


@given(st.integers(0, 10_000), st.integers(1, 25))
def test_the_order_of_the_texts_changes_nothing(seed: int, count: int) -> None:
    vectors = random_units(seed, count)
    order = np.random.default_rng(seed + 1).permutation(count)
    straight = {frozenset(group) for group in groups(vectors, 0.5)}
    shuffled = {frozenset(int(order[member]) for member in group) for group in groups(vectors[order], 0.5)}
    assert straight == shuffled

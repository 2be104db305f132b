"""Anything people can do to a credential on a page, in any order, against a model of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actions.opening import Reveals
from tests.reveal_room import AYLIN, RevealRoom, reveal_room

T = TypeVar("T")
LINK, KEPT = timedelta(minutes=10), timedelta(hours=4)
JITTER = timedelta(seconds=20)
"""Real time passes as well: closer to an end than this nothing is claimed."""


class OnThePage(RuleBasedStateMachine):
    """The model: is there something to see, by which token, until when, and how many tries are left."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._now = timedelta(0)
        self.shown = 0

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    @initialize()
    def a_reset_waits_on_the_page(self) -> None:
        self.room: RevealRoom = self._open.enter_context(reveal_room())
        self.action_id = self._do(self.room.reset())
        self.reveals = Reveals(self.room.gate.gate.parts)
        self.alive, self.tries = True, 0
        self.kept_until = KEPT
        self._new_link()
        self.old: list[str] = []

    def _new_link(self) -> None:
        self.token, self.code = self.room.tokens(self.action_id)[-1], self.room.code()
        self.link_at, self.link_until = self._now, min(self._now + LINK, self.kept_until)

    def _expected(self) -> bool | None:
        """Whether the right code would show it; None too close to the end of something."""
        if not self.alive:
            return False
        ends = min(self.link_until, self.kept_until) - self._now
        return None if abs(ends) < JITTER else ends > timedelta(0)

    @rule()
    def the_right_code(self) -> None:
        expected = self._expected()
        shown = self._do(self.reveals.by_code(self.token, self.code))
        assert expected is None or (shown is not None) is expected
        if shown is not None:
            self.shown += 1
            self.alive = False
            assert self.room.gate.world.signs_in("aylin.yilmaz", shown.secret.get_secret_value()) == "must_change"

    @rule()
    def a_wrong_code(self) -> None:
        expected = self._expected()
        wrong = f"{(int(self.code) + 1) % 1_000_000:06}"
        assert self._do(self.reveals.by_code(self.token, wrong)) is None
        if expected is None:
            self.alive = self.alive and self.room.envelope(self.action_id)["ciphertext"] is not None
            self.tries = self.room.envelope(self.action_id, "reveal_code")["tries"]
        elif expected:
            self.tries += 1
            self.alive = self.tries < 5

    @rule()
    def an_old_link_with_any_code(self) -> None:
        for token in self.old:
            assert self._do(self.reveals.by_code(token, self.code)) is None

    @rule(token=st.text(max_size=60), typed=st.text(max_size=20))
    def anything_at_all(self, token: str, typed: str) -> None:
        assert self._do(self.reveals.by_code(token, typed)) is None

    @rule(minutes=st.sampled_from([0.5, 1.5, 4, 11, 130]), looks=st.booleans())
    def time_passes(self, minutes: float, looks: bool) -> None:
        self._now += timedelta(minutes=minutes)
        self.room.gate.advance_clock(timedelta(minutes=minutes))
        if looks:
            self._do(self.room.gate.gate.sweep())
            self._do(self.room.gate.settle())
            if self._now > self.kept_until + JITTER:
                self.alive = False

    @rule()
    def a_new_link(self) -> None:
        decision = self._do(self.room.gate.click(AYLIN, self.action_id, "send_code"))
        if decision.accepted:
            assert self.alive
            assert self._now - self.link_at > timedelta(seconds=40)
            self._do(self.room.gate.settle())
            self.old.append(self.token)
            self._new_link()
        else:
            recent = self._now - self.link_at < timedelta(minutes=1) + JITTER
            assert not self.alive or recent or self._now > self.kept_until - JITTER

    @rule()
    def the_executor_does_what_it_was_woken_for(self) -> None:
        self._do(self.room.gate.settle())

    @rule(really=st.integers(0, 9))
    def this_was_not_me(self, really: int) -> None:
        if really == 0:
            self._do(self.room.gate.click(AYLIN, self.action_id, "not_me"))
            self.alive = False

    @rule(really=st.integers(0, 9))
    def an_older_copy_is_put_back(self, really: int) -> None:
        if really == 0:
            self._do(self.room.gate.gate.void_after_restore(f"copy {self._now}"))
            self.alive = False

    @invariant()
    def it_is_seen_at_most_once_and_nothing_is_kept_of_it(self) -> None:
        assert self.shown <= 1
        if hasattr(self, "room") and not self.alive:
            kept = self.room.envelope(self.action_id)
            assert (kept["ciphertext"], kept["token_hash"]) == (None, None)
            assert kept["state"] in ("seen", "gone", "failed")

    def teardown(self) -> None:
        self._open.close()
        self._loop.close()


TestOnThePage = pytest.mark.slow(OnThePage.TestCase)
TestOnThePage.settings = settings(max_examples=12, stateful_step_count=14, deadline=None)

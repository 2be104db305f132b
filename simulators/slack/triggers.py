"""Trigger ids: what a click gives the app to open a form with, once and within three seconds."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from simulators.slack.clock import Clock
from simulators.slack.records import Account
from simulators.slack.refusal import SlackRefusal

SECONDS = 3.0


@dataclass(slots=True)
class _Trigger:
    person: Account
    until: float
    used: bool = False


class Triggers:
    """The trigger ids that were given out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given: dict[str, _Trigger] = {}

    def give(self, person: Account) -> str:
        """A trigger id for somebody's click."""
        name = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._given[name] = _Trigger(person, self._clock.now() + SECONDS)
        return name

    def use(self, name: str) -> Account:
        """Whose click it was. Raises `invalid_trigger_id`, `expired_trigger_id`, `exchanged_trigger_id`."""
        trigger = self._given.get(name)
        if trigger is None:
            raise SlackRefusal("invalid_trigger_id")
        if trigger.until < self._clock.now():
            raise SlackRefusal("expired_trigger_id")
        if trigger.used:
            raise SlackRefusal("exchanged_trigger_id")
        trigger.used = True
        return trigger.person

"""To whom a released version is offered: everybody, or first some groups or one room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.events import Address
from core.people import Employee


@dataclass(frozen=True, slots=True)
class Audience:
    """`groups` of the directory; `places`: a channel (`slack`) or one room of it (`slack:T012/C0123`, a tenant and a
    room). Somebody in one of the groups, or who asks in one of the places, is offered it; nothing named: everybody."""

    groups: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()

    @property
    def is_everybody(self) -> bool:
        """Nobody is left out."""
        return not self.groups and not self.places

    def holds(self, employee: Employee | None, address: Address | None) -> bool:
        """Is this person, asking there, among them? Unknown: only among everybody."""
        if self.is_everybody:
            return True
        if employee is not None and self.groups & employee.groups:
            return True
        return address is not None and bool(self.places & {address.channel, place_of(address)})

    def words(self) -> str:
        """For a card: who it is offered to."""
        return ", ".join((*sorted(self.groups), *sorted(self.places)))

    def encoded(self) -> dict[str, Any]:
        """As JSON values."""
        return {"groups": sorted(self.groups), "places": sorted(self.places)}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Audience:
        """From JSON values."""
        return cls(frozenset(values.get("groups", ())), frozenset(values.get("places", ())))


EVERYBODY = Audience()


def place_of(address: Address) -> str:
    """How a room is named in an audience."""
    return f"{address.channel}:{address.tenant}/{address.room}"

"""Which of what a source offers is to be added."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import ConfigError
from loket.command.adding.asking import Asker, Question, lines_of
from loket.command.adding.sources import Offer
from loket.command.nearest import did_you_mean


def chosen_offers(asker: Asker, offers: Sequence[Offer]) -> list[Offer]:
    """Those that the admin names, by the proposed name or as the source calls them; the only one where there is one.

    Raises `ConfigError`: nothing can be added, nothing was named, or something that there is not.
    """
    usable = [_name(offer) for offer in offers if not offer.proposal.problems]
    if not usable:
        why = "; ".join(f"{one.proposal.wire_name}: {one.proposal.problems[0]}" for one in offers[:5])
        raise ConfigError(f"there is nothing here that can be added. {why}")

    def sound(answer: str) -> list[Offer]:
        if not lines_of(answer):
            raise ConfigError(f"operations: say which (--operations), of: {'; '.join(map(_told, offers))}")
        return [_found(wanted, offers) for wanted in lines_of(answer)]

    default = usable[0] if len(usable) == 1 else ""
    why = f"There are: {'; '.join(map(_told, offers))}. Add only what staff will ask for: each is a tool of its own."
    return sound(asker.ask(Question("operations", "Which of them", why, default, sound=sound)))


def _found(wanted: str, offers: Sequence[Offer]) -> Offer:
    for one in offers:
        if wanted in (one.proposal.wire_name, _name(one)):
            return one
    names = [name for one in offers for name in (_name(one), one.proposal.wire_name)]
    raise ConfigError(
        f"operations: there is no {wanted!r}.{did_you_mean(wanted, names)} There are: {'; '.join(map(_told, offers))}"
    )


def _name(offer: Offer) -> str:
    return str(offer.proposal.values["name"]) or offer.proposal.wire_name


def _told(offer: Offer) -> str:
    """The proposed name, what it is at its source, and why it cannot be added where it cannot."""
    name, wire = _name(offer), offer.proposal.wire_name
    said = name if name == wire else f"{name} ({wire})"
    return f"{said}, which cannot be added" if offer.proposal.problems else said

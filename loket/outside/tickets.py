"""The task that asks the ticket system for news, where one is connected."""

from __future__ import annotations

from actions.ticket_news import TicketNews
from actions.ticket_watch import TicketWatch
from loket.counter import Counter
from loket.settings import Settings


def ticket_watch(settings: Settings, counter: Counter) -> TicketWatch | None:
    """None where tickets are embedded, or the settings say that only the webhook tells."""
    if settings.systems.tickets == "embedded" or not settings.jira.poll_seconds:
        return None
    tickets, seconds = counter.gate.parts.systems.read.tickets, settings.jira.poll_seconds
    return TicketWatch(counter.database, tickets, TicketNews(counter.database), seconds)

"""The figures of Slack under load, each beside what it was held against, and how the load was made."""

from __future__ import annotations

from collections.abc import Sequence

from loket.bench import percentile
from loket.bench.load.figures import Figure
from loket.bench.slack.clicking import Clicked
from loket.bench.slack.growing import Grown, Load, spread

ACKNOWLEDGED_P99 = 100
CARD_P95 = 1000
SHOWN = 0.95
"""So many of the answers that were asked for must grow, on average, or the figure is not what it says."""


def figures_of(grown: Grown, load: Load) -> list[Figure]:
    """What people felt while answers grew, what was lost, what it cost."""
    window, accounts = grown.window, grown.accounts
    fewest, mean = spread(window)
    figures = [
        Figure("events", len(grown.asked.questions)),
        Figure("events a second", len(grown.asked.questions) / window.seconds),
        *times("acknowledged", grown.asked.acknowledged, {"p99": ACKNOWLEDGED_P99}),
        Figure("too few answers growing, on average", max(0.0, load.streams * SHOWN - mean), "", 0),
        Figure("answers growing at once, on average", mean),
        Figure("answers growing at once, fewest", fewest),
        *times("first sign, by who took it in", grown.signs, {}),
        *times("answered", grown.answers, {}),
        Figure("driver behind its plan, at most", grown.asked.late * 1000, "ms"),
        Figure("events not taken in", accounts.refused, "", 0),
        Figure("events taken in at a later try", accounts.again),
        Figure("lost", accounts.lost, "", 0),
        Figure("answers posted twice", accounts.doubled, "", 0),
        Figure("not delivered", accounts.undelivered, "", 0),
        Figure("answers still growing in the end", accounts.growing, "", 0),
        Figure("calls answered with 429", accounts.limited, "", 0),
        Figure("calls that Slack refused", sum(accounts.failed.values()), "", 0),
        Figure("audit rows wrong", len(accounts.audit_problems), "", 0),
        Figure("backlog gone after the last event", float("inf") if grown.backlog is None else grown.backlog, "s"),
    ]
    figures += [
        Figure(f"CPU of {name}", spent / window.seconds * 100, "% of a core") for name, spent in window.cpu.items()
    ]
    appends = window.calls.get("chat.appendStream", 0) / window.seconds
    return [
        *figures,
        Figure("calls to Slack a second", sum(window.calls.values()) / window.seconds),
        Figure("of these chat.appendStream", appends),
        Figure("appends a minute in each workspace", appends * 60 / grown.workspaces),
    ]


def figures_of_clicks(clicked: Clicked) -> list[Figure]:
    """The clicks."""
    return [
        Figure("clicks", len(clicked.acknowledged)),
        *times("acknowledged", clicked.acknowledged, {}),
        *times("click to the approvers' card", clicked.approvers, {"p95": CARD_P95}),
        *times("click to the requester's card", clicked.requester, {"p95": CARD_P95}),
        Figure("clicks not taken in", clicked.refused, "", 0),
        Figure("cards that did not change", clicked.unchanged, "", 0),
        Figure("cards with buttons in the end", clicked.with_buttons, "", 0),
        Figure("resets beside the clicks", abs(clicked.resets - len(clicked.acknowledged)), "", 0),
    ]


def how_it_was_made(grown: Grown, load: Load) -> str:
    """In words, what the figures rest on."""
    each = load.streams / grown.workspaces
    return (
        f"Simulated: one organisation with {grown.workspaces} workspaces, about {each:.0f} growing answers in each, "
        "because the service starts at most 15 a minute in a workspace; Slack's own rate limits are off, and every "
        "event comes from a person whom the process has not seen before. "
        + ("What the app writes comes back to it as events. " if load.echo else "What the app writes is not echoed. ")
        + "The simulated Slack runs in the driver's process, and all share the machine."
    )


def times(what: str, seconds: Sequence[float], most: dict[str, float]) -> list[Figure]:
    """p50, p95, p99 and the slowest, in milliseconds; `most` by their names."""
    milliseconds = [one * 1000 for one in seconds] or [float("inf")]
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "slowest": 1.0}
    return [
        Figure(f"{what}, {name}", percentile(milliseconds, share), "ms", most.get(name))
        for name, share in shares.items()
    ]

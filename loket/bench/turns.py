"""How long one turn takes with the built-in model, from the stored message to the committed reply."""

from __future__ import annotations

from collections.abc import Sequence

from loket.bench import Row, milliseconds
from loket.counter import Counter
from loket.desk.asking import Asker

ORDINARY = (
    "How many days of annual leave do I get?",
    "hoeveel dagen mag ik thuiswerken",
    "Who is the manager of Sanne de Wit?",
    "mag ik een cadeautje aannemen",
    "What is the state of my ticket?",
    "Can I bring my parrot to the office?",
    "ww vergeten wat nu",
    "How do I report a phishing mail?",
    "vpn doet het niet",
    "ok thanks",
)
"""What people ask on an ordinary day."""


async def turn_speed(counter: Counter, employees: Sequence[str], rounds: int) -> list[Row]:
    """Each question by each employee in a conversation of its own; the first round warms up and is not counted."""
    asker = Asker(counter, seconds=60)
    whole: list[float] = []
    inside: list[float] = []
    for number in range(rounds + 1):
        for employee_id in employees:
            for question in ORDINARY:
                answer = await asker.ask(employee_id, question)
                if number:
                    whole.append(answer.ms / 1000)
                    inside.append(answer.turn.ms / 1000)
    return [
        Row(f"turn, queue included, {len(whole)} turns", milliseconds(whole), "p50 at most 150 ms"),
        Row(f"turn, from load to commit, {len(inside)} turns", milliseconds(inside)),
    ]

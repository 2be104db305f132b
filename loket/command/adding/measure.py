"""How near each example of a tool is to it and to others, by what the built-in model itself learned of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.meaning import Meaning
from agent.offers import CHANGES, EXAMPLES
from agent.tool_choice import ToolChoice
from core.chat import ToolSchema
from core.risk import Risk
from tools.added.checks.examples import Nearness
from tools.added.document import ToolDocument


class BuiltinMeasure:
    """Implements `tools.added.checks.examples.Measure`: each example is scored by a fit that was made without it."""

    def __init__(self, meaning: Meaning) -> None:
        self._choice = ToolChoice(meaning)

    def __call__(self, document: ToolDocument, others: Mapping[str, Sequence[str]]) -> Sequence[Nearness]:
        """See `Measure`."""
        lines = list(dict.fromkeys((*document.examples.en, *document.examples.nl)))
        mine = _schema(document.name, document.description, lines, changes=document.risk is not Risk.READ)
        names = [name for name in others if others[name]]
        schemas = [mine, *(_schema(name, "", others[name], changes=False) for name in names)]
        unseen = self._choice.scores(schemas).unseen
        found = []
        for row, text in enumerate(lines):
            scores = unseen[row]
            best = max(range(1, len(schemas)), key=lambda place: float(scores[place]), default=0)
            other, others_score = (names[best - 1], float(scores[best])) if best else ("", 0.0)
            found.append(Nearness(text, float(scores[0]), other, others_score))
        return found


def _schema(name: str, description: str, examples: Sequence[str], *, changes: bool) -> ToolSchema:
    return ToolSchema(name, description, {EXAMPLES: list(examples), CHANGES: changes})

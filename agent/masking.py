"""Personal numbers become placeholders before text leaves this machine, and come back in the answer.

What is found: `personal_numbers.py`. Names are not masked: no recogniser finds them reliably, so it is not promised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from agent.number_words import kinds
from agent.personal_numbers import find
from core.chat import ChatMessage, ModelTurn, ToolCall


@dataclass(slots=True)
class Masker:
    """One turn's placeholders. The same value gets the same placeholder, so that a model can tell people apart.

    `work_domains`: mail addresses of these domains, and of domains below them, stay: they are not private.
    """

    work_domains: frozenset[str] = frozenset()
    _values: dict[str, str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def mask(self, text: str) -> str:
        """The text with each personal number replaced by a placeholder such as `[bsn-1]`.

        What looks like a placeholder without being ours loses its form: else a document could ask for a value.
        """
        text = _placeholders().sub(lambda match: _STEM.sub("·", match.group()), text)
        parts: list[str] = []
        position = 0
        for found in find(text, self.work_domains):
            parts += [text[position : found.start], self._cover(found.kind, text[found.start : found.end])]
            position = found.end
        return "".join([*parts, text[position:]])

    def mask_message(self, message: ChatMessage) -> ChatMessage:
        """The message as it may leave: its text and the arguments of its tool calls."""
        calls = tuple(replace(call, arguments=self._within(call.arguments, self.mask)) for call in message.tool_calls)
        return replace(message, text=self.mask(message.text), tool_calls=calls)

    def restore(self, text: str) -> str:
        """The text with this turn's placeholders turned back, also where a model changed their case, spacing or
        brackets, or translated their kind. Unknown placeholders stay as they are."""
        return _placeholders().sub(self._value, text) if self._values else text

    def restore_turn(self, turn: ModelTurn) -> ModelTurn:
        """A model's turn with its real values: text and arguments."""
        calls: Sequence[ToolCall] = turn.tool_calls
        restored = tuple(replace(call, arguments=self._within(call.arguments, self.restore)) for call in calls)
        return replace(turn, text=self.restore(turn.text), tool_calls=restored)

    def _cover(self, kind: str, value: str) -> str:
        if value not in self._names:
            number = sum(name.startswith(f"{kind}-") for name in self._values) + 1
            self._names[value] = f"[{kind}-{number}]"
            self._values[f"{kind}-{number}"] = value
        return self._names[value]

    def _value(self, match: re.Match[str]) -> str:
        word = match["word"] or match["bare"]
        kind = kinds()[" ".join(word.lower().replace("_", " ").split())]
        return self._values.get(f"{kind}-{int(match['number'] or match['bare_number'])}", match.group())

    def _within(self, arguments: str, change: Callable[[str], str]) -> str:
        """JSON text with every string in it changed, keys too; text that is no JSON is changed as it stands."""
        try:
            return json.dumps(_walk(json.loads(arguments), change), ensure_ascii=False)
        except (ValueError, RecursionError):
            return change(arguments)


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _walk(item, change) for key, item in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        changed = change(str(value))
        return value if changed == str(value) else changed
    return value


_STEM = re.compile(r"[\s_\u2010-\u2013-]+(?=\d)|(?<=[^\W\d_])(?=\d)")


@cache
def _placeholders() -> re.Pattern[str]:
    """A placeholder as models give it back: any case, white space, dash and brackets; bare only with its dash."""
    words = "|".join(re.escape(word).replace(r"\ ", r"[ _]") for word in sorted(kinds(), key=len, reverse=True))
    dash = r"[\u2010-\u2013-]"
    return re.compile(
        rf"\\?[\[【［〔{{<]\s?(?P<word>{words})\s?(?:{dash}|_)?\s?(?P<number>\d{{1,4}})\s?\\?[\]】］〕}}>]"
        rf"|(?<![\w-])(?P<bare>bsn|iban|phone|mail|staff){dash}(?P<bare_number>\d{{1,3}})(?![\w-])",
        re.IGNORECASE,
    )

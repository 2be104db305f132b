"""Trouble on order: what goes wrong at the next calls of a method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble. `after`: the call is carried out, but nobody hears of it."""

    status: int = 200
    error: str = ""
    retry_after: int = 0
    after: bool = False
    seconds: float = 0.0
    times: int = 1


class Faults:
    """What a test has ordered, method by method (`*` for all)."""

    def __init__(self, set_stream_seconds: Callable[[float], None]) -> None:
        self._ordered: dict[str, list[Fault]] = {}
        self._slow: dict[str, float] = {}
        self._set_stream_seconds = set_stream_seconds

    def fail(self, method: str, *, status: int = 200, error: str = "", retry_after: int = 1, times: int = 1) -> None:
        """The next `times` calls get a status (429: with `Retry-After` in seconds), or Slack's `error`."""
        self._order(method, Fault(status, error, retry_after, times=times))

    def server_error(self, method: str, times: int = 1) -> None:
        """The next calls get a 503 and are not carried out."""
        self._order(method, Fault(status=503, times=times))

    def timeout_after_accept(self, method: str, times: int = 1) -> None:
        """The next calls are carried out, and never answered."""
        self._order(method, Fault(after=True, times=times))

    def slow(self, method: str, seconds: float) -> None:
        """Every call of the method takes so long, until it is set to 0."""
        self._slow[method] = seconds

    def stream_ends(self, seconds: float) -> None:
        """Slack closes a stream so many seconds after its start."""
        self._set_stream_seconds(seconds)

    def clear(self) -> None:
        """No more trouble, except for how long a stream may last."""
        self._ordered.clear()
        self._slow.clear()

    def delay(self, method: str) -> float:
        """Seconds that a call of this method takes longer."""
        return self._slow.get(method, self._slow.get("*", 0.0)) if self._slow else 0.0

    def take(self, method: str) -> Fault | None:
        """The trouble for this call, used up."""
        for name in (method, "*") if self._ordered else ():
            queue = self._ordered.get(name)
            if queue:
                fault = queue[0]
                if fault.times > 1:
                    queue[0] = replace(fault, times=fault.times - 1)
                else:
                    queue.pop(0)
                return fault
        return None

    def _order(self, method: str, fault: Fault) -> None:
        self._ordered.setdefault(method, []).append(fault)

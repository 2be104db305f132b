"""How far a measurement is."""

from __future__ import annotations

from rich.progress import Progress, TaskID


class Bar:
    """Progress on standard error: a line for each thing that is going on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, whole: int) -> None:
        """See `loket.bench.load.running.Progress`."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=whole)
        self._progress.update(self._tasks[what], completed=done, total=whole)

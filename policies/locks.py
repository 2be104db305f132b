"""Who may touch the index folder when: one writing process, and readers that are not cut off in mid-question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

from core.errors import ConfigError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Only one process writes at a time. Raises ConfigError when another one does. Freed by the system at a crash."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                "another process is changing the policies right now; try again when it is done"
            ) from error
        yield


class SharedLock:
    """Many readers at once, or one that closes and opens the files."""

    def __init__(self) -> None:
        self._condition = Condition()
        self._readers = 0
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Read; waits while somebody is alone."""
        with self._condition:
            self._condition.wait_for(lambda: not self._alone)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody reads, and keep new readers out."""
        with self._condition:
            self._condition.wait_for(lambda: not self._alone)
            self._alone = True
            self._condition.wait_for(lambda: self._readers == 0)
        try:
            yield
        finally:
            with self._condition:
                self._alone = False
                self._condition.notify_all()

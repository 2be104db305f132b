"""The error for an index that was taken away, apart from the indexes that raise it."""

from __future__ import annotations

from core.errors import ConnectorError


class IndexUnavailableError(ConnectorError):
    """The search acts: a rebuild took this index away in mid-question; it opens the new one and asks again."""

    def __init__(self, detail: str) -> None:
        super().__init__("policies", detail)

"""What a directory answered when it did not do what it was asked."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import ConnectorError

DOUBTFUL = frozenset({3, 80, 118, 121})
"""timeLimitExceeded, other, canceled, cannotCancel: after a change these do not say that nothing happened."""


class RefusedByServer(ConnectorError):
    """The server answered, and the answer is no. Its text has only the name of the result.

    `diagnostic` is the server's own words, for code that looks for a known cause in them; they may quote values and
    belong in no log. `controls` are the response controls by OID, undecoded.
    """

    def __init__(
        self, system: str, code: int, name: str, diagnostic: str, controls: Mapping[str, bytes | None]
    ) -> None:
        super().__init__(system, f"the directory answered {name} ({code})")
        self.code = code
        self.name = name
        self.diagnostic = diagnostic
        self.controls = controls


class SignInRefused(ConnectorError):
    """The service account itself is not let in. Not tried again for a while, or a mistake here would lock it out."""


class ServerAway(ConnectorError):
    """This server cannot be used now; another one may do."""


class ConnectionBroke(ConnectorError):
    """The connection ended or stayed silent in the middle of a question."""

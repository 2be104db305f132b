"""Every error, named for who has to act on it."""

from __future__ import annotations

import traceback
from pathlib import Path

from core.outcomes import Outcome


class LoketError(Exception):
    """The root of all errors that are ours."""


class ToolRetry(LoketError):
    """The model acts: it may call again with better arguments. The text is written for the model."""


class ToolFailed(LoketError):
    """The model acts: it tells the person that this did not work, and why."""


class Refused(LoketError):
    """The person is told no. `reason` is a key of the message catalogue, never free text from a model."""

    def __init__(self, reason: str, outcome: Outcome = Outcome.REFUSED_FORBIDDEN, **details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.outcome = outcome
        self.details = details


class ConnectorError(LoketError):
    """The operator acts: an outside system failed. The person gets a fixed sentence, the log gets the detail."""

    def __init__(self, system: str, detail: str) -> None:
        super().__init__(f"{system}: {detail}")
        self.system = system
        self.detail = detail


class EffectUnknown(ConnectorError):
    """A person acts: the outside system may or may not have done it. Nothing tries it again by itself."""


class ModelError(LoketError):
    """The turn acts: the language model gave nothing usable; the built-in model takes over."""


class DocumentError(LoketError):
    """The policy owner acts: one document cannot be read. The others go on."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class ConfigError(LoketError):
    """The admin acts: start-up stops with this one line, which says what to change."""


def where(error: BaseException) -> str:
    """The last places in the code, innermost last, for a log that may hold neither messages nor values of frames."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)

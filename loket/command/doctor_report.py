"""How `loket doctor` says what it found: line by line, or as one JSON object; never with a secret in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.status import Status

from loket.command.doctor_server import Finding
from loket.settings import Settings

SHORTEST_SECRET = 4
MASK = "•••"


class Report:
    """Takes findings one by one. Use it as a context: what is shown while waiting goes with it."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._findings: list[Finding] = []
        self._secrets: list[str] = []
        self._status: Status | None = None

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self.waiting([])

    @property
    def good(self) -> bool:
        """Whether nothing fatal was found."""
        return not any(finding.fatal and not finding.good for finding in self._findings)

    def hide(self, settings: Settings) -> None:
        """From now on no secret of these settings is shown, whatever system or library quotes it."""
        self._secrets = sorted(secrets_of(settings), key=len, reverse=True)

    def tell(self, finding: Finding) -> None:
        """Show one finding, or keep it for the JSON."""
        shown = Finding(
            finding.what, finding.good, self._masked(finding.detail), self._masked(finding.advice), finding.fatal
        )
        self._findings.append(shown)
        if not self._as_json:
            self._print(shown)

    def waiting(self, names: Sequence[str]) -> None:
        """Say who has not answered yet, on a terminal only; nobody: nothing."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if names and self._console.is_terminal and not self._as_json:
            self._status = self._console.status(f"asking {', '.join(names)} …")
            self._status.start()

    def finish(self) -> None:
        """Write the JSON, where that was asked for."""
        if self._as_json:
            findings = [_as_json(finding) for finding in self._findings]
            sys.stdout.write(json.dumps({"good": self.good, "findings": findings}, ensure_ascii=False) + "\n")

    def _print(self, finding: Finding) -> None:
        mark, style = ("ok", "green") if finding.good else ("problem", "red") if finding.fatal else ("note", "yellow")
        self._console.print(f"{mark:8}", style=style, end="")
        self._console.print(f"{finding.what}: {finding.detail}", markup=False)
        if finding.advice and not finding.good:
            self._console.print(f"         {finding.advice}", markup=False)

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def secrets_of(settings: Settings) -> set[str]:
    """Every value of the settings that nobody may read, with the parts of those that hold several."""
    whole = {*_secrets(settings), unquote(urlsplit(settings.database_url).password or "")}
    parts = {piece.partition("=")[2] for value in whole for piece in value.split()}
    return {value for value in whole | parts if len(value) >= SHORTEST_SECRET}


def _secrets(section: BaseModel) -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secrets(value)


def _as_json(finding: Finding) -> dict[str, object]:
    shown = {"what": finding.what, "good": finding.good, "fatal": finding.fatal, "detail": finding.detail}
    return {**shown, "advice": "" if finding.good else finding.advice}

"""Where the credentials of added tools are read: from the environment, a folder, or a command; never from a document.

What is read goes to one host only. Nothing here, and no error, says what was read.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from core.errors import ConnectorError
from core.secret_reference import SecretReference

MOST_BYTES = 8_192
COMMAND_SECONDS = 5.0
COMMAND_KEPT_SECONDS = 60.0
_ENV_NAME = re.compile(r"LOKET_TOOL_[A-Z0-9_]{1,80}")


@dataclass(frozen=True, slots=True)
class SecretPlaces:
    """What the operator allows. `environment` is the process's, handed in by the composition root; `folder` holds one
    file a secret; `commands` are argument lists by name, run without a shell; `hosts` says for a reference
    (`env:LOKET_TOOL_HR`) which hosts it may be sent to, where the operator wants that fixed beforehand."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)


class SecretSource:
    """Reads credentials by reference. One reference serves one host: the first it is read for, while the process
    lives, or those the operator listed. So no second server can be handed what the first one trusts."""

    def __init__(self, places: SecretPlaces, clock: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._clock = clock
        self._served: dict[str, str] = {}
        self._kept: dict[str, tuple[float, SecretStr]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def read(self, reference: SecretReference, host: str) -> SecretStr:
        """The credential, to be sent to `host` and nowhere else (`stdio:NAME` for a program started here).

        Raises `ConnectorError` that says which reference and what is wrong with it, never a value.
        """
        name = f"{reference.source}:{reference.name}"
        self._refuse_other_host(name, host)
        if reference.source == "env":
            found = self._from_environment(reference.name)
        elif reference.source == "file":
            found = await asyncio.to_thread(self._from_file, reference.name)
        else:
            found = await self._from_command(reference.name)
        secret = _sound(found, name)
        self._served.setdefault(name, host)
        return secret

    def _refuse_other_host(self, name: str, host: str) -> None:
        allowed = self._places.hosts.get(name)
        if allowed is not None:
            if host not in allowed:
                raise ConnectorError("secrets", f"{name} may not be sent to this host")
        elif self._served.get(name, host) != host:
            raise ConnectorError("secrets", f"{name} already serves another host; give each server its own")

    def _from_environment(self, name: str) -> str:
        if not _ENV_NAME.fullmatch(name):
            raise ConnectorError("secrets", f"env:{name}: the variable of a tool is called LOKET_TOOL_…")
        if not (value := self._places.environment.get(name, "")):
            raise ConnectorError("secrets", f"env:{name} is not set in this process")
        return value

    def _from_file(self, name: str) -> str:
        if self._places.folder is None:
            raise ConnectorError("secrets", f"file:{name}: no folder of secrets is configured")
        if name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
            raise ConnectorError("secrets", f"file:{name}: only a plain name within the folder")
        try:
            return _read_within(self._places.folder, name)
        except (OSError, UnicodeDecodeError):
            # From None: what the system says may name the folder.
            raise ConnectorError("secrets", f"file:{name} cannot be read") from None

    async def _from_command(self, name: str) -> str:
        if name not in self._places.commands or not self._places.commands[name]:
            raise ConnectorError("secrets", f"command:{name}: no command of that name is configured")
        async with self._one_at_a_time:
            until, kept = self._kept.get(name, (0.0, SecretStr("")))
            if self._clock() < until:
                return kept.get_secret_value()
            text = await _output(self._places.commands[name], f"command:{name}")
            self._kept[name] = (self._clock() + COMMAND_KEPT_SECONDS, SecretStr(text))
            return text


def _read_within(folder: Path, name: str) -> str:
    """The text of one file that really lies in the folder: a symbolic link may lead to another file of the folder
    (a mounted secret is one), and nowhere else. Raises `OSError`."""
    real = (folder / name).resolve(strict=True)
    if not real.is_relative_to(folder.resolve(strict=True)):
        raise OSError("leads out of the folder")
    handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("is no file")
        return file.read(MOST_BYTES + 1).decode("utf-8")


async def _output(command: tuple[str, ...], name: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        raise ConnectorError("secrets", f"{name} cannot be started") from None
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            text = await _all_of(process)
            code = await process.wait()
    except TimeoutError:
        raise ConnectorError("secrets", f"{name} gave nothing within {COMMAND_SECONDS:.0f} seconds") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        raise ConnectorError("secrets", f"{name} ended with an error")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise ConnectorError("secrets", f"{name} gave no text") from None


async def _all_of(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    found = bytearray()
    while len(found) <= MOST_BYTES and (chunk := await process.stdout.read(4_096)):
        found += chunk
    return bytes(found)


def _sound(text: str, name: str) -> SecretStr:
    """Without the line end that editors and commands add. A control character in it could end a header."""
    value = text.removesuffix("\n").removesuffix("\r")
    if not value or len(text.encode()) > MOST_BYTES or not all(" " <= letter <= "~" for letter in value):
        raise ConnectorError("secrets", f"{name} is empty, too long, or holds what no credential has")
    return SecretStr(value)

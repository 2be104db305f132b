"""Several processes of one role on one machine: each with a number of its own, and one that looks after them."""

from __future__ import annotations

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence

import structlog

from core.errors import ConfigError
from loket.home import Home
from loket.service.roles import Role
from loket.settings import Settings

PORTS = 65_535
AGAIN_SECONDS = 1.0
AT_ONCE_SECONDS = 15.0
"""A process that ends so soon after its start will not do better the next time."""
GRACE_SECONDS = 8.0
"""Beyond the time that a stopping process lets its work finish."""
log = structlog.get_logger("loket.service")


def numbered(settings: Settings, role: Role, number: int) -> Settings:
    """The settings of one of several processes: its own home, port and name; keys and outside world are the same.

    The first goes by the settings as they are. Raises `ConfigError` where there is no port left for it.
    """
    if number == 1:
        return settings
    serve, home = settings.serve, Home(settings.home, keys=settings.keys_folder, world=settings.world_folder)
    port = serve.port + number - 1 if serve.port else 0
    if port > PORTS:
        raise ConfigError(f"LOKET_SERVE_PORT={serve.port} leaves no port for process {number} of role {role}")
    worker = f"{serve.worker}-{number}" if serve.worker else ""
    core = serve.core + number - 1 if serve.core else 0
    return settings.model_copy(
        update={
            "home": home.folder / f"{role}-{number}",
            "keys_folder": home.keys,
            "world_folder": home.world,
            "serve": serve.model_copy(update={"port": port, "worker": worker, "core": core}),
        }
    )


class Several:
    """Runs `count` processes until told to stop. `command` gives what the process with a number is started with.

    One that ends by itself is started again; one that ends at once (a setting is wrong, a port is taken) ends them all.
    """

    def __init__(
        self,
        count: int,
        command: Callable[[int], Sequence[str]],
        seconds: float,
        *,
        at_once: float = AT_ONCE_SECONDS,
        again: float = AGAIN_SECONDS,
    ) -> None:
        self._count = count
        self._command = command
        self._seconds = seconds + GRACE_SECONDS
        self._at_once = at_once
        self._again = again
        self._stopping = asyncio.Event()
        self._cause = 0

    def stop(self) -> None:
        """Let all of them drain and end."""
        self._stopping.set()

    async def run(self) -> int:
        """The exit code: 0, or that of a process that could not work."""
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stop)
        codes = await asyncio.gather(*(self._look_after(number) for number in range(1, self._count + 1)))
        return self._cause or next((code for code in codes if code), 0)

    async def _look_after(self, number: int) -> int:
        while not self._stopping.is_set():
            began = time.monotonic()
            # A group of its own: Ctrl-C reaches us, and each process hears of it once.
            process = await asyncio.create_subprocess_exec(*self._command(number), start_new_session=True)
            code = await self._until_it_ends(process)
            if self._stopping.is_set():
                return 0 if code >= 0 else 1
            if time.monotonic() - began < self._at_once:
                # The others end because of this one: one that was told to before it could listen is not the cause.
                self._cause = self._cause or (code if code > 0 else 1)
                self.stop()
                return self._cause
            log.error("process_ended", count=number, status=code)
            await self._pause()
        return 0

    async def _until_it_ends(self, process: Process) -> int:
        ended, stopping = asyncio.ensure_future(process.wait()), asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            process.terminate()
            if not (await asyncio.wait({ended}, timeout=self._seconds))[0]:
                process.kill()  # what it was at is taken up by another process
        return await ended

    async def _pause(self) -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({stopping}, timeout=self._again)
        stopping.cancel()

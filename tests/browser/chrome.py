"""A real Chromium for tests, spoken to over its own pipe (Chrome DevTools Protocol): nothing to install beside it.

    async with running_chrome({"desk.dhb.example": port}) as chrome:
        async with chrome.page(language="nl", width=320) as page:
            await page.open("https://desk.dhb.example/reveal/…")
            await page.press("Tab")
            async with page.moves():
                await page.press("Enter")

Skips, and says why, where there is no Chromium and none can be installed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.browser.page import Page
from tests.servers import apt

CHROMIUM = Path("/usr/bin/chromium")
PACKAGES = ("chromium", "fonts-liberation")
LONGEST_ANSWER = 4 * 2**20
START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
SWITCHES = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--ignore-certificate-errors",
    # What a page that may not be kept could come back from: as in the browsers that people have.
    "--enable-features=CacheControlNoStoreEnterBackForwardCache",
)  # fmt: skip


def install() -> None:
    """Put it there when it is missing. Raises `unittest.SkipTest` with the reason where that cannot be."""
    apt.install(PACKAGES, CHROMIUM.exists, "chromium")


class Chrome:
    """One process. `say` sends a command; what happens in a tab goes to its `Page`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._reading = asyncio.create_task(self._read())

    async def say(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """One command and its result. Raises RuntimeError with what Chromium says against it."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        said = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        self._writer.write(json.dumps(said).encode() + b"\0")
        await self._writer.drain()
        answer = await asyncio.wait_for(self._waiting[number], ANSWER_SECONDS)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    @asynccontextmanager
    async def page(
        self, language: str = "en", width: int = 1024, height: int = 900, **more: Any
    ) -> AsyncIterator[Page]:
        """A tab of somebody else: no cookie and no memory is shared. `more`: see `Page.begin`."""
        context = (await self.say("Target.createBrowserContext"))["browserContextId"]
        target = await self.say("Target.createTarget", url="about:blank", browserContextId=context)
        session = (await self.say("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        page = self._pages[session] = Page(self.say, session)
        try:
            await page.begin(language, width, height, **more)
            yield page
        finally:
            await self.say("Target.disposeBrowserContext", browserContextId=context)
            del self._pages[session]

    async def close(self) -> None:
        """Stop listening."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()

    async def _read(self) -> None:
        while True:
            message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if "id" in message:
                waiting = self._waiting.pop(message["id"])
                if not waiting.done():
                    waiting.set_result(message)
            elif (page := self._pages.get(message.get("sessionId", ""))) is not None:
                page.heard(message["method"], message["params"])


@asynccontextmanager
async def running_chrome(hosts: Mapping[str, int]) -> AsyncIterator[Chrome]:
    """A browser for which each of these hosts is a port on this machine, and every other name is nowhere."""
    install()
    rules = [f"MAP {host}:443 127.0.0.1:{port}" for host, port in hosts.items()]
    rules += ["MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"]
    folder = tempfile.mkdtemp(prefix="loket-chromium-")
    command = [str(CHROMIUM), *SWITCHES, f"--user-data-dir={folder}", f"--host-resolver-rules={','.join(rules)}"]
    to_chrome, from_chrome = os.pipe(), os.pipe()
    process = await asyncio.create_subprocess_exec(
        "/bin/bash", "-c", f'exec "$@" 3<&{to_chrome[0]} 4>&{from_chrome[1]}', "sh", *command,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        pass_fds=(to_chrome[0], from_chrome[1]), start_new_session=True,
    )  # fmt: skip
    os.close(to_chrome[0])
    os.close(from_chrome[1])
    chrome = Chrome(*await _ends(from_chrome[0], to_chrome[1]))
    try:
        async with asyncio.timeout(START_SECONDS):
            await chrome.say("Browser.getVersion")
        yield chrome
    finally:
        await chrome.close()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # a group of its own: the browser and all that it started
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _ends(read: int, write: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_ANSWER * 8)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", 0))
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(write, "wb", 0)
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

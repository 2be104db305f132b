"""One tab: opened, typed into, looked at. Everything a person does goes through the keyboard."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

MOVE_SECONDS = 30.0
KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "Escape": 27}
_TEXT = {"Enter": "\r", "Space": " "}
SHIFT = 8


class Page:
    """`complaints`: what the browser wrote to its console, policy violations among it. `loads`: what it loaded."""

    def __init__(self, say: Callable[..., Awaitable[dict[str, Any]]], session: str) -> None:
        self._say = say
        self._session = session
        self._loaded = asyncio.Event()
        self.has_scripts = True
        self.complaints: list[str] = []
        self.loads: list[str] = []
        self.redirects: Callable[[str], str] | None = None
        """Where the browser is sent instead, for addresses that begin with what `send_on` was told."""

    async def begin(
        self,
        language: str,
        width: int,
        height: int,
        *,
        script: bool = True,
        dark: bool = False,
        zoom: int = 1,
    ) -> None:
        """As a person has it: language, window, scripts on or off, dark, and how far it is zoomed in."""
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            await self.do(f"{domain}.enable")
        await self.do("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.has_scripts = script
        await self.scripts(on=script)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.do("Emulation.setEmulatedMedia", media="screen", features=scheme)
        await self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width // zoom, height=height // zoom, deviceScaleFactor=zoom, mobile=False,
        )  # fmt: skip

    async def scripts(self, *, on: bool) -> None:
        """Let the pages run theirs, or not."""
        await self.do("Emulation.setScriptExecutionDisabled", value=not on)

    def heard(self, method: str, parameters: dict[str, Any]) -> None:
        """What the browser tells by itself."""
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Log.entryAdded":
                entry = parameters["entry"]
                self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}".strip())
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled":
                self.complaints.append(str(parameters)[:300])
            case "Network.requestWillBeSent":
                self.loads.append(parameters["request"]["url"])
            case "Fetch.requestPaused":
                self._answering = asyncio.ensure_future(self._send_on(parameters))

    async def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol."""
        return await self._say(method, self._session, **parameters)

    async def open(self, address: str) -> None:
        """Type an address."""
        async with self.moves():
            went = await self.do("Page.navigate", url=address)
            assert "errorText" not in went, went["errorText"]

    async def reload(self) -> None:
        """Press F5, and "yes" when asked whether to send again."""
        async with self.moves():
            await self.do("Page.reload")

    async def go_back(self) -> None:
        """Press the back button."""
        history = await self.do("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] - 1]
        async with self.moves():
            await self.do("Page.navigateToHistoryEntry", entryId=entry["id"])

    @asynccontextmanager
    async def moves(self) -> AsyncIterator[None]:
        """Something in here leads to another page; at the end that is there."""
        self._loaded.clear()
        yield
        await asyncio.wait_for(self._loaded.wait(), MOVE_SECONDS)

    async def press(self, key: str, *, shift: bool = False) -> None:
        """A key of `KEYS`, or a letter."""
        text = _TEXT.get(key, key if len(key) == 1 else "")
        code = KEYS.get(key, ord(key[0].upper()))
        about = {
            "key": " " if key == "Space" else key,
            "windowsVirtualKeyCode": code,
            "modifiers": SHIFT if shift else 0,
        }
        await self.do("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **about)
        await self.do("Input.dispatchKeyEvent", type="keyUp", **about)

    async def type(self, text: str) -> None:
        """Letter by letter into what has the focus."""
        for letter in text:
            await self.press(letter)

    async def tab_to(self, name: str) -> None:
        """Go there with the Tab key. Raises AssertionError when it is not on the way."""
        passed = []
        for _ in range(12):
            await self.press("Tab")
            passed.append(await self.focused())
            if passed[-1] == name:
                return
        raise AssertionError(f"{name!r} cannot be reached by Tab, only {passed}")

    async def focused(self) -> str:
        """The accessible name of what has the focus; empty for none."""
        found = await self.do("Runtime.evaluate", expression="document.activeElement")
        object_id = found["result"].get("objectId")
        if object_id is None:
            return ""
        nodes = await self.do("Accessibility.getPartialAXTree", objectId=object_id, fetchRelatives=False)
        return str(nodes["nodes"][0].get("name", {}).get("value", ""))

    async def look(self, expression: str) -> Any:
        """The value of an expression. The page's own scripts may be off and its policy strict; this is from outside."""
        found = await self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"].get("exception", {}).get("description"))[:500])
        return found["result"].get("value")

    async def text(self) -> str:
        """What a person reads."""
        return str(await self.look("document.body.innerText"))

    async def picture(self) -> bytes:
        """The whole page, as PNG."""
        shot = await self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def printed(self) -> bytes:
        """What comes out of the printer, as PDF."""
        return base64.b64decode((await self.do("Page.printToPDF"))["data"])

    async def on_paper(self) -> None:
        """From here on it is laid out as for the printer."""
        await self.do("Emulation.setEmulatedMedia", media="print")

    async def send_on(self, begins: str, where: Callable[[str], str]) -> None:
        """Play another site: whoever is sent to an address that begins so is sent on to `where` of it."""
        self.redirects = where
        await self.do("Fetch.enable", patterns=[{"urlPattern": f"{begins}*"}])

    async def _send_on(self, parameters: dict[str, Any]) -> None:
        assert self.redirects is not None
        headers = [{"name": "Location", "value": self.redirects(parameters["request"]["url"])}]
        await self.do(
            "Fetch.fulfillRequest", requestId=parameters["requestId"], responseCode=302, responseHeaders=headers
        )

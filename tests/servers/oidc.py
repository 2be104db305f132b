"""A real identity provider on loopback: npm's `oidc-provider`, installed once into a cache, and who sits before it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.servers.chroma import free_port
from tests.servers.npm import installed

HERE = Path(__file__).with_name("oidc_provider")
START_SECONDS = 20
INSTALL_SECONDS = 180


@dataclass(frozen=True, slots=True)
class RealProvider:
    """Where it is, and what people there do."""

    issuer: str

    async def signs_in(
        self, address: str, who: str, acr: str = "urn:dhb:passkey", amr: tuple[str, ...] = ("hwk",)
    ) -> str:
        """Somebody signs in at an address of it; the address elsewhere that their browser is sent back to."""
        async with httpx.AsyncClient(timeout=10) as browser:
            return await walk(browser, address, {"who": who, "acr": acr, "amr": list(amr)}, self.issuer)

    async def types(self, address: str, code: str, who: str, acr: str = "urn:dhb:passkey") -> str:
        """Somebody types the code of a device and signs in; the text of the page they end at."""
        async with httpx.AsyncClient(timeout=10) as browser:
            asked = await browser.get(address)
            told = await browser.post(address, data={"xsrf": _xsrf(asked.text), "user_code": code})
            sent = await browser.post(address, data={"xsrf": _xsrf(told.text), "user_code": code, "confirm": "yes"})
            form = {"who": who, "acr": acr, "amr": ["hwk"]}
            for _ in range(15):
                if sent.status_code not in (302, 303):
                    return sent.text
                where = urljoin(address, sent.headers["location"])
                sent = await browser.get(where)
                if "data-prompt" in sent.text:
                    sent = await browser.post(where, data=form)
        raise AssertionError("the provider sends the browser round and round")


def _xsrf(page: str) -> str:
    found = re.search(r'name="xsrf" value="([^"]+)"', page)
    return found.group(1) if found else ""


async def walk(browser: httpx.AsyncClient, address: str, form: Mapping[str, Any], issuer: str) -> str:
    """Follow redirects and fill in forms until the browser is sent to another host; that address.

    Raises AssertionError where it stays.
    """
    for _ in range(15):
        answer = await browser.get(address)
        if answer.status_code == 200 and "data-prompt" in answer.text:
            answer = await browser.post(address, data=dict(form))
        if answer.status_code not in (302, 303):
            break
        address = urljoin(address, answer.headers["location"])
        if urlsplit(address).netloc != urlsplit(issuer).netloc:
            return address
    raise AssertionError(f"the provider stays at {urlsplit(address).path}: {answer.status_code} {answer.text[:300]}")


@contextmanager
def real_provider(client: Mapping[str, Any], people: Mapping[str, str]) -> Iterator[RealProvider]:
    """One that knows this client (as in OpenID Connect Dynamic Registration) and these people (name to employee).

    Skips where there is no Node, or where npm cannot install it.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise unittest.SkipTest("no Node.js with npm: the real identity provider is not tested")
    modules = installed("oidc-provider", "oidc-provider", HERE, INSTALL_SECONDS, "provider.mjs")
    port = free_port()
    told = json.dumps({"port": port, "client": dict(client), "people": dict(people)})
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["node", "--no-deprecation", modules / "provider.mjs", told],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=modules,
        )
        try:
            _wait(process, port, log)
            yield RealProvider(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int, log: Any) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration", timeout=2).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    log.seek(0)
    raise AssertionError(f"the identity provider did not start: {log.read()[-500:]!r}")

"""Slack's files: their bytes, with the token of their workspace, from Slack's own hosts and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from yarl import URL

from core.attachments import UNWANTED_SIZE, Attachment, FileRefused
from core.errors import ConnectorError
from slack_app.clients import Clients
from slack_app.settings import SlackSettings

SYSTEM = "slack"
PLACE = "place"
DOWNLOAD_SECONDS = 60.0
_CHUNK = 64 * 1024
_ADDRESS = re.compile(r"(?P<base>https?://[a-z0-9.-]+(?::[0-9]{1,5})?)(?P<path>/files-pri/[^\x00-\x1f\x7f#\\]+)")
"""Nothing that two readers of an address could read differently: no user, no backslash, no fragment, no line end."""
_PLAIN = "!$%&'()*+,-./:;=?@_~"
_IDS = re.compile(r"slack:(?P<tenant>[TE][A-Za-z0-9-]{1,40}):(?P<file>[A-Za-z0-9-]{2,40})")
_FILE_HOSTS = {"slack.com": "files.slack.com", "slack-gov.com": "files.slack-gov.com"}


class SlackFiles:
    """Implements `core.attachments.Files`. A bot token goes to the file hosts of our own Slack only."""

    def __init__(self, clients: Clients, settings: SlackSettings) -> None:
        self._clients = clients
        self._timeout = aiohttp.ClientTimeout(total=DOWNLOAD_SECONDS, sock_read=settings.timeout_seconds)
        self._bases = _bases(settings.api_url)

    async def read(self, attachment: Attachment, limit: int) -> bytes:
        """See `Files.read`. A page instead of the file, which Slack gives whoever may not read it, is an error."""
        ids = _IDS.fullmatch(attachment.attachment_id)
        address = self._address(attachment.locator)
        if ids is None or address is None:
            raise FileRefused(PLACE)
        client = await self._clients.of(ids["tenant"])
        if client.session is None or client.session.closed:
            raise ConnectorError(
                SYSTEM, "the connections to Slack are closed"
            )  # none of our own beside the guarded one
        headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": "identity"}
        try:
            return await self._download(client.session, address, headers, limit)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # From None: what aiohttp says may quote the address and the headers.
            raise ConnectorError(SYSTEM, f"a file could not be read ({type(error).__name__})") from None

    def _address(self, locator: str) -> URL | None:
        """The address as it is asked, or None for one that is not on a file host of our Slack."""
        match = _ADDRESS.fullmatch(locator)
        if match is None or match["base"] not in self._bases:
            return None
        path = quote(match["path"], safe=_PLAIN, errors="replace")
        return None if "/../" in unquote(path) else URL(f"{match['base']}{path}", encoded=True)

    async def _download(
        self, session: aiohttp.ClientSession, address: URL, headers: dict[str, str], limit: int
    ) -> bytes:
        async with session.get(address, headers=headers, allow_redirects=False, timeout=self._timeout) as response:
            if response.status != 200:
                raise ConnectorError(SYSTEM, f"a file could not be read ({response.status})")
            if response.content_type == "text/html":
                raise ConnectorError(SYSTEM, "a sign-in page came instead of a file: has the app the scope files:read?")
            if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
                raise ConnectorError(SYSTEM, "a file came compressed although it was not asked to be")
            if response.content_length is not None and response.content_length > limit:
                raise FileRefused(UNWANTED_SIZE)
            return await _within(response, limit)


async def _within(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body; whatever its length was said to be, no more than `limit` bytes are ever held."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise FileRefused(UNWANTED_SIZE)
    return bytes(body)


def _bases(api_url: str) -> frozenset[str]:
    """Scheme and host of every address that may be asked: this Slack's file host, and the host of its interface."""
    parts = urlsplit(api_url)
    own = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
    files = _FILE_HOSTS.get(parts.hostname or "")
    return frozenset({own, *([f"https://{files}"] if files else [])})

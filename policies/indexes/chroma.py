"""Chroma, embedded or as a server, and what can go wrong with it in words of ours. The only file that imports Chroma.

Loaded when the first vector is asked for: importing it takes half a second.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import chromadb
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration
from chromadb.api.fastapi import FastAPI
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings, System
from chromadb.errors import ChromaAuthError, ChromaError, NotFoundError

from core.errors import ConnectorError, LoketError
from policies.indexes.unavailable import IndexUnavailableError
from policies.settings import PolicySettings

_HOW: CreateCollectionConfiguration = {"hnsw": {"space": "ip"}}
_SHOWN = 120  # characters of a foreign error: enough to act on, too few for a page of HTML
_PAGE = 500  # collections a call
_WRITING_SECONDS = 60.0  # a batch is made an index of before the server answers


class Store(Protocol):
    """Collections by name. `find` gives None for one that is not there."""

    def find(self, name: str) -> Collection | None:
        """The collection of this name."""

    def create(self, name: str) -> None:
        """Make a collection; one that is there already stays."""

    def names(self) -> list[str]:
        """The names of all collections."""

    def drop(self, name: str) -> None:
        """Remove a collection; one that is gone already does not matter."""

    def close(self) -> None:
        """Give back files or connections."""


class EmbeddedStore:
    """Chroma in this process, on a folder that no other process may write to at the same time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(anonymized_telemetry=False)
        self._client = cast("Client", chromadb.PersistentClient(path=str(folder), settings=settings))

    def find(self, name: str) -> Collection | None:
        """See `Store`."""
        try:
            return self._client.get_collection(name, embedding_function=None)
        except NotFoundError:
            return None

    def create(self, name: str) -> None:
        """See `Store`."""
        self._client.get_or_create_collection(name, embedding_function=None, configuration=_HOW)

    def names(self) -> list[str]:
        """See `Store`."""
        return [collection.name for collection in self._client.list_collections()]

    def drop(self, name: str) -> None:
        """See `Store`."""
        with _gone_is_fine():
            self._client.delete_collection(name)

    def close(self) -> None:
        """See `Store`."""
        self._client.close()


class ServerStore:
    """`chroma run` over HTTP. Opens nothing before the first call; every wait for the server has an end."""

    def __init__(self, settings: PolicySettings) -> None:
        self._api = _TimedApi(settings)

    def find(self, name: str) -> Collection | None:
        """See `Store`."""
        try:
            model = self._api.get_collection(name)
        except NotFoundError:
            return None
        return Collection(client=self._api, model=model, embedding_function=None)

    def create(self, name: str) -> None:
        """See `Store`."""
        self._api.create_collection(name, configuration=_HOW, get_or_create=True)

    def names(self) -> list[str]:
        """See `Store`."""
        found: list[str] = []
        while page := self._api.list_collections(limit=_PAGE, offset=len(found)):
            found += [model.name for model in page]
        return found

    def drop(self, name: str) -> None:
        """See `Store`."""
        with _gone_is_fine():
            self._api.delete_collection(name)

    def close(self) -> None:
        """See `Store`."""
        self._api.stop()
        self._api.hang_up()

    def heartbeat(self) -> None:
        """Ask for a sign of life that only somebody with the right token gets."""
        self._api.count_collections()


class _TimedApi(FastAPI):
    """Chroma's client as it speaks to a server, with time limits: its own waits for ever.

    Used without Chroma's `HttpClient`, which asks the server four things before its time limit could be set.
    """

    def __init__(self, settings: PolicySettings) -> None:
        address = urlsplit(settings.chroma_url)
        self._port = address.port or (443 if address.scheme == "https" else 80)
        secure = address.scheme == "https"
        super().__init__(
            System(
                Settings(
                    anonymized_telemetry=False,
                    chroma_api_impl="chromadb.api.fastapi.FastAPI",
                    chroma_server_host=address.hostname or "",
                    chroma_server_http_port=self._port,
                    chroma_server_ssl_enabled=secure,
                )
            )
        )
        headers = dict(self._session.headers)
        if token := settings.chroma_token.get_secret_value():
            headers["Authorization"] = f"Bearer {token}"
        self._session.close()
        # `type(...)`, not an import: only connectors speak HTTP by themselves. No proxy of the environment: it would
        # see the token and every passage's vector.
        short, long = settings.chroma_seconds, max(_WRITING_SECONDS, settings.chroma_seconds)

        def patient(request: Any) -> None:
            if request.method != "GET" and not request.url.path.endswith("/query"):
                request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), long)

        self._session = type(self._session)(
            timeout=short,
            event_hooks={"request": [patient]},
            headers=headers,
            verify=ssl.create_default_context(cafile=settings.chroma_ca_file or None) if secure else True,
            trust_env=False,
        )

    def hang_up(self) -> None:
        """Close the connections, also those that another thread waits on."""
        self._session.close()


def open_store(folder: Path, settings: PolicySettings) -> Store:
    """The server of the settings, or the folder when they name none."""
    return ServerStore(settings) if settings.chroma_url else EmbeddedStore(folder)


def check_server(settings: PolicySettings) -> None:
    """Raises ConnectorError unless the server of the settings answers to their token."""
    store = ServerStore(settings)
    try:
        with in_our_words():
            store.heartbeat()
    finally:
        store.close()


@contextmanager
def in_our_words() -> Iterator[None]:
    """Errors of Chroma as ours: IndexUnavailableError for what a rebuild may have taken away, else ConnectorError."""
    try:
        yield
    except LoketError:
        raise
    except ChromaAuthError as error:
        raise ConnectorError("chroma", "the server refuses the token: check LOKET_POLICIES_CHROMA_TOKEN") from error
    except ChromaError as error:
        raise IndexUnavailableError(_shown(error)) from error
    except Exception as error:  # its client raises a bare one for what a server answers, and any for garbage
        raise ConnectorError("chroma", _shown(error)) from error


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        return


def _shown(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:_SHOWN] if lines else 'no detail'}"

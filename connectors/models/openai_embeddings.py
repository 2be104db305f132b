"""Vectors from any server that speaks OpenAI's embeddings endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectors.http import blocking_client
from connectors.models.openai_client import headers, open_blocking
from connectors.models.trouble import Trouble, read_trouble, vendor_errors
from connectors.models.wire import clean
from connectors.settings import EmbeddingSettings, OutsideSettings
from core.errors import ConfigError, ConnectorError

SYSTEM = "embeddings"
BATCH = 64
LONGEST = 8_000  # characters; about 2,000 tokens, which every embedding server takes
TRIES = 3


class OpenAIEmbedder:
    """Implements `Embedder`. Raises `ConnectorError` with a fixed sentence; `ConfigError` for a wrong dimension.

    Blocking: call it in a thread. A batch is repeated, since it changes nothing.
    """

    def __init__(
        self,
        settings: EmbeddingSettings,
        outside: OutsideSettings | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._http = blocking_client(outside or OutsideSettings(), settings.timeout_seconds)
        self._client = open_blocking(settings.base_url, settings.key, self._http)
        self._vendor_errors = vendor_errors()
        self._dimension = settings.dimension

    @property
    def name(self) -> str:
        """Server and model: vectors of one are useless with another."""
        return f"{self._settings.base_url}#{self._settings.model}"

    @property
    def dimension(self) -> int:
        """As set, or as the server shows with a first text (asked once)."""
        if not self._dimension:
            self.embed(["dimension"])
        return self._dimension

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit-length row a text, in batches of 64; a text counts up to 8,000 characters."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        # A server refuses a batch for one empty text in it.
        readable = [clean(text[:LONGEST]) or " " for text in texts]
        batches = [self._batch(readable[start : start + BATCH]) for start in range(0, len(readable), BATCH)]
        return np.concatenate(batches)

    def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        trouble = Trouble("")
        for attempt in range(TRIES):
            result = self._once(texts)
            if not isinstance(result, Trouble):
                return result
            trouble = result
            if not trouble.again or attempt + 1 == TRIES or trouble.seconds(attempt) > self._settings.timeout_seconds:
                break
            self._sleep(trouble.seconds(attempt))
        raise ConnectorError(SYSTEM, trouble.sentence)

    def _once(self, texts: list[str]) -> NDArray[np.float32] | Trouble:
        try:
            response = self._client.embeddings.with_raw_response.create(
                model=self._settings.model,
                input=texts,
                encoding_format="float",
                extra_headers=headers(self._settings.key),
            )
            answer = json.loads(response.text)
        except self._vendor_errors as error:
            return read_trouble(error)
        return self._rows(answer, len(texts))

    def _rows(self, answer: object, expected: int) -> NDArray[np.float32] | Trouble:
        rows = _vectors(answer)
        if rows is None or rows.shape[0] != expected:
            return Trouble("the model server gave vectors that cannot be read")
        if self._dimension and rows.shape[1] != self._dimension:
            raise ConfigError(f"the embedding model gives vectors of {rows.shape[1]} numbers, not {self._dimension}")
        self._dimension = int(rows.shape[1])
        unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
        return unit


def _vectors(answer: object) -> NDArray[np.float32] | None:
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(data, list) or not all(isinstance(item, Mapping) for item in data):
        return None
    try:
        ordered: list[Any] = [item["embedding"] for item in sorted(data, key=lambda item: int(item["index"]))]
        rows = np.asarray(ordered, dtype=np.float32)
    except (KeyError, TypeError, ValueError):
        return None
    return rows if rows.ndim == 2 and rows.shape[1] > 0 and bool(np.isfinite(rows).all()) else None

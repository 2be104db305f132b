"""The two embedders: the built-in encoder, and any OpenAI-compatible server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import respx
from pydantic import SecretStr

from connectors.models.openai_embeddings import OpenAIEmbedder
from connectors.models.sentence_encoder import SentenceEncoder
from connectors.settings import EmbeddingSettings
from core.errors import ConfigError, ConnectorError
from core.ports import Embedder

URL = "https://llm.dhb.example/v1/embeddings"
KEY = "sk-canary-51aa"


@pytest.fixture(scope="module")
def encoder() -> Embedder:
    return SentenceEncoder()


def test_one_unit_length_row_a_text_in_the_order_asked(encoder: Embedder) -> None:
    texts = ["a long sentence about leave and everything around it", "wifi", "", "half a pair \ud800", "wifi"]
    rows = encoder.embed(texts)
    assert rows.shape == (5, encoder.dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    assert np.allclose(rows[1], rows[4], atol=1e-4)
    assert rows[0] @ rows[1] < 0.9
    assert encoder.embed([]).shape == (0, encoder.dimension)


def test_dutch_finds_english(encoder: Embedder) -> None:
    dutch, english, other = encoder.embed(
        ["Hoeveel vakantiedagen heb ik?", "How many holidays do I have?", "The printer is on fire."]
    )
    assert dutch @ english > dutch @ other + 0.2


def test_a_huge_text_does_not_take_huge_time_and_threads_may_share(encoder: Embedder) -> None:
    assert encoder.embed(["word " * 1_000_000]).shape == (1, 512)
    alone = encoder.embed(["thuiswerken"])
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(lambda _: encoder.embed(["thuiswerken"]), range(12)):
            assert np.allclose(rows, alone, atol=1e-4)


def test_the_name_says_which_version(encoder: Embedder) -> None:
    assert encoder.name.startswith("use-multilingual-v3/0.")


@pytest.fixture
def remote() -> Iterator[OpenAIEmbedder]:
    settings = EmbeddingSettings(base_url="https://llm.dhb.example/v1", model="embed-1", key=SecretStr(KEY))
    opened = OpenAIEmbedder(settings, sleep=lambda _: None)
    yield opened
    opened.close()


def vectors(request: httpx.Request) -> httpx.Response:
    texts = json.loads(request.content)["input"]
    data = [{"index": index, "embedding": [float(len(text)), 3.0, 0.0]} for index, text in enumerate(texts)]
    return httpx.Response(200, json={"data": data[::-1]})


@respx.mock
def test_a_server_is_asked_in_batches_and_answers_in_any_order(remote: OpenAIEmbedder) -> None:
    route = respx.post(URL).mock(side_effect=vectors)
    rows = remote.embed(["x" * (index % 7) for index in range(150)])
    assert route.call_count == 3
    assert rows.shape == (150, 3)
    assert remote.dimension == 3
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.allclose(rows[4], np.array([4, 3, 0]) / 5)
    assert all(text for call in route.calls for text in json.loads(call.request.content)["input"])


@respx.mock
def test_the_dimension_is_asked_once_and_a_wrong_one_is_a_setting_to_change() -> None:
    route = respx.post(URL).mock(side_effect=vectors)
    settings = EmbeddingSettings(base_url="https://llm.dhb.example/v1", model="embed-1")
    unset = OpenAIEmbedder(settings)
    assert (unset.dimension, unset.dimension, route.call_count) == (3, 3, 1)
    wrong = OpenAIEmbedder(settings.model_copy(update={"dimension": 512}))
    with pytest.raises(ConfigError, match="3 numbers, not 512"):
        wrong.embed(["x"])
    unset.close()
    wrong.close()


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, content=b"not json"),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [{"index": 0, "embedding": "AAAA"}]}),
        httpx.Response(200, json={"data": [{"index": 0, "embedding": []}]}),
        httpx.Response(200, content=b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}'),
        httpx.Response(401, json={"error": {"message": f"wrong key {KEY}"}}),
        httpx.Response(503, text=KEY),
        httpx.Response(302, headers={"location": "https://evil.example"}),
    ],
)
@respx.mock
def test_a_server_that_answers_garbage_is_a_connector_error(remote: OpenAIEmbedder, response: httpx.Response) -> None:
    respx.post(URL).mock(return_value=response)
    with pytest.raises(ConnectorError) as failure:
        remote.embed(["x"])
    assert KEY not in str(failure.value)
    assert failure.value.__context__ is None


@respx.mock
def test_a_short_trouble_is_overcome(remote: OpenAIEmbedder) -> None:
    answers = iter([httpx.Response(503), httpx.ConnectError("x")])

    def trouble(request: httpx.Request) -> httpx.Response:
        first = next(answers, None)
        if isinstance(first, Exception):
            raise first
        return first or vectors(request)

    respx.post(URL).mock(side_effect=trouble)
    assert remote.embed(["x"]).shape == (1, 3)

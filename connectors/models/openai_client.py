"""The vendor's SDK, opened our way: our HTTP client, our retries, our key, and nothing from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI


def open_async(base_url: str, key: SecretStr | None, client: httpx.AsyncClient) -> AsyncOpenAI:
    """A client for code in the event loop, on `client`."""
    from openai import AsyncOpenAI

    return AsyncOpenAI(**_arguments(base_url, key), http_client=client)  # type: ignore[arg-type]  # takes httpx too


def open_blocking(base_url: str, key: SecretStr | None, client: httpx.Client) -> OpenAI:
    """A client for code in a thread, on `client`."""
    from openai import OpenAI

    return OpenAI(**_arguments(base_url, key), http_client=client)  # type: ignore[arg-type]  # takes httpx too


def headers(key: SecretStr | None) -> dict[str, Any]:
    """Goes with every request: leaves out what the SDK takes from the environment, and the key where there is none."""
    from openai import Omit

    left_out: dict[str, Any] = {"OpenAI-Organization": Omit(), "OpenAI-Project": Omit()}
    if key is None:
        left_out["Authorization"] = Omit()
    return left_out


def _arguments(base_url: str, key: SecretStr | None) -> dict[str, Any]:
    return {
        "base_url": base_url,
        # Given even when there is none, so that the SDK does not look for one in the environment.
        "api_key": key.get_secret_value() if key else "none",
        "max_retries": 0,  # the SDK would also repeat after a timeout, and wait up to two minutes
    }

"""What Graph said no to, in words that hold nothing of the question."""

from __future__ import annotations

import re

import httpx

from connectors.graph.throttling import SYSTEM
from core.errors import ConnectorError

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,59}")

_SENTENCES = {
    400: "Graph did not accept the request",
    401: "Graph did not accept the token, not even a fresh one",
    403: "the application may not do this in Entra ID: `loket doctor` says what is missing",
    404: "there is no such object in Entra ID",
    409: "Entra ID says that this contradicts something that is already there",
    429: "Graph asks us to wait longer than there is time",
}


class GraphRefusal(ConnectorError):
    """Graph answered no: surely nothing happened. `status` is HTTP's, `code` Graph's word for it or empty."""

    def __init__(self, status: int, code: str = "") -> None:
        sentence = _SENTENCES.get(status, f"Graph refused with status {status}")
        super().__init__(SYSTEM, f"{sentence} ({code})" if code else sentence)
        self.status = status
        self.code = code


def refusal(response: httpx.Response) -> GraphRefusal:
    """The refusal in an answer. Graph's `message` is left out: it may quote what was asked or sent."""
    return GraphRefusal(response.status_code, _code(response))


def _code(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""

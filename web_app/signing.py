"""Signatures of the door: who sent a request, and that nobody changed it on the way.

Signed is `v1:{timestamp}:{method}:{path and query}:{body}` with HMAC-SHA256. Path and query hold no `:` (write `%3A`):
otherwise the end of the path could be moved into the body under the same signature.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from web_app.keys import Keys

SOURCE = b"x-loket-source"
TIMESTAMP = b"x-loket-timestamp"
SIGNATURE = b"x-loket-signature"

_TIMESTAMP = re.compile(rb"[1-9][0-9]{0,11}")
_SIGNATURE = re.compile(rb"v1=[0-9a-f]{64}")
_NOBODY = (b"the secret of a source that does not exist, so that its check takes as long",)


class Unsigned(Exception):
    """The caller acts: the request is not signed as it must be. It is never said what was wrong with it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who a request says it is from, and when it says it was signed (seconds since 1970). Nothing is proved yet."""

    source: str
    timestamp: int
    signature: bytes

    def check(self, keys: Keys, method: str, target: bytes, body: bytes) -> None:
        """Raises `Unsigned` unless the source signed exactly this. `target` is path and query, as they were sent."""
        signed = _signed(self.timestamp, method, target, body)
        secrets = keys.of(self.source)
        # Every secret is compared, also after one fitted: the time taken tells nothing.
        fits = [hmac.compare_digest(self.signature, _mac(secret, signed)) for secret in secrets or _NOBODY]
        if not secrets or not any(fits) or b":" in target:
            raise Unsigned


def claimed(headers: Iterable[tuple[bytes, bytes]], now: float, skew_seconds: int) -> Claimed:
    """What the headers claim. Raises `Unsigned` when one is missing, malformed, there twice, or too old or too new."""
    source = _only(headers, SOURCE)
    timestamp = _only(headers, TIMESTAMP)
    signature = _only(headers, SIGNATURE)
    if not (Keys.is_source(source) and _TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
        raise Unsigned
    if abs(now - int(timestamp)) > skew_seconds:
        raise Unsigned
    return Claimed(source.decode("ascii"), int(timestamp), signature)


def sign(
    source: str, secret: str, method: str, target: str, body: bytes = b"", *, now: float | None = None
) -> Mapping[str, str]:
    """The headers of a request to the door, for whoever calls it. `target` is path and query, such as
    `/v1/replies?after=7`; `now` is in seconds since 1970. Raises ValueError for a target that cannot be signed.
    """
    if ":" in target or not target.startswith("/") or not target.isascii():
        raise ValueError("a target starts with `/`, is percent-encoded and holds no `:` (write `%3A`)")
    timestamp = int(time.time() if now is None else now)
    signature = _mac(secret.encode(), _signed(timestamp, method, target.encode(), body))
    return {"X-Loket-Source": source, "X-Loket-Timestamp": str(timestamp), "X-Loket-Signature": signature.decode()}


def _only(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    # Of two, a proxy in between may have looked at the other one.
    values = [value for given, value in headers if given.lower() == name]
    if len(values) != 1:
        raise Unsigned
    return values[0]


def _signed(timestamp: int, method: str, target: bytes, body: bytes) -> bytes:
    return b":".join((b"v1", str(timestamp).encode(), method.encode("latin-1", "replace"), target, body))


def _mac(secret: bytes, signed: bytes) -> bytes:
    return b"v1=" + hmac.new(secret, signed, hashlib.sha256).hexdigest().encode()

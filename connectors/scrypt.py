"""A secret as it may be kept: a salted scrypt hash that only says whether a guess is right."""

from __future__ import annotations

import hashlib
import hmac
import secrets

COST = 2**14  # 16 MiB and about 45 ms a guess on one core: OWASP's floor for scrypt with r=8 is 2**14 with p=5
BLOCK = 8
PARALLEL = 1  # the embedded world guards invented accounts; a test that signs in should not wait a quarter second


def hashed(secret: str) -> str:
    """`salt$hash`, both hexadecimal, with a fresh salt of 16 bytes."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_digest(secret, salt).hex()}"


def matches(secret: str, kept: str) -> bool:
    """Whether `kept` was made from `secret`; compared in constant time. An empty `kept` matches nothing."""
    salt, separator, digest = kept.partition("$")
    if not separator:
        return False
    return hmac.compare_digest(_digest(secret, bytes.fromhex(salt)), bytes.fromhex(digest))


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL)

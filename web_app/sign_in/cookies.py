"""Cookies that only this host sets and only this host gets: `__Host-`, Secure, HttpOnly, SameSite=Lax, path `/`."""

from __future__ import annotations

import hashlib
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def new_secret() -> str:
    """256 random bits as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is kept of a secret: its SHA-256 in hexadecimal. 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(value: str) -> bool:
    """Whether it could be one of ours, by its form."""
    return _SECRET.fullmatch(value) is not None


def cookie(request: Request, name: str) -> str:
    """The secret in a cookie of ours; empty when there is none, or something else."""
    value = request.cookies.get(f"__Host-{name}", "")
    return value if is_secret(value) else ""


def set_cookie(response: Response, name: str, secret: str, seconds: int) -> None:
    """Give a browser a secret for so long."""
    response.set_cookie(f"__Host-{name}", secret, seconds, path="/", secure=True, httponly=True, samesite="lax")


def drop_cookie(response: Response, name: str) -> None:
    """Have a browser forget it."""
    response.delete_cookie(f"__Host-{name}", path="/", secure=True, httponly=True, samesite="lax")

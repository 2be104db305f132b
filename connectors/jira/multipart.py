"""One file as the body of a request (RFC 7578): the name cannot end its field, the content cannot end its part."""

from __future__ import annotations

import re
import secrets

_CLOSING = re.compile(r'[\x00-\x1f\x7f"\\]')
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def multipart(name: str, media_type: str, content: bytes) -> tuple[str, bytes]:
    """The content type with its boundary, and the body. The boundary is new each time and not in the content."""
    boundary = secrets.token_hex(16)
    while boundary.encode() in content:
        boundary = secrets.token_hex(16)
    safe = _CLOSING.sub("_", name)
    kind = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    lines = (
        f"--{boundary}",
        f'Content-Disposition: form-data; name="file"; filename="{safe}"',
        f"Content-Type: {kind}",
    )
    head = "\r\n".join((*lines, "", ""))
    body = head.encode("utf-8", "replace") + content + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body

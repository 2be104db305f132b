"""Keys: AES-GCM data keys with rotation, and the Ed25519 key that signs the heads of the audit chain."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from core.errors import ConfigError, LoketError
from storage.private_files import create_private, read_private, replace_private

KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # NIST SP 800-38D, 5.2.1.1: 96 bits


class SealBroken(LoketError):
    """The operator acts: a sealed value was changed, moved to another place, or its key is gone."""


class KeyRing:
    """AES-256-GCM data keys by id. New values are sealed with the current one; older ones can still be opened.

    Up to 2**32 values a key keep the risk of a repeated random nonce negligible (NIST SP 800-38D, 8.3): far above
    what a service desk seals, and `rotate()` starts again.
    """

    def __init__(self, path: Path, current: str, keys: Mapping[str, bytes]) -> None:
        self._path = path
        self._current = current
        self._keys = dict(keys)

    @classmethod
    def load_or_create(cls, path: Path) -> KeyRing:
        """The key ring of a file, made with one fresh key and mode 600 on first use.

        Raises ConfigError for a file that others can read, that cannot be read, or that holds a short key.
        """
        if not path.exists():
            key_id = _new_key_id()
            create_private(path, _dump(key_id, {key_id: secrets.token_bytes(KEY_BYTES)}))
        current, keys = _parse(path, read_private(path))
        return cls(path, current, keys)

    def __repr__(self) -> str:
        return f"KeyRing({len(self._keys)} keys, current {self._current!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would write the keys somewhere."""
        raise TypeError("keys are not pickled")

    @property
    def current(self) -> str:
        """The id of the key that seals new values."""
        return self._current

    def seal(self, plaintext: bytes, context: bytes) -> tuple[str, bytes, bytes]:
        """Encrypt; returns key id, nonce (12 bytes) and ciphertext with its tag.

        `context` names the place the value belongs to (table, row, purpose): opened elsewhere it fails.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._current, nonce, AESGCM(self._keys[self._current]).encrypt(nonce, plaintext, context)

    def open(self, key_id: str, nonce: bytes, ciphertext: bytes, context: bytes) -> bytes:
        """Decrypt what `seal` gave for the same context. Raises SealBroken when anything differs."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key(key_id)).decrypt(nonce, ciphertext, context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"a value sealed with key {key_id!r} cannot be opened") from error

    def rotate(self) -> str:
        """Add a fresh key and make it the current one, in the file first. Returns its id. Raises ConfigError."""
        current, keys = _parse(self._path, read_private(self._path))
        current = _new_key_id()
        keys[current] = secrets.token_bytes(KEY_BYTES)
        replace_private(self._path, _dump(current, keys))
        self._current, self._keys = current, keys
        return current

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._keys:  # another process may have rotated since we read the file
            self._current, self._keys = _parse(self._path, read_private(self._path))
        if key_id not in self._keys:
            raise SealBroken(f"there is no key {key_id!r} in {self._path.name}")
        return self._keys[key_id]


class SigningKey:
    """An Ed25519 private key. What it signs can be checked by anybody who holds the public half."""

    def __init__(self, seed: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle would write the key somewhere."""
        raise TypeError("keys are not pickled")

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the SHA-256 of the raw public key."""
        return hashlib.sha256(self._key.public_key().public_bytes_raw()).hexdigest()[:16]

    @property
    def public_pem(self) -> bytes:
        """The public half, to be given to whoever verifies."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """The signature over a message, 64 bytes."""
        return self._key.sign(message)


def load_or_create_signing_key(path: Path) -> SigningKey:
    """The signing key of a PEM file (PKCS 8), made with mode 600 on first use.

    Raises ConfigError for a file that others can read, that cannot be read, or that holds another kind of key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    if not path.exists():
        made = Ed25519PrivateKey.generate()
        create_private(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        key = load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path} holds no private key in PEM form: remove it to have a new one made") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} holds another kind of key than Ed25519")
    return SigningKey(key.private_bytes_raw())


def _new_key_id() -> str:
    return f"k{secrets.token_hex(4)}"


def _dump(current: str, keys: Mapping[str, bytes]) -> bytes:
    encoded = {key_id: base64.b64encode(key).decode("ascii") for key_id, key in keys.items()}
    return json.dumps({"current": current, "keys": encoded}, indent=1).encode("utf-8")


def _parse(path: Path, content: bytes) -> tuple[str, dict[str, bytes]]:
    try:
        values = json.loads(content)
        keys = {str(key_id): base64.b64decode(text, validate=True) for key_id, text in values["keys"].items()}
        current = values["current"]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        # not `from` it: a decoding error carries the text of the file
        raise ConfigError(f"{path} is not a key ring: restore it from its backup") from None
    if current not in keys:
        raise ConfigError(f"{path} names a current key that it does not hold: restore it from its backup")
    short = sorted(key_id for key_id, key in keys.items() if len(key) != KEY_BYTES)
    if short:
        raise ConfigError(f"key {short[0]} in {path} is not {KEY_BYTES} bytes long")
    return current, keys

"""The certificate an application signs in with: one PEM file that holds its key too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Certificate:
    """Key and certificate as PEM, ready for msal; `until` is when Entra ID stops taking it (UTC)."""

    key: SecretStr
    public: str
    since: datetime
    until: datetime

    @classmethod
    def read(cls, path: Path, passphrase: SecretStr | None) -> Certificate:
        """Raises `ConfigError` with one line that says what is wrong with the file."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            load_pem_private_key,
        )

        try:
            text = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"the certificate file {path} cannot be read") from error
        try:
            key = load_pem_private_key(text, passphrase.get_secret_value().encode() if passphrase else None)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{path} has no private key that opens with the passphrase that is set") from error
        try:
            chain = x509.load_pem_x509_certificates(text)
        except ValueError as error:
            raise ConfigError(f"{path} has no certificate beside the key") from error
        mine = [one for one in chain if one.public_key() == key.public_key()]
        if not mine:
            raise ConfigError(f"the certificate in {path} is not that of the key in it")
        return cls(
            SecretStr(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()),
            mine[0].public_bytes(Encoding.PEM).decode(),
            mine[0].not_valid_before_utc,
            mine[0].not_valid_after_utc,
        )

    def trouble(self) -> str:
        """Why it cannot be used now, empty when it can."""
        moment = datetime.now(UTC)
        if moment < self.since:
            return f"it is valid from {self.since:%Y-%m-%d} only; or is the clock of this machine wrong?"
        if moment > self.until:
            return f"it ended on {self.until:%Y-%m-%d}"
        return ""

    def days_left(self) -> int:
        """Whole days until it ends."""
        return (self.until - datetime.now(UTC)).days

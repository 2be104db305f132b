"""Which sources may use the door, and their secrets; read once, never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.errors import ConfigError
from web_app.settings import EventsSettings

LEAST_CHARACTERS = 32
LEAST_DIFFERENT = 8
MOST_SECRETS = 2
_SOURCE = re.compile(rb"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of every source: one, or two while one of them is being replaced."""

    secrets: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    def of(self, source: str) -> tuple[bytes, ...]:
        """The secrets of a source; none for one that may not use the door."""
        return self.secrets.get(source, ())

    @property
    def sources(self) -> tuple[str, ...]:
        """Who may use the door, by name."""
        return tuple(sorted(self.secrets))

    @staticmethod
    def is_source(name: bytes) -> bool:
        """Whether a source may be called so: up to 40 small letters, digits and hyphens."""
        return _SOURCE.fullmatch(name) is not None


def read_keys(settings: EventsSettings) -> Keys:
    """The keys of the settings, and of the file they name. Raises `ConfigError`, which never holds a secret."""
    secrets: dict[str, tuple[bytes, ...]] = {}
    for source, secret in (*_entries(settings.keys.get_secret_value(), "LOKET_EVENTS_KEYS"), *_in_file(settings)):
        _refuse_weak(source, secret)
        if any(secret in known for known in secrets.values()):
            raise ConfigError(f"the secret of the source {source!r} is there twice; every secret is used once")
        secrets[source] = (*secrets.get(source, ()), secret)
        if len(secrets[source]) > MOST_SECRETS:
            raise ConfigError(f"the source {source!r} has more than {MOST_SECRETS} secrets; take the oldest away")
    return Keys(secrets)


def _in_file(settings: EventsSettings) -> Iterator[tuple[str, bytes]]:
    if settings.keys_file is None:
        return
    try:
        text = settings.keys_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"LOKET_EVENTS_KEYS_FILE cannot be read: {type(error).__name__}") from None
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    yield from _entries("\n".join(lines), "the file of LOKET_EVENTS_KEYS_FILE")


def _entries(text: str, where: str) -> Iterator[tuple[str, bytes]]:
    for position, entry in enumerate(text.split(), start=1):
        source, separator, secret = entry.partition("=")
        if not separator or not Keys.is_source(source.encode()):
            # Not the entry itself: it may be a secret whose name was forgotten.
            raise ConfigError(f"entry {position} of {where} is not written as `source=secret`")
        yield source, secret.encode()


def _refuse_weak(source: str, secret: bytes) -> None:
    if len(secret) < LEAST_CHARACTERS or len(set(secret)) < LEAST_DIFFERENT or not secret.isascii():
        raise ConfigError(
            f"a secret of the source {source!r} is too weak: at least {LEAST_CHARACTERS} characters of ASCII, made by "
            "chance (`openssl rand -base64 48`)"
        )

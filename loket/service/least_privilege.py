"""A process refuses to start with more power than its role needs: what it does not hold, nobody can take from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from actions.keys import FILES, ROLE_RINGS
from core.errors import ConfigError
from loket.service.roles import DUTIES, Role
from loket.settings import PREFIX, Settings
from slack_app.installing.store import KEY_FILE as SLACK_KEY

SIGNING_KEY = "audit-signing.pem"
APART = frozenset({Role.WEB, Role.AGENT, Role.EXECUTOR})
SECRET_SETTINGS: dict[str, frozenset[Role]] = {
    "llm.key": frozenset({Role.AGENT}),
    # The executor puts published policies into the index; it asks no model anything.
    "embedding.key": frozenset({Role.AGENT, Role.EXECUTOR}),
    "policies.chroma_token": frozenset({Role.AGENT, Role.EXECUTOR}),
    "events.keys": frozenset({Role.WEB}),
    "events.keys_file": frozenset({Role.WEB}),
    # Each role an account of its own: that the agent's can change nothing is asked of the system itself.
    "ldap.bind_password": APART,
    "ldap.write_bind_password": frozenset({Role.EXECUTOR}),
    "entra.secret": APART,
    "entra.certificate_file": APART,
    "entra.certificate_passphrase": APART,
    "jira.token": frozenset({Role.AGENT, Role.EXECUTOR}),
    "jira.hook_secret": frozenset({Role.WEB}),
    "smtp.password": frozenset({Role.EXECUTOR}),
    "sms.key": frozenset({Role.EXECUTOR}),
    "slack.signing_secret": frozenset({Role.WEB}),
    "slack.bot_token": frozenset({Role.WEB}),
    "slack.app_token": frozenset({Role.WEB}),
    "slack.client_secret": frozenset({Role.WEB}),
    "oidc.client_secret": frozenset({Role.WEB}),
    "oidc.key_file": frozenset({Role.WEB}),
}
"""Settings that are credentials, and the roles that may hold them when roles run apart."""


def refuse_foreign_secrets(role: Role, settings: Settings, keys: Path) -> None:
    """Raises `ConfigError` that names every credential this role must not hold."""
    if role is Role.ALL:
        return
    found = [*_settings(role, settings), *_keys(role, keys)]
    if found:
        raise ConfigError(f"the role {role} must not hold {', '.join(found)}: take it away from this process")


def refuse_powers(role: Role, powers: Iterable[str]) -> None:
    """`powers`: what the outside systems say that the accounts of this process can change. Raises `ConfigError`."""
    found = sorted(set(powers))
    if found and not DUTIES[role].changes:
        raise ConfigError(
            f"the role {role} holds an account that can change {', '.join(found)}: give it one that only reads"
        )


def _settings(role: Role, settings: Settings) -> Iterator[str]:
    for path, roles in SECRET_SETTINGS.items():
        section, name = path.split(".")
        value = getattr(getattr(settings, section), name)
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if text and role not in roles:
            yield f"{PREFIX}{section.upper()}_{name.upper()}"


def _keys(role: Role, folder: Path) -> Iterator[str]:
    allowed = {FILES[ring] for ring in ROLE_RINGS[role.value]}
    if DUTIES[role].sweeps:
        allowed.add(SIGNING_KEY)
    if DUTIES[role].talks:
        allowed.add(SLACK_KEY)
    for name in (*FILES.values(), SIGNING_KEY, SLACK_KEY):
        if name not in allowed and os.access(folder / name, os.R_OK):
            yield f"{folder.name}/{name}"

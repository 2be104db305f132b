"""Every credential of the settings belongs to a role: one that is added without saying to whom fails here."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core.errors import ConfigError
from loket.command.doctor_report import secrets_of
from loket.service.least_privilege import SECRET_SETTINGS, refuse_foreign_secrets
from loket.service.roles import Role
from loket.settings import Settings, read_settings

CANARY = "kanarie-7391-geel"
EVERYBODYS = {"telemetry.otlp_token": "every role sends its own spans to the collector"}
"""Credentials that every role may hold, and why. Nothing that opens an outside system belongs here."""

SOUNDS_SECRET = re.compile(r"(^|_)(key|keys|secret|secrets|password|passphrase|token|credential|pin)$")
SOUNDS_LIKE_A_SECRET_FILE = re.compile(r"(^|_)(key|keys|secret|password|token|credential|certificate)_file$")
RUN_APART = [Role.WEB, Role.AGENT, Role.EXECUTOR]


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section of the settings, by name."""
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield name, kind


def fields() -> Iterator[tuple[str, FieldInfo]]:
    """Every setting in a section, as `section.name`."""
    for section, kind in sections():
        for name, field in kind.model_fields.items():
            yield f"{section}.{name}", field


def kinds_in(annotation: Any) -> Iterator[Any]:
    """All types in an annotation, whatever they are wrapped in."""
    yield annotation
    for inside in get_args(annotation):
        yield from kinds_in(inside)


SECRETS = sorted(path for path, field in fields() if SecretStr in kinds_in(field.annotation))


def holding(path: str, value: object) -> Settings:
    """Settings with one credential set, and nothing checked."""
    section, name = path.split(".")
    kind = dict(sections())[section]
    return Settings.model_construct(**{section: kind.model_construct(**{name: value})})


# --- whose -------------------------------------------------------------------------------------------------------


def test_the_walk_finds_the_credentials_there_are() -> None:
    assert {"llm.key", "embedding.key", "events.keys", "policies.chroma_token"} <= set(SECRETS)


def test_no_credential_lies_outside_a_section() -> None:
    loose = [name for name, field in Settings.model_fields.items() if SecretStr in kinds_in(field.annotation)]
    assert loose == []


@pytest.mark.parametrize("path", SECRETS)
def test_every_credential_says_which_roles_may_hold_it(path: str) -> None:
    assert path in {**SECRET_SETTINGS, **EVERYBODYS}, f"say in SECRET_SETTINGS which roles may hold {path}"


def test_no_credential_is_somebodys_and_everybodys() -> None:
    assert set(SECRET_SETTINGS) & set(EVERYBODYS) == set()
    assert [path for path, roles in SECRET_SETTINGS.items() if not roles - {Role.ALL}] == []


def test_what_is_listed_exists() -> None:
    assert {*SECRET_SETTINGS, *EVERYBODYS} - {path for path, _ in fields()} == set()


@pytest.mark.parametrize("path", sorted(SECRET_SETTINGS))
def test_a_role_refuses_what_is_not_its_own_and_does_not_show_it(path: str, tmp_path: Path) -> None:
    value: object = SecretStr(CANARY) if path in SECRETS else Path(CANARY)
    for role in RUN_APART:
        if role in SECRET_SETTINGS[path]:
            refuse_foreign_secrets(role, holding(path, value), tmp_path)
            continue
        with pytest.raises(ConfigError) as refused:
            refuse_foreign_secrets(role, holding(path, value), tmp_path)
        assert f"LOKET_{path.replace('.', '_').upper()}" in str(refused.value)
        assert CANARY not in str(refused.value)


# --- what is one -------------------------------------------------------------------------------------------------


def test_what_sounds_like_a_credential_is_kept_like_one() -> None:
    open_ones = [path for path, field in fields() if SOUNDS_SECRET.search(path.split(".")[1]) and path not in SECRETS]
    assert open_ones == [], "a credential is a SecretStr: anything else is printed with the settings"


def test_a_file_that_holds_a_credential_is_somebodys_too() -> None:
    files = {path for path, field in fields() if Path in kinds_in(field.annotation)}
    secret = {path for path in files if SOUNDS_LIKE_A_SECRET_FILE.search(path.split(".")[1])}
    assert secret - set(SECRET_SETTINGS) == set(), "say in SECRET_SETTINGS which roles may hold it"


# --- what is shown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SECRETS)
def test_a_credential_is_in_no_picture_of_the_settings(path: str) -> None:
    settings = holding(path, SecretStr(CANARY))
    section = getattr(settings, path.split(".", maxsplit=1)[0])
    pictures = [repr(settings), str(settings), repr(section), str(section), repr(section.model_dump())]
    assert [picture for picture in pictures if CANARY in picture] == []
    assert CANARY not in section.model_dump_json(fallback=str)


@pytest.mark.parametrize("name", ["LOKET_LLM_KEY", "LOKET_EMBEDDING_KEY"])
def test_a_credential_that_does_not_fit_is_quoted_nowhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"{CANARY} with spaces")
    with pytest.raises(ConfigError) as refused:
        read_settings()
    assert name in str(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("path", SECRETS)
def test_the_doctor_knows_every_credential_that_it_must_not_print(path: str) -> None:
    assert CANARY in secrets_of(holding(path, SecretStr(CANARY)))

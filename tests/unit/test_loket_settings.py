"""Settings: read in one place, documented, and refused with one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from loket.env_example import render
from loket.settings import known_names, read_settings


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in known_names():
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_every_setting_is_in_the_example_file_as_the_code_has_it() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
    assert example == render(), "run `python -m loket.env_example`"
    for name in known_names():
        assert f"# {name}=" in example


def test_names_with_and_without_a_section_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOKET_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("LOKET_LLM_BASE_URL", "http://127.0.0.1:8080/v1")
    monkeypatch.setenv("LOKET_AI_LEVEL", "extract")
    monkeypatch.setenv("LOKET_AGENT_HR_SYSTEM_NAME", "MijnHR")
    settings = read_settings()
    assert settings.home == tmp_path / "elsewhere"
    assert settings.llm.base_url == "http://127.0.0.1:8080/v1"
    assert settings.ai.level == "extract"
    assert settings.agent.hr_system_name == "MijnHR"


def test_the_env_file_counts_where_the_environment_says_nothing(
    monkeypatch: pytest.MonkeyPatch, empty_folder: Path
) -> None:
    (empty_folder / ".env").write_text("LOKET_AI_LEVEL=write\nLOKET_LOG_LEVEL=debug\n")
    monkeypatch.setenv("LOKET_LOG_LEVEL", "error")
    settings = read_settings()
    assert (settings.ai.level, settings.log.level) == ("write", "error")


def test_an_unknown_name_is_refused_with_the_closest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKET_LLM_BASEURL", "http://127.0.0.1/v1")
    with pytest.raises(ConfigError, match="no setting LOKET_LLM_BASEURL; did you mean LOKET_LLM_BASE_URL"):
        read_settings()


def test_an_unknown_name_in_the_env_file_is_refused_too(empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("LOKET_HOMES=x\n")
    with pytest.raises(ConfigError, match="LOKET_HOME"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOKET_ENGINE", "celery"),
        ("LOKET_AGENT_DEADLINE_SECONDS", "soon"),
        ("LOKET_GATE_CODE_TRIES", "50"),
        ("LOKET_LLM_BASE_URL", "llm.example"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as raised:
        read_settings()
    assert str(raised.value).startswith(f"{name}: ")
    assert "\n" not in str(raised.value)


def test_a_secret_is_never_part_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKET_LLM_KEY", "canary-4711")
    monkeypatch.setenv("LOKET_LLM_TEMPERATURE", "9")
    with pytest.raises(ConfigError) as raised:
        read_settings()
    assert "canary" not in str(raised.value)
    assert "canary" not in repr(raised.value.__cause__)


def test_a_secret_may_be_a_file_and_the_environment_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "LOKET_DATABASE_URL").write_text("postgresql+psycopg://loket_agent:word@db/loket\n")
    (tmp_path / "LOKET_LLM_KEY").write_text("the-key-of-the-model-server\n")
    (tmp_path / "LOKET_POLICIES_CHROMA_TOKEN").write_text("the-token-in-the-file\n")
    monkeypatch.setenv("LOKET_POLICIES_CHROMA_TOKEN", "the-token-of-the-environment")
    settings = read_settings(_secrets_dir=tmp_path)
    assert settings.database == "postgresql+psycopg://loket_agent:word@db/loket"
    assert settings.llm.key is not None
    assert settings.llm.key.get_secret_value() == "the-key-of-the-model-server"
    assert settings.policies.chroma_token.get_secret_value() == "the-token-of-the-environment"
    assert "the-key" not in repr(settings)


def test_a_secret_file_with_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "LOKET_LLM_KEYS").write_text("x")
    monkeypatch.setattr("loket.settings.SECRETS", tmp_path)
    with pytest.raises(ConfigError, match="no setting LOKET_LLM_KEYS; did you mean LOKET_LLM_KEY"):
        read_settings()

"""Every setting of the product, composed of the packages' own sections. The only place that reads the environment.

`LOKET_HOME` is `home`; `LOKET_LLM_BASE_URL` is `base_url` of the section `llm`. A `.env` file in the working
directory counts where the environment says nothing, and behind it a file of the same name in `/run/secrets`: where
containers find what nobody else may see.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from actions.settings import GateSettings
from agent.settings import AgentSettings, AiSettings
from connectors.graph.settings import EntraSettings
from connectors.jira.settings import JiraSettings
from connectors.ldap.settings import LdapSettings
from connectors.notify.settings import SmsSettings, SmtpSettings
from connectors.settings import EmbeddingSettings, LlmSettings, OutsideSettings
from core.errors import ConfigError
from loket.evaluation.settings import InsightSettings
from loket.outside.settings import LinkingSettings, SystemsSettings, ToolSettings
from loket.retention.settings import RetentionSettings
from loket.service.settings import ServeSettings
from loket.telemetry.settings import LogSettings, TelemetrySettings
from policies.settings import PolicySettings
from slack_app.settings import SlackSettings
from web_app.settings import EventsSettings, RevealSettings
from web_app.sign_in.settings import OidcSettings

PREFIX = "LOKET_"
CREDENTIALS = f"{PREFIX}TOOL_"
"""Variables of these names hold credentials of added tools; they are no settings."""
ENV_FILE = Path(".env")
SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """All settings. Raises pydantic's ValidationError; `read_settings` turns that into one line."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        secrets_dir=SECRETS,
        secrets_dir_missing="ok",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # a key that does not fit must not be quoted
        use_attribute_docstrings=True,
    )

    home: Path = Path(".loket")
    """The folder of all state in the embedded form: database, indexes, keys, log, the embedded outside world."""

    database_url: str = ""
    """Where the database is, as `postgresql+psycopg://user:password@host/name`. Empty: SQLite in the home folder."""

    keys_folder: Path | None = None
    """The folder of the keys that seal and sign. Empty: `keys` in the home folder. Where roles run apart, give each
    only the files it needs (docs/operate.md)."""

    world_folder: Path | None = None
    """The folder of the embedded outside systems. Empty: `world` in the home folder."""

    engine: Literal["inline", "dbos"] = "inline"
    """What runs the queued work: `inline` in this process, or `dbos` with a queue that survives the process."""

    llm: LlmSettings = Field(default_factory=LlmSettings)
    embedding: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    outside: OutsideSettings = Field(default_factory=OutsideSettings)
    ai: AiSettings = Field(default_factory=AiSettings)
    agent: AgentSettings = Field(default_factory=AgentSettings)
    policies: PolicySettings = Field(default_factory=PolicySettings)
    gate: GateSettings = Field(default_factory=GateSettings)
    systems: SystemsSettings = Field(default_factory=SystemsSettings)
    ldap: LdapSettings = Field(default_factory=LdapSettings)
    entra: EntraSettings = Field(default_factory=EntraSettings)
    jira: JiraSettings = Field(default_factory=JiraSettings)
    smtp: SmtpSettings = Field(default_factory=SmtpSettings)
    sms: SmsSettings = Field(default_factory=SmsSettings)
    oidc: OidcSettings = Field(default_factory=OidcSettings)
    tools: ToolSettings = Field(default_factory=ToolSettings)
    linking: LinkingSettings = Field(default_factory=LinkingSettings)
    reveal: RevealSettings = Field(default_factory=RevealSettings)
    insight: InsightSettings = Field(default_factory=InsightSettings)
    slack: SlackSettings = Field(default_factory=SlackSettings)
    events: EventsSettings = Field(default_factory=EventsSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The usual order, with secret files that may belong to a section too (`LOKET_LLM_KEY`)."""
        return init_settings, env_settings, dotenv_settings, NestedSecretsSettingsSource(file_secret_settings)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'loket.sqlite'}"

    @property
    def database_file(self) -> Path:
        """The file of a SQLite database."""
        return Path(self.database.removeprefix("sqlite:///"))

    @property
    def is_embedded(self) -> bool:
        """One process on SQLite: the embedded form."""
        return self.database.startswith("sqlite")

    @property
    def shell_is_identity(self) -> bool:
        """Whether the command line may say who somebody is: the embedded form with embedded systems, nothing real."""
        return self.is_embedded and self.systems.all_embedded


def read_settings(**overrides: object) -> Settings:
    """The settings in force. Raises `ConfigError` with one line that says what to change."""
    _refuse_unknown_names()
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError("; ".join(_problems(error))) from error


def tool_credentials() -> dict[str, str]:
    """The credentials of added tools that stand in the environment, by the names that documents use."""
    return {name: value for name, value in os.environ.items() if name.startswith(CREDENTIALS)}


def known_names(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[str]:
    """The names of all environment variables there are."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from known_names(kind, f"{prefix}{name.upper()}_")
        else:
            yield f"{prefix}{name.upper()}"


def _refuse_unknown_names() -> None:
    known = set(known_names())
    in_file = dotenv_values(ENV_FILE) if ENV_FILE.is_file() else {}
    in_secrets = [file.name for file in SECRETS.glob(f"{PREFIX}*")]
    for name in sorted({*os.environ, *(key.upper() for key in in_file), *in_secrets}):
        if name.startswith(PREFIX) and not name.startswith(CREDENTIALS) and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            hint = f"did you mean {close[0]}?" if close else "`.env.example` lists all settings"
            raise ConfigError(f"there is no setting {name}; {hint}")


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        name = PREFIX + "_".join(str(part).upper() for part in problem["loc"])
        yield f"{name}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"

"""What an admin says of a tool in YAML: risk, titles, examples, limits, bindings. Every key is known or an error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.errors import ConfigError
from core.risk import Risk
from tools.yaml_lines import read_as

Line = Annotated[str, Field(min_length=1, max_length=200)]
Examples = Annotated[tuple[Line, ...], Field(min_length=3, max_length=40)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Host = Annotated[str, Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]
Binding = Literal[
    "requester.employee_id",
    "requester.name",
    "requester.email",
    "requester.department",
    "requester.site",
    "subject.employee_id",
    "subject.name",
    "subject.email",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Titles(_Strict):
    """The tool's name on buttons and forms."""

    en: Line
    nl: Line


class ExampleSet(_Strict):
    """What people really type when they want this; the built-in model chooses by their meaning."""

    en: Examples
    nl: Examples

    @model_validator(mode="after")
    def _no_repeats(self) -> ExampleSet:
        for language, lines in (("en", self.en), ("nl", self.nl)):
            repeated = {line for line in lines if [other.casefold() for other in lines].count(line.casefold()) > 1}
            if repeated:
                raise ValueError(f"the {language} examples repeat {min(repeated)!r}: keep it once")
        return self


class RateLimit(_Strict):
    """How often one person may use the tool."""

    times: Annotated[int, Field(ge=1, le=1000, strict=True)]
    per: Literal["minute", "hour", "day"]


class ToolEntry(_Strict):
    """One tool of a manifest. `risk` may only tighten what the tool itself says.

    `mask` names arguments whose values stay out of logs and away from models that are not on this machine.
    `hosts` are all it may reach. `rule` names the access rule to use instead of the one of its tier.
    `bindings` fill a parameter from the verified person; the model never sees that parameter.
    """

    title: Titles
    examples: ExampleSet
    risk: Risk | None = None
    rule: Word | None = None
    mask: tuple[Word, ...] = ()
    rate_limit: RateLimit | None = None
    hosts: tuple[Host, ...] = ()
    bindings: dict[Word, Binding] = Field(default_factory=dict)
    enabled: Annotated[bool, Field(strict=True)] = True


class Manifest(_Strict):
    """A whole file. `version` is the version of this form, 1."""

    version: Literal[1]
    tools: Annotated[dict[Word, ToolEntry], Field(min_length=1)]


def read_manifest(path: Path) -> Manifest:
    """Read and check one file. Raises `ConfigError` that names the file, the line, the tool and what to change."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the manifest {path.name} cannot be read: {error}. Save it as UTF-8 text") from error
    return parse_manifest(text, path.name)


def parse_manifest(text: str, name: str) -> Manifest:
    """The manifest in `text`; `name` is what errors call it. Raises `ConfigError` as `read_manifest` does."""
    return read_as(Manifest, text, name, within="tools")

"""What an admin says of a tool in YAML: risk, titles, examples, limits, bindings. Every key is known or an error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import ConfigError
from core.risk import Risk

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
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise ConfigError(f"{name} uses YAML aliases (`*name`): write the value out instead")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise ConfigError(f"{name} is empty: it needs `version: 1` and `tools:`")
        _refuse_repeated_keys(root, name)
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{name}{where}: this is not valid YAML: {getattr(error, 'problem', error)}") from error
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(_explain(problem, root, name) for problem in error.errors(include_url=False)[:5])
        raise ConfigError(problems) from error


def _refuse_repeated_keys(node: yaml.Node, name: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(child, name)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, child in node.value:
        if key.value in seen:
            raise ConfigError(f"{name}, line {key.start_mark.line + 1}: {key.value!r} stands here twice; keep one")
        seen.add(str(key.value))
        _refuse_repeated_keys(child, name)


def _explain(problem: Any, root: yaml.Node, name: str) -> str:
    place = [str(part) for part in problem["loc"] if part != "[key]"]
    tool = f", tool {place[1]!r}" if len(place) > 1 and place[0] == "tools" else ""
    field = ".".join(place[2:] if tool else place)
    return f"{name}, line {_line_of(root, place)}{tool}: {field or 'the file'}: {_remedy(problem)}"


def _line_of(node: yaml.Node, place: list[str]) -> int:
    """The line of the deepest part of `place` that the file has, counted from 1."""
    line = node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, child) for key, child in node.value if key.value == part]
            if not found:
                return line
            line, node = found[0][0].start_mark.line + 1, found[0][1]
            continue
        else:
            return line
        line = node.start_mark.line + 1
    return line


def _remedy(problem: Any) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "this key is not known; remove it or correct its spelling"
        case "missing":
            return "this key is missing; add it"
        case "string_type":
            return f"this must be text; put {problem['input']!r} between quotes"
        case _:
            return str(problem["msg"])

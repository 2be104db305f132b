"""Where a Python tool comes from, pinned: the package, its version, each of its files, and what it declares."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from core.errors import ConfigError
from tools.spec import Tool

GROUP = "loket.tools"
"""The group of entry points in which a package names its tools."""
MOST_FILES, LARGEST = 500, 20_000_000
_OURS = frozenset(
    {
        "core",
        "storage",
        "connectors",
        "policies",
        "tools",
        "actions",
        "agent",
        "slack_app",
        "teams_app",
        "web_app",
        "loket",
    }
)
_LEFT_OUT = ("__pycache__", ".dist-info", ".egg-info", ".data")


class PythonSource(BaseModel):
    """What stands in `source`. `files` are the package's, by path, with the SHA-256 of each."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    distribution: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$")]
    release: Annotated[str, Field(min_length=1, max_length=100)]
    entry_point: Annotated[str, Field(min_length=1, max_length=100)]
    module: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
    attribute: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z_]\w*$")]
    files: Annotated[dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]], Field(min_length=1)]
    declaration: dict[str, JsonValue]


def read_source(source: Mapping[str, Any], name: str) -> PythonSource:
    """The pinned source in a document. Raises `ConfigError` that names the place."""
    try:
        return PythonSource.model_validate(source)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in ("source", *first["loc"]))
        raise ConfigError(f"the Python tool {name!r}: {where}: {first['msg']}") from error


def installed(distribution: str) -> metadata.Distribution:
    """The package as it is installed here. Raises `ConfigError` when it is not."""
    try:
        return metadata.distribution(distribution)
    except (metadata.PackageNotFoundError, ValueError) as error:
        raise ConfigError(f"the package {distribution!r} is not installed beside Loket") from error


def entry_points_of(package: metadata.Distribution) -> list[metadata.EntryPoint]:
    """What it names as tools, in order of their names."""
    return sorted((one for one in package.entry_points if one.group == GROUP), key=lambda one: one.name)


def hashes_of(package: metadata.Distribution) -> dict[str, str]:
    """Every file that the package put there, with its SHA-256. Raises `ConfigError` where that cannot be said."""
    paths = [path for path in package.files or () if not _is_left_out(path)]
    if not any(path.suffix == ".py" for path in paths):
        raise ConfigError(f"the package {package.name!r} does not say which files are its own: install it as a whole")
    if len(paths) > MOST_FILES:
        raise ConfigError(
            f"the package {package.name!r} has more than {MOST_FILES} files: put the tool in one of its own"
        )
    found: dict[str, str] = {}
    for path in paths:
        file = Path(str(path.locate()))
        try:
            if file.stat().st_size > LARGEST:
                raise ConfigError(f"the file {path} of {package.name!r} is too large to be pinned")
            found[str(path)] = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise ConfigError(f"the file {path} of the package {package.name!r} is not there any more") from error
    return found


def changed_since(source: PythonSource) -> str:
    """What is no longer as it was pinned, in one line; empty when nothing is."""
    try:
        package = installed(source.distribution)
        if package.version != source.release:
            return f"{source.distribution} is at {package.version}, and {source.release} was released"
        names = {one.name: one.value for one in entry_points_of(package)}
        if names.get(source.entry_point) != f"{source.module}:{source.attribute}":
            return f"the entry point {source.entry_point!r} of {source.distribution} leads somewhere else"
        now = hashes_of(package)
    except ConfigError as error:
        return str(error)
    for path in sorted({*now, *source.files}):
        if now.get(path) != source.files.get(path):
            return f"the file {path} of {source.distribution} is not the one that was released"
    return ""


def file_of(source: PythonSource) -> Path:
    """The file that its module is. Raises `ConfigError` when the package has none of that name, or it is ours."""
    if source.module.partition(".")[0] in _OURS:
        raise ConfigError(f"the module {source.module!r} is Loket's own: a tool needs a module of its own name")
    base = source.module.replace(".", "/")
    package = installed(source.distribution)
    for path in (f"{base}.py", f"{base}/__init__.py"):
        if path in source.files:
            return Path(str(package.locate_file(path))).resolve()
    raise ConfigError(f"the package {source.distribution!r} has no file for the module {source.module!r}")


def declaration_of(tool: Tool) -> dict[str, Any]:
    """What the function declares of itself, as JSON values."""
    return {
        "name": tool.name,
        "description": tool.description,
        "risk": tool.risk.value,
        "parameters": tool.schema.parameters,
        "subject": tool.subject,
        "groups": sorted(tool.groups),
        "repeats_with": tool.repeats_with,
        "prepares": tool.prepare is not None,
        "reconciles": tool.reconcile is not None,
    }


def _is_left_out(path: PurePosixPath) -> bool:
    text = str(path)
    return any(part in text for part in _LEFT_OUT) or re.match(r"(\.\./|/)", text) is not None

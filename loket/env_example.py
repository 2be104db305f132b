"""Writes `.env.example` from the settings and their docstrings: `python -m loket.env_example`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from loket.settings import PREFIX, Settings

HEADER = """\
# Every setting of Loket with its default. Copy this file to `.env` and change what you need. A secret may also be a
# file of the same name in /run/secrets, where containers find them: the environment and `.env` come first.
# Written by `python -m loket.env_example`; a test keeps it equal to the code.
"""


def render() -> str:
    """The whole file."""
    return HEADER + "".join(_section(Settings, PREFIX))


def _section(model: type[BaseModel], prefix: str) -> Iterator[str]:
    sections = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            sections.append((name, kind))
        else:
            yield _entry(f"{prefix}{name.upper()}", field)
    for name, kind in sections:
        title = (kind.__doc__ or name).strip().splitlines()[0]
        yield f"\n# --- {name}: {title}\n"
        yield from _section(kind, f"{prefix}{name.upper()}_")


def _entry(name: str, field: FieldInfo) -> str:
    if not field.description:
        raise ValueError(f"the setting {name} has no docstring")
    lines = textwrap.wrap(" ".join(field.description.split()), width=110)
    return (
        "\n"
        + "".join(f"# {line}\n" for line in lines)
        + f"# {name}={_value(field.get_default(call_default_factory=True))}\n"
    )


def _value(default: object) -> str:
    if isinstance(default, SecretStr) or default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, frozenset):
        return json.dumps(sorted(default))
    if isinstance(default, Enum):
        return str(default.value)
    return str(default)


if __name__ == "__main__":
    Path(".env.example").write_text(render(), encoding="utf-8")

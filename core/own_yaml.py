"""Data that came with the code, as YAML: read by libyaml where it is there, ten times as fast as Python reads it."""

from __future__ import annotations

from typing import Any

import yaml

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Knows the plain types and nothing else, like `yaml.SafeLoader`."""


def load_yaml(text: str) -> Any:
    """The value of a YAML text of our own. Raises `yaml.YAMLError`."""
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a SafeLoader either way

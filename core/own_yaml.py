"""Loads YAML files that ship with the code, with libyaml where it is installed: ten times as fast as Python's own."""

from __future__ import annotations

from typing import Any

import yaml

LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Knows the plain types and nothing else, like `yaml.SafeLoader`."""


def load_yaml(text: str) -> Any:
    """The value of a YAML text of our own. Raises `yaml.YAMLError`."""
    return yaml.load(text, Loader=LOADER)  # noqa: S506 - a SafeLoader either way

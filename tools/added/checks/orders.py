"""The ways in which a text gives a model orders (`orders.yaml`), as one pattern over plain words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from core.own_yaml import load_yaml

_FILE = Path(__file__).with_name("orders.yaml")


@cache
def orders() -> re.Pattern[str]:
    """For text in lower case, nothing but words with single spaces between them."""
    found = load_yaml(_FILE.read_text(encoding="utf-8"))
    patterns = [*found["english"], *found["dutch"]]
    for name, words in found["words"].items():
        patterns = [pattern.replace(f"<{name}>", words) for pattern in patterns]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))

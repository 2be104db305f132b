"""The pages name settings that exist: what an administrator types over is never refused for its spelling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loket.settings import CREDENTIALS, Settings, known_names

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md"])
NAME = re.compile(r"\bLOKET_[A-Z0-9_]*[A-Z0-9_]")
NOT_YET = {"LDAP", "ENTRA", "JIRA", "SMTP", "SMS", "OIDC", "REVEAL", "SYSTEMS"} - {
    name.upper() for name in Settings.model_fields
}
"""Sections that a page may describe before they are put together with the others."""


def unknown(text: str) -> set[str]:
    """The names in a text that no setting has. One that breaks off (`LOKET_LDAP_…`) is the beginning of some."""
    known = set(known_names()) | {f"LOKET_{name.upper()}_" for name in Settings.model_fields}
    return {
        name
        for name in NAME.findall(text)
        if name.split("_")[1] not in NOT_YET
        and not name.startswith(CREDENTIALS)  # an admin names those
        and name not in known
        and not (name.endswith("_") and any(one.startswith(name) for one in known))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_on_a_page_exists(page: Path) -> None:
    assert unknown(page.read_text(encoding="utf-8")) == set()


def test_a_misspelt_setting_would_be_found() -> None:
    assert unknown("`LOKET_LLM_BASE_ULR`, `LOKET_LLM_MODEL`, `LOKET_LLM_…`, LOKET_LLM_*") == {"LOKET_LLM_BASE_ULR"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_that_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert {link for link in links if not (page.parent / link).is_file()} == set()

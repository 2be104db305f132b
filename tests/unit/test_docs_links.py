"""What a page points to is there: other pages, their sections, and the files of this repository that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ROOMS = (
    "core|storage|connectors|policies|tools|actions|agent|slack_app|web_app|loket|simulators|tests|docs|deploy|examples"
)
NAMED = re.compile(rf"`((?:{ROOMS})/[\w/.-]*)`")


def anchors(page: Path) -> set[str]:
    """The sections of a page, as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere, and the files it names that are not there."""
    text = page.read_text(encoding="utf-8")
    lost = [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    for link in LINK.findall(FENCED.sub("", text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, section = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (section and section not in anchors(target)):
            lost.append(link)
    return lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_points_to_is_there(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("folder", ["docs", "docs/adr"])
def test_every_page_is_in_the_index_of_its_folder(folder: str) -> None:
    linked = set(LINK.findall((ROOT / folder / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in (ROOT / folder).glob("*.md")} - {"README.md"} <= linked


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n[here](#a-page) [gone](gone.md) [no section](#b) `core/gone.py` `core/errors.py`\n")
    assert broken(page) == ["core/gone.py", "gone.md", "#b"]

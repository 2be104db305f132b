"""The ways people look at a page, and what each page has to be in all of them."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.browser.page import Page
from tests.browser.stage import HOST, RULES, Stage

NARROW: dict[str, Any] = {"width": 320, "height": 640}
ZOOMED: dict[str, Any] = {"width": 1280, "height": 1024, "zoom": 2}
WAYS: tuple[dict[str, Any], ...] = (
    {"language": "en", **NARROW},
    {"language": "nl", **ZOOMED, "dark": True},
    {"language": "nl", "script": False, **NARROW, "dark": True},
)
SAYS_NO = re.compile("status of (403|410)")
"""What the browser writes of a page that is itself a no."""
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
SMALL = """[...document.querySelectorAll('a, button, input:not([type=hidden])')]
  .filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"""


async def is_sound(stage: Stage, page: Page, *sites: str) -> None:
    """Nothing to scroll sideways, no target too small, no complaint of the browser, no finding of axe.

    `sites`: where this page's person was sent on purpose, such as an identity provider.
    """
    assert not await page.look(WIDE)
    assert await page.look(SMALL) == []
    assert [line for line in page.complaints if not SAYS_NO.search(line)] == []
    assert [url for url in page.loads if not url.startswith((f"https://{HOST}/", *sites))] == []
    run = f"{stage.axe}; axe.run({{runOnly: {json.dumps(RULES)}}}).then(found => found.violations.map("
    run += "one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join(' / ')))"
    await page.scripts(on=True)  # axe is one; the page has none
    assert await page.look(run) == []
    await page.scripts(on=page.has_scripts)

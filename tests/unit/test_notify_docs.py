"""What docs/connect-mail-and-sms.md says can be typed over: its settings are settings, and they fit together."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import BaseModel

from connectors.notify.settings import SmsSettings, SmtpSettings
from connectors.notify.template import GAPS, Template

PAGE = (Path(__file__).parents[2] / "docs" / "connect-mail-and-sms.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {"LOKET_SMTP_": SmtpSettings, "LOKET_SMS_": SmsSettings}


def blocks() -> list[dict[str, str]]:
    """The settings of each block, as a `.env` file gives them."""
    texts = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [{name: value or "" for name, value in dotenv_values(stream=io.StringIO(text)).items()} for text in texts]


@pytest.mark.parametrize("prefix", SECTIONS)
def test_every_setting_on_the_page_exists(prefix: str) -> None:
    named = set(re.findall(rf"{prefix}([A-Z_]+)", PAGE))
    assert named
    assert named - {name.upper() for name in SECTIONS[prefix].model_fields} == set()


@pytest.mark.parametrize(("prefix", "block"), list(zip(SECTIONS, blocks(), strict=True)))
def test_the_settings_of_the_page_can_work(prefix: str, block: dict[str, str]) -> None:
    assert all(name.startswith(prefix) for name in block)
    values = {name.removeprefix(prefix).lower(): value.replace("…", "s3cret") for name, value in block.items()}
    values = {name: value for name, value in values.items() if name != "ca_file"}
    assert SECTIONS[prefix].model_validate(values).is_set  # type: ignore[attr-defined]


def test_the_page_knows_every_gap_of_the_template() -> None:
    table = PAGE[PAGE.index("| gap |") :]
    assert {gap for gap in GAPS if f"`{{{gap}}}`" in table} == set(GAPS)
    template = Template(blocks()[1]["LOKET_SMS_TEMPLATE"])
    filled = template.filled(
        {"to": "+31655501001", "to_digits": "31655501001", "sender": "DHB", "text": "x", "key": "k"}
    )
    assert filled == {"recipients": ["31655501001"], "originator": "DHB", "body": "x", "reference": "k"}

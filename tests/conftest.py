"""What all tests share: a Postgres beside SQLite, and an environment without settings of the person who runs them."""

from __future__ import annotations

import os

import pytest

from tests import strict_mind

pytest_plugins = ["tests.fixtures_storage", "tests.hypothesis_profiles", "tests.drawing"]


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `LOKET_…` variable of the developer's shell must not change what a test sees."""
    for name in [name for name in os.environ if name.startswith("LOKET_")]:
        monkeypatch.delenv(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--strict-llm`: see `tests/strict_mind.py`."""
    parser.addoption("--strict-llm", action="store_true", help="run every desk through a strict model server")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the desks."""
    strict_mind.wanted = bool(config.getoption("--strict-llm"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that is `timed` is measured again where it failed; no other is.

    What can be done in a second is done in a second in one of three runs, however busy the machine.
    """
    for item in items:
        if item.get_closest_marker("timed") is not None:
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))

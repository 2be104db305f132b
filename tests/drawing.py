"""A pytest plug-in: which of the costly tests run every time.

A test marked `sampled(share)` starts real processes or reads whole handbooks; `drawn.toml` names the modules that take
long because they have many tests. Of all that share one mark (a module, a class or the cases of one function) or one
line of that file a drawn part runs in `make test`, at least one; the others are `thorough` and run in `make thorough`.
`--draw N` draws others. The same number draws the same ones, in every process, on every machine.
"""

from __future__ import annotations

import math
import tomllib
import zlib
from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--draw`: see above."""
    parser.addoption("--draw", type=int, default=1, help="which share of the `sampled` tests counts as not thorough")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what was not drawn as `thorough`."""
    seed = config.getoption("--draw")
    for (_, share), together in _by_mark(items).items():
        together.sort(key=lambda item: zlib.crc32(f"{seed} {item.nodeid}".encode()))
        for item in together[math.ceil(share * len(together)) :]:
            item.add_marker(pytest.mark.thorough)


def _by_mark(items: list[pytest.Item]) -> dict[tuple[str, float], list[pytest.Item]]:
    """Whose nearest `sampled` stands at the same place, or whose module is in the file; the cases of a function too."""
    modules = tomllib.loads((HERE / "drawn.toml").read_text())
    found: dict[tuple[str, float], list[pytest.Item]] = defaultdict(list)
    for item in items:
        node, mark = next(item.iter_markers_with_node("sampled"), (None, None))
        module = item.path.relative_to(HERE).as_posix()
        if node is not None and mark is not None:
            found[node.nodeid.split("[")[0], mark.args[0]].append(item)
        elif module in modules:
            found[module, modules[module]].append(item)
    return found

"""A certificate that is not accepted: each connector says in one line what to look at, and sends no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.fetch import HttpFetch
from connectors.http import async_client
from connectors.not_accepted import behind
from connectors.settings import OutsideSettings
from core.errors import ConnectorError
from tests.servers.certificates import Certificates
from tests.servers.scripted_ldap import scripted_ldap

WRONG = [
    pytest.param("authority", "no authority that is trusted here signed it", id="authority"),
    pytest.param("early", "it is not valid yet: compare the clocks of both machines", id="early"),
    pytest.param("late", "it has expired, or the clock of this machine is ahead", id="late"),
    pytest.param("address", "it is for another address than the one in the settings", id="address"),
]


@contextmanager
def wrong_server(folder: Path, wrong: str) -> Iterator[tuple[str, OutsideSettings]]:
    """Something on loopback with a certificate that is not accepted, and the settings of whoever asks it."""
    ours = Certificates(folder / "ours")
    issuer = Certificates(folder / "theirs", "somebody else") if wrong == "authority" else ours
    names = ["192.0.2.1"] if wrong == "address" else ["127.0.0.1"]
    days, starts = (-1.0 if wrong == "late" else 20.0), (1.0 if wrong == "early" else 0.0)
    with scripted_ldap(issuer, *names, days=days, starts=starts) as server:
        yield server.url.replace("ldaps://", "https://"), OutsideSettings(ca_file=ours.ca_file)
        assert server.heard == b""


@pytest.mark.parametrize(("wrong", "why"), WRONG)
async def test_whoever_fetches_hears_why(tmp_path: Path, wrong: str, why: str) -> None:
    with wrong_server(tmp_path, wrong) as (url, outside):
        async with async_client(outside, 5) as client:
            with pytest.raises(ConnectorError) as failed:
                await HttpFetch("sign-in", client, 5)("GET", f"{url}/secret-path")
    assert failed.value.detail == f"its certificate is not accepted: {why}"


def test_other_troubles_have_no_such_cause() -> None:
    assert behind(None) == ""
    assert behind(OSError("certificate")) == ""
    circle = ValueError()
    circle.__context__ = circle
    assert behind(circle) == ""

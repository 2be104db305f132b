"""The demo plays in a network namespace that has nothing but loopback: no account, no key, no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.thorough, pytest.mark.slow]

COMMAND = Path(sys.executable).with_name("loket")


def refusal() -> str:
    """Why this machine cannot give us a namespace; empty when it can."""
    if shutil.which("unshare") is None:
        return "there is no `unshare` here"
    done = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True, timeout=20, check=False)
    return "" if done.returncode == 0 else f"no network namespace: {done.stderr.strip()}"


def test_the_demo_plays_without_a_network(tmp_path: Path) -> None:
    if why := refusal():
        pytest.skip(why)
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", f"ip link set lo up; cat /proc/net/dev >&2; exec {COMMAND} demo"],
        cwd=tmp_path,
        env={"LOKET_HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    devices = [line.split(":")[0].strip() for line in done.stderr.splitlines() if ": " in line and "|" not in line]
    assert devices[:1] == ["lo"]
    assert not [name for name in devices if name.startswith(("eth", "ens", "enp", "wl"))]
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "Everything held" in done.stdout
    assert "NOT SO" not in done.stdout

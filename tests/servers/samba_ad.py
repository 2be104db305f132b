"""A real Active Directory for tests: Samba as a domain controller on a loopback address of its own.

    with running_domain() as domain:
        domain.address, domain.ca_file          # LDAPS on 636, StartTLS on 389
        domain.signs_in("tom.bakker", secret)   # "ok", "must_change", "locked" or "no"

Skips, and says why, where it cannot run. Made once (half a minute), it comes back in two seconds.
"""

from __future__ import annotations

import atexit
import fcntl
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path

from tests.servers.certificates import Certificates
from tests.servers.samba_ad_domain import Domain
from tests.servers.samba_ad_install import SAMBA, cache_folder, install, restore
from tests.servers.samba_ad_staff import REALM, SHORT_NAME, sample_domain

START_SECONDS = 30
PORTS = (389, 636, 3268, 3269)
HOST = f"dc1.{REALM}"


@lru_cache(maxsize=1)
def shared_domain() -> Domain:
    """One for all tests of a process, ended with it. Whoever changes it puts it back."""
    stack = ExitStack()
    domain = stack.enter_context(running_domain())
    atexit.register(stack.close)
    return domain


@contextmanager
def running_domain() -> Iterator[Domain]:
    """The sample domain, freshly restored; it and its folder are gone afterwards."""
    install()
    folder = Path(tempfile.mkdtemp(prefix="loket-samba-ad-"))
    try:
        restore(folder, sample_domain())
        with _address() as address:
            certificates = Certificates(folder / "certificates")
            _configure(folder, address, certificates)
            process = _start(folder)
            try:
                _wait(process, folder, address)
                domain = Domain(address, certificates, process)
                domain.make_ready()
                yield domain
            finally:
                process.kill()
                process.communicate(timeout=10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [SAMBA, "-i", "-M", "single", "-s", folder / "smb.conf"],
            stdin=subprocess.PIPE,  # it ends when this process does, however that ends
            stdout=log,
            stderr=log,
            cwd=folder,
        )


def _configure(folder: Path, address: str, certificates: Certificates) -> None:
    server = certificates.issue(HOST, address)
    settings = {
        "netbios name": "DC1",
        "realm": REALM.upper(),
        "workgroup": SHORT_NAME,
        "server role": "active directory domain controller",
        "server services": "ldap",
        "interfaces": f"{address}/8",
        "bind interfaces only": "yes",
        "private dir": folder / "private",
        "state directory": folder / "state",
        "cache directory": folder / "cache",
        "lock directory": folder / "lock",
        "pid directory": folder / "run",
        "ncalrpc dir": folder / "ncalrpc",
        "old password allowed period": "0",  # else the old password goes on working for an hour
        "tls certfile": server.certificate,
        "tls keyfile": server.key,
        "tls cafile": certificates.ca_file,
        "log level": "1",
    }
    for name in ("state", "cache", "lock", "run", "ncalrpc"):
        (folder / name).mkdir(exist_ok=True)
    lines = (f"{name} = {value}" for name, value in settings.items())
    (folder / "smb.conf").write_text("[global]\n" + "\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def _address() -> Iterator[str]:
    """A loopback address on which the four ports are free, kept for us until the end."""
    for last in range(2, 60):
        address = f"127.0.0.{last}"
        with (cache_folder() / f"address-{last}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if all(_is_free(address, port) for port in PORTS):
                yield address
                return
    raise unittest.SkipTest("no loopback address from 127.0.0.2 to 127.0.0.59 has its ports 389 and 636 free")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _wait(process: subprocess.Popen[bytes], folder: Path, address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection((address, 636), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Samba did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")

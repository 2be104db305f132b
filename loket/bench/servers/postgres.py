"""A private Postgres cluster, made, started, stopped and removed by the measurement or the tests that need one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from core.errors import ConfigError

START_SECONDS = 30
SHORT_FOLDER = Path("/tmp")  # noqa: S108 - a socket's path is at most 107 characters; mkdtemp makes it private
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}
"""For tests: nothing of their cluster has to survive a power cut."""
DURABLE = {"max_connections": "100"}
"""For measurements: a server as its package sets it up."""


class PostgresMissing(ConfigError):
    """There is no Postgres on this machine, or no account to run it as."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server: its URL as SQLAlchemy reads it, and the process id of its first process."""

    url: str
    pid: int


@contextmanager
def running_postgres(settings: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Run a cluster that only this user can reach: a socket in a private folder, no port. Without `settings`: FAST.

    Raises PostgresMissing when there are no Postgres programs or no account to run them as.
    """
    programs = _programs()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="loket-pg-", dir=SHORT_FOLDER if SHORT_FOLDER.is_dir() else None))
    try:
        if account:
            shutil.chown(folder, account, None)
        _make_cluster(programs, folder, account)
        with _server(programs, folder, account, FAST if settings is None else settings) as pid:
            yield Cluster(f"postgresql+psycopg://postgres@/postgres?host={quote(str(folder), safe='')}", pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of initdb and postgres: the newest of a Debian-like layout, or what is on the PATH."""
    layouts = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    on_path = shutil.which("initdb")
    found = Path(on_path).resolve() if on_path else layouts[-1] if layouts else None
    if found is None or not (found.parent / "postgres").exists():
        raise PostgresMissing("no Postgres on this machine (looked on the PATH and in /usr/lib/postgresql/*/bin)")
    return found.parent


def _account() -> str | None:
    """Postgres refuses to run as root: then it runs as the account its package made."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise PostgresMissing("running as root, and there is no account 'postgres' to run Postgres as") from None


def _as(account: str | None) -> dict[str, object]:
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}


def _make_cluster(programs: Path, folder: Path, account: str | None) -> None:
    subprocess.run(  # noqa: S603 - a program of the machine's own, its arguments ours
        [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
        **_as(account),  # type: ignore[call-overload]
    )


@contextmanager
def _server(programs: Path, folder: Path, account: str | None, settings: Mapping[str, str]) -> Iterator[int]:
    settings = {**settings, "listen_addresses": "", "unix_socket_directories": str(folder)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - the same
            [programs / "postgres", "-D", folder / "data", *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,  # Ctrl-C in the terminal stops the tests first, and they stop the server
            **_as(account),  # type: ignore[call-overload]
        )
        try:
            _wait(server, folder)
            yield server.pid
        finally:
            server.send_signal(signal.SIGINT)  # "fast shutdown": open sessions are ended
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(server: subprocess.Popen[bytes], folder: Path) -> None:
    import psycopg

    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Postgres did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")

"""Who is alive: each process says so every few seconds, and takes over what a silent one left unfinished.

Taking over is safe at any time, also from a process that was only paused: a turn has its primary key, an action its
compare-and-set and its fencing id. At worst work is done twice and thrown away once.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from core.errors import LoketError
from core.rounds import Rounds
from loket.engine import Engine
from loket.service.roles import DUTIES, Duties, Role
from loket.service.settings import ServeSettings
from loket.service.tables import workers
from storage import Database, Tx, now
from storage.faultpoint import around_commit, reached

MOST_OF_A_KIND = 100
FORGET_AFTER = timedelta(days=1)

log = structlog.get_logger("loket.heartbeat")
_tokens: set[str] = set()  # of this process: several in one exist in tests only


class Heartbeat:
    """One row of `workers`. `name` is ours as long as the row carries our token.

    `lost` is called when another process has taken the name: this one must stop.
    """

    def __init__(
        self, database: Database, role: Role, settings: ServeSettings, lost: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._role = role
        self._settings = settings
        self._lost = lost
        self._token = secrets.token_hex(16)
        _tokens.add(self._token)
        self._engine: Engine | None = None
        self._rounds = Rounds(self.once, settings.beat_seconds, _failed)
        self.name = ""

    async def take_name(self) -> str:
        """Take a name that no living process has: stable, so that a restart finds what it left behind."""
        wanted = self._settings.worker
        names = [wanted] if wanted else _names(self._role)
        self.name = await self._database.run(lambda tx: self._take(tx, names, forced=bool(wanted)))
        return self.name

    async def start(self, engine: Engine) -> None:
        """Begin to beat, and to look for the dead."""
        self._engine = engine
        self._rounds.start()

    async def stop(self) -> None:
        """Say goodbye: the others need not wait until this process counts as gone."""
        if self._rounds.are_running:
            await self._rounds.stop()
            await self._database.run(lambda tx: _delete(tx, self.name, self._token))

    async def is_only(self, duties: Duties) -> bool:
        """Whether no other living process has any of these queues."""
        roles = [role.value for role in Role if set(DUTIES[role].queues) & set(duties.queues)]

        def work(tx: Tx) -> bool:
            others = sa.select(workers.c.name).where(workers.c.role.in_(roles), workers.c.name != self.name)
            return tx.execute(others.where(workers.c.beat_at >= self._since(tx))).first() is None

        return await self._database.read(work)

    async def once(self) -> None:
        """One beat: say that we live, then take over from those who do not."""
        reached("heartbeat.before_beat")
        kept = await self._database.run(self._beat)
        if not kept:
            log.error("name_lost", worker=self.name)
            self._lost()
            return
        living = await self._database.read(self._living)
        reached("heartbeat.before_take_over")
        if self._engine is not None and (taken := await self._engine.take_over(living)):
            reached("heartbeat.taken_over")
            log.warning("work_taken_over", count=taken)

    def _take(self, tx: Tx, names: list[str], *, forced: bool) -> str:
        moment = now(tx)
        tx.change(sa.delete(workers).where(workers.c.beat_at < moment - FORGET_AFTER))
        mine = {
            "token": self._token,
            "role": self._role.value,
            "host": socket.gethostname()[:100],
            "pid": os.getpid(),
            "started_at": moment,
            "beat_at": moment,
        }
        for name in names:
            if tx.add(workers, name=name, **mine):
                around_commit(tx, "heartbeat.name")
                return name
            row = tx.execute(sa.select(workers).where(workers.c.name == name).with_for_update()).mappings().one()
            silent = row["beat_at"] < moment - timedelta(seconds=self._settings.dead_seconds)
            if forced or silent or _is_dead_here(row["host"], row["pid"], row["token"]):
                tx.change(sa.update(workers).where(workers.c.name == name).values(**mine))
                around_commit(tx, "heartbeat.name")
                return name
        raise LoketError(f"there are {len(names)} living processes of role {self._role} on this machine already")

    def _beat(self, tx: Tx) -> bool:
        mine = (workers.c.name == self.name, workers.c.token == self._token)
        if tx.change(sa.update(workers).where(*mine).values(beat_at=now(tx))):
            return True
        # Paused for so long that the row was forgotten: the name is free, so it is ours again.
        return self.name == self._take_back(tx)

    def _take_back(self, tx: Tx) -> str:
        taken = tx.execute(sa.select(workers.c.name).where(workers.c.name == self.name)).first()
        return "" if taken else self._take(tx, [self.name], forced=False)

    def _living(self, tx: Tx) -> frozenset[str]:
        return frozenset(tx.execute(sa.select(workers.c.name).where(workers.c.beat_at >= self._since(tx))).scalars())

    def _since(self, tx: Tx) -> datetime:
        return now(tx) - timedelta(seconds=self._settings.dead_seconds)


def _failed(error: Exception) -> None:
    log.error("beat_failed", error=type(error).__name__)


def _names(role: Role) -> list[str]:
    host = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in socket.gethostname())[:60]
    return [f"{host}-{role}-{number}" for number in range(1, MOST_OF_A_KIND + 1)]


def _is_dead_here(host: str, pid: int, token: str) -> bool:
    """Whether it was a process of this machine that is no more: then nobody has to wait for its silence."""
    if host != socket.gethostname():
        return False
    if pid == os.getpid():  # a container that starts again has its old host name and its old process number
        return token not in _tokens
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _delete(tx: Tx, name: str, token: str) -> None:
    tx.change(sa.delete(workers).where(workers.c.name == name, workers.c.token == token))

"""Scene 9: the audit chain is whole; a copy with one byte changed is not."""

from __future__ import annotations

from pathlib import Path

from loket.demo.stage import Stage
from storage.audit_verifier import verify


async def audit_chain(stage: Stage) -> None:
    """Verify the chain, then a copy that somebody tampered with."""
    stage.heading("9  The audit", "The verifier shares no code with what wrote the chain.")
    home = stage.counter.home
    database = Path(stage.counter.database.url.removeprefix("sqlite:///"))
    if stage.counter.heads is not None:
        stage.counter.heads.sign_now()
    report = verify(str(database), home.audit_heads, home.audit_public_key)
    stage.aside(f"{report.rows} rows, {report.heads} signed heads checked.")
    stage.check(report.ok and report.rows > 0, "the chain is whole")
    copy = home.folder / "tampered.sqlite"
    _copy(database, copy)
    changed = _change_one_byte(copy)
    broken = verify(str(copy))
    for problem in broken.problems[:2]:
        stage.aside(f"the copy: {problem}")
    stage.check(changed and not broken.ok, "one byte changed in a copy is found")
    copy.unlink()


def _copy(database: Path, copy: Path) -> None:
    import sqlite3
    from contextlib import closing

    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")


def _change_one_byte(copy: Path) -> bool:
    """In the file itself, as somebody with access to the disk would: who did it becomes somebody else."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(copy)) as connection:
        at, actor, verb = connection.execute(
            "SELECT at, actor, verb FROM audit ORDER BY seq LIMIT 1 OFFSET 5"
        ).fetchone()
    content = copy.read_bytes()
    place = content.find(f"{at}{actor}{verb}".encode())  # SQLite keeps a row's texts side by side
    if place < 0:
        return False
    place += len(at) + len(actor) - 1
    copy.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    return True

"""Processes that start in a third of a second: one parent has everything loaded and forks them.

`python -m tests.faults.forking` reads orders from stdin, one JSON object a line, and answers each with one line:
`{"fork": job}` → `{"pid": 1}`; `{"look": pid}` → `{"ended": null}`, or how it ended (negative: by which signal).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.service_child import Job, run

ROOT = Path(__file__).parents[2]


class Forker:
    """The parent, seen from the test."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, job: Job) -> int:
        """Begin a process; its id."""
        return int(self._ask({"fork": asdict(job)})["pid"])

    def ended(self, pid: int) -> int | None:
        """How a process ended, None while it lives; -9 after SIGKILL."""
        code: int | None = self._ask({"look": pid})["ended"]
        return code

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the parent of all processes is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def forker() -> Iterator[Forker]:
    """The parent, for as long as it is needed; what it has started and is still there is killed with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.forking"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environment, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
    )
    try:
        yield Forker(process)
    finally:
        process.communicate()


def _load() -> Any:
    """All that a process needs, and what it would learn at its start; but no thread: a fork would not have it."""
    import chromadb  # noqa: F401
    import dbos  # noqa: F401
    import langgraph.graph  # noqa: F401
    import psycopg  # noqa: F401
    import tantivy  # noqa: F401
    import uvicorn  # noqa: F401

    import loket.command.serve
    import loket.service.process  # noqa: F401
    from connectors.models.sentence_encoder import SentenceEncoder
    from loket.vectors.prepared import PreparedEmbedder, prepared_file
    from policies.concepts import concepts
    from policies.indexes import spelling
    from tests.cached_embedder import CachedEmbedder

    embedder = CachedEmbedder(PreparedEmbedder(SentenceEncoder(), prepared_file()))
    embedder.embed(["hello"])
    asyncio.run(_warm(embedder))
    for words in (concepts, spelling.everyday, spelling.small_words):
        words()
    return embedder


async def _warm(embedder: Any) -> None:
    from loket.bootstrap import build
    from loket.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        counter = build(Settings(home=Path(home), _env_file=None), embedder=embedder)
        await counter.open()
        await counter.runner.warm()
        await counter.close()


def main() -> None:
    """Fork, and say how each ended."""
    embedder = _load()
    living: set[int] = set()
    ended: dict[int, int] = {}
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        order = json.loads(line)
        if "fork" in order:
            pid = os.fork()
            if pid == 0:
                answers.close()
                os.close(0)
                run(Job(**order["fork"]), embedder)
            living.add(pid)
            answer: dict[str, Any] = {"pid": pid}
        else:
            _reap(living, ended)
            answer = {"ended": ended.get(order["look"])}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    for pid in living:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _reap(living: set[int], ended: dict[int, int]) -> None:
    for pid in list(living):
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            living.discard(pid)
            ended[pid] = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    main()

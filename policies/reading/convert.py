"""HTML, PDF, DOCX and XLSX to Markdown, in a process of its own that a broken or hostile file cannot hold up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Timer
from types import TracebackType

from core.errors import DocumentError

_OLE = b"\xd0\xcf\x11\xe0"  # the container of old Office files, and of new ones under a password
_HOME = str(Path(__file__).resolve().parents[2])
_PROGRAM = f"import sys; sys.path.insert(0, {_HOME!r}); from policies.reading.convert_worker import main; main()"


class Converter:
    """Converts one file after the other. The process starts with the first file; `with` ends it."""

    def __init__(self, seconds: float, memory_mb: int) -> None:
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Converter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def convert(self, file: Path, path: str) -> str:
        """The text of `file` as Markdown. Raises DocumentError with a sentence that says what to do."""
        _check_kind(file, path)
        line, in_time = self._ask(file)
        if not in_time:
            raise DocumentError(path, f"took over {self._seconds:.0f} s to read; save it anew or as text.")
        if not line:
            raise DocumentError(
                path, "cannot be read: it needs too much memory or is damaged; save it anew or as text."
            )
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise DocumentError(path, _sentence(answer["error"]))
        return answer["text"]

    def close(self) -> None:
        """End the process, working or not."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, file: Path) -> tuple[str, bool]:
        """(answer line, was it in time); an empty line when the process died of the file."""
        process = self._started()
        late: list[bool] = []

        def stop() -> None:
            late.append(True)
            process.kill()

        timer = Timer(self._seconds, stop)
        timer.start()
        try:
            if process.stdin is None or process.stdout is None:
                return "", True
            process.stdin.write(json.dumps(str(file)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            self.close()
        return line, not late

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            # No environment: what reads untrusted files knows no secrets. No prompt text reaches a shell.
            self._process = subprocess.Popen(  # noqa: S603 - our own program, no outside words
                [sys.executable, "-c", _PROGRAM, str(self._memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env={"PYTHONUTF8": "1"},
            )
        return self._process


def _check_kind(file: Path, path: str) -> None:
    """Say early what a wrong start of the file means."""
    with file.open("rb") as opened:
        start = opened.read(1024)
    suffix = file.suffix.lower()
    if suffix in (".docx", ".xlsx"):
        if start.startswith(_OLE):
            raise DocumentError(path, f"is under a password or in an old format; save it as {suffix} without password.")
        if not start.startswith(b"PK"):
            raise DocumentError(path, f"is not a real {suffix} file; open it in its program and save it again.")
    if suffix == ".pdf" and b"%PDF" not in start:
        raise DocumentError(path, "is not a real .pdf file; make it anew from its source.")


def _sentence(error: str) -> str:
    if "Password" in error or "encrypt" in error.lower():
        return "is under a password; save it without one."
    if "MemoryError" in error:
        return "needs too much memory to read; split it or save it as text."
    return "is damaged and cannot be read; make it anew from its source."

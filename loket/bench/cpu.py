"""CPU time and memory of other processes, as Linux tells them."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
_TICKS = float(os.sysconf("SC_CLK_TCK"))


def cpu_seconds(pid: int) -> float:
    """What a process, its children and its ended children have used. Raises `OSError` where there is no `/proc`."""
    return sum(_used(process) for process in family(pid))


def resident_bytes(pid: int) -> int:
    """The memory a process and its children hold. What several processes share is divided among them ("PSS")."""
    lines = [line for process in family(pid) for line in _read(process, "smaps_rollup").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def open_files(pid: int) -> int:
    """How many files and sockets a process and its children hold open."""
    return sum(len(list((PROC / str(process) / "fd").iterdir())) for process in family(pid))


def family(pid: int) -> list[int]:
    """A process and its children, and theirs."""
    found = [pid]
    for process in found:
        for task in (PROC / str(process) / "task").iterdir():
            try:
                found += [int(child) for child in (task / "children").read_text().split()]
            except FileNotFoundError:  # the thread has just ended
                continue
    return found


def _used(pid: int) -> float:
    # proc(5): fields 14 to 17 are user and system time, the process's own and that of the children it waited for.
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def _read(pid: int, name: str) -> str:
    try:
        return (PROC / str(pid) / name).read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended; its parent has its time now
        return "0 " * 20

"""A command in a process of its own, and what it cost: seconds, CPU, memory, children included."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOK_SECONDS: Final = 0.1  # between two looks at the memory of all processes together
PROC: Final = Path("/proc")
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Of one command: `cpu` seconds of it and all its children; `peak` bytes resident, together.

    Pages that processes share count once (their proportional set sizes are added up).
    """

    wall: float
    cpu: float
    peak: int

    @property
    def gib(self) -> float:
        return self.peak / 2**30

    def __str__(self) -> str:
        return f"{self.wall:8.1f} s  {self.cpu:8.1f} CPU s  {self.gib:6.2f} GiB"


class StepFailed(Exception):
    """A command ended with an exit code that it must not have."""


def run(line: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Cost:
    """Runs a command to its end; raises StepFailed with what it said where it failed."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [str(word) for word in line],
            stdout=said,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=None if environment is None else dict(environment),
        )
        watch = _Watch(child.pid)
        watch.start()
        _, status, spent = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        watch.stop()
        if child.returncode:
            said.seek(0)
            raise StepFailed(
                f"exit code {child.returncode} from {' '.join(map(str, line))}\n"
                + said.read().decode(errors="replace")
            )
    # of the largest process, seen by the kernel at every moment; up to our own it may be inherited
    largest, own = spent.ru_maxrss * 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    peak = max(watch.peak, largest) if largest > own else watch.peak
    return Cost(wall, spent.ru_utime + spent.ru_stime, peak)


class _Watch(threading.Thread):
    """Looks at the resident memory of a process and all below it until stopped (Linux)."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._root = root
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self.peak = max(self.peak, resident(self._root))

    def stop(self) -> None:
        self._over.set()
        self.join()


def resident(root: int) -> int:
    """Bytes that a process and its descendants hold in memory now; 0 where nobody can tell."""
    children: dict[int, list[int]] = {}
    for entry in PROC.glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):  # it has just ended
            continue
        children.setdefault(parent, []).append(int(entry.name))
    family, waiting = [], [root]
    while waiting:
        family.append(waiting.pop())
        waiting += children.get(family[-1], [])
    of_one = _resident if len(family) == 1 else _proportional  # which takes longer to tell
    return sum(of_one(PROC / str(process)) for process in family)


def _resident(process: Path) -> int:
    try:
        return int((process / "statm").read_text().split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _proportional(process: Path) -> int:
    """Of a page that k processes share, one k-th."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, ValueError, IndexError):
        return 0

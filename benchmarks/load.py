"""Requests as fast as a service answers them: by `wrk` where it is installed, else by sockets.

Whichever is used must not be what is measured: `wrk` takes a tenth of a core for what keeps two
cores of Python busy; the sockets take about half a core.
"""

from __future__ import annotations

import multiprocessing
import random
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

CONNECTIONS: Final = 16
MOST_ADDRESSES: Final = 20_000  # what a list for wrk may hold


@dataclass(frozen=True)
class Rate:
    """What came of a load."""

    tool: str
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failures: int  # answers other than 2xx, or none

    @property
    def a_second(self) -> float:
        return self.requests / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.a_second:8,.0f}/s   p50 {self.p50_ms:6.2f} ms   p99 {self.p99_ms:6.2f} ms   "
            f"{self.failures} failures"
        )


def load(port: int, addresses: Sequence[str], seconds: float, *, seed: int = 1) -> Rate:
    """Asks addresses, drawn at random, over keep-alive connections of 127.0.0.1."""
    drawn = random.Random(seed).choices(addresses, k=min(MOST_ADDRESSES, 50 * len(addresses)))
    return (_by_wrk if shutil.which("wrk") else _by_sockets)(port, drawn, seconds)


_SCRIPT: Final = """
local addresses, place = {{}}, 0
for line in io.lines("{path}") do addresses[#addresses + 1] = line end
request = function()
  place = place % #addresses + 1
  return wrk.format("GET", addresses[place])
end
done = function(summary, latency, requests)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("TOLD %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"""


def _by_wrk(port: int, addresses: Sequence[str], seconds: float) -> Rate:
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder, "addresses"), Path(folder, "script.lua")
        listed.write_text("\n".join(addresses))
        script.write_text(_SCRIPT.format(path=listed))
        words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", script]
        done = subprocess.run(
            [*words, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
        )
    told = re.search(r"TOLD (\d+) (\d+) (\d+) (\d+) (\d+)", done.stdout)
    assert told is not None, done.stdout
    requests, micros, p50, p99, bad = map(int, told.groups())
    return Rate("wrk", requests, micros / 1e6, p50 / 1e3, p99 / 1e3, bad)


def _by_sockets(port: int, addresses: Sequence[str], seconds: float) -> Rate:
    """In a process of its own, so that its Python does not wait for ours."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_ask_in_threads, port, list(addresses), seconds).result()


def _ask_in_threads(port: int, addresses: list[str], seconds: float) -> Rate:
    waits: list[float] = []
    failures: list[int] = []
    until = time.perf_counter() + seconds

    def ask(mine: list[str]) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            place = 0
            while (begun := time.perf_counter()) < until:
                address = mine[place % len(mine)]
                connection.sendall(f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                if not _answered(connection.recv):
                    failures.append(1)
                waits.append(time.perf_counter() - begun)
                place += 1

    threads = [
        threading.Thread(target=ask, args=(addresses[one::CONNECTIONS],))
        for one in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p50, p99 = np.percentile(np.array(waits) * 1e3, [50, 99])
    return Rate("sockets", len(waits), seconds, float(p50), float(p99), len(failures))


def _answered(receive: Callable[[int], bytes]) -> bool:
    """Reads one whole answer; is it a 2xx?"""
    content = b""
    while b"\r\n\r\n" not in content:
        piece = receive(65_536)
        if not piece:
            raise ConnectionError("the service closed the connection")
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    left = int(length[1] if length else 0) - len(body)
    while left > 0:
        left -= len(receive(min(left, 2**20)))
    return head.split(b" ", 2)[1].startswith(b"2")

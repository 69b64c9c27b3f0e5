"""A company of M5's size served by two workers on loopback: single reads, whole pulls, memory.

    python -m benchmarks.serving [--series 30490] [--seconds 10] [--minutes 0.5] [--work DIR]

Draws two consecutive publications at random, starts `vigistock serve --workers 2`, and measures it
beside a bare FastAPI ping and file in the same run. Every pull is held against its checksum, and
one is put together over 100 broken connections. Ends by itself and leaves nothing behind; exits
with 1 where a promise breaks at full size.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import http.client
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.bare import FILE
from benchmarks.demand.promises import Promise
from benchmarks.load import Rate, load
from benchmarks.published_company import company_of, keys_of

FULL: Final = 30_490
WORKERS: Final = 2
REPEATS: Final = 3
BREAKS: Final = 100
START_SECONDS: Final = 60.0
QUANTILES: Final = "q050,q500,q950"
PULL: Final = f"/v1/forecasts?grain=week&publication=2&quantiles={QUANTILES}"
MEDIA: Final = {
    "Parquet": "application/vnd.apache.parquet",
    "NDJSON": "application/x-ndjson",
    "CSV": "text/csv",
}

LEAST_READS: Final = 3_000.0  # a second
MOST_P99_MS: Final = 25.0
MOST_SECONDS: Final = {"Parquet": 0.5, "NDJSON": 2.0, "CSV": 2.0}
MOST_GROWTH: Final = 0.05  # of memory, from the first third of the time to the last


@dataclass(frozen=True)
class Pulled:
    """One complete answer."""

    seconds: float
    content: bytes
    headers: Mapping[str, str]

    @property
    def is_sound(self) -> bool:
        digest = base64.b64encode(hashlib.sha256(self.content).digest()).decode()
        return self.headers.get("repr-digest") == f"sha-256=:{digest}:"


def tell(words: str) -> None:
    print(words, flush=True)


@contextlib.contextmanager
def served(words: Sequence[str], ready: str, port: int, **more: str) -> Iterator[int]:
    """A service as a process of its own; gives its process id."""
    root = str(Path(__file__).resolve().parents[1])
    known = os.environ.get("PYTHONPATH", "")
    environment = {**os.environ, **more, "PYTHONPATH": f"{root}{os.pathsep}{known}".rstrip(":")}
    with tempfile.TemporaryFile() as log:  # a line a request: on a pipe that nobody reads it blocks
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=log)
        try:
            until = time.monotonic() + START_SECONDS
            while not _answers(port, ready):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{words[-1]} did not start.")
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def _answers(port: int, address: str) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", address)
        return connection.getresponse().status == 200
    return False


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def pull(port: int, address: str, headers: Mapping[str, str]) -> Pulled:
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", address, headers=dict(headers))
    response = connection.getresponse()
    content = response.read()
    seconds = time.perf_counter() - begun
    connection.close()
    told = {name.lower(): value for name, value in response.getheaders()}
    return Pulled(seconds, content, told)


def over_broken_connections(port: int, headers: Mapping[str, str], whole: Pulled) -> int:
    """The same file over connections that break at random; gives how many broke.

    Raises AssertionError where the pieces are not the whole.
    """
    luck, held, breaks = random.Random(1), b"", 0
    size = len(whole.content)
    while len(held) < size:
        resume = {"Range": f"bytes={len(held)}-", "If-Range": whole.headers["etag"]}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", PULL, headers={**headers, **(resume if held else {})})
        response = connection.getresponse()
        assert response.status == (206 if held else 200), response.status
        if breaks < BREAKS:
            held += response.read(luck.randint(1, 3 * size // (2 * BREAKS)))
            breaks += 1
        else:
            held += response.read()
        connection.close()
    assert held == whole.content, "the pieces are not the whole"
    return breaks


def memory_mib(parent: int) -> float:
    """Memory that belongs to the service and its workers alone; mapped files are not counted."""
    total = 0
    for pid in (parent, *_children(parent)):
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(
                int(line.split()[1]) for line in text.splitlines() if line.startswith("Anonymous:")
            )
    return total / 1024


def cpu_seconds(parent: int) -> float:
    """Of the service and its workers so far."""
    ticks = 0
    for pid in (parent, *_children(parent)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def reads(port: int, parent: int, name: str, addresses: Sequence[str], seconds: float) -> Rate:
    """A load, told with what it cost: on a machine that others use too, the fairer figure."""
    before = cpu_seconds(parent)
    rate = load(port, addresses, seconds)
    cost = (cpu_seconds(parent) - before) / rate.requests
    cores = rate.requests * cost / rate.seconds
    tell(f"  {name:24s} {rate}   {1e3 * cost:.2f} CPU ms each, {cores:.2f} cores had ({rate.tool})")
    return rate


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found


def memory_over(minutes: float, parent: int, port: int, addresses: Sequence[str]) -> list[float]:
    """MiB, sampled while reads and pulls go on."""
    samples, until = [], time.monotonic() + minutes * 60
    while time.monotonic() < until:
        load(port, addresses, 2.0, seed=len(samples))
        for media in MEDIA.values():
            pull(port, PULL, {"Accept": media})
        samples.append(memory_mib(parent))
    return samples


def addresses_of(series: int) -> dict[str, list[str]]:
    keys = keys_of(series).itertuples(index=False)
    pairs = [(site, sku) for site, sku in keys]
    return {
        "series": [f"/v1/series/{site}/{sku}" for site, sku in pairs],
        "forecasts of a series": [f"/v1/forecasts?site={site}&sku={sku}" for site, sku in pairs],
    }


def beside(port: int, path: Path, seconds: float) -> tuple[Rate, float]:
    """A bare FastAPI, as many workers: its rate of pings, and its seconds for the file."""
    words = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--factory", "--port"]
    words += [str(port), "--workers", str(WORKERS), "--log-level", "warning"]
    with served(words, "/ping", port, **{FILE: str(path)}):
        rate = load(port, ["/ping"], seconds)
        file = min(pull(port, "/file", {}).seconds for _ in range(REPEATS))
    return rate, file


def pulls(port: int) -> tuple[dict[str, float], Pulled]:
    """Seconds of the slowest of some pulls after the first, by format; and the CSV."""
    found, csv = {}, None
    for name, media in MEDIA.items():
        for encoding in ("identity", "gzip")[: 1 if name == "Parquet" else 2]:
            headers = {"Accept": media, "Accept-Encoding": encoding}
            first, *rest = [pull(port, PULL, headers) for _ in range(1 + REPEATS)]
            assert all(one.is_sound for one in (first, *rest)), name
            slowest = max(one.seconds for one in rest)
            tell(
                f"  {name:8s} {encoding:9s} {len(first.content) / 2**20:7.1f} MiB   first, made: "
                f"{first.seconds:5.2f} s   then: {slowest:5.2f} s"
            )
            if encoding == "identity":
                found[name] = slowest
                csv = first
    assert csv is not None
    delta = pull(port, f"{PULL}&changed_since=1", {"Accept": "text/csv"})
    tell(
        f"  delta since the week before, CSV: {delta.headers['vigistock-rows']} rows, "
        f"{len(delta.content) / 2**20:.1f} MiB, made in {delta.seconds:.2f} s"
    )
    return found, csv


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=FULL)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--minutes", type=float, default=0.5, help="of watching memory")
    parser.add_argument("--work", type=Path, help="where to work; default: the temporary folder")
    chosen = parser.parse_args()
    promises: list[Promise] = []
    with tempfile.TemporaryDirectory(prefix="vigistock-serving-", dir=chosen.work) as folder:
        begun = time.monotonic()
        workspace = company_of(Path(folder, "workspace"), chosen.series)
        tell(
            f"two publications of {chosen.series:,} series drawn ({time.monotonic() - begun:.0f} s)"
        )
        port = free_port()
        words = [sys.executable, "-c", "from api.commands import main; main()", "--workspace"]
        words += [str(workspace.folder), "serve", "--workers", str(WORKERS), "--port", str(port)]
        addresses = addresses_of(chosen.series)
        with served(words, "/health/ready", port) as parent:
            load(port, addresses["series"], 2.0)  # each worker opens its publication
            tell(f"\nsingle reads, {WORKERS} workers, series drawn at random")
            for name, listed in addresses.items():
                reads(port, parent, name, listed, chosen.seconds)
            both = [address for pair in zip(*addresses.values(), strict=True) for address in pair]
            mixed = reads(port, parent, "half of each", both, chosen.seconds)
            tell(f"\nwhole pulls: weeks, {QUANTILES}")
            seconds, csv = pulls(port)
            headers = {"Accept": "text/csv", "Accept-Encoding": "identity"}
            breaks = over_broken_connections(port, headers, csv)
            tell(f"  over {breaks} broken connections: the same {len(csv.content):,} bytes")
            samples = memory_over(chosen.minutes, parent, port, both)
        path = Path(folder, "forecasts.csv")
        path.write_bytes(csv.content)
        ping, file = beside(free_port(), path, chosen.seconds)
    tell("\na bare FastAPI beside, as many workers")
    tell(f"  {'ping':24s} {ping}")
    tell(f"  {'the same CSV as a file':24s} {file:.2f} s")
    third = max(1, len(samples) // 3)
    early, late = np.mean(samples[:third]), np.mean(samples[-third:])
    tell(f"\nmemory of all processes, mapped files apart: {early:,.0f} MiB, then {late:,.0f} MiB")
    promises += [
        Promise(
            mixed.a_second >= LEAST_READS,
            f"single reads at least {LEAST_READS:,.0f}/s: {mixed.a_second:,.0f}/s",
        ),
        Promise(mixed.p99_ms < MOST_P99_MS, f"p99 under {MOST_P99_MS:g} ms: {mixed.p99_ms:.1f} ms"),
        Promise(mixed.failures == 0, f"no read fails: {mixed.failures}"),
        *(
            Promise(seconds[name] < most, f"{name} pull under {most:g} s: {seconds[name]:.2f} s")
            for name, most in MOST_SECONDS.items()
        ),
        Promise(breaks == BREAKS, f"a pull survives {BREAKS} broken connections: {breaks}"),
        Promise(
            late <= early * (1 + MOST_GROWTH),
            f"memory grows by at most {MOST_GROWTH:.0%}: {late / early - 1:+.1%} in "
            f"{chosen.minutes:g} min",
        ),
    ]
    is_full = chosen.series >= FULL
    tell("\nmust show" if is_full else "\nmust show at full size; this one is smaller: no proof")
    for promise in promises:
        tell(f"  {'yes' if promise.kept else 'NO '}  {promise.words}")
    return 0 if all(promise.kept for promise in promises) or not is_full else 1


if __name__ == "__main__":
    sys.exit(main())

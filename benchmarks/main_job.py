"""The main job on real data, through the very commands that a user runs.

    python -m benchmarks.main_job --data usaid          # monthly health supply chain
    python -m benchmarks.main_job --data m5             # 844 daily series, 28 days and 13 weeks
    python -m benchmarks.main_job --data online-retail  # 245 raw daily files: nothing lost

Prints the seconds of each command and what the exports hold; exits with 1 where a promise breaks.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.shared_data import m5_feeds, shared_data
from forecasting.record import Record

VIGISTOCK = Path(sys.executable).with_name("vigistock")


class Job:
    """Commands in one workspace, timed; promises kept or broken."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.seconds = 0.0
        self.broken: list[str] = []

    def run(self, *words: str | Path) -> str:
        started = time.perf_counter()
        line = [str(VIGISTOCK), "--workspace", str(self.workspace), *map(str, words)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        took = time.perf_counter() - started
        self.seconds += took
        shown = " ".join(str(word) for word in words if not isinstance(word, Path))
        print(f"{took:7.1f} s  vigistock {shown[:80]}")
        if done.returncode not in (0, 3):
            raise SystemExit(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def promise(self, kept: bool, words: str) -> None:
        print(f"  {'yes' if kept else 'NO '}  {words}")
        if not kept:
            self.broken.append(words)


def check_forecasts(job: Job, frame: pd.DataFrame, what: str) -> None:
    quantiles = frame[
        [name for name in frame.columns if name.startswith("q") and name[1:].isdigit()]
    ]
    values = quantiles.to_numpy(float)
    job.promise(bool(np.isfinite(frame["mean"]).all()), f"{what}: every mean is finite")
    job.promise(bool((frame["mean"] >= 0).all()), f"{what}: every mean is at least 0")
    job.promise(bool(np.isfinite(values).all()), f"{what}: every quantile is finite")
    job.promise(bool((values >= 0).all()), f"{what}: every quantile is at least 0")
    job.promise(bool((np.diff(values, axis=1) >= 0).all()), f"{what}: quantiles never cross")
    job.promise(bool(frame["method"].ne("").all()), f"{what}: every row names its method")


def check_warnings(job: Job, frame: pd.DataFrame) -> None:
    horizons = [name for name in frame.columns if name.startswith("p_") and name[2].isdigit()]
    values = frame[["probability", *horizons, "p_no_order"]].to_numpy(float)
    job.promise(bool(np.isfinite(values).all()), "warnings: every probability is finite")
    job.promise(
        bool(((values >= 0) & (values <= 1)).all()), "warnings: every probability is in 0..1"
    )
    ordered = np.diff(frame[horizons].to_numpy(float), axis=1) >= 0
    job.promise(bool(ordered.all()), "warnings: horizons never cross")


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"site": str, "sku": str}, keep_default_na=False, na_values=[""])


def usaid(job: Job, folder: Path, scratch: Path) -> None:
    """Issue figures: every series with any history has a row; under 3 minutes together."""
    ledger = folder / "contraceptive_logistics_2016_2018.csv"
    job.run("init", "--frequency", "M")
    profile = ("--profile", "stock-ledger")
    job.run("ingest", "sites", folder / "service_delivery_site_data.csv", *profile)
    job.run("ingest", "items", folder / "product.csv", *profile)
    job.run("ingest", "ledger", ledger, *profile)
    job.run("train", "--as-of", "2018-11")
    job.run("publish", "--as-of", "2018-12")
    warnings, forecasts = scratch / "warnings.csv", scratch / "forecasts.csv"
    job.run("export", "warnings", "--all", "--output", warnings)
    job.run("export", "forecasts", "--grain", "month", "--output", forecasts)
    raw = pd.read_csv(ledger, dtype=str)
    pairs = set(zip(raw["site_code"], raw["product_code"], strict=True))
    risk, demand = read(warnings), read(forecasts)
    for name, frame in (("warnings", risk), ("forecasts", demand)):
        found = set(zip(frame["site"], frame["sku"], strict=True))
        job.promise(pairs == found, f"{name}: all {len(pairs)} series have a row")
    job.promise(len(demand) == 12 * len(pairs), f"forecasts: 12 months each, {len(demand)} rows")
    check_forecasts(job, demand, "months")
    check_warnings(job, risk)
    print(risk["state"].value_counts().to_string())
    job.promise(job.seconds < 180, f"under 3 minutes together: {job.seconds:.0f} s")


def m5(job: Job, folder: Path, scratch: Path) -> None:
    files = m5_feeds(folder, scratch)
    job.run("init")
    for feed, path in files.items():
        job.run("ingest", feed, path)
    job.run("train", "--as-of", "2016-04-24")
    tables = {}
    for grain in ("day", "week"):
        path = scratch / f"{grain}.csv"
        job.run("export", "forecasts", "--grain", grain, "--output", path)
        tables[grain] = read(path)
        check_forecasts(job, tables[grain], f"{grain}s")
    days, weeks = tables["day"], tables["week"]
    count = weeks.groupby(["site", "sku"]).ngroups
    job.promise(count == 844, f"{count} series")
    job.promise(len(days) == 28 * count and len(weeks) == 13 * count, "28 days and 13 weeks each")
    start = pd.to_datetime(days["period_start"])
    monday = start - pd.to_timedelta(start.dt.weekday, unit="D")
    summed = days.groupby([days["site"], days["sku"], monday.rename("week")])["mean"].sum()
    first = weeks.assign(week=pd.to_datetime(weeks["period_start"])).set_index(
        ["site", "sku", "week"]
    )["mean"]
    both = summed.to_frame("days").join(first.rename("week_mean"), how="inner")
    gap = float((both["days"] - both["week_mean"]).abs().max())
    job.promise(
        len(both) == 4 * count and gap < 1e-6, f"4 weeks are the sums of days (± {gap:.1e})"
    )
    job.promise(job.seconds < 360, f"under 6 minutes: {job.seconds:.0f} s")


def online_retail(job: Job, folder: Path, scratch: Path) -> None:
    files = sorted(folder.glob("*.csv"))
    raw = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in files])
    job.run("init")
    told = json.loads(job.run("ingest", "sales", *files, "--profile", "invoices", "--json"))
    rejects = scratch / "rejects.csv"
    job.run("rejects", "--export", rejects)
    refused = pd.read_csv(rejects, dtype=str, keep_default_na=False)
    total = {name: told["total"][name] for name in ("read", "accepted", "rejected", "duplicates")}
    print(f"  {total}")
    job.promise(
        total["read"] == len(raw), f"every one of {len(raw)} lines in {len(files)} files was read"
    )
    kept = total["accepted"] + total["rejected"] + total["duplicates"]
    job.promise(total["read"] == kept, "read = accepted + rejected + duplicates")
    job.promise(len(refused) == total["rejected"], "every rejected line can be fetched")
    print(refused.groupby(["code", "message"]).size().sort_values().tail(12).to_string())
    excluded = refused["raw"].map(lambda line: float(next(csv.reader([line]))[3])).sum()
    sent = pd.to_numeric(raw["Quantity"]).sum()
    record = Record.open(f"sqlite:///{job.workspace / 'record.db'}")
    kept_units = np.asarray(record.rows("sales").column("units"))
    returned = kept_units[kept_units < 0].sum()
    job.promise(
        bool(sent == kept_units.sum() + excluded),
        f"units: {sent:,.0f} sent = {kept_units.sum():,.0f} kept + {excluded:,.0f} rejected",
    )
    job.promise(bool(returned < 0), f"returns are kept: {returned:,.0f} units below zero")


DATA: dict[str, tuple[str, Callable[[Job, Path, Path], None]]] = {
    "usaid": ("usaid_ci", usaid),
    "m5": ("m5", m5),
    "online-retail": ("online_retail", online_retail),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", choices=DATA, required=True)
    parser.add_argument(
        "--dir", type=Path, help="folder of the data; default ../shared/data/<name>"
    )
    asked = parser.parse_args()
    name, run = DATA[asked.data]
    folder = asked.dir or shared_data(name)
    if folder is None:
        raise SystemExit(f"SKIPPED: the data set {name} is not on this machine (--dir names it).")
    with tempfile.TemporaryDirectory() as scratch:
        job = Job(Path(scratch) / "workspace")
        run(job, folder, Path(scratch))
    raise SystemExit(1 if job.broken else 0)


if __name__ == "__main__":
    main()

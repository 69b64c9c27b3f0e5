"""A workspace of real data for the notebooks, small enough to train in seconds.

    python -m benchmarks.real_company FOLDER [--sites 12]

The first sites of the health supply chain (`usaid_ci`), by month: taken in, learned as of June 2018
and published each month since, by the commands that a user runs. `COMPANY = Path("FOLDER")` in a
notebook then works on it. Exits with 1 where the data set is not on this machine. Fewer than twelve
sites have too few ruptures for a learned risk (notebook 04).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Final

import pandas as pd

from benchmarks.main_job import Job
from benchmarks.shared_data import shared_data

LEARNED: Final = "2018-06"
PUBLISHED: Final = ("2018-07", "2018-08", "2018-09", "2018-10", "2018-11", "2018-12")


def build(workspace: Path, folder: Path, sites: int) -> None:
    """The company in a new workspace, from the files in `folder`."""
    ledger = pd.read_csv(folder / "contraceptive_logistics_2016_2018.csv", dtype=str)
    chosen = sorted(ledger["site_code"].unique())[:sites]
    job, profile = Job(workspace), ("--profile", "stock-ledger")
    with tempfile.TemporaryDirectory() as scratch:
        part = Path(scratch) / "ledger.csv"
        ledger[ledger["site_code"].isin(chosen)].to_csv(part, index=False)
        job.run("init", "--frequency", "M")
        job.run("ingest", "sites", folder / "service_delivery_site_data.csv", *profile)
        job.run("ingest", "items", folder / "product.csv", *profile)
        job.run("ingest", "ledger", part, *profile)
    job.run("train", "--as-of", LEARNED)
    for month in PUBLISHED:
        job.run("publish", "--as-of", month)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="the workspace to make")
    parser.add_argument("--sites", type=int, default=12)
    asked = parser.parse_args()
    folder = shared_data("usaid_ci")
    if folder is None:
        raise SystemExit("The data set usaid_ci is not on this machine.")
    build(asked.folder, folder, asked.sites)


if __name__ == "__main__":
    main()

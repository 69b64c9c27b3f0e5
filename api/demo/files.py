"""The files that an ERP would export, good rows and a few bad ones, and the truth set aside."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from api.demo import happenings, logistics, masters
from api.demo.coding import Coding
from api.demo.company import Company
from api.demo.demand import Demand
from api.demo.operations import Ledger
from forecasting.feeds.profile import Profile, load_profile

CANONICAL: Final = "generic"
FRENCH: Final = "generic-fr"

Fault = Mapping[str, str]  # column -> text; the other columns are copied from a good row
TOTAL: Final = "TOTAL"  # as a fault's `date`: the totals row some exports end with

FAULTS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "items": ({"sku": "", "description": "*** NE PLUS UTILISER ***"},),
    "sales": (
        {"date": "2026-02-30"},
        {"units": "douze"},
        {"sku": ""},
        {"date": TOTAL},
    ),
    "ventes": ({"date": "31/11/2026"}, {"date": TOTAL}),
    "stock": ({"on_hand": "n/a"}, {"date": "0000-00-00"}),
    "orders": ({"units_ordered": "-24"}, {"ordered_on": "bientôt"}),
    "receipts": ({"received_on": "2026-13-01"},),
    "customer_orders": ({"units_ordered": "une palette"},),
}
"""What is wrong with the bad rows of each file: one reject a row."""


class DemoFile(NamedTuple):
    """`vigistock ingest FEED PATH --profile PROFILE`"""

    feed: str
    path: Path
    profile: str


@dataclass(frozen=True)
class DemoFiles:
    """`files` in the order to ingest them; `expected_rejects` by file name (0 where not named)."""

    files: tuple[DemoFile, ...]
    end: date
    expected_rejects: Mapping[str, int]
    truth: Path  # date, site, sku, demand: what customers wanted, to the end
    future: Path  # date, site, sku, demand, units, on_hand, blocked: the four weeks after it


def write_files(folder: Path, company: Company, demand: Demand, ledger: Ledger) -> DemoFiles:
    folder.mkdir(parents=True, exist_ok=True)
    end = company.dates[company.end].astype(object)
    sales = happenings.sales(company, demand, ledger)
    this_month = sales["date"] >= pd.Timestamp(end).replace(day=1)
    plan: Sequence[tuple[str, str, pd.DataFrame, str, str]] = (
        ("items", "items.csv", masters.items(company, demand), CANONICAL, "items"),
        ("sites", "sites.csv", masters.sites(company), CANONICAL, "sites"),
        ("suppliers", "suppliers.csv", masters.suppliers(company), CANONICAL, "suppliers"),
        ("assortment", "assortment.csv", masters.assortment(company), CANONICAL, "assortment"),
        ("policies", "policies.csv", masters.policies(company, ledger), CANONICAL, "policies"),
        ("sales", "sales.csv", sales[~this_month], CANONICAL, "sales"),
        ("sales", f"ventes-{end:%Y-%m}.csv", sales[this_month], FRENCH, "ventes"),
        ("stock", "stock.csv", happenings.stock(company, ledger), CANONICAL, "stock"),
        ("orders", "orders.csv", happenings.orders(company, ledger), CANONICAL, "orders"),
        ("receipts", "receipts.csv", happenings.receipts(company, ledger), CANONICAL, "receipts"),
        (
            "customer_orders",
            "commandes-clients.csv",
            happenings.customer_orders(company, demand, ledger),
            FRENCH,
            "customer_orders",
        ),
        ("events", "events.csv", masters.events(company, demand), CANONICAL, "events"),
        ("costs", "costs.csv", logistics.costs(company, demand, ledger), CANONICAL, "costs"),
        (
            "incidents",
            "incidents.csv",
            logistics.incidents(company, demand, ledger),
            CANONICAL,
            "incidents",
        ),
    )
    rng = company.rng("faults")
    files, rejects = [], {}
    for feed, name, frame, profile, kind in plan:
        if not len(frame):  # a small company may have had no incident yet
            continue
        path = folder / name
        faults = FAULTS.get(kind, ())
        _write(path, frame, feed, load_profile(profile), faults, rng)
        files.append(DemoFile(feed, path, profile))
        rejects[name] = len(faults)
    truth, future = _set_truth_aside(folder / "truth", company, ledger)
    return DemoFiles(tuple(files), end, rejects, truth, future)


def _write(
    path: Path,
    frame: pd.DataFrame,
    feed: str,
    profile: Profile,
    faults: Sequence[Fault],
    rng: np.random.Generator,
) -> None:
    """One file in the dialect of a profile, bad rows strewn in; a totals row comes last."""
    columns = list(frame.columns)
    body = _lines(frame, feed, profile)
    for at, fault in zip(np.sort(rng.integers(0, len(body), len(faults))), faults, strict=True):
        row = next(csv.reader([body[at]], delimiter=profile.separator))
        if fault.get("date") == TOTAL:
            at, row = len(body), ["" for _ in columns]
            fault = {**fault, "units": str(frame["units"].sum())}
        for column, text in fault.items():
            row[columns.index(column)] = text
        body.insert(int(at), _line(row, profile.separator))
    headers = profile.rules(feed).columns
    names = [headers.get(column, [column])[0] for column in columns]
    newline = "\n" if profile.encoding == "utf-8" else "\r\n"
    text = newline.join([_line(names, profile.separator), *body, ""])
    path.write_bytes(text.encode(profile.encoding))


def _lines(frame: pd.DataFrame, feed: str, profile: Profile) -> list[str]:
    """The rows as text, in the profile's dates, decimal mark, separator and words."""
    written = frame.copy()
    date_format = profile.dates[0]
    for ours, theirs in (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d")):
        date_format = date_format.replace(ours, theirs)
    for column in frame.select_dtypes("datetime64"):
        days = pd.DatetimeIndex(frame[column].unique())
        written[column] = frame[column].map(
            dict(zip(days, days.strftime(date_format), strict=True))
        )
    for column, words in profile.rules(feed).choices.items():
        if column in frame:
            written[column] = frame[column].replace({ours: word for word, ours in words.items()})
    return written.to_csv(
        index=False,
        header=False,
        sep=profile.separator,
        decimal=profile.decimal,
        lineterminator="\n",
    ).splitlines()


def _line(fields: Sequence[str], separator: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow(fields)
    return out.getvalue()


def _set_truth_aside(folder: Path, company: Company, ledger: Ledger) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    on_sale = company.in_assortment()
    day, s, k = np.nonzero(on_sale)
    series = Coding(company).named(s, k)
    blocked = np.where(s == 0, ledger.blocked[day, k], 0)
    table = pa.table(
        {
            "date": pa.array(company.dates[day]),
            "site": pa.array(series["site"]),
            "sku": pa.array(series["sku"]),
            "demand": ledger.demand[on_sale],
            "units": ledger.sold[on_sale] - ledger.returned[on_sale],
            "on_hand": ledger.on_hand[on_sale],
            "blocked": blocked,
        }
    )
    past = pa.array(day <= company.end)
    truth, future = folder / "demand.parquet", folder / "future.parquet"
    pq.write_table(table.filter(past).select(["date", "site", "sku", "demand"]), truth)
    pq.write_table(table.filter(pc.invert(past)), future)
    return truth, future

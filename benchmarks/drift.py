"""Alarms on a company's own weeks: none where nothing is wrong, one at once where something is.

    python -m benchmarks.drift [--weeks 52] [--published 26] [--sites 6] [--items 150]

Replays the last weeks of the demonstration as they would have come in. Clean weeks count the runs
with an alarm; the demonstration has days on which a site sends nothing, which are told apart. Then
faults are put into the newest week, or the newest day alone, at several origins. Last, a champion
is trained and published week after week on a small company, for the alarms of errors and
calibration.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from api.demo import END, build_company
from api.workspaces import init_workspace
from forecasting.calendar import origin_of
from forecasting.feeds import load_profile, read
from forecasting.panel import Panel, build_panel
from forecasting.record import Record
from forecasting.snapshot import Snapshot, refresh
from models.health import Alarm, Sign, alarms_of
from models.ledger import DEMAND
from models.pipelines.publish import publish
from models.pipelines.train import train
from models.publication import current
from models.workspace import Workspace

Change = Callable[[str, pa.Table, pa.Array], pa.Table]
AMOUNT = {"sales": "units", "stock": "on_hand"}
FAULT_WEEKS = (4, 17, 30)  # before the end

SINGLE = frozenset(
    {"sales of a busy series × 10", "sales of a middling item × 10", "stock of a series × 10"}
)
"""Told, not promised: what sells in lumps may do so by itself."""


@dataclass(frozen=True)
class Faulty:
    """A source of rows whose newest ones are changed."""

    source: Snapshot
    feeds: tuple[str, ...]
    since: dt.date
    change: Change

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    def rows(
        self, feed: str, *, since: dt.date | None = None, until: dt.date | None = None
    ) -> pa.Table:
        table = self.source.rows(feed, since=since, until=until)
        if feed not in self.feeds:
            return table
        return self.change(feed, table, pc.greater_equal(table["date"], self.since))


def times(factor: float, sku: str = "", site: str = "") -> Change:
    def change(feed: str, table: pa.Table, new: pa.Array) -> pa.Table:
        for column, code in (("sku", sku), ("site", site)):
            if code:
                new = pc.and_(new, pc.equal(table[column].cast(pa.string()), code))
        name = AMOUNT[feed]
        values = pc.if_else(new, pc.multiply(table[name], factor), table[name])
        return table.set_column(table.column_names.index(name), name, values)

    return change


def without(share: float) -> Change:
    """Rows that are left out by the checksum of their keys."""

    def change(_feed: str, table: pa.Table, new: pa.Array) -> pa.Table:
        keep = ~new.to_numpy()
        keys = (table[name].to_pylist() for name in ("date", "site", "sku"))
        for row, key in enumerate(zip(*keys, strict=True)):
            keep[row] |= zlib.crc32(repr(key).encode()) % 1000 >= 1000 * share
        return table.filter(pa.array(keep))

    return change


def renamed(old: str, new_code: str) -> Change:
    def change(_feed: str, table: pa.Table, new: pa.Array) -> pa.Table:
        codes = table["sku"].cast(pa.string())
        codes = pc.if_else(pc.and_(new, pc.equal(codes, old)), new_code, codes)
        place = table.column_names.index("sku")
        return table.set_column(place, "sku", codes.combine_chunks().dictionary_encode())

    return change


def founded(folder: Path, sites: int, items: int) -> Workspace:
    made = build_company(folder / "exports", sites=sites, items=items)
    workspace = init_workspace(folder / "workspace", frequency="D", database=None)
    with Record.open(workspace.database_url) as record:
        for feed, path, profile in made.files:
            record.deliver(
                read(path, feed, load_profile(profile)), received_at=dt.datetime.now(dt.UTC)
            )
    return workspace


def panel_at(source: Any, day: dt.date, workspace: Workspace) -> Panel:
    return build_panel(source, origin_of(day, workspace.options.frequency), workspace.options)


def really_silent(panel: Panel, alarm: Alarm) -> bool:
    """The sites of the alarm have indeed no sales in the last two days."""
    mine = panel.series["site"].isin(list(alarm.subjects)).to_numpy()
    return alarm.sign is Sign.SILENT and bool(np.nansum(panel.units[mine, -2:]) == 0)


def clean_weeks(source: Snapshot, workspace: Workspace, weeks: int) -> int:
    """Runs with a false alarm."""
    false, true = 0, 0
    for week in range(weeks):
        day = END - dt.timedelta(weeks=week)
        panel = panel_at(source, day, workspace)
        found = alarms_of(panel)
        wrong = [alarm for alarm in found if not really_silent(panel, alarm)]
        false += bool(wrong)
        true += bool(found) and not wrong
        for alarm in found:
            print(f"  {day}: {alarm.sign} {alarm.feed} {', '.join(alarm.subjects)}")
    print(
        f"{weeks} clean weeks, {len(panel)} series: {false} with a false alarm, {true} with a site "
        "that really sent nothing"
    )
    return false


def faults(source: Snapshot, workspace: Workspace) -> int:
    """Faults that the first run did not see."""
    panel = panel_at(source, END, workspace)
    order = np.argsort(-np.nan_to_num(panel.units[:, -60:]).sum(axis=1))
    missed = 0
    for label, feeds, change in _faults(panel, order):
        for days in (7, 1):
            seen = 0
            for week in FAULT_WEEKS:
                day = END - dt.timedelta(weeks=week, days=2 * (days == 1))  # a Friday alone
                bad = Faulty(source, feeds, day - dt.timedelta(days=days - 1), change)
                seen += bool(alarms_of(panel_at(bad, day, workspace)))
            what = "a week" if days == 7 else "one day"
            print(f"  {label}, {what} of it: seen in the first run {seen} of {len(FAULT_WEEKS)}")
            missed += (len(FAULT_WEEKS) - seen) * (days == 7 and label not in SINGLE)
    return missed


def _faults(panel: Panel, order: np.ndarray) -> list[tuple[str, tuple[str, ...], Change]]:
    busy, middling = (
        panel.series.iloc[order[rank]] for rank in (len(order) // 50, len(order) // 3)
    )
    both = ("sales", "stock")
    return [
        ("sales × 10", ("sales",), times(10.0)),
        ("sales ÷ 10", ("sales",), times(0.1)),
        ("stock × 10", ("stock",), times(10.0)),
        ("sales of a busy series × 10", ("sales",), times(10.0, busy["sku"], busy["site"])),
        ("sales of a middling item × 10", ("sales",), times(10.0, middling["sku"])),
        ("stock of a series × 10", ("stock",), times(10.0, busy["sku"], busy["site"])),
        ("a fifth of the sales missing", ("sales",), without(0.2)),
        ("a fifth of the stock missing", ("stock",), without(0.2)),
        ("a busy item re-encoded", both, renamed(busy["sku"], "NEW-1")),
        ("a middling item re-encoded", both, renamed(middling["sku"], "NEW-1")),
    ]


def published(folder: Path, weeks: int) -> int:
    """Weeks with an alarm of errors or calibration, published with one champion."""
    workspace = founded(folder, sites=2, items=40)
    train(workspace, END - dt.timedelta(weeks=weeks))
    hit = 0
    with Record.open(workspace.database_url) as record:
        for week in range(weeks - 1, -1, -1):
            publish(workspace, END - dt.timedelta(weeks=week))
            made = current(record.engine).provenance
            told = [one for one in made.alarms if one["sign"] in (Sign.ERROR, Sign.CALIBRATION)]
            hit += bool(told)
            for one in told:
                print(
                    f"  {made.origin_label}: {one['sign']} {one['found']:.2f}, {one['usual']:.2f}"
                )
    print(f"{weeks} weeks published by one {DEMAND}: {hit} with an alarm of errors or calibration")
    return hit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--published", type=int, default=26, help="weeks; 0: leave it out")
    parser.add_argument("--sites", type=int, default=6)
    parser.add_argument("--items", type=int, default=150)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigistock-drift-") as name:
        workspace = founded(Path(name), asked.sites, asked.items)
        with Record.open(workspace.database_url) as record:
            source = refresh(record, workspace.snapshots)
        false = clean_weeks(source, workspace, asked.weeks)
        missed = faults(source, workspace)
        if asked.published:
            false += published(Path(name) / "published", asked.published)
    if missed or false > 1:
        raise SystemExit(f"{false} false alarms, {missed} faults of a week not seen")


if __name__ == "__main__":
    main()

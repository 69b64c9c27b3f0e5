"""The demo's company many times over: copies of its items, each with luck of its own.

Sites, suppliers and categories stay; every copy of an item has its history, stock, policy, orders
(under numbers of their own) and expected demand, and sample paths drawn anew. Nothing is trained:
the versions of the demo speak. What a scenario starts from is written as publishing writes it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sqlite3
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.workspaces import read_workspace
from forecasting.demand import Corrections
from forecasting.demand_forecast import DemandForecast
from forecasting.panel import Panel
from forecasting.record.database import connect
from forecasting.scatter import keys_of, sites_of
from models import bundles
from models.lead_time import fit_lead_times
from models.ledger import RISK, Ledger
from models.pipelines.scenario import options_of
from models.publication import make_parts, open_publication, publish_parts
from models.risk import assess
from models.risk.hazard import RuptureHazard
from models.scenarios.base import Base, keep_base, kept_base
from models.workspace import Workspace

BY_ROW: Final = ("series", "stock", "policies")  # frames with a row a series
BY_NUMBER: Final = (  # frames whose column `series` numbers the panel's rows
    *("lots", "corrections", "orders", "order_history", "customer_orders"),
)
KEPT: Final = ("bundles", "vigistock.toml")
RECORD: Final = "record.db"


def copied_demo(demo: Path, folder: Path, series: int) -> Workspace:
    """A workspace of so many series with one publication, ready for scenarios.

    `demo`: a published workspace of the demo, which stays as it is.
    """
    given = read_workspace(demo).workspace
    engine = connect(given.database_url)
    made = open_publication(engine, given.publications).publication
    base = kept_base(given.bases, made.number, made.provenance.data_digest)
    engine.dispose()
    if base is None:
        raise SystemExit(f"{demo}: run one scenario there first, which makes its base.")
    for name in KEPT:
        _copy(demo / name, folder / name)
    _copy_record(demo, folder)
    workspace = read_workspace(folder).workspace
    large = copied(base, series)
    options = options_of(made)
    engine = connect(workspace.database_url)
    risk = Ledger(engine).version(RISK, made.provenance.risk_version)
    hazard = RuptureHazard.from_files(bundles.kept(risk.ref, workspace.bundles))
    said = assess(
        large.panel,
        large.forecast,
        fit_lead_times(large.panel, options),
        options,
        hazard,
        way_out="none",
    )
    digest = f"{made.provenance.data_digest[:48]}{series:016x}"
    published = publish_parts(
        engine,
        workspace.publications,
        make_parts(large.panel, large.forecast, said),
        replace(made.provenance, data_digest=digest),
        created_at=dt.datetime.now(dt.UTC),
    )
    engine.dispose()
    keep_base(workspace.bases, published.number, large, digest=digest)
    return workspace


def copied(base: Base, count: int) -> Base:
    """A base of `count` series: its own first, then those of its copies, the last one cut short."""
    size = len(base.panel)
    number, row = np.divmod(np.arange(count), size)
    series = base.panel.series.iloc[row].reset_index(drop=True)
    series = series.assign(**{name: _named(series[name], number) for name in ("sku", "replaces")})
    order = np.lexsort((series["sku"].to_numpy(str), series["site"].to_numpy(str)))
    place = np.argsort(order)  # where each row of the copies stands in the panel
    row = row[order]
    panel = base.panel
    parts: dict[str, Any] = {
        part.name: _rows(value, row)
        for part in fields(Panel)
        if isinstance(value := getattr(panel, part.name), np.ndarray)
    }
    parts |= {name: getattr(panel, name).iloc[row].reset_index(drop=True) for name in BY_ROW}
    parts["series"] = series.iloc[order].reset_index(drop=True)
    copies = -(-count // size)
    for name in BY_NUMBER:
        parts[name] = _lines(getattr(panel, name), place, size, copies)
    parts["events"] = _events(panel.events, copies)
    large = replace(panel, **parts)
    scatter = base.forecast.scatter.of(row)
    scatter = replace(scatter, keys=keys_of(large.series), sites=sites_of(large.series))
    codes = large.series[["site", "sku"]]
    forecast = DemandForecast.kept(scatter, codes, base.forecast.grains[panel.frequency].horizon)
    return Base(
        large,
        forecast,
        _corrections(base.corrections, panel.units.shape[1], place, size, copies),
        {grain: levels[row] for grain, levels in base.levels.items()},
    )


def _named(codes: pd.Series, number: NDArray[np.int64]) -> pd.Series:
    """Codes of a copy; the first keeps its own, and no code is none."""
    copies = np.array([f"-{one:02d}" if one else "" for one in range(number.max(initial=0) + 1)])
    return codes.where(codes == "", codes + copies[number])


def _rows(values: NDArray[Any], row: NDArray[np.int64]) -> NDArray[Any]:
    """Some rows of a matrix; one of a single value is not laid out."""
    if values.size and not any(values.strides):
        return np.broadcast_to(values.flat[0], (len(row), *values.shape[1:]))
    return values[row]


def _lines(lines: pd.DataFrame, place: NDArray[np.int64], size: int, copies: int) -> pd.DataFrame:
    """Rows that belong to series, of every copy; orders have numbers of their own."""
    copy = np.repeat(np.arange(copies), len(lines))
    found = pd.concat([lines] * copies, ignore_index=True)
    there = copy * size + found["series"].to_numpy(dtype=np.int64)
    if len(found) and "order_id" in found:
        found = found.assign(order_id=_named(found["order_id"], copy))
    inside = there < len(place)
    found, there = found[inside].reset_index(drop=True), there[inside]
    return found.assign(series=place[there])


def _events(events: pd.DataFrame, copies: int) -> pd.DataFrame:
    """Those of whole sites, categories and suppliers once, those of an item of each copy."""
    of_item = events[events["sku"] != ""]
    more = [
        of_item.assign(sku=_named(of_item["sku"], np.full(len(of_item), copy)))
        for copy in range(1, copies)
    ]
    return pd.concat([events, *more], ignore_index=True).astype(events.dtypes)


def _corrections(
    given: Corrections, length: int, place: NDArray[np.int64], size: int, copies: int
) -> Corrections:
    row, column = np.divmod(given.place, length)
    there = (np.arange(copies)[:, None] * size + row).ravel()
    inside = there < len(place)
    cells = place[there[inside]] * length + np.tile(column, copies)[inside]
    order = np.argsort(cells)
    return Corrections(cells[order], np.tile(given.demand, copies)[inside][order])


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _copy_record(demo: Path, folder: Path) -> None:
    """The database as it stands, whoever has it open."""
    with (
        contextlib.closing(sqlite3.connect(demo / RECORD)) as source,
        contextlib.closing(sqlite3.connect(folder / RECORD)) as target,
    ):
        source.backup(target)

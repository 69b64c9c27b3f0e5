"""A small published company: awkward codes, one series out, two warned of, the rest calm."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from api.workspaces import init_workspace, read_workspace
from forecasting.calendar import Frequency, labels, origin_of, parse_as_of, period_start
from forecasting.options import QUANTILES
from forecasting.record.database import connect
from models.health import Alarm
from models.publication import Provenance, Publication, publish_parts
from models.publication.build import table_of
from models.publication.contracts import quantile_column
from models.risk.supplier_orders.proposal_lines import COLUMNS
from models.workspace import Workspace

AS_OF: Final = "2026-11-22"
DAYS: Final = 28
PAST: Final = 10
AWKWARD: Final = ("Dépôt/Nord 1", "A&B 50%/x")

SERIES: Final = pd.DataFrame(
    [
        # site, sku, category, supplier, chance in 14 days, out already
        (*AWKWARD, "café", "Novapack", 0.62, False),
        ("LYON", "00123", "café", "Novapack", 0.85, False),
        ("LYON", "00124", "thé", "", 0.10, True),
        ("LYON", "00125", "thé", "", 0.05, False),
        ("PARIS", "00123", "café", "Novapack", 0.02, False),
    ],
    columns=["site", "sku", "category", "supplier", "chance", "out"],
)


@cache
def _initialised() -> TemporaryDirectory[str]:
    """Holds what `vigistock init` makes, once for this process; gone with it."""
    made = TemporaryDirectory(prefix="vigistock-init-")
    init_workspace(Path(made.name) / "w", frequency="D", database=None)
    return made


def workspace_in(folder: Path, *, language: str = "fr") -> Workspace:
    """A daily workspace as `vigistock init` makes it."""
    shutil.copytree(Path(_initialised().name) / "w", folder)
    if language != "fr":
        with (folder / "vigistock.toml").open("a") as file:
            file.write(f'language = "{language}"\n')
    return read_workspace(folder).workspace


def publish(
    workspace: Workspace,
    *,
    mean: float = 2.0,
    as_of: str = AS_OF,
    sites: Collection[str] = (),
    alarms: Sequence[Alarm] = (),
) -> Publication:
    """`sites`: those whose series are published; none named: all."""
    engine = connect(workspace.database_url)
    try:
        return publish_parts(
            engine,
            workspace.publications,
            parts(mean, as_of, sites),
            replace(provenance(as_of), alarms=tuple(one.plain() for one in alarms)),
            created_at=dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC),
        )
    finally:
        engine.dispose()


def provenance(as_of: str) -> Provenance:
    return Provenance(
        origin=origin_of(parse_as_of(as_of), Frequency.DAY),
        frequency=Frequency.DAY,
        demand_version=3,
        risk_version=3,
        data_digest="d" * 64,
        data_cut={"sales": as_of, "stock": as_of},
        options={"unmet": 1.0},
        code_version="0.1.0",
    )


def parts(mean: float, as_of: str, sites: Collection[str] = ()) -> dict[str, pa.Table]:
    series = SERIES[SERIES["site"].isin(sites)] if sites else SERIES
    series = series.sort_values(["site", "sku"], ignore_index=True)
    origin = provenance(as_of).origin
    return {
        "series": table_of(_masters(series)),
        "history": table_of(
            _long(series, origin - PAST + 1, PAST, Frequency.DAY)
            .assign(units=1.0, on_hand=12.0, availability=np.nan, receipts=0.0)
            .pipe(_with_an_empty_shelf)
        ),
        "forecasts_day": _forecasts(series, origin + 1, DAYS, Frequency.DAY, mean),
        "forecasts_week": _forecasts(
            series, origin_of(parse_as_of(as_of), Frequency.WEEK) + 1, 13, Frequency.WEEK, mean * 7
        ),
        "warnings": table_of(_warnings(series, mean)),
        "projection": table_of(_projection(series, origin, mean)),
        "proposals": table_of(_proposals(series)),
        "options": table_of(_options(series)),
        "groups": table_of(_groups(series)),
        "kpis": table_of(_kpis(series)),
        "kpi_feeds": table_of(_kpi_feeds(series)),
    }


def _with_an_empty_shelf(history: pd.DataFrame) -> pd.DataFrame:
    """The third day of each series closed with nothing left, and three units were wanted."""
    is_out = (np.arange(len(history)) % PAST == 2).astype(float)
    return history.assign(
        on_hand=12.0 * (1 - is_out), demand=1.0 + 2.0 * is_out, demand_sd=0.5 * is_out
    )


def _masters(series: pd.DataFrame) -> pd.DataFrame:
    return series[["site", "sku", "category", "supplier"]].assign(
        description=[f"Café moulu 250 g, {sku}" for sku in series["sku"]],
        buyer=np.where(series["category"] == "thé", "A. Benali", "C. Morel"),
        unit_cost=4.0,
        unit_price=np.nan,
        on_hand=12.0,
        passed_on=0.5,
        latitude=series["site"].map({"LYON": 45.76, "PARIS": 48.86}),
        longitude=series["site"].map({"LYON": 4.84, "PARIS": 2.35}),
    )


def _long(series: pd.DataFrame, first: int, count: int, frequency: Frequency) -> pd.DataFrame:
    periods = list(range(first, first + count))
    times = pd.DataFrame(
        {
            "period": labels(periods, frequency),
            "period_start": period_start(periods, frequency).astype("datetime64[s]"),
        }
    )
    return series[["site", "sku"]].merge(times, how="cross")


def _forecasts(
    series: pd.DataFrame, first: int, count: int, frequency: Frequency, mean: float
) -> pa.Table:
    levels = {quantile_column(level): mean * 2 * level for level in QUANTILES}
    rows = _long(series, first, count, frequency).assign(
        mean=mean, **levels, method="combination", mean_units=mean, reason=""
    )
    return table_of(rows)


def _warnings(series: pd.DataFrame, mean: float) -> pd.DataFrame:
    chance = series["chance"].to_numpy()
    at_risk = series["out"] | (chance >= 0.3)
    cause = [{"code": "late_order", "share": 1.0, "facts": {"order_id": "PO-1182", "days": 4}}]
    action = [{"code": "expedite", "order_id": "PO-1182", "units": 24.0, "by": "2026-11-23 11:00"}]
    day = pd.Timestamp("2026-12-01")
    return series[["site", "sku"]].assign(
        probability=chance,
        horizon_days=14,
        p_7d=chance / 2,
        p_14d=chance,
        p_28d=np.minimum(1.0, chance * 1.1),
        stockout_on=np.where((chance >= 0.1) & ~series["out"], day, pd.NaT),
        stockout_on_p10=pd.NaT,
        stockout_on_p90=pd.NaT,
        days_of_cover=12.0 / mean,
        units_short=chance * 10,
        value_at_risk=np.where(at_risk, chance * 10 * 420.0, np.nan),
        currency=np.where(at_risk, "EUR", ""),
        causes=np.where(at_risk, json.dumps(cause), ""),
        act_by=np.where(at_risk, "2026-11-23 11:00", ""),
        actions=np.where(at_risk, json.dumps(action), ""),
        method="structural",
        state=np.where(series["out"], "out", np.where(chance >= 0.3, "new", "none")),
        p_no_order=chance,
        p_before_next_receipt=chance,
        back_on=np.where(series["out"], day, pd.NaT),
        reason="",
        value_basis=np.where(at_risk, "margin", ""),
        unit_loss=np.where(at_risk, 840.0, np.nan),
        loss_a_day=np.where(series["out"], 84.0, np.nan),
        sellable=12.0,
        cause_fr=np.where(at_risk, "commande PO-1182 en retard de 4 jours", ""),
        cause_en=np.where(at_risk, "order PO-1182 is 4 days late", ""),
        action_fr=np.where(
            at_risk, "relancer la commande PO-1182 (24 unités) au plus tard le 23/11/2026 11:00", ""
        ),
        action_en=np.where(at_risk, "expedite order PO-1182 (24 units) by 2026-11-23 11:00", ""),
        group=pd.array(
            [
                _group_of(site) if told else pd.NA
                for site, told in zip(series["site"], at_risk, strict=True)
            ],
            dtype="Int64",
        ),
    )


def _group_of(site: str) -> int:
    """LYON's number does not depend on who else is there."""
    return 1 if site == "LYON" else 2


def _kpis(series: pd.DataFrame) -> pd.DataFrame:
    """Months of order lines and shelves: each series has 10 lines due and 30 closes a month."""
    months = pd.DataFrame({"period": ["2025-11", "2026-09", "2026-10", "2026-11"]})
    months["period_start"] = pd.to_datetime(months["period"]).astype("datetime64[s]")
    months["good"] = [6.0, 7.0, 9.0, 4.0]
    both = series.merge(months, how="cross")
    cells = []
    for cut in ("supplier", "category"):
        one = both.assign(
            grain="month", cut=cut, code=both[cut], currency="", bin=0, left_out=0.0, censored=0.0
        )
        lines = one.assign(kpi="supplier_otif", numerator=one["good"], denominator=10.0, rows=10.0)
        closes = one.assign(kpi="stockout_rate", numerator=1.0, denominator=30.0, rows=30.0)
        worth = one.assign(
            kpi="stock_value", currency="EUR", numerator=48.0, denominator=0.0, rows=1.0
        )
        cells += [lines, closes, worth]
    names = ["kpi", "grain", "period", "site", "cut", "code", "currency", "bin"]
    names += ["numerator", "denominator", "rows", "left_out", "censored", "period_start"]
    return pd.concat(cells, ignore_index=True)[names]


def _kpi_feeds(series: pd.DataFrame) -> pd.DataFrame:
    """Everything speaks of two years, but costs, which fell silent, and incidents, which never
    spoke."""
    begun, end = pd.Timestamp("2025-01-01"), pd.Timestamp(AS_OF)
    rows = [("orders", "", begun, end), ("customer_orders", "", begun, end)]
    for site in series["site"].unique():
        rows += [(feed, site, begun, end) for feed in ("sales", "stock", "items.unit_cost")]
        rows.append(("costs", site, begun, pd.Timestamp("2026-03-02")))
    frame = pd.DataFrame(rows, columns=["feed", "site", "first_on", "last_on"])
    return frame.astype(dict.fromkeys(["first_on", "last_on"], "datetime64[s]"))


def _at_risk(series: pd.DataFrame) -> pd.DataFrame:
    return series[series["out"] | (series["chance"] >= 0.3)]


def _options(series: pd.DataFrame) -> pd.DataFrame:
    """To expedite, recommended, and to accept, of each series at risk."""
    both = _at_risk(series)[["site", "sku"]].merge(pd.DataFrame({"rank": [1, 2]}), how="cross")
    calls = (both["rank"] == 1).to_numpy()
    return both.assign(
        code=np.where(calls, "expedite", "accept"),
        recommended=calls,
        in_time=calls,
        units=np.where(calls, 24.0, 0.0),
        source=np.where(calls, "Novapack", ""),
        order_id=np.where(calls, "PO-1182", ""),
        item="",
        act_by=np.where(calls, "2026-11-23 11:00", ""),
        arrives_on=np.where(calls, pd.Timestamp("2026-11-25"), pd.NaT),
        earlier_days=0,
        residual_probability=np.where(calls, 0.1, 0.6),
        units_saved=np.where(calls, 4.0, 0.0),
        loss_avoided=np.where(calls, 1680.0, 0.0),
        currency="EUR",
        cost=np.nan,
        regret=12.0,
        sentence_fr=np.where(calls, "appeler Novapack", "accepter le risque"),
        sentence_en=np.where(calls, "call Novapack", "accept the risk"),
    )


def _groups(series: pd.DataFrame) -> pd.DataFrame:
    """One call for LYON, one for the others."""
    rows = []
    for number, members in _at_risk(series).groupby(_at_risk(series)["site"].map(_group_of)):
        rows.append(
            {
                "group": number,
                "code": "expedite",
                "source": "Novapack",
                "orders": "PO-1182",
                "buyer": "C. Morel",
                "attention": "today",
                "rank": number,
                "act_by": "2026-11-23 11:00",
                "in_time": True,
                "series": len(members),
                "out": int(members["out"].sum()),
                "sites": members["site"].nunique(),
                "ruptures_avoided": 0.7 * len(members),
                "units_saved": 4.0 * len(members),
                "loss_avoided": 1680.0 * len(members),
                "loss": 2000.0 * len(members),
                "currency": "EUR",
                "cost": np.nan,
                "first_lines": "",
                "at_sites": json.dumps(sorted(set(members["site"])), ensure_ascii=False),
                "customer_orders": "",
                "why_fr": "Commande PO-1182 en retard, promise le 18/11/2026",
                "why_en": "Order PO-1182 overdue, promised for 2026-11-18",
                "headline_fr": "Appeler Novapack au plus tard le 23/11/2026 11:00 : PO-1182",
                "headline_en": "Call Novapack by 2026-11-23 11:00: PO-1182",
                "message_fr": "Bonjour, …",
                "message_en": "Hello, …",
            }
        )
    return pd.DataFrame(rows)


def _proposals(series: pd.DataFrame) -> pd.DataFrame:
    """An order of two lines at LYON, of which one fills up, and one of a line at each other site;
    LYON's own number does not depend on who else is there."""
    lines = series[series["sku"] != "00124"].assign(
        proposal=[
            {"LYON": 1, "PARIS": 2}.get(site, 3)
            for site in series["site"][series["sku"] != "00124"]
        ],
        order_on=pd.Timestamp("2026-11-23"),
        cutoff_time="11:00",
        source_site="",
        buyer="C. Morel",
        description="Café moulu",
        units=24.0,
        packs=2.0,
        unit_cost=4.0,
        value=96.0,
        currency="EUR",
        reason="below_reorder_point",
        expected_on=pd.Timestamp("2026-11-30"),
        days_of_cover_then=3.0,
        position_then=6.0,
        excess_units=0.0,
        excess_value=0.0,
        minimum_value=150.0,
        minimum_units=np.nan,
        order_value=96.0,
        order_units=24.0,
        source_stock=np.nan,
        silent_since=pd.NaT,
    )
    fills = (lines["sku"] == "00125").to_numpy()
    lines["supplier"] = "Novapack"
    lines.loc[fills, ["reason", "excess_units", "excess_value"]] = ["fill_up", 24.0, 96.0]
    lines.loc[lines["site"] == "LYON", ["order_value", "order_units"]] = [192.0, 48.0]
    lines["minimum_reached"] = pd.array(lines["site"] == "LYON", dtype="boolean")
    lines.loc[lines["site"] == "PARIS", "order_on"] = pd.Timestamp("2026-11-26")
    ordered = lines.sort_values(["order_on", "proposal"], kind="stable", ignore_index=True)
    return ordered[list(COLUMNS)]


def _projection(series: pd.DataFrame, origin: int, mean: float) -> pd.DataFrame:
    """Every figure of `_warnings` as the even sum of its 14 periods."""
    rows = _long(series, origin + 1, DAYS, Frequency.DAY).drop(columns="period_start")
    step = np.tile(np.arange(DAYS), len(series))
    inside = np.where(step < 14, np.repeat(series["chance"].to_numpy(), DAYS) / 14, 0.0)
    return rows.assign(
        on_hand_mean=np.maximum(12.0 - mean * (step + 1), 0.0),
        on_hand_p10=0.0,
        on_hand_p90=12.0,
        arrivals_mean=0.0,
        demand_mean=mean,
        booked=np.where(step == 2, 9.0, 0.0),
        p_out=np.minimum(1.0, inside * (step + 1)),
        p_first=inside,
        p_first_no_order=inside,
        units_short_mean=inside * 10,
    )

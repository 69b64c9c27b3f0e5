"""A publication of any size, its numbers drawn at random straight into parts: nothing is trained.

Shapes, columns and lengths of text are those of a real daily publication, so that what a service
does with it costs what it would cost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from api.workspaces import init_workspace
from forecasting.calendar import Frequency, labels, origin_of, parse_as_of, period_start
from forecasting.options import FORECAST_HORIZONS, QUANTILES
from forecasting.record.database import connect
from models.publication import Provenance, publish_parts
from models.publication.build import HISTORY_PERIODS, table_of
from models.publication.contracts import forecasts_part, quantile_column
from models.workspace import Workspace

SITES: Final = 10
AS_OF: Final = ("2026-11-15", "2026-11-22")  # two publications, a week apart
STEADY: Final = 0.3  # share of series whose forecast stays what it was
CREATED: Final = dt.datetime(2026, 11, 23, 5, tzinfo=dt.UTC)


def company_of(folder: Path, series: int) -> Workspace:
    """A workspace with two consecutive publications of so many series."""
    workspace = init_workspace(folder, frequency="D", database=None)
    engine = connect(workspace.database_url)
    for seed, as_of in enumerate(AS_OF):
        origin = origin_of(parse_as_of(as_of), Frequency.DAY)
        made = Provenance(
            origin=origin,
            frequency=Frequency.DAY,
            demand_version=seed + 1,
            risk_version=seed + 1,
            data_digest="d" * 64,
            data_cut={"sales": as_of, "stock": as_of},
            options={"unmet": 1.0},
            code_version="benchmark",
        )
        parts = parts_of(keys_of(series), as_of, np.random.default_rng(seed))
        publish_parts(engine, workspace.publications, parts, made, created_at=CREATED)
    engine.dispose()
    return workspace


def keys_of(series: int) -> pd.DataFrame:
    """site and sku of each, in the order of a publication."""
    each = -(-series // SITES)
    pairs = [(f"FR-S{row // each:02d}", f"SKU-{row % each:06d}") for row in range(series)]
    return pd.DataFrame(pairs, columns=["site", "sku"])


def parts_of(keys: pd.DataFrame, as_of: str, luck: np.random.Generator) -> dict[str, pa.Table]:
    day = origin_of(parse_as_of(as_of), Frequency.DAY)
    rate = np.random.default_rng(7).gamma(0.5, 4.0, len(keys)) + 0.01  # units a day
    moves = np.where(np.random.default_rng(8).random(len(keys)) < STEADY, 0.0, 1.0)
    rate *= np.exp(moves * luck.normal(0.0, 0.1, len(keys)))
    parts = {
        "series": table_of(_masters(keys)),
        "history": _history(keys, day, rate, luck),
        "warnings": table_of(_warnings(keys, luck)),
        "projection": _projection(keys, day, rate),
    }
    for frequency in Frequency:
        first = origin_of(parse_as_of(as_of), frequency) + 1
        part = forecasts_part(frequency.grain)
        parts[part] = _forecasts(keys, first, frequency, rate * frequency.days)
    return parts


def _long(keys: pd.DataFrame, first: int, count: int, frequency: Frequency) -> dict[str, Any]:
    periods = list(range(first, first + count))
    steps = pa.array(np.tile(np.arange(count, dtype=np.int32), len(keys)))
    starts = np.tile(period_start(periods, frequency), len(keys))
    return {
        "site": _repeated(keys["site"], count),
        "sku": _repeated(keys["sku"], count),
        "period": pa.DictionaryArray.from_arrays(steps, pa.array(labels(periods, frequency))),
        "period_start": pa.array(starts, pa.date32()),
    }


def _repeated(values: Sequence[str] | pd.Series, times: int) -> pa.DictionaryArray:
    encoded = pa.array(list(values), pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        pa.array(np.repeat(encoded.indices.to_numpy(), times)), encoded.dictionary
    )


def _forecasts(keys: pd.DataFrame, first: int, frequency: Frequency, rate: Any) -> pa.Table:
    count = FORECAST_HORIZONS[frequency.grain]
    columns = _long(keys, first, count, frequency)
    wave = 1 + 0.2 * np.sin(np.arange(first, first + count) / 3)
    mean = np.round(rate[:, None] * wave, 6).ravel()
    columns["mean"] = pa.array(mean)
    for level in QUANTILES:
        columns[quantile_column(level)] = pa.array(np.floor(mean * (0.2 + 1.8 * level)))
    columns["method"] = _repeated(["combination"] * len(keys), count)
    columns["mean_units"] = pa.array(np.round(mean * 0.98, 6))
    reasons = [
        f"local {0.2 + row % 9 / 50:.2f}, recursive {0.4 - row % 7 / 50:.2f}, direct 0.37; local "
        f"is ses_fitted 0.24, adida 0.23, imapa 0.{row % 97:02d}; × 1.03, as like volumes were "
        "forecast too low"
        for row in range(len(keys))
    ]
    columns["reason"] = _repeated(reasons, count)
    return pa.table(columns)


def _history(keys: pd.DataFrame, origin: int, rate: Any, luck: np.random.Generator) -> pa.Table:
    columns = _long(keys, origin - HISTORY_PERIODS + 1, HISTORY_PERIODS, Frequency.DAY)
    units = luck.poisson(np.repeat(rate, HISTORY_PERIODS)).astype(float)
    unknown = np.full(len(units), np.nan)
    columns["units"] = pa.array(units)
    columns["on_hand"] = pa.array(np.round(units * 3 + 5))
    columns["availability"] = pa.array(unknown, from_pandas=True)
    columns["receipts"] = pa.array(np.zeros(len(units)))
    columns["demand"] = columns["units"]
    columns["demand_sd"] = columns["receipts"]
    return pa.table(columns)


def _projection(keys: pd.DataFrame, origin: int, rate: Any) -> pa.Table:
    count = FORECAST_HORIZONS["day"]
    columns = _long(keys, origin + 1, count, Frequency.DAY)
    del columns["period_start"]
    step = np.tile(np.arange(1, count + 1), len(keys))
    demand = np.repeat(rate, count)
    names = ("on_hand_mean", "on_hand_p10", "on_hand_p90", "arrivals_mean", "demand_mean", "p_out")
    names += ("p_first", "p_first_no_order", "units_short_mean", "losses_mean")
    for place, name in enumerate((*names, "p_first_structural")):
        columns[name] = pa.array(demand / (place + 1) / step / 100)
    return pa.table(columns)


def _masters(keys: pd.DataFrame) -> pd.DataFrame:
    return keys.assign(
        category="grocery",
        supplier="Novapack",
        buyer="",
        description=[f"Ground coffee 250 g, no. {row}" for row in range(len(keys))],
        unit_cost=4.0,
        unit_price=5.5,
        currency="EUR",
        on_hand=12.0,
        sellable=12.0,
    )


def _warnings(keys: pd.DataFrame, luck: np.random.Generator) -> pd.DataFrame:
    chance = luck.beta(0.4, 4.0, len(keys))
    at_risk = chance >= 0.25
    day = pd.Timestamp("2026-12-01")
    cause = '[{"code": "late_order", "share": 1.0, "facts": {"order_id": "PO-1182", "days": 4}}]'
    action = '[{"code": "expedite", "order_id": "PO-1182", "units": 24.0}]'
    return keys.assign(
        probability=chance,
        horizon_days=14,
        p_7d=chance / 2,
        p_14d=chance,
        p_28d=chance,
        stockout_on=np.where(at_risk, day, pd.NaT),
        stockout_on_p10=pd.NaT,
        stockout_on_p90=pd.NaT,
        days_of_cover=12.0,
        units_short=chance * 10,
        value_at_risk=np.where(at_risk, chance * 4_200.0, np.nan),
        currency="EUR",
        causes=np.where(at_risk, cause, ""),
        act_by=np.where(at_risk, "2026-11-23 11:00", ""),
        actions=np.where(at_risk, action, ""),
        method="structural",
        state=np.where(at_risk, "new", "none"),
        p_no_order=chance,
        p_before_next_receipt=chance,
        back_on=pd.NaT,
        reason="",
        value_basis="margin",
        unit_loss=1.5,
        sellable=12.0,
        cause_fr=np.where(at_risk, "commande PO-1182 en retard de 4 jours", ""),
        cause_en=np.where(at_risk, "order PO-1182 is 4 days late", ""),
        action_fr=np.where(at_risk, "relancer la commande PO-1182 (24 unités)", ""),
        action_en=np.where(at_risk, "expedite order PO-1182 (24 units)", ""),
    )

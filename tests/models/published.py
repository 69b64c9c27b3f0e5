"""Publications made by hand: a few series, every number chosen by the test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from forecasting.calendar import Frequency, labels, origin_of, parse_as_of, period_start
from forecasting.options import QUANTILES
from models.publication import Provenance, Publication, publish_parts
from models.publication.build import table_of
from models.publication.contracts import quantile_column

NOON = dt.datetime(2018, 12, 3, 12, tzinfo=dt.UTC)
STEPS = 3  # months of forecast and projection
PAST = 2  # months of history
WARN_FROM = 0.25


def provenance(
    as_of: str = "2018-11", *, demand_version: int = 1, risk_version: int = 1
) -> Provenance:
    return Provenance(
        origin=origin_of(parse_as_of(as_of), Frequency.MONTH),
        frequency=Frequency.MONTH,
        demand_version=demand_version,
        risk_version=risk_version,
        data_digest="d" * 64,
        data_cut={"sales": "2018-11-30"},
        options={"seed": 1},
        code_version="0.1.0",
    )


def parts_of(
    risk: Mapping[tuple[str, str], float],
    *,
    out: Sequence[tuple[str, str]] = (),
    mean: float = 10.0,
    as_of: str = "2018-11",
) -> dict[str, pa.Table]:
    """Parts for the series of `risk` (site, sku -> probability), whose forecasts are all `mean`."""
    pairs = sorted(risk)
    series = pd.DataFrame(pairs, columns=["site", "sku"])
    origin = provenance(as_of).origin
    ahead = long(series, range(origin + 1, origin + 1 + STEPS))
    behind = long(series, range(origin + 1 - PAST, origin + 1))
    quantiles = {
        quantile_column(level): mean * (0.5 + place / len(QUANTILES))
        for place, level in enumerate(QUANTILES)
    }
    forecasts = ahead.assign(mean=mean, **quantiles, method="combination", mean_units=mean)
    warnings = series.assign(
        probability=[risk[pair] for pair in pairs],
        horizon_days=61.0,
        p_1m=[risk[pair] / 2 for pair in pairs],
        p_2m=[risk[pair] for pair in pairs],
        p_3m=[min(1.0, risk[pair] * 1.1) for pair in pairs],
        stockout_on=pd.Timestamp("2018-12-10"),
        stockout_on_p10=pd.Timestamp("2018-12-05"),
        stockout_on_p90=pd.NaT,
        days_of_cover=12.0,
        units_short=3.0,
        value_at_risk=np.nan,
        currency="EUR",
        causes="lead time too long for the stock",
        act_by=pd.NaT,
        actions="",
        method="structural",
        state=[
            "out" if pair in out else "new" if risk[pair] >= WARN_FROM else "none" for pair in pairs
        ],
        p_no_order=[risk[pair] for pair in pairs],
        p_before_next_receipt=np.nan,
        back_on=pd.NaT,
        evidence="stock 4, mean demand 10",
    )
    return {
        "series": table_of(series.assign(description="Café moulu", category="café", on_hand=4.0)),
        "history": table_of(behind.assign(units=mean, on_hand=4.0)),
        "forecasts_month": table_of(forecasts.assign(reason="")),
        "warnings": table_of(warnings),
        "projection": table_of(
            ahead.drop(columns="period_start").assign(on_hand_mean=mean, p_out=0.1)
        ),
    }


def long(series: pd.DataFrame, periods: range) -> pd.DataFrame:
    """site, sku, period and period_start: every series with every period."""
    times = pd.DataFrame(
        {
            "period": labels(list(periods), Frequency.MONTH),
            "period_start": period_start(list(periods), Frequency.MONTH).astype("datetime64[s]"),
        }
    )
    return series.merge(times, how="cross")


def publish_by_hand(
    engine: sa.Engine,
    root: Path,
    risk: Mapping[tuple[str, str], float],
    *,
    out: Sequence[tuple[str, str]] = (),
    as_of: str = "2018-11",
    mean: float = 10.0,
) -> Publication:
    return publish_parts(
        engine,
        root,
        parts_of(risk, out=out, mean=mean, as_of=as_of),
        provenance(as_of),
        created_at=NOON,
    )

"""Panel, forecast and assessment as the parts of a publication. Pure: frames in, Arrow out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.calendar import Frequency, labels, period_start
from forecasting.errors import BadValues
from models.publication.contracts import (
    BY_SITE,
    DATES,
    GROUPS,
    HISTORY,
    NUMBERS,
    OPTIONS,
    PROJECTION,
    RAGGED,
    READER_ADDS,
    SERIES,
    WARNINGS,
    check_parts,
    forecasts_part,
    quantile_column,
)

if TYPE_CHECKING:
    from forecasting.demand import LatentDemand
    from forecasting.demand_forecast import DemandForecast, GrainForecast
    from forecasting.panel import Panel
    from models.risk import RiskAssessment

DECIMALS: Final = 6
"""Of forecast units: far below what any path can tell, and nothing moves by less."""

OVERRIDE: Final = "override"  # method of a figure that somebody knows better: models.overrides
HISTORY_PERIODS: Final = 120
"""Own-grain periods of history beside the forecast: a season of days, ten years of months."""


def make_parts(
    panel: Panel,
    forecast: DemandForecast,
    assessment: RiskAssessment,
    ragged: Mapping[str, pd.DataFrame] | None = None,
    latent: LatentDemand | None = None,
) -> dict[str, pa.Table]:
    """All parts of a publication, checked; each is ordered by series, then period, but for the
    `ragged` ones, by name (`contracts.RAGGED`), which stay as they are. `latent`: the demand behind
    at least the last HISTORY_PERIODS periods."""
    from models.sources import feeding_sites  # with scipy, which readers do not need

    parts = {
        SERIES: table_of(
            pd.concat([panel.series, _stock_columns(panel)], axis=1).assign(
                source=feeding_sites(panel), **_places(panel)
            )
        ),
        HISTORY: _history(panel, latent),
        WARNINGS: table_of(assessment.warnings.drop(columns=list(READER_ADDS), errors="ignore")),
        PROJECTION: _projection(assessment.projection, panel),
    }
    sold = forecast.with_units(assessment.mean_units)
    for frequency, grain in sold.grains.items():
        parts[forecasts_part(frequency.grain)] = _forecasts(panel.series, grain, forecast.said)
    more = {OPTIONS: assessment.options, GROUPS: assessment.groups, **(ragged or {})}
    parts |= {name: table_of(frame) for name, frame in more.items()}
    _check_alignment(parts, len(panel.series))
    check_parts(parts)
    return parts


def table_of(frame: pd.DataFrame) -> pa.Table:
    """A frame as Arrow: text as dictionaries (blank is ""), dates as date32, NaN as null."""
    return pa.table({str(name): _array(frame[name], str(name)) for name in frame.columns})


def _array(values: pd.Series, name: str) -> pa.Array:
    is_date = name in DATES or (name.endswith("_on") and name not in NUMBERS)
    if is_date or pd.api.types.is_datetime64_any_dtype(values):
        days = pd.to_datetime(values).to_numpy().astype("datetime64[D]")
        return pa.array(days, pa.date32(), from_pandas=True)
    if name in NUMBERS:
        return pa.array(values.astype("float64"), pa.float64(), from_pandas=True)
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return pa.array(values, from_pandas=True)
    text = values.astype(object).where(values.notna(), "").map(str)
    return pa.array(text, pa.string()).dictionary_encode()


def _by_series(
    series: pd.DataFrame, periods: list[int], frequency: Frequency
) -> dict[str, pa.Array]:
    """site, sku, period and period_start of a part with the same periods for every series."""
    count, length = len(series), len(periods)
    steps = pa.array(np.tile(np.arange(length, dtype=np.int32), count))
    starts = np.tile(period_start(periods, frequency), count)
    return {
        "site": _repeated(series["site"], length),
        "sku": _repeated(series["sku"], length),
        "period": pa.DictionaryArray.from_arrays(steps, pa.array(labels(periods, frequency))),
        "period_start": pa.array(starts, pa.date32()),
    }


def _repeated(values: Sequence[str] | pd.Series, times: int) -> pa.DictionaryArray:
    """One text a series, said again for each of its rows."""
    encoded = pa.array([str(value) for value in values], pa.string()).dictionary_encode()
    codes = np.repeat(encoded.indices.to_numpy(), times)
    return pa.DictionaryArray.from_arrays(pa.array(codes), encoded.dictionary)


def _history(panel: Panel, latent: LatentDemand | None = None) -> pa.Table:
    length = min(HISTORY_PERIODS, panel.units.shape[1])
    periods = list(range(panel.origin - length + 1, panel.origin + 1))
    columns = _by_series(panel.series, periods, panel.frequency)
    for name in ("units", "on_hand", "availability", "receipts"):
        tail = getattr(panel, name)[:, -length:]
        columns[name] = pa.array(np.ascontiguousarray(tail).ravel(), from_pandas=True)
    columns["rebuilt"] = pa.array(np.ascontiguousarray(panel.rebuilt[:, -length:]).ravel())
    if latent is not None:
        past = latent.last(length)
        columns["demand"] = pa.array(np.round(past.demand, DECIMALS).ravel(), from_pandas=True)
        spread = np.sqrt(past.variance.astype(np.float64))
        columns["demand_sd"] = pa.array(np.round(spread, DECIMALS).ravel())
    return pa.table(columns)


def _places(panel: Panel) -> dict[str, NDArray[np.float64]]:
    """Degrees north and east of the site of each series; NaN where nobody told."""
    sites = panel.sites.set_index("site").reindex(panel.series["site"])
    return {
        name: pd.to_numeric(sites[name]).to_numpy(np.float64)
        for name in ("latitude", "longitude")
        if name in sites
    }


def _stock_columns(panel: Panel) -> pd.DataFrame:
    stock = panel.stock.reset_index(drop=True)
    return stock.drop(columns=[name for name in stock if name in panel.series.columns])


def _projection(projection: pd.DataFrame, panel: Panel) -> pa.Table:
    frame = projection.drop(columns=["period_start"], errors="ignore")
    table = table_of(frame)
    if pd.api.types.is_integer_dtype(frame["period"]):
        text = pd.Series(labels(frame["period"], panel.frequency))
        place = table.column_names.index("period")
        table = table.set_column(place, "period", _array(text, "period"))
    return table


def _forecasts(series: pd.DataFrame, grain: GrainForecast, said: Sequence[str] | None) -> pa.Table:
    length = grain.mean.shape[1]
    periods = list(range(grain.first, grain.first + length))
    columns = _by_series(series, periods, grain.frequency)
    columns["mean"] = _units(grain.mean)
    for place, level in enumerate(grain.levels):
        columns[quantile_column(level)] = _units(grain.quantiles[:, :, place])
    columns["method"] = _repeated(grain.method, length)
    columns["mean_units"] = _units(grain.mean_units)
    columns["reason"] = _repeated(grain.reason, length)
    if grain.before is not None and said is not None:
        columns |= _overridden(grain, said)
    return pa.table(columns)


def _overridden(grain: GrainForecast, said: Sequence[str]) -> dict[str, pa.Array]:
    """Method and reason where somebody knows better than the model, whose figure is told."""
    before = grain.mean if grain.before is None else grain.before
    method = np.repeat(np.array(grain.method, dtype=object), grain.horizon)
    reason = np.repeat(np.array(grain.reason, dtype=object), grain.horizon)
    for row, step in np.argwhere(grain.mean != before).tolist():
        place = row * grain.horizon + step
        alone = f"by the model alone {before[row, step]:.4g} ({method[place]})"
        reason[place] = "; ".join(part for part in (said[row], alone, reason[place]) if part)
        method[place] = OVERRIDE
    return {
        name: pa.array([str(one) for one in values], pa.string()).dictionary_encode()
        for name, values in (("method", method), ("reason", reason))
    }


def _units(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(np.round(values, DECIMALS).ravel())


def _check_alignment(parts: dict[str, pa.Table], count: int) -> None:
    """Every part has the series of the panel, in its order, each with the same number of rows; a
    ragged one names no other series, and groups and parts by site name none."""
    master = parts[SERIES]
    for name, table in parts.items():
        if name == GROUPS or name in BY_SITE:
            continue
        if name in RAGGED:
            _check_known(name, table, master)
            continue
        rows_each, rest = divmod(table.num_rows, count) if count else (0, table.num_rows)
        if rest:
            raise BadValues(name, "rows", f"the same number for {count} series", [table.num_rows])
        rows = pa.array(np.repeat(np.arange(count), rows_each))
        for column in ("site", "sku"):
            expected = master.column(column).cast(pa.string()).take(rows)
            differs = pc.not_equal(table.column(column).cast(pa.string()), expected)
            if pc.any(differs).as_py():
                stray = table.column(column).filter(differs).to_pylist()
                raise BadValues(name, column, "the panel's series in its order", stray)


def _check_known(name: str, table: pa.Table, master: pa.Table) -> None:
    known, named = (
        pd.MultiIndex.from_arrays(
            [np.array(one.column(code).to_pylist(), dtype=object) for code in ("site", "sku")]
        )
        for one in (master, table)
    )
    stray = named[~named.isin(known)]
    if len(stray):
        raise BadValues(name, "site, sku", "series of the panel", stray.unique().tolist())

"""What the parts of a publication hold, and the column order that its exports promise.

Parts hold everything but the constants of the publication (its number, origin, versions) and the
numbers of its warnings, which are only known once it is committed; readers add those.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.errors import BadValues, MissingColumns

SERIES: Final = "series"  # one row a series, ordered by site, sku: master data and stock
HISTORY: Final = "history"  # the last own-grain periods, the same number for every series
WARNINGS: Final = "warnings"  # one row a series, aligned with `series`
PROJECTION: Final = "projection"  # the same number of periods for every series
PROPOSALS: Final = "proposals"  # one row a line of a proposed order, order by order

OPTIONS: Final = "options"  # one row a thing that can be done, by series, recommended ones first
GROUPS: Final = "groups"  # one row a group of warnings that one action repairs; names no series

OVERRIDDEN: Final = "overridden"  # one row a figure that an override changed: models.overrides

KPIS: Final = "kpis"  # one row a cell that a KPI is counted in (models.kpis), by site
KPI_FEEDS: Final = "kpi_feeds"  # one row a feed and site: from when to when it speaks

BY_SITE: Final = frozenset({KPIS, KPI_FEEDS})
"""Parts whose rows name a site and no series; a blank site is all of them."""

RAGGED: Final = frozenset({PROPOSALS, OPTIONS, OVERRIDDEN})
"""Parts with as many rows of a series as there are, in an order of their own; each row still names
a series. Publications of earlier versions have none of them; of `overridden` neither has one that
no override changed."""

DATES: Final = frozenset(
    {"stockout_on", "stockout_on_p10", "stockout_on_p90", "back_on", "stock_on"}
)
NUMBERS: Final = frozenset(
    {"probability", "days_of_cover", "units_short", "value_at_risk", "p_no_order"}
    | {"p_before_next_receipt", "passed_on"}
)


def forecasts_part(grain: str) -> str:
    """Name of the part with the forecasts of a grain (day, week, month)."""
    return f"forecasts_{grain}"


def quantile_column(level: float) -> str:
    """A level in thousandths.

    >>> quantile_column(0.005), quantile_column(0.5)
    ('q005', 'q500')
    """
    return f"q{round(level * 1000):03d}"


def quantile_columns(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if name[0] == "q" and name[1:].isdigit()]


def horizon_columns(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if name[:2] == "p_" and name[2:-1].isdigit()]


def _then_the_rest(first: Sequence[str], columns: Sequence[str]) -> list[str]:
    return [*first, *(name for name in columns if name not in set(first))]


def forecasts_order(columns: Sequence[str]) -> list[str]:
    """The columns of an export of forecasts, those of the contract first."""
    first = ["publication", "site", "sku", "period", "period_start", "mean"]
    first += quantile_columns(columns)
    first += ["method", "origin", "model_version", "mean_units", "reason"]
    return _then_the_rest(first, columns)


def warnings_order(columns: Sequence[str]) -> list[str]:
    """The columns of an export of warnings, those of the contract first."""
    first = ["publication", "warning", "site", "sku", "probability", "horizon_days"]
    first += horizon_columns(columns)
    first += ["stockout_on", "stockout_on_p10", "stockout_on_p90", "days_of_cover"]
    first += ["units_short", "value_at_risk", "currency", "causes", "act_by", "actions"]
    first += ["method", "origin", "model_version", "state"]
    first += ["p_no_order", "p_before_next_receipt", "back_on"]
    return _then_the_rest(first, columns)


def order_as_made(columns: Sequence[str]) -> list[str]:
    """The columns of an export of proposals, options or groups: as they are made."""
    return ["publication", *(name for name in columns if name not in READER_ADDS), "origin"]


READER_ADDS: Final = frozenset({"publication", "warning", "model_version", "origin"})


def check_parts(parts: dict[str, pa.Table]) -> None:
    """Raise BadValues or MissingColumns rather than publish numbers that break the contract:
    means and quantiles finite, at least 0 and in order; probabilities finite, 0 to 1, in order.
    """
    for name, table in parts.items():
        if name.startswith("forecasts_"):
            _check_forecasts(name, table)
    if PROPOSALS in parts:
        least = np.nextafter(0.0, 1.0)
        _check(parts[PROPOSALS], PROPOSALS, "units", "finite and above 0", least, np.inf)
    if KPIS in parts:
        for column in ("numerator", "denominator", "rows", "left_out", "censored"):
            _check(parts[KPIS], KPIS, column, "finite", -np.inf, np.inf)
    if OPTIONS in parts:
        _check(parts[OPTIONS], OPTIONS, "residual_probability", "finite, 0 to 1", 0.0, 1.0)
        _check(parts[OPTIONS], OPTIONS, "units", "finite and at least 0", 0.0, np.inf)
    warned = parts[WARNINGS]
    missing = set(warnings_order(warned.column_names)) - set(warned.column_names) - READER_ADDS
    if missing:
        raise MissingColumns(WARNINGS, sorted(missing), warned.column_names)
    horizons = horizon_columns(warned.column_names)
    for column in ("probability", *horizons):
        _check(warned, WARNINGS, column, "finite and between 0 and 1", 0.0, 1.0)
    _check_order(warned, WARNINGS, horizons)


def _check_forecasts(name: str, table: pa.Table) -> None:
    levels = quantile_columns(table.column_names)
    for column in ("mean", "mean_units", *levels):
        _check(table, name, column, "finite and at least 0", 0.0, np.inf)
    _check_order(table, name, levels)


def _check(table: pa.Table, name: str, column: str, rule: str, least: float, most: float) -> None:
    if column not in table.column_names:
        raise MissingColumns(name, [column], table.column_names)
    values = table.column(column).to_numpy()
    bad = ~(np.isfinite(values) & (values >= least) & (values <= most))
    if bad.any():
        raise BadValues(name, column, rule, values[bad].tolist())


def _check_order(table: pa.Table, name: str, columns: Sequence[str]) -> None:
    for lower, upper in itertools.pairwise(columns):
        crossed = pc.greater(table.column(lower), table.column(upper))
        if pc.any(crossed).as_py():
            values = table.column(upper).filter(crossed).to_pylist()
            raise BadValues(name, upper, f"at least {lower}", values)

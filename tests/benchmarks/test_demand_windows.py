"""Nobody sees past an origin, and every method is judged on the same rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.demand.counts import SamplePaths
from benchmarks.demand.judge import judge, judged_rows
from benchmarks.demand.peers import Setting, member, weekday_index
from benchmarks.demand.product import Outcome, aligned, forecast_panel, options_of, panel_at
from benchmarks.demand.report import Results
from benchmarks.demand.tasks import Task, since_first_sale
from benchmarks.demand.usage import Usage
from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.panel import build_panel

FIRST = dt.date(2026, 11, 2)  # a Monday
DAYS = 14
UNITS = np.array([[0.0, 2.0] * 7, [0.0] * 10 + [3.0] * 4])
SITES, SKUS = ["LYON", "LYON"], ["CAFE", "THE"]


def sales(units: np.ndarray) -> pa.Table:
    dates = np.datetime64(FIRST) + np.arange(units.shape[1])
    return pa.table(
        {
            "date": pa.array(np.tile(dates, len(units))).cast(pa.date32()),
            "site": pa.array(np.repeat(SITES, units.shape[1]).tolist()).dictionary_encode(),
            "sku": pa.array(np.repeat(SKUS, units.shape[1]).tolist()).dictionary_encode(),
            "units": units.ravel(),
        }
    )


def two_weeks(units: np.ndarray = UNITS) -> Task:
    start = int(to_period(FIRST, Frequency.DAY))
    return Task(
        frequency=Frequency.DAY,
        rows=TableRows({"sales": sales(units)}),
        series=pd.DataFrame({"site": SITES, "sku": SKUS, "group": "LYON"}),
        units=since_first_sale(units),
        start=start,
        origins=(start + 6,),
        horizon=3,
        season=7,
    )


def test_a_source_as_of_a_day_holds_nothing_later() -> None:
    known = TableRows({"sales": sales(UNITS)}).known_on(FIRST)
    assert known.rows("sales").column("date").unique().to_pylist() == [FIRST]
    assert known.watermarks() == {"sales": FIRST}


def test_rows_are_cut_on_both_sides_inclusive() -> None:
    day = FIRST + dt.timedelta(days=3)
    rows = TableRows({"sales": sales(UNITS)}).rows("sales", since=day, until=day)
    assert rows.column("date").to_pylist() == [day, day]


def test_plans_known_in_advance_stay() -> None:
    later = FIRST + dt.timedelta(days=30)
    events = pa.table({"start": pa.array([later]), "kind": ["holiday"], "name": ["Noël"]})
    known = TableRows({"events": events}).known_on(FIRST)
    assert known.rows("events").num_rows == 1


def test_a_feed_that_is_not_given_is_empty_with_its_columns() -> None:
    rows = TableRows({}).rows("stock")
    assert rows.num_rows == 0
    assert {"date", "site", "sku", "on_hand"} <= set(rows.column_names)


def test_changing_what_comes_after_the_origin_changes_no_input() -> None:
    task = two_weeks()
    origin = task.origins[0]
    changed = UNITS.copy()
    changed[:, 7:] = 99.0
    other = two_weeks(changed)
    options = options_of(Frequency.DAY, seed=1)
    assert panel_at(task, origin, options).digest == panel_at(other, origin, options).digest
    assert np.array_equal(task.history(origin), other.history(origin), equal_nan=True)


def test_a_series_that_has_not_sold_by_the_origin_is_not_judged() -> None:
    task = two_weeks()
    assert judged_rows(task, task.origins[0]).tolist() == [True, False]
    assert judged_rows(task, task.start + 10).tolist() == [True, True]


def drawn(series: pd.DataFrame, means: list[float]) -> Outcome:
    mean = np.repeat(np.array(means)[:, None], 3, axis=1)
    levels = (0.1, 0.5, 0.8, 0.9, 0.95)
    forecast = SamplePaths(
        mean,
        np.repeat(mean[:, :, None], len(levels), axis=2),
        levels,
        np.repeat(mean[:, None, :], 4, axis=1).astype(np.float32),
    )
    return Outcome(series, forecast, Usage(), Usage())


def test_forecasts_are_matched_to_series_by_their_codes() -> None:
    task = two_weeks()
    outcome = drawn(pd.DataFrame({"site": SITES, "sku": SKUS[::-1]}), [7.0, 1.0])
    forecast = aligned(outcome, task.series, np.array([True, True]))
    assert forecast.mean[:, 0].tolist() == [1.0, 7.0]


def test_a_judged_series_without_a_forecast_is_named() -> None:
    task = two_weeks()
    outcome = drawn(task.series.iloc[:1], [1.0])
    assert aligned(outcome, task.series, np.array([True, False])).mean[1].tolist() == [0, 0, 0]
    with pytest.raises(KeyError, match="THE"):
        aligned(outcome, task.series, np.array([True, True]))


def test_what_will_sell_is_judged_on_days_in_stock_as_demand_is() -> None:
    task = two_weeks()  # days 7, 8 and 9 of the first series: 2, 0, 2, the last of them empty
    in_stock = np.ones(task.units.shape, dtype=bool)
    in_stock[0, 9] = False
    stocked = replace(task, in_stock=in_stock)
    drew = drawn(task.series, [2.0, 5.0])
    less = replace(drew, forecast=replace(drew.forecast, sold=drew.forecast.mean * 0.75))
    for outcome, sold, lean in ((drew, 1.0, 1.0), (less, 1.0, 0.5)):
        told = aligned(outcome, task.series, np.array([True, True]))
        found = judge("freshretail", stocked, task.origins[0], told)
        assert (found["WAPE"], found["bias"]) == (1.0, 1.0)
        assert (found["sold WAPE"], found["sold bias"]) == (sold, lean)


def test_what_will_sell_is_asked_of_a_company_whose_shelves_are_known() -> None:
    dates = np.datetime64(FIRST) - 60 + np.arange(67)
    units = np.tile([3.0, 2.0, 4.0, 0.0], 17)[:67]
    keys = {
        "date": pa.array(dates).cast(pa.date32()),
        "site": pa.array(["LYON"] * 67).dictionary_encode(),
        "sku": pa.array(["CAFE"] * 67).dictionary_encode(),
    }
    stock = pa.table({**keys, "availability": (units > 0).astype(float)})
    rows = TableRows({"sales": pa.table({**keys, "units": units}), "stock": stock})
    options = options_of(Frequency.DAY, seed=1)
    panel = build_panel(rows, int(to_period(dates[-1].item(), Frequency.DAY)), options)
    told = forecast_panel(panel, options, 3, with_sold=True).forecast
    assert told.sold is not None
    assert told.sold.shape == told.mean.shape
    assert (told.sold < told.mean).all()  # a quarter of its days are out
    assert forecast_panel(panel, options, 3).forecast.sold is None


def test_a_window_is_judged_on_what_came_after_the_origin() -> None:
    task = two_weeks()  # days 7, 8 and 9 of the first series: 2, 0, 2
    forecast = aligned(drawn(task.series, [1.0, 5.0]), task.series, np.array([True, True]))
    found = judge("m5-weekly", task, task.origins[0], forecast)
    assert found["WAPE"] == pytest.approx(3 / 4)
    assert found["bias"] == pytest.approx(-1 / 4)


def test_seeds_are_averaged_before_methods_are_compared() -> None:
    results = Results()
    for origin, own, other in (("a", (1.0, 3.0), 4.0), ("b", (5.0, 5.0), 4.0)):
        for seed, value in enumerate(own):
            results.add("Vigistock", origin, seed, {"WAPE": value, "peak MiB": value})
        results.add("AutoETS", origin, 0, {"WAPE": other, "peak MiB": 1.0})
    assert results.ratios("WAPE", "AutoETS") == [0.5, 1.25]
    assert results.ratio("WAPE", "AutoETS") == pytest.approx(3.5 / 4)
    assert results.mean("peak MiB") == 5.0


def test_a_weekday_that_sells_twice_as_much_has_a_higher_index() -> None:
    week = np.array([1.0, 1, 1, 1, 1, 2, 1])
    index = weekday_index(np.tile(week, 20)[None] * 100, season=7)
    assert index[0].argmax() == 5
    assert index.mean() == pytest.approx(1.0)


def test_a_series_on_which_a_library_fails_is_its_mean_and_is_counted() -> None:
    history = np.array([[np.nan] * 5 + [4.0, 2.0], [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 2.0]])
    found = member("window", history, Setting(horizon=2, season=7, memory=None))
    assert found.failed == 2  # the window is longer than both
    assert found.mean.tolist() == [[3.0, 3.0], [2.0, 2.0]]

"""Nothing of the hidden truth helps to recover it; an empty shelf earns no forecast anything."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.demand import freshretail, recovery
from benchmarks.demand.counts import NegativeBinomial
from benchmarks.demand.freshretail import Shop
from benchmarks.demand.judge import judge
from benchmarks.demand.tasks import Task
from benchmarks.rows import TableRows
from benchmarks.shared_data import shared_data
from forecasting.calendar import Frequency, to_period
from forecasting.scores import bias, wape

FIRST = np.datetime64("2026-08-31")
CURVE = np.r_[np.zeros(6), np.linspace(3.0, 1.0, 16), np.zeros(2)]


def shop(*, seed: int = 1, days: int = 80) -> Shop:
    """Eight series that sell by hour and run out in the afternoon every third day or so."""
    luck = np.random.default_rng(seed)
    keys = [(site, sku) for site in ("A", "B") for sku in ("1", "2", "3", "4")]
    mean = np.array([3.0, 6.0, 9.0, 12.0] * 2)[:, None, None] * CURVE / CURVE.sum()
    wanted = luck.poisson(mean, (8, days, 24)).astype(float)
    closing = np.where(luck.random((8, days)) < 0.35, luck.integers(8, 21, (8, days)), 24)
    out = np.arange(24) >= closing[:, :, None]
    return Shop(
        series=pd.DataFrame(keys, columns=["site", "sku"]),
        first=FIRST,
        sold=np.where(out, 0.0, wanted),
        out=out,
        price=np.ones((8, days)),
        holiday=np.zeros(days, dtype=bool),
    )


def test_only_days_in_stock_are_hidden_and_only_by_real_patterns() -> None:
    case = recovery.censor(shop())
    whole = shop()
    assert (whole.hours_empty[case.masked] == 0).all()
    assert np.array_equal(case.units[~case.masked], case.truth[~case.masked])
    assert (case.units <= case.truth).all()
    assert (case.units < case.truth)[case.masked].mean() > 0.5
    assert (case.hours_empty[case.masked] > 0).all()
    assert (case.hours_empty[case.masked] * 16 <= recovery.MOST_HOURS).all()
    seen = {tuple(hours) for hours in whole.out.reshape(-1, 24)}
    real = {sum(hours[6:22]) / 16 for hours in seen}
    assert set(case.hours_empty[case.masked]) <= real


def test_the_hidden_truth_helps_nobody() -> None:
    """Whatever was sold in the hidden hours, every method says the same."""
    case = recovery.censor(shop())
    richer = shop()
    hidden = case.masked[:, :, None] & (np.arange(24) >= 20)
    richer.sold[hidden & ~richer.out] *= 50.0
    again = recovery.censor(richer)
    same = again.masked & (case.units == again.units)
    assert np.array_equal(case.masked, again.masked)
    assert np.array_equal(case.usual, again.usual)
    assert np.array_equal(case.sales_empty, again.sales_empty)
    assert (again.truth > case.truth)[same].any()
    late = case.units != again.units
    assert late.sum() < same.sum(), "but for days whose last hours stayed open"


def test_the_product_recovers_better_than_raw_sales_on_every_basis() -> None:
    table = recovery.compare(recovery.censor(shop()))
    raw = table.loc["raw sales", "WAPE"]
    for method in (recovery.SALES, recovery.CURVE, recovery.FLAT):
        assert table.loc[method, "WAPE"] < 0.8 * raw
        assert abs(table.loc[method, "bias"]) < abs(table.loc["raw sales", "bias"])
    assert table.loc[recovery.FLAT, "bias"] > table.loc[recovery.CURVE, "bias"]


def test_a_promise_needs_both_error_and_bias() -> None:
    table = pd.DataFrame(
        {"WAPE": 0.1, "bias": [0.0, 0.02, -0.02]},
        index=[recovery.SALES, recovery.CURVE, recovery.FLAT],
    )
    assert [one.kept for one in recovery.promises(table)] == [True, False, True]


def test_an_hour_that_sold_was_not_empty_whatever_its_status_says() -> None:
    some = shop()
    told = tuple(np.argwhere(some.out)[0])
    assert some.empty[told]
    some.sold[told] = 1.0
    assert not some.empty[told]
    assert (some.empty <= some.out).all()
    assert some.out.sum() - some.empty.sum() == 1


def test_neighbouring_days_of_one_discount_are_one_promotion() -> None:
    some = shop(days=8).some(np.array([0, 1]))
    some.price[0] = [1, 0.8, 0.8, 0.7, 1, 1, 0.99, 0.8]
    some.holiday[3] = True
    events = freshretail.tables(some, np.zeros((2, 8)), np.ones((2, 8)))["events"].to_pandas()
    cuts = events[events["kind"] == "promotion"]
    spans = [
        ((one.start - FIRST.astype(object)).days, (one.end - FIRST.astype(object)).days, one.value)
        for one in cuts.itertuples()
    ]
    assert spans == [(1, 2, 0.2), (3, 3, 0.3), (7, 7, 0.2)]
    assert set(cuts["site"]) == {"A"}
    assert set(cuts["sku"]) == {"1"}
    assert events.loc[events["kind"] == "holiday", "start"].tolist() == [
        FIRST.astype(object) + dt.timedelta(days=3)
    ]


def test_zero_stock_zero_sales_zero_forecast_earns_nothing() -> None:
    """The trap: out of stock for most of the window, a forecast of nothing is nearly right on all
    days. Judged on days in stock, it misses everything."""
    units = np.full((2, 14), 5.0)
    in_stock = np.ones((2, 14), dtype=bool)
    in_stock[:, 8:] = False
    in_stock[:, 10] = True
    units[~in_stock] = 0.0
    start = int(to_period(FIRST, Frequency.DAY))
    task = Task(
        frequency=Frequency.DAY,
        rows=TableRows({"sales": pa.table({"date": pa.array([], pa.date32())})}),
        series=pd.DataFrame({"site": "A", "sku": ["1", "2"], "group": "A"}),
        units=units,
        start=start,
        origins=(start + 6,),
        horizon=7,
        season=7,
        in_stock=in_stock,
    )
    nothing = NegativeBinomial(np.zeros((2, 7)), np.zeros(2))
    demand = NegativeBinomial(np.full((2, 7), 5.0), np.zeros(2))
    truth = task.ahead(units, task.origins[0])
    assert wape(truth, nothing.mean) < wape(truth, demand.mean), "the trap, on all days"
    found = [judge("freshretail", task, task.origins[0], one) for one in (nothing, demand)]
    assert found[0]["WAPE"] == pytest.approx(1.0)
    assert found[0]["bias"] == pytest.approx(-1.0)
    assert found[1]["WAPE"] == pytest.approx(0.0)
    assert found[0]["pinball"] > found[1]["pinball"]


@pytest.mark.shared_data
def test_three_hundred_real_series_are_recovered() -> None:
    folder = shared_data("freshretailnet")
    if folder is None:
        pytest.skip("freshretailnet is not beside this repository")
    whole = freshretail.read(folder)
    skus = whole.series["sku"].value_counts().index[:6]
    some = whole.some(np.flatnonzero(whole.series["sku"].isin(skus)))
    case = recovery.censor(some)
    found = recovery.recovered(case, case.sales_empty, availability_basis="sales")
    truth = case.truth[case.judged]
    assert wape(truth, found[case.judged]) < 0.6 * wape(truth, case.units[case.judged])
    assert abs(bias(truth, found[case.judged])) < 0.03

"""What holds for every company: the laws of latent demand, and that recovery beats raw sales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.demand import latent_demand, recover
from forecasting.empty_shelf import empty_until_closing
from forecasting.options import Options
from forecasting.panel import Panel
from tests.forecasting.warehouse import LAST, Rows, panel_of

SITES, SKUS, DAYS = ("LILLE", "LYON", "NICE"), ("CAFE", "LAIT", "SEL", "THE"), 200
WEEK = np.array([0.6, 0.7, 0.8, 1.0, 1.3, 1.6, 1.0])
BY_SALES = Options(availability_basis="sales")


def company(*, seed: int = 1, empty_days: float = 0.2) -> tuple[Panel, np.ndarray]:
    """Twelve series with weekdays, a common wave by sku and shelves half empty now and then; and
    what customers wanted."""
    luck = np.random.default_rng(seed)
    dates = pd.date_range(end=LAST, periods=DAYS)
    wave = np.exp(luck.normal(0, 0.4, (len(SKUS), DAYS)))
    sales, stock, wanted = [], [], []
    for site in SITES:
        for number, sku in enumerate(SKUS):
            mean = (4 + 6 * number) * WEEK[dates.dayofweek] * wave[number]
            demand = luck.poisson(mean).astype(float)
            share = np.where(luck.random(DAYS) < empty_days, luck.choice([0.3, 0.6, 1.0], DAYS), 0)
            share[:20] = 0.0
            keys = {"date": dates.date, "site": site, "sku": sku}
            sales.append(
                pd.DataFrame({**keys, "units": luck.binomial(demand.astype(int), 1 - share)})
            )
            stock.append(pd.DataFrame({**keys, "availability": 1 - share}))
            wanted.append(demand)
    panel = panel_of(Rows(sales=pd.concat(sales), stock=pd.concat(stock)))
    return panel, np.array(wanted)[:, -panel.units.shape[1] :]


def error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.nansum(np.abs(found - truth)) / np.nansum(truth))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("unmet", [0.0, 0.4, 1.0])
def test_demand_is_never_below_what_was_sold_and_only_stockouts_add(seed, unmet) -> None:
    panel, _ = company(seed=seed)
    told = recover(panel, replace(BY_SALES, unmet=unmet))
    stocked = panel.availability == 1
    assert (told.demand >= panel.units)[~np.isnan(panel.units)].all()
    assert np.array_equal(told.demand[stocked], panel.units[stocked], equal_nan=True)
    assert ((told.variance > 0) == (told.demand > panel.units)).all()
    assert told.units is panel.units
    assert (told.added == 0) == (unmet == 0)


@pytest.mark.parametrize("unmet", [0.0, 1.0])
def test_the_corrections_alone_make_demand_of_what_was_sold(unmet) -> None:
    panel, _ = company()
    panel.units[0, 3] = -2.0  # a return
    told = recover(panel, replace(BY_SALES, unmet=unmet))
    corrected = told.corrections()
    assert (len(corrected.place) > 0) == (unmet > 0)
    assert np.array_equal(corrected.onto(panel.units), told.demand, equal_nan=True)


def test_without_a_stockout_nothing_changes() -> None:
    panel, _ = company(empty_days=0.0)
    told = recover(panel, BY_SALES)
    assert np.array_equal(told.demand, panel.units, equal_nan=True)
    assert told.variance.strides == (0, 0), "and nothing is kept for it"


def test_what_is_backordered_is_not_added() -> None:
    panel, _ = company()
    whole, none, half = (
        latent_demand(panel, replace(BY_SALES, unmet=unmet)) for unmet in (1.0, 0.0, 0.5)
    )
    assert np.array_equal(none, panel.units, equal_nan=True)
    assert half - panel.units == pytest.approx((whole - panel.units) / 2)


@pytest.mark.parametrize("back", [1, 30, 100])
def test_the_future_changes_nothing_of_the_past(back) -> None:
    panel, _ = company()
    before = [matrix.copy() for matrix in (panel.units, panel.availability)]
    units, availability = panel.units.copy(), panel.availability.copy()
    units[:, -back:] = 10_000.0
    availability[::2, -back:] = 0.0
    availability[1::2, -back:] = 1.0
    now = recover(panel, BY_SALES)
    other = recover(replace(panel, units=units, availability=availability), BY_SALES)
    assert np.array_equal(now.demand[:, :-back], other.demand[:, :-back], equal_nan=True)
    assert np.array_equal(now.variance[:, :-back], other.variance[:, :-back])
    for kept, matrix in zip(before, (panel.units, panel.availability), strict=True):
        assert np.array_equal(kept, matrix, equal_nan=True), "inputs come back unchanged"


def test_the_same_panel_and_seed_give_the_same_bits() -> None:
    first, second = (recover(company()[0], BY_SALES) for _ in range(2))
    assert np.array_equal(first.demand, second.demand, equal_nan=True)
    assert np.array_equal(first.variance, second.variance)
    pd.testing.assert_frame_equal(first.trials, second.trials)


def test_another_sku_changes_nothing() -> None:
    panel, _ = company()
    rows = (panel.series["sku"] != "SEL").to_numpy()
    fewer = replace(
        panel,
        series=panel.series[rows].reset_index(drop=True),
        **{
            name: getattr(panel, name)[rows]
            for name in ("units", "availability", "on_hand", "blocked", "receipts")
        },
    )
    whole, part = latent_demand(panel, BY_SALES)[rows], latent_demand(fewer, BY_SALES)
    assert np.array_equal(whole, part, equal_nan=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_recovery_beats_raw_sales_and_is_not_biased(seed) -> None:
    panel, truth = company(seed=seed)
    hit = (panel.availability < 1) & (np.arange(truth.shape[1]) >= 60)
    told = recover(panel, BY_SALES)
    assert error(told.demand[hit], truth[hit]) < 0.6 * error(panel.units[hit], truth[hit])
    assert abs(np.sum(told.demand[hit] - truth[hit])) < 0.05 * truth[hit].sum()
    assert told.trials.set_index("segment").loc["smooth", ["recovered", "reason"]].tolist() == [
        True,
        "trials improve",
    ]


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_the_stated_spread_is_of_the_right_size_and_rather_too_wide(seed) -> None:
    panel, truth = company(seed=seed)
    told = recover(panel, BY_SALES)
    hit = (told.variance > 0) & (np.arange(truth.shape[1]) >= 60)
    square = (told.demand - truth)[hit] ** 2
    assert 0.3 < square.sum() / told.variance[hit].sum() < 1.2


def test_a_saturday_without_stock_misses_more_than_a_monday() -> None:
    dates = pd.date_range(end=LAST, periods=140)
    units = 10.0 * WEEK[dates.dayofweek]
    share = np.zeros(140)
    share[[-1 - 8, -1 - 6]] = 1.0  # the last Saturday but one, and the Monday after it
    keys = {"date": dates.date, "site": "LYON", "sku": "CAFE"}
    panel = panel_of(
        Rows(
            sales=pd.DataFrame({**keys, "units": np.where(share > 0, 0, units)}),
            stock=pd.DataFrame({**keys, "availability": 1 - share}),
        )
    )
    saturday, monday = latent_demand(panel, BY_SALES)[0, [-9, -7]]
    assert (dates[-9].dayofweek, dates[-7].dayofweek) == (5, 0)
    assert saturday > 1.5 * monday


def test_what_sold_elsewhere_tells_of_the_day() -> None:
    """On the last day the sku sold three times as usual in two towns; the third had none."""
    dates = pd.date_range(end=LAST, periods=60)
    sales, stock = [], []
    for site in SITES:
        units = np.full(60, 20.0)
        units[-1] = 0.0 if site == "NICE" else 60.0
        keys = {"date": dates.date, "site": site, "sku": "CAFE"}
        sales.append(pd.DataFrame({**keys, "units": units}))
        full = np.where((site == "NICE") & (dates == dates[-1]), 0.0, 1.0)
        stock.append(pd.DataFrame({**keys, "availability": full}))
    panel = panel_of(Rows(sales=pd.concat(sales), stock=pd.concat(stock)))
    assert latent_demand(panel, BY_SALES)[2, -1] > 40


def test_sales_on_a_shelf_told_empty_all_day_are_not_counted_twice() -> None:
    dates = pd.date_range(end=LAST, periods=40)
    keys = {"date": dates.date, "site": "LYON", "sku": "CAFE"}
    for sold, wanted in ((4.0, 10.0), (13.0, 13.0)):
        units = np.r_[np.full(39, 10.0), sold]
        full = np.r_[np.ones(39), 0.0]
        panel = panel_of(
            Rows(
                sales=pd.DataFrame({**keys, "units": units}),
                stock=pd.DataFrame({**keys, "availability": full}),
            )
        )
        assert latent_demand(panel, BY_SALES)[0, -1] == pytest.approx(wanted)


def test_quiet_evenings_miss_less_than_flat_hours_make_believe() -> None:
    panel, _ = company()
    evening = (*[0.0] * 8, *[5.0] * 6, *[1.0] * 6, *[0.0] * 4)
    flat, curve, sales = (
        latent_demand(panel, options)
        for options in (Options(), Options(shop_hours=evening), BY_SALES)
    )
    part = (panel.availability < 1) & (panel.availability > 0) & (panel.units > 0)
    assert np.nansum(curve[part]) < np.nansum(flat[part])
    uniform = latent_demand(panel, Options(shop_hours=(*[0.0] * 8, *[2.0] * 12, *[0.0] * 4)))
    assert uniform[:, :60] == pytest.approx(
        latent_demand(panel, Options(shop_hours=(1.0,) * 24))[:, :60], nan_ok=True
    )
    assert not np.array_equal(flat, sales, equal_nan=True)


def test_the_curve_is_read_from_closing_back() -> None:
    curve = [0.0] * 9 + [3.0, 2.0, 1.0] + [0.0] * 12
    share = empty_until_closing(np.array([0.0, 1 / 3, 0.5, 1.0]), curve)
    assert share == pytest.approx([0, 1 / 6, 2 / 6, 1])


def test_a_class_whose_trials_speak_against_it_stays_as_sold() -> None:
    """Sold out at the end of each season, when nobody wants it any more."""
    luck, periods, count = np.random.default_rng(1), 400, 60
    phase = np.arange(periods) % 40
    rows = {"sales": [], "stock": []}
    dates = pd.date_range(end=LAST, periods=periods)
    for number in range(count):
        units = np.where(phase < 10, luck.poisson(30, periods), 0).astype(float)
        empty = (phase >= 10) & (phase < 30) & (number % 2 == 0)
        keys = {"date": dates.date, "site": "LYON", "sku": f"S{number:02}"}
        rows["sales"].append(pd.DataFrame({**keys, "units": units}))
        rows["stock"].append(pd.DataFrame({**keys, "availability": 1.0 - empty}))
    panel = panel_of(Rows(**{feed: pd.concat(frames) for feed, frames in rows.items()}))
    told = recover(panel, BY_SALES)
    assert "trials do not improve: as sold" in set(told.trials["reason"])
    assert np.array_equal(told.demand[:, -60:], panel.units[:, -60:])
    assert (told.demand > panel.units)[:, :60].any(), "until there were enough trials to tell"

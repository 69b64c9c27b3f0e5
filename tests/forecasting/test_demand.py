"""Latent demand: an empty shelf is no lack of customers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.demand import latent_demand, recover
from forecasting.forecaster import DemandForecaster
from forecasting.options import Options
from models.publication.build import HISTORY_PERIODS, _history
from tests.forecasting.warehouse import LAST, Rows, days_of, panel_of


def stock_of(values, column="on_hand"):
    first = LAST - dt.timedelta(days=len(values) - 1)
    return [
        {"date": first + dt.timedelta(days=number), "site": "LYON", "sku": "CAFE", column: value}
        for number, value in enumerate(values)
    ]


def test_zero_stock_zero_sales_zero_forecast_is_not_accuracy():
    """Sold 5 a day, then empty for 40 days: customers still want 5."""
    units = [5.0] * 100 + [0.0] * 40
    stock = [50] * 99 + [0] * 41
    panel = panel_of(Rows(sales=days_of(units), stock=stock_of(stock)))
    demand = latent_demand(panel, Options())
    assert demand[0, 101:] == pytest.approx(5.0)
    forecast = DemandForecaster(Options(paths=100)).fit(panel).forecast(panel)
    assert forecast.grains[Frequency.DAY].mean[0] == pytest.approx(5.0, rel=0.05)
    naive = DemandForecaster(Options(paths=100, unmet=0.0)).fit(panel).forecast(panel)
    assert naive.grains[Frequency.DAY].mean[0].mean() < 2.5, "the trap, when nothing is corrected"


def test_only_the_share_that_was_empty_is_added():
    units = [8.0] * 20 + [4.0, 8.0]
    panel = panel_of(
        Rows(sales=days_of(units), stock=stock_of([1.0] * 20 + [0.5, 1.0], "availability"))
    )
    assert latent_demand(panel, Options())[0, -2:].tolist() == [8.0, 8.0]


def test_backordered_demand_is_not_added_twice():
    panel = panel_of(Rows(sales=days_of([5.0] * 20 + [0.0]), stock=stock_of([9] * 19 + [0, 0])))
    assert latent_demand(panel, Options(unmet=0.0))[0, -1] == 0
    assert latent_demand(panel, Options(unmet=0.5))[0, -1] == pytest.approx(2.5)


def test_no_period_looks_at_a_later_one():
    units = np.r_[np.full(30, 4.0), np.zeros(5), np.full(5, 400.0)]
    stock = [9] * 29 + [0] * 6 + [9] * 5
    whole = latent_demand(panel_of(Rows(sales=days_of(units), stock=stock_of(stock))), Options())
    assert whole[0, 31:35] == pytest.approx(4.0)


def test_a_published_past_tells_demand_beside_units_and_how_sure_it_is():
    random = np.random.default_rng(3)
    units = np.r_[random.poisson(5.0, 150), np.zeros(10), random.poisson(5.0, 40)].astype(float)
    stock = [50] * 149 + [0] * 11 + [50] * 40
    panel = panel_of(Rows(sales=days_of(units), stock=stock_of(stock)))
    rows = _history(panel, recover(panel, Options())).to_pandas()
    assert len(rows) == HISTORY_PERIODS < panel.units.shape[1]
    empty = (rows["on_hand"] == 0) & (rows["units"] == 0)
    added = rows["demand"] - rows["units"]
    assert empty.sum() == 10
    assert (added[empty] > 0).all()
    assert (added[~empty & (rows["on_hand"] > 0)] == 0).all()
    assert ((rows["demand_sd"] > 0) == (added > 0)).all()


def test_a_forecast_is_the_same_from_demand_at_hand():
    panel = panel_of(Rows(sales=days_of([5.0] * 100 + [0.0] * 40), stock=stock_of([9] * 140)))
    options = Options(paths=50)
    fitted = DemandForecaster(options).fit(panel)
    made = [
        fitted.forecast(panel, demand=demand).grains[Frequency.DAY]
        for demand in (None, recover(panel, options).demand)
    ]
    assert np.array_equal(made[0].mean, made[1].mean)
    assert np.array_equal(made[0].quantiles, made[1].quantiles)


def test_without_stock_demand_is_units_and_returns_are_not_wanted():
    panel = panel_of(Rows(sales=days_of([3, -2, 4])))
    assert latent_demand(panel, Options())[0].tolist() == [3, 0, 4]


def test_an_empty_shelf_on_a_closed_sunday_missed_no_sale_and_opens_no_shop():
    luck, days = np.random.default_rng(1), 200
    dates = pd.date_range(end=LAST, periods=days)
    sunday = dates.dayofweek == 6
    sales, stock = [], []
    for sku in ("CAFE", "THE", "LAIT"):
        units = np.where(sunday, 0.0, luck.poisson(6, days))
        on_hand = np.full(days, 50.0)
        if sku == "CAFE":
            units[-12:-3] = on_hand[-12:-3] = 0.0
        sales.append(days_of(units, sku=sku))
        stock.append(
            pd.DataFrame({"date": dates.date, "site": "LYON", "sku": sku, "on_hand": on_hand})
        )
    panel = panel_of(Rows(sales=pd.concat(sales), stock=pd.concat(stock)))
    demand = latent_demand(panel, Options())
    assert demand[:, sunday].sum() == 0
    assert (demand[0, -12:-3][~sunday[-12:-3]] > 1).all()
    ahead = pd.date_range(LAST + pd.Timedelta(days=1), periods=28).dayofweek == 6
    assert DemandForecaster(Options()).fit(panel).forecast(panel).mean[:, ahead].sum() == 0

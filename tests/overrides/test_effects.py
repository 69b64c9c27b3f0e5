"""Laws of overrides, on shelves whose forecast is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.demand import Corrections
from forecasting.demand_forecast import DemandForecast, covered_steps
from forecasting.forecaster import DemandForecaster
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import fit_lead_times
from models.overrides.effects import Overridden, overridden
from models.overrides.ledger import Override
from models.risk import RiskAssessment, assess
from models.scenarios.base import Base, keep_base, kept_base
from tests.forecasting.test_forecaster import ordinary
from tests.forecasting.warehouse import Rows
from tests.forecasting.warehouse import panel_of as panel_from
from tests.overrides.saying import TODAY, in_days, said
from tests.risk.warehouse import Order, Shelf
from tests.scenarios.worlds import OPTIONS, base_of

HERE = Shelf(on_hand=20.0, demand=2.0, orders=(Order(units=40.0, promised=8),), site="LYON")
THERE = Shelf(on_hand=20.0, demand=2.0, orders=(Order(order_id="PO-2"),), site="PARIS")


def told(base: Base, *overrides: Override) -> Overridden:
    return overridden(overrides, base.panel, base.forecast)


def risk(made: Overridden) -> RiskAssessment:
    return assess(made.panel, made.forecast, fit_lead_times(made.panel, OPTIONS), OPTIONS)


def chance(made: Overridden) -> pd.Series:
    return risk(made).warnings.set_index("site")["probability"]


def test_without_an_override_nothing_is_copied() -> None:
    base = base_of(HERE, THERE)
    made = told(base)
    assert made.panel is base.panel
    assert made.forecast is base.forecast
    assert len(made.figures) == 0


@pytest.mark.parametrize(
    "override",
    [
        said(factor=1.0, site="LYON"),
        said("order", order="PO-1", factor=1.0),
        said(factor=3.0, site="NOWHERE"),
        said(factor=3.0, sku="RETRO-CLOCK", category="no such thing"),
        said(factor=3.0, start=in_days(900), end=in_days(901)),
        said("order", order="PO-99", factor=0.0),
        said("stock", site="LYON", sku="RETRO-CLOCK", units=3.0, start=TODAY),
    ],
    ids=[
        "times one",
        "all of the order",
        "an unknown site",
        "codes of nobody",
        "beyond what is forecast",
        "an unknown order",
        "counted before the picture of the stock",
    ],
)
def test_what_says_nothing_new_changes_nothing(override: Override) -> None:
    base = base_of(HERE, THERE)
    made = told(base, override)
    pd.testing.assert_frame_equal(made.panel.stock, base.panel.stock)
    pd.testing.assert_frame_equal(made.panel.orders, base.panel.orders)
    np.testing.assert_array_equal(made.forecast.mean, base.forecast.mean)
    assert len(made.figures) == 0


def test_an_override_of_one_site_changes_nothing_at_another() -> None:
    base = base_of(HERE, THERE)
    made = told(
        base,
        said(factor=3.0, site="LYON"),
        said("stock", number=2, site="LYON", sku="RETRO-CLOCK", units=1.0),
        said("order", number=3, order="PO-1", factor=0.0),
    )
    before, after = risk(told(base)), risk(made)
    assert set(made.figures["site"]) == {"LYON"}
    for name in ("projection", "warnings"):
        old, new = (getattr(one, name) for one in (before, after))
        numbers = old.select_dtypes("number").columns
        at = (old["site"] == "PARIS").to_numpy()
        pd.testing.assert_frame_equal(old.loc[at, numbers], new.loc[at, numbers])
        assert not old.loc[~at, numbers].equals(new.loc[~at, numbers])


def test_more_wanted_never_lowers_a_path_and_the_rest_of_the_time_is_as_it_was() -> None:
    base = base_of(HERE)
    made = told(base, said(factor=2.0, start=in_days(3), end=in_days(5)))
    before, after = (one.paths(slice(0, 1), 28) for one in (base.forecast, made.forecast))
    assert (after[:, :, 2:5] >= before[:, :, 2:5]).all()
    np.testing.assert_array_equal(np.delete(before, [2, 3, 4], 2), np.delete(after, [2, 3, 4], 2))
    assert after[:, :, 2:5].mean() == pytest.approx(4.0, rel=0.1)
    assert made.figures["after"].tolist() == [4.0] * 3
    assert made.figures["before"].tolist() == [2.0] * 3
    assert chance(made)["LYON"] >= chance(told(base))["LYON"]


def test_units_are_wanted_even_where_the_model_expects_none() -> None:
    base = base_of(Shelf(on_hand=5.0, demand=0.0, site="LYON"))
    made = told(base, said(units=20.0, site="LYON", sku="RETRO-CLOCK"))
    assert made.forecast.mean[0, :8].tolist() == [20.0] * 7 + [0.0]
    assert made.forecast.paths(slice(0, 1), 28)[0, :, :7].mean() == pytest.approx(20.0, rel=0.1)
    assert chance(made)["LYON"] > 0.95


def test_of_several_the_most_exact_counts_and_of_equals_the_last() -> None:
    """What two people say of one promotion is not said twice."""
    base = base_of(HERE, THERE)
    everywhere, lyon = said(number=3, factor=5.0), said(factor=2.0, site="LYON")
    exact = said(number=2, units=9.0, site="LYON", sku="RETRO-CLOCK", end=in_days(2))
    mean = told(base, lyon, exact, everywhere).forecast.mean
    assert mean[0, :8].tolist() == [9.0] * 2 + [4.0] * 5 + [2.0]
    assert mean[1, :8].tolist() == [10.0] * 7 + [2.0]
    again = told(base, lyon, said(number=4, factor=3.0, site="LYON"))
    assert again.forecast.mean[0, 0] == 6.0
    assert set(again.figures["override"]) == {"4"}
    order = [said("order", order="PO-1", factor=0.5), said("order", 2, order="PO-1", factor=0.25)]
    assert told(base, *order).panel.orders["units_open"].tolist()[0] == 10.0


def test_a_count_of_this_morning_is_what_is_there() -> None:
    base = base_of(HERE, THERE)
    made = told(base, said("stock", site="LYON", sku="RETRO-CLOCK", units=12.0))
    assert made.panel.stock["on_hand"].tolist() == [12.0, 20.0]
    assert made.panel.stock["sellable"].tolist() == [12.0, 20.0]
    [figure] = made.figures.to_dict("records")
    assert [figure[name] for name in ("kind", "before", "after")] == ["stock", 20.0, 12.0]
    assert chance(made)["LYON"] > chance(told(base))["LYON"]


def test_what_is_blocked_stays_blocked_when_it_is_counted() -> None:
    base = base_of(Shelf(on_hand=20.0, blocked=5.0, site="LYON"))
    made = told(base, said("stock", site="LYON", sku="RETRO-CLOCK", units=12.0))
    assert made.panel.stock["sellable"].tolist() == [7.0]


def test_a_count_is_rolled_forward_by_what_sold_since() -> None:
    base = base_of(Shelf(on_hand=20.0, stale_days=9, past_units=(1.0, 2.0, 4.0), site="LYON"))
    made = told(base, said("stock", site="LYON", sku="RETRO-CLOCK", units=12.0, start=in_days(-1)))
    assert made.panel.stock["on_hand"].tolist() == [12.0 - 2.0 - 4.0]
    assert made.panel.stock["rolled"].tolist() == [True]


def test_a_count_after_the_data_end_is_rolled_back_by_what_will_have_sold() -> None:
    base = base_of(HERE)
    count = said("stock", site="LYON", sku="RETRO-CLOCK", units=12.0, start=in_days(4))
    assert told(base, count).panel.stock["on_hand"].tolist() == [12.0 + 3 * 2.0]
    more = told(base, count, said(number=2, factor=2.0))
    assert more.panel.stock["on_hand"].tolist() == [12.0 + 3 * 4.0]


@pytest.mark.parametrize(("ahead", "sold"), [(1, 0.0), (5, 8.0), (8, 14.0), (10, 18.0)])
def test_a_count_inside_a_week_is_rolled_back_by_the_days_before_it(
    ahead: int, sold: float
) -> None:
    """Of 14 a week 8 go from Monday to Thursday: what is there on Friday morning was more then."""
    weekly = replace(OPTIONS, frequency=Frequency.WEEK)
    base = base_of(Shelf(on_hand=40.0, demand=14.0, site="LYON"), options=weekly)
    day = in_days(ahead)
    count = said("stock", site="LYON", sku="RETRO-CLOCK", units=12.0, start=day, end=in_days(20))
    stock = told(base, count).panel.stock
    assert stock["on_hand"].tolist() == pytest.approx([12.0 + sold])
    assert stock["rolled"].tolist() == [ahead > 1]


def test_an_order_that_comes_later_or_less_of_it_never_lowers_the_risk() -> None:
    base = base_of(Shelf(on_hand=10.0, demand=1.0, orders=(Order(units=40.0, promised=5),)))
    as_is = chance(told(base)).iloc[0]
    later = told(base, said("order", order="PO-1", expected_on=in_days(20), end=in_days(20)))
    less = told(base, said("order", order="PO-1", factor=0.1))
    nothing = told(base, said("order", order="PO-1", factor=0.0))
    assert later.panel.orders["promised_on"].tolist() == [pd.Timestamp(in_days(20))]
    assert less.panel.orders["units_open"].tolist() == [4.0]
    assert len(nothing.panel.orders) == 0
    assert as_is < chance(less).iloc[0] <= chance(nothing).iloc[0]
    assert as_is < chance(later).iloc[0] <= chance(nothing).iloc[0]


def test_the_reason_of_a_warning_names_its_overrides() -> None:
    base = base_of(HERE, THERE)
    count = said("stock", number=2, site="LYON", sku="RETRO-CLOCK", units=12.0)
    late = said("order", number=3, order="PO-1", expected_on=in_days(9))
    made = told(base, said(factor=2.0, site="LYON"), count, late)
    here, there = made.explained(risk(made).warnings)["reason"]
    assert here.startswith(
        "override 1: demand × 2; override 2: on hand 12, 20 before; "
        f"override 3: order PO-1 40 on {in_days(9)}, 40 before; "
    )
    assert "override" not in there


def test_inputs_come_back_unchanged() -> None:
    base = base_of(HERE, THERE)
    stock, orders = base.panel.stock.copy(), base.panel.orders.copy()
    mean = base.forecast.mean.copy()
    told(
        base,
        said(factor=3.0),
        said("stock", number=2, site="LYON", sku="RETRO-CLOCK", units=1.0),
        said("order", number=3, order="PO-1", factor=0.5),
    )
    pd.testing.assert_frame_equal(base.panel.stock, stock)
    pd.testing.assert_frame_equal(base.panel.orders, orders)
    np.testing.assert_array_equal(base.forecast.mean, mean)


def test_a_scenario_starts_from_what_people_know(tmp_path: Path) -> None:
    base = base_of(HERE)
    made = told(base, said(factor=2.0))
    corrections = Corrections(np.array([3, 5]), np.array([2.5, 7.0]))
    levels = {Frequency.DAY: np.array([[1.5, np.nan]]), Frequency.WEEK: np.array([[9.0, 8.0]])}
    keep_base(tmp_path, 1, Base(made.panel, made.forecast, corrections, levels), digest="d")
    again = kept_base(tmp_path, 1, "d")
    assert again is not None
    assert set(again.levels) == set(levels)
    for grain, one in levels.items():
        np.testing.assert_array_equal(again.levels[grain], one)
    np.testing.assert_array_equal(again.corrections.place, corrections.place)
    np.testing.assert_array_equal(again.corrections.demand, corrections.demand)
    np.testing.assert_array_equal(again.forecast.mean, made.forecast.mean)
    rows = slice(0, 1)
    np.testing.assert_array_equal(again.forecast.paths(rows, 28), made.forecast.paths(rows, 28))
    half = again.forecast.moved(np.full((1, 28), 0.5), np.array([True]))
    assert half.mean[0, 0] == 2.0


@pytest.fixture(scope="module")
def daily() -> tuple[Panel, DemandForecast]:
    """A real forecast by day, week and month."""
    panel = panel_from(Rows(sales=ordinary(4, 200)), paths=100)
    return panel, DemandForecaster(Options(paths=100)).fit(panel).forecast(panel)


def test_weeks_and_quantiles_agree_with_the_days(daily: tuple[Panel, DemandForecast]) -> None:
    panel, forecast = daily
    override = said(factor=2.0, sku="ITEM-03", end=in_days(60))
    made = overridden([override], panel, forecast)
    day, week = (made.forecast.grains[one] for one in (Frequency.DAY, Frequency.WEEK))
    sums = covered_steps(made.forecast.scatter, week)
    for step, days in sums:
        np.testing.assert_allclose(week.mean[:, step], day.mean[:, days].sum(axis=1))
    for one in made.forecast.grains.values():
        before = forecast.grains[one.frequency]
        assert (np.diff(one.quantiles, axis=2) >= 0).all()
        np.testing.assert_array_equal(one.mean[:3], before.mean[:3])
        np.testing.assert_array_equal(one.quantiles[:3], before.quantiles[:3])
    later = slice(len(sums), 8)  # weeks of a model of their own, within the sixty days
    usual = forecast.grains[Frequency.WEEK].mean[3]
    np.testing.assert_allclose(week.mean[3, later], 2.0 * usual[later])
    assert set(made.figures["grain"]) >= {"day", "week"}
    assert set(made.figures["sku"]) == {"ITEM-03"}


def test_units_a_day_are_seven_times_as_many_a_week(daily: tuple[Panel, DemandForecast]) -> None:
    panel, forecast = daily
    override = said(units=10.0, site="LYON", sku="ITEM-02", end=in_days(60))
    made = overridden([override], panel, forecast).forecast
    np.testing.assert_allclose(made.grains[Frequency.WEEK].mean[2, :8], 70.0)
    assert (made.grains[Frequency.DAY].mean[2] == 10.0).all()

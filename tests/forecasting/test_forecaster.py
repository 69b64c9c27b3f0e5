"""Laws of a forecast: finite, in order, sums that add up, nobody disturbs a neighbour."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency, end_date, to_period
from forecasting.candidates import registry
from forecasting.demand_forecast import covered_steps
from forecasting.distribution import series_key
from forecasting.forecaster import WEEKLY_SHARE, BadBundle, DemandForecaster, FittedDemand, _agree
from forecasting.options import FORECAST_HORIZONS, Options
from forecasting.scatter import Scatter
from tests.forecasting.warehouse import LAST, Rows, days_of, panel_of

OPTIONS = Options(paths=200)
RHYTHM = (0.7, 0.8, 0.9, 1.0, 1.3, 1.5, 0.8)


def luck(sku):
    return np.random.default_rng(series_key("LYON", sku))


def ordinary(count=12, days=240):
    """A shop of ordinary items: smooth to intermittent, with a weekday rhythm."""
    frames = []
    for number in range(count):
        sku = f"ITEM-{number:02d}"
        rate = 0.2 * 1.6**number * np.tile(RHYTHM, days // 7 + 1)[:days]
        frames.append(days_of(luck(sku).poisson(rate), sku=sku))
    return pd.concat(frames)


def hostile(days=240):
    """Forty series that break forecasting systems, by name."""
    nan = np.nan
    random = luck("hostile")
    usual = random.poisson(3.0, days).astype(float)
    gaps = np.where(random.random(days) < 0.5, usual, nan)
    series = {
        "one-point": [*[nan] * (days - 1), 4],
        "two-points": [*[nan] * (days - 2), 4, 9],
        "three-points": [*[nan] * (days - 3), 4, 9, 1],
        "five-points": [*[nan] * (days - 5), 4, 9, 1, 0, 2],
        "all-zero": np.zeros(days),
        "constant": np.full(days, 5.0),
        "constant-huge": np.full(days, 1e15),
        "one-spike": np.where(np.arange(days) == 100, 1e6, usual),
        "one-huge-spike": np.where(np.arange(days) == 100, 1e15, usual),
        "spike-at-the-end": np.where(np.arange(days) == days - 1, 1e9, usual),
        "only-a-spike": np.where(np.arange(days) == 100, 1e15, 0),
        "negatives": usual - 6,
        "all-negative": np.full(days, -3.0),
        "one-return": np.where(np.arange(days) == days - 1, -500, usual),
        "gaps": gaps,
        "every-other-day": np.where(np.arange(days) % 2, usual, nan),
        "one-sale-in-the-last-period": np.where(np.arange(days) == days - 1, 7, 0),
        "one-sale-in-the-first-period": np.where(np.arange(days) == 0, 7, 0),
        "stopped-half-way": np.where(np.arange(days) < days // 2, usual, 0),
        "started-last-week": np.where(np.arange(days) < days - 7, 0, usual),
        "tiny": usual * 1e-9,
        "fractions": usual / 3,
        "halves": usual / 2,
        "step-up": np.where(np.arange(days) < 200, usual, usual * 100),
        "step-down": np.where(np.arange(days) < 200, usual * 100, usual),
        "growth": np.exp(np.arange(days) / 10),
        "alternating": np.tile([0, 100], days // 2),
        "once-a-year": np.where(np.arange(days) % 120 == 0, 50, 0),
        "weekly": np.where(np.arange(days) % 7 == 0, 50, 0),
        "max-int": np.full(days, float(2**53)),
        "mixed-scales": usual * 10.0 ** (np.arange(days) % 15),
        "nearly-zero": np.where(np.arange(days) % 50 == 0, 1e-12, 0),
        "heavy-tail": random.pareto(0.5, days),
        "zeros-then-nan": np.where(np.arange(days) < 100, 0, nan),
        "nan-then-zeros": np.where(np.arange(days) < 100, nan, 0),
        "binary": random.integers(0, 2, days),
    }
    return pd.concat([days_of(values, sku=name) for name, values in series.items()])


@pytest.fixture(scope="module")
def mixed():
    sales = pd.concat([ordinary(), hostile()])
    # the record sums what comes twice and keeps what has no sale in the assortment
    listed = [{"site": "LYON", "sku": sku} for sku in ("never-sold", "NA", "1.23E+12", "")]
    listed[-1]["sku"] = "<script>alert(1)</script>"
    panel = panel_of(Rows(sales=sales, assortment=listed))
    return panel, DemandForecaster(OPTIONS).fit(panel).forecast(panel)


@pytest.fixture(scope="module")
def calm():
    panel = panel_of(Rows(sales=ordinary()))
    fitted = DemandForecaster(OPTIONS).fit(panel)
    return panel, fitted, fitted.forecast(panel)


def test_means_alone_are_those_of_a_forecast(calm):
    panel, fitted, forecast = calm
    np.testing.assert_array_equal(fitted.means(panel), forecast.mean)


def test_levels_at_hand_are_not_asked_for_again(calm, monkeypatch):
    panel, fitted, forecast = calm
    levels = forecast.levels
    assert set(levels) >= {Frequency.DAY, Frequency.WEEK}

    def nobody(*_: object) -> object:
        raise AssertionError("a candidate was asked")

    monkeypatch.setattr(registry, "levels", nobody)
    np.testing.assert_array_equal(fitted.means(panel, levels=levels), forecast.mean)
    half = {grain: one / 2 for grain, one in levels.items()}
    assert (fitted.means(panel, levels=half) < forecast.mean).any(), "they are what is used"


def test_forty_hostile_series_get_an_answer_with_method_and_reason(mixed):
    panel, forecast = mixed
    assert len(panel) == 12 + 36 + 4
    for grain in forecast.grains.values():
        assert np.isfinite(grain.mean).all()
        assert np.isfinite(grain.quantiles).all()
        assert (grain.mean >= 0).all()
        assert (grain.quantiles >= 0).all()
        assert (np.diff(grain.quantiles, axis=2) >= 0).all(), "quantiles cross"
        assert all(grain.method)
        assert all(grain.reason)


def test_hostile_neighbours_change_no_mean_of_an_ordinary_series(mixed, calm):
    panel, forecast = mixed
    ours = panel.series["sku"].str.startswith("ITEM-").to_numpy()
    for grain, result in calm[2].grains.items():
        beside = forecast.grains[grain]
        np.testing.assert_array_equal(beside.mean[ours], result.mean)
        assert np.array(beside.method)[ours].tolist() == result.method
        assert np.array(beside.reason)[ours].tolist() == result.reason


def test_order_of_rows_and_other_sites_change_nothing(calm):
    forecast = calm[2]
    shuffled = ordinary().sample(frac=1, random_state=0)
    elsewhere = days_of(luck("x").poisson(2.0, 240), site="NICE", sku="ITEM-00")
    other = panel_of(Rows(sales=pd.concat([elsewhere, shuffled])))
    again = DemandForecaster(OPTIONS).fit(other).forecast(other)
    here = (other.series["site"] == "LYON").to_numpy()
    day = forecast.grains[Frequency.DAY]
    np.testing.assert_array_equal(again.grains[Frequency.DAY].mean[here], day.mean)


def test_weeks_inside_the_daily_horizon_are_sums_of_the_days(calm):
    _, _, forecast = calm
    days, weeks = forecast.grains[Frequency.DAY], forecast.grains[Frequency.WEEK]
    covered = covered_steps(days, weeks)
    assert [step for step, _ in covered] == [0, 1, 2, 3], "the origin is a Sunday: four whole weeks"
    for step, parts in covered:
        np.testing.assert_allclose(weeks.mean[:, step], days.mean[:, parts].sum(axis=1))
    paths = forecast.paths(slice(0, 12), 7).sum(axis=2)
    median = weeks.levels.index(0.5)
    expected = np.sort(paths, axis=1)[:, OPTIONS.paths // 2 - 1]
    np.testing.assert_array_equal(weeks.quantiles[:, 0, median], expected)


def grain(frequency, first, mean, *, proven=True):
    mean = np.array(mean, dtype=float)
    levels = SimpleNamespace(method=["combination"] * len(mean), reason=["told"] * len(mean))
    return SimpleNamespace(
        frequency=frequency,
        first=first,
        horizon=mean.shape[1],
        mean=mean,
        proven=proven,
        levels=levels,
    )


def test_the_weekly_forecast_has_its_say_in_whole_weeks_alone():
    first = int(to_period(dt.date(2026, 1, 3), Frequency.DAY))  # a Saturday: W02 begins on day 2
    days = grain(Frequency.DAY, first, [[2.0] * 12, [0.0] * 12])
    week = int(to_period(dt.date(2026, 1, 3), Frequency.WEEK))
    weeks = grain(Frequency.WEEK, week, [[99.0, 28.0, 99.0], [5.0, 5.0, 5.0]])
    _agree(days, weeks)
    moved = (1 - WEEKLY_SHARE) * 14.0 + WEEKLY_SHARE * 28.0
    assert days.mean[0, 2:9].sum() == pytest.approx(moved)
    assert (days.mean[0, :2] == 2.0).all()
    assert (days.mean[0, 9:] == 2.0).all()
    assert not days.mean[1].any()  # nothing is made of nothing
    assert "by the weekly forecast" in days.levels.reason[0]
    blank = grain(Frequency.DAY, first, [[2.0] * 12, [0.0] * 12])
    blank.levels.method[0] = "mean"  # a rung below the blend stays what it says it is
    _agree(blank, weeks)
    assert (blank.mean[0] == 2.0).all()
    assert blank.levels.reason[0] == "told"
    untold = grain(Frequency.DAY, first, [[2.0] * 12], proven=False)
    _agree(untold, weeks)
    assert (untold.mean == 2.0).all()


def test_a_week_under_way_at_the_origin_is_left_out():
    panel = panel_of(Rows(sales=ordinary(3)), as_of=LAST - dt.timedelta(days=3))  # a Thursday
    forecast = DemandForecaster(OPTIONS).fit(panel).forecast(panel)
    weeks = forecast.grains[Frequency.WEEK]
    assert end_date(weeks.first - 1, Frequency.WEEK) == LAST
    assert weeks.mean.shape == (3, 13)
    assert [step for step, _ in covered_steps(forecast.grains[Frequency.DAY], weeks)] == [0, 1, 2]


def test_the_same_data_give_the_same_bytes(calm, tmp_path):
    panel, fitted, forecast = calm
    again = DemandForecaster(OPTIONS).fit(panel)
    for folder, one in (("first", fitted), ("again", again)):
        one.to_files(tmp_path / folder)
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    read = FittedDemand.from_files(tmp_path / "first").forecast(panel)
    for grain, result in forecast.grains.items():
        np.testing.assert_array_equal(read.grains[grain].quantiles, result.quantiles)


def test_a_broken_bundle_says_so(calm, tmp_path):
    calm[1].to_files(tmp_path)
    (tmp_path / "demand.json").write_text("{")
    with pytest.raises(BadBundle, match="cannot be read"):
        FittedDemand.from_files(tmp_path)


def test_changing_the_future_changes_nothing_now():
    origin = LAST - dt.timedelta(days=30)
    sales = ordinary(6)
    future = pd.to_datetime(sales["date"]) > pd.Timestamp(origin)
    wild = sales.assign(units=np.where(future, sales["units"] * 1000 + 7, sales["units"]))
    none = sales[~future]
    results = []
    for rows in (sales, wild, none):
        panel = panel_of(Rows(sales=rows), as_of=origin)
        fitted = DemandForecaster(OPTIONS).fit(panel)
        results.append((panel.digest, fitted.forecast(panel).grains))
    for digest, grains in results[1:]:
        assert digest == results[0][0]
        for grain, result in results[0][1].items():
            np.testing.assert_array_equal(grains[grain].quantiles, result.quantiles)
            np.testing.assert_array_equal(grains[grain].mean, result.mean)


def test_a_new_series_gets_a_row_without_retraining(calm):
    _, fitted, _ = calm
    sales = pd.concat([ordinary(), days_of([3, 4], sku="LAUNCH")])
    items = [{"sku": sku, "category": "drinks"} for sku in (*sales["sku"].unique(), "PLANNED")]
    panel = panel_of(
        Rows(sales=sales, items=items, assortment=[{"site": "LYON", "sku": "PLANNED"}])
    )
    day = fitted.forecast(panel).grains[Frequency.DAY]
    place = {sku: row for row, sku in enumerate(panel.series["sku"])}
    assert day.method[place["LAUNCH"]] == "mean"
    assert day.reason[place["LAUNCH"]] == "the mean of 2 known period(s)"
    assert day.mean[place["LAUNCH"], 0] == pytest.approx(3.5)
    assert day.method[place["PLANNED"]] == "category profile"
    assert day.mean[place["PLANNED"], 0] > 0


def test_an_item_off_the_list_sells_nothing_after_its_last_day():
    items = [{"sku": "ITEM-05", "discontinued_on": LAST + dt.timedelta(days=3)}]
    panel = panel_of(Rows(sales=ordinary(6), items=items))
    day = DemandForecaster(OPTIONS).fit(panel).forecast(panel).grains[Frequency.DAY]
    row = panel.series.index[panel.series["sku"] == "ITEM-05"][0]
    assert (day.mean[row, :3] > 0).all()
    assert (day.mean[row, 3:] == 0).all()
    assert (day.quantiles[row, 3:] == 0).all()


def test_weekday_rhythm_is_learned(calm):
    panel, _, forecast = calm
    busiest = panel.series["sku"].tolist().index("ITEM-11")
    week = forecast.grains[Frequency.DAY].mean[busiest, :7]  # Monday to Sunday
    rates = np.array(RHYTHM)
    first = pd.Timestamp(LAST - dt.timedelta(days=239)).weekday()
    expected = np.roll(rates, first)
    np.testing.assert_allclose(week / week.mean(), expected / expected.mean(), rtol=0.08)


def test_what_sells_by_five_is_forecast_by_five():
    """Unless somebody once took two."""
    pieces = np.random.default_rng(8).poisson(0.8, 240)
    sales = {"ONE": pieces, "FIVE": 5 * pieces, "TWO": 5 * pieces + 2 * (np.arange(240) == 238)}
    panel = panel_of(Rows(sales=pd.concat(days_of(u, sku=sku) for sku, u in sales.items())))
    forecast = DemandForecaster(OPTIONS).fit(panel).forecast(panel)
    place = {sku: row for row, sku in enumerate(panel.series["sku"])}
    paths, quantiles = forecast.paths(slice(0, 3), 28), forecast.grains[Frequency.DAY].quantiles
    for sku, by in (("FIVE", 5), ("ONE", 1)):
        assert paths[place[sku]].max() > by
        assert (paths[place[sku]] % by == 0).all()
        assert (quantiles[place[sku]] % by == 0).all()
    assert (paths[place["TWO"]] % 5 > 0).any()
    reason = forecast.grains[Frequency.DAY].reason
    assert [("multiples of 5" in reason[place[sku]]) for sku in sales] == [False, True, False]


def test_what_was_drawn_for_the_weeks_is_not_drawn_again(calm, monkeypatch):
    _, _, forecast = calm
    rows = np.arange(len(forecast.series))
    drawn = forecast.paths(rows, forecast.horizon)

    def nobody(*_: object) -> object:
        raise AssertionError("drawn again")

    monkeypatch.setattr(Scatter, "paths", nobody)
    np.testing.assert_array_equal(forecast.draws(forecast.horizon)(rows[::-1]), drawn[::-1])


def test_paths_keep_the_spread_of_their_sums(calm):
    """Poisson demand: the spread of 28 days is √28 times that of a day, not 28 times, not less."""
    _, _, forecast = calm
    paths = forecast.paths(slice(11, 12), 28)[0]
    total = paths.sum(axis=1)
    poisson = np.sqrt(total.mean())
    assert 0.7 * poisson < total.std() < 2.0 * poisson


def test_a_series_that_comes_back_after_a_long_silence_starts_anew():
    """A hundred a day two years ago say nothing about the two a day of this month."""
    back = np.r_[np.full(30, 100.0), np.full(170, np.nan), np.full(30, 2.0)]
    panel = panel_of(Rows(sales=days_of(back)))
    day = DemandForecaster(OPTIONS).fit(panel).forecast(panel).grains[Frequency.DAY]
    assert day.mean[0] == pytest.approx(2.0, rel=0.05)
    just_back = np.r_[np.full(30, 100.0), np.full(170, np.nan), np.full(3, 2.0)]
    panel = panel_of(Rows(sales=days_of(just_back)))
    day = DemandForecaster(OPTIONS).fit(panel).forecast(panel).grains[Frequency.DAY]
    assert day.mean[0, 0] > 10, "three days alone are no history"


@pytest.mark.parametrize("closed", [0.0, np.nan], ids=["reports zero", "reports nothing"])
def test_a_shop_closed_on_sundays_is_forecast_closed_on_sundays(closed):
    units = luck("shop").poisson(0.4, 140).astype(float)
    units[6::7] = closed  # the last day is a Sunday
    panel = panel_of(Rows(sales=pd.concat([days_of(units), days_of(units * 3, sku="THE")])))
    day = DemandForecaster(OPTIONS).fit(panel).forecast(panel).grains[Frequency.DAY]
    assert (day.mean[:, 6::7] == 0).all()
    assert (day.mean[:, :6] > 0).all()


def test_a_warehouse_that_ships_on_mondays_is_forecast_whole():
    """A shrunk weekday index must not lose a part of the week's demand."""
    units = np.where(np.arange(182) % 7 == 1, luck("dock").poisson(40.0, 182), 0)
    panel = panel_of(Rows(sales=pd.concat([days_of(units), days_of(np.full(182, 3), sku="THE")])))
    day = DemandForecaster(OPTIONS).fit(panel).forecast(panel).grains[Frequency.DAY]
    row = panel.series["sku"].tolist().index("CAFE")
    assert day.mean[row].sum() == pytest.approx(160, rel=0.15)


@pytest.mark.parametrize(
    ("frequency", "days", "horizon"),
    [
        pytest.param(Frequency.DAY, 4, {"day": 7}, id="four days, a week ahead"),
        pytest.param(Frequency.WEEK, 7, {"week": 1}, id="a week, one ahead"),
        pytest.param(Frequency.MONTH, 31, {"month": 1}, id="a month, one ahead"),
    ],
)
def test_the_first_days_of_a_company_are_forecast_however_little_is_looked_ahead(
    frequency, days, horizon
):
    options = Options(
        frequency=frequency,
        forecast_horizons=FORECAST_HORIZONS | horizon,
        horizons=(next(iter(horizon.values())),),
        paths=50,
    )
    last = dt.date(2026, 10, 31) if frequency is Frequency.MONTH else LAST
    rows = Rows(sales=days_of(np.full(days, 2.0), last=last))
    panel = panel_of(rows, as_of=last, frequency=frequency)
    forecast = DemandForecaster(options).fit(panel).forecast(panel)
    assert (forecast.mean > 0).all()
    assert forecast.horizon == options.forecast_horizons[frequency.grain]


def test_a_company_heard_of_on_one_day_in_ten_is_trained_without_a_word_of_a_library():
    """No week and no month of it is known, so that nothing is judged by them."""
    units = np.where(np.arange(420) % 10 == 0, 4.0, np.nan)
    report = DemandForecaster(OPTIONS).fit(panel_of(Rows(sales=days_of(units)))).report
    assert set(report.by_quantile["grain"]) == {"day"}
    assert report.by_quantile["outcomes"].dtype == np.int64

"""Global candidates: what they see, what they must not, and that nothing depends on processes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from forecasting import grain_files
from forecasting.backtest import backtest
from forecasting.calendar import Frequency, origin_of, period_end
from forecasting.candidates import boosting, pooled
from forecasting.candidates.feature_kernel import fill
from forecasting.candidates.features import SHAPES
from forecasting.candidates.pooled import LEAST_SERIES, fit_pooled, tables_of
from forecasting.candidates.sums import Sums
from forecasting.forecaster import BadBundle, DemandForecaster, FittedDemand
from forecasting.history import history_of, with_drivers
from forecasting.options import Options
from tests.forecasting.warehouse import LAST, Rows, days_of, panel_of

OPTIONS = Options(paths=100, forecast_horizons={"day": 14, "week": 4, "month": 3})
DAYS = 230  # of a company; the features look back further
SERIES = 70


def company(lift=2.5, future=10**9):
    """Seventy series with a weekday rhythm; a promotion every third week lifts all of them."""
    random = np.random.default_rng(8)
    rhythm = np.tile([0.7, 0.8, 0.9, 1.0, 1.3, 1.5, 0.8], DAYS // 7 + 1)[:DAYS]
    promoted = np.arange(DAYS) // 7 % 3 == 1
    frames = []
    for number in range(SERIES):
        rate = random.uniform(0.5, 6) * rhythm * np.where(promoted, lift, 1.0)
        units = random.poisson(rate).astype(float)
        units[future:] = 10**4
        frames.append(days_of(units, site=f"SHOP-{number % 2}", sku=f"ITEM-{number:02d}"))
    return pd.concat(frames), promoted


def promotions(promoted, *, planned, known_on=None):
    """Weeks of promotion so far, and one planned for the coming week."""
    first = LAST - dt.timedelta(days=DAYS - 1)
    days = [first + dt.timedelta(days=int(day)) for day in np.flatnonzero(promoted)]
    coming = [LAST + dt.timedelta(days=day) for day in range(1, 8)] if planned else []
    rows = [{"start": day, "kind": "promotion", "value": 0.3} for day in days]
    return rows + [
        {"start": day, "kind": "promotion", "value": 0.3, "known_on": known_on} for day in coming
    ]


@pytest.fixture(scope="module")
def trained():
    sales, promoted = company()
    panel = panel_of(Rows(sales=sales, events=promotions(promoted, planned=False)))
    return sales, promoted, panel, DemandForecaster(OPTIONS).fit(panel)


def cast(fitted, sales, events):
    return fitted.forecast(panel_of(Rows(sales=sales, events=events))).grains[Frequency.DAY]


def test_a_planned_promotion_lifts_the_forecast_and_the_reason_names_the_members(trained):
    sales, promoted, _, fitted = trained
    usual = cast(fitted, sales, promotions(promoted, planned=False))
    lifted = cast(fitted, sales, promotions(promoted, planned=True))
    ratio = lifted.mean[:, :7].sum() / usual.mean[:, :7].sum()
    assert 1.2 < ratio < 2.6, ratio
    assert usual.method[0] == "combination"
    assert "direct" in usual.reason[0]
    assert "local is" in usual.reason[0]


def test_a_promotion_that_nobody_knows_of_yet_changes_nothing(trained):
    sales, promoted, _, fitted = trained
    usual = cast(fitted, sales, promotions(promoted, planned=False))
    later = promotions(promoted, planned=True, known_on=LAST + dt.timedelta(days=1))
    hidden = cast(fitted, sales, later)
    np.testing.assert_array_equal(hidden.mean, usual.mean)
    np.testing.assert_array_equal(hidden.quantiles, usual.quantiles)


def test_who_is_asked_about_changes_no_mean(trained):
    sales, promoted, _, fitted = trained
    panel = panel_of(Rows(sales=sales, events=promotions(promoted, planned=True)))
    asked = np.arange(len(panel)) % 3 == 0
    told = fitted.means(panel, asked=asked)
    np.testing.assert_array_equal(told[asked], fitted.means(panel)[asked])
    assert np.isnan(told[~asked]).all()


def test_two_processes_learn_the_same_bytes_as_one(trained, tmp_path):
    _, _, panel, fitted = trained
    fitted.to_files(tmp_path / "one")
    two = Options(**{**OPTIONS.__dict__, "workers": 2})
    DemandForecaster(two).fit(panel).to_files(tmp_path / "two")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "demand_day_direct.booster" in files
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), (
            name
        )


def test_a_bundle_with_boosters_comes_back_whole(trained, tmp_path):
    _, _, panel, fitted = trained
    fitted.to_files(tmp_path)
    read, kept = (one.forecast(panel).grains for one in (FittedDemand.from_files(tmp_path), fitted))
    for grain, result in kept.items():
        np.testing.assert_array_equal(read[grain].mean, result.mean)
        np.testing.assert_array_equal(read[grain].quantiles, result.quantiles)
    (tmp_path / "demand_day_direct.booster").write_bytes(b"no tree")
    with pytest.raises(BadBundle, match="cannot be read"):
        FittedDemand.from_files(tmp_path)


def test_a_bag_forecasts_the_mean_of_boosters_that_differ(trained, tmp_path, monkeypatch):
    """As for months; a bundle of the time before bags holds the first of each."""
    _, _, panel, fitted = trained
    monkeypatch.setitem(pooled.BAG, Frequency.DAY, 3)
    few = replace(pooled.EFFORT[Frequency.DAY], rounds=12)
    monkeypatch.setitem(pooled.EFFORT, Frequency.DAY, few)
    history = with_drivers(history_of(panel, OPTIONS), panel, 14)
    last = history.demand.shape[1] - 1
    models = fit_pooled(history, last, 14, seed=1)
    for bag in (models.recursive, models.direct):
        assert len({one.to_bytes() for one in bag.boosters}) == 3
    alone = [
        replace(models, direct=boosting.Bag((one,))).forecast(history, last, 14)[:, 1]
        for one in models.direct.boosters
    ]
    together = models.forecast(history, last, 14)[:, 1]
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-9)
    day = replace(fitted.grains[Frequency.DAY], pooled=models)
    facts = grain_files.write(day, tmp_path)
    again = grain_files.read(tmp_path, Frequency.DAY, facts).pooled
    np.testing.assert_array_equal(again.forecast(history, last, 14)[:, 1], together)
    del facts["bag"]
    earlier = grain_files.read(tmp_path, Frequency.DAY, facts).pooled
    np.testing.assert_array_equal(earlier.forecast(history, last, 14)[:, 1], alone[0])


def test_the_boosters_of_the_era_before_speak_beside_the_newer_ones(trained, monkeypatch):
    """Not in a company so large that asking them costs more than learning."""
    _, _, panel, _ = trained
    few = replace(pooled.EFFORT[Frequency.DAY], rounds=5)
    monkeypatch.setitem(pooled.EFFORT, Frequency.DAY, few)
    history = with_drivers(history_of(panel, OPTIONS), panel, 14)
    past = backtest(history, 14, seed=1)
    models = [one.pooled for one in past.eras if one.pooled] + [past.pooled]
    bags = [one.direct.boosters for one in models]
    assert [len(bag) for bag in bags[-3:]] == [1, 2, 2]
    for older, newer in pairwise(bags[-3:]):
        assert newer[1].to_bytes() == older[0].to_bytes()
    column = past.windows[-1].origin - history.start
    alone = [
        replace(past.eras[-1].pooled, direct=boosting.Bag((one,))).forecast(history, column, 14)
        for one in bags[-2]
    ]
    np.testing.assert_allclose(
        past.windows[-1].pooled[:, 1], np.mean(alone, axis=0)[:, 1], rtol=1e-6
    )
    monkeypatch.setattr("forecasting.backtest.SEASONED", SERIES - 1)
    large = backtest(history, 14, seed=1)
    assert [len(one.pooled.direct.boosters) for one in large.eras if one.pooled] == [1, 1]
    assert large.pooled.direct.boosters[0].to_bytes() == bags[-1][0].to_bytes()


def test_a_series_that_has_just_begun_leans_on_what_others_sold_after_their_first_day(trained):
    """Its history begins with a sale, so that its own mean is too high."""
    sales, promoted, _, fitted = trained
    launch = days_of(np.array([30.0]), site="SHOP-0", sku="LAUNCH")
    panel = panel_of(
        Rows(sales=pd.concat([sales, launch]), events=promotions(promoted, planned=False))
    )
    day = fitted.forecast(panel).grains[Frequency.DAY]
    row = panel.series["sku"].tolist().index("LAUNCH")
    assert day.method[row] == "combination"
    assert "; local is the mean of 1 known period(s)" in day.reason[row]
    assert 0 < day.mean[row].mean() < 27


def test_what_comes_after_a_column_teaches_nothing():
    """Ten thousand a day from column 200 on: what was learned before is the same, to the byte."""
    learned = []
    for future in (10**9, 200):
        sales, promoted = company(future=future)
        panel = panel_of(Rows(sales=sales, events=promotions(promoted, planned=False)))
        history = with_drivers(history_of(panel, OPTIONS), panel, 14)
        models = fit_pooled(history, 199, 14, seed=1)
        (booster,) = models.recursive.boosters
        learned.append((booster.to_bytes(), models.forecast(history, 199, 14)))
    assert learned[0][0] == learned[1][0]
    np.testing.assert_array_equal(learned[0][1], learned[1][1])


def test_features_of_a_short_cut_are_those_of_the_whole_history():
    """A forecast looks at a cut of the history: no feature may look further back than it says."""
    random = np.random.default_rng(1)
    lookback = SHAPES[Frequency.DAY].lookback
    items = [days_of(random.poisson(3.0, lookback + 200), sku=f"ITEM-{i}") for i in range(5)]
    panel = panel_of(Rows(sales=pd.concat(items)))
    history = with_drivers(history_of(panel, OPTIONS), panel, 14)
    last = history.demand.shape[1] - 1
    rows, one = np.arange(5), np.ones(5, np.int64)
    whole, short = (tables_of(history, last, back, spare=14) for back in (10**6, lookback))
    assert (whole.length, short.length) == (lookback + 200, lookback)
    for step in (1, 9, 14):
        for rough in (False, True):
            far, near = (
                tables.inputs(rows, one * (tables.length - 1), one * step, rough=rough)
                for tables in (whole, short)
            )
            np.testing.assert_allclose(near, far, rtol=1e-4, atol=1e-5)
            assert far.shape[1] == len(whole.names(rough=rough))


@pytest.mark.parametrize("frequency", Frequency)
def test_no_feature_of_a_sample_looks_past_its_origin(frequency):
    """Not even where the target lies more than a year ahead: a daily company's last month does."""
    random = np.random.default_rng(1)
    items = [days_of(random.poisson(3.0, 1_400), sku=f"ITEM-{i}") for i in range(3)]
    panel = panel_of(Rows(sales=pd.concat(items)), frequency=frequency)
    ahead = SHAPES[frequency].windows[-1] + 3
    history = with_drivers(history_of(panel, OPTIONS), panel, ahead)
    rows, one = np.arange(3), np.ones(3, np.int64)
    last = history.demand.shape[1] - 1
    at = last - ahead
    taught, asked = (tables_of(history, end, 10**6, spare=ahead) for end in (last, at))
    for step in range(1, ahead + 1):
        seen, known = (
            tables.inputs(rows, one * at, one * step, rough=True) for tables in (taught, asked)
        )
        np.testing.assert_array_equal(seen, known, err_msg=f"{step} ahead")


def test_the_features_are_compiled_once_wherever_their_tables_come_from():
    """A second compilation would take seconds of whoever asks first, after the training."""
    for frequency, length, spare in ((Frequency.DAY, 120, 14), (Frequency.MONTH, 700, 3)):
        items = [days_of(np.arange(length) % 5, sku=f"ITEM-{i}") for i in range(3)]
        panel = panel_of(Rows(sales=pd.concat(items)), frequency=frequency)
        history = with_drivers(history_of(panel, OPTIONS), panel, spare)
        kept = history.drivers.promotion.copy()
        kept.flags.writeable = False  # as one read from a file is
        shared = replace(history, drivers=replace(history.drivers, promotion=kept))
        last, rows = history.demand.shape[1] - 1, np.arange(3)
        for one in (history, shared):
            for tables in (tables_of(one, last, 10**6, spare=ahead) for ahead in (0, 1, spare)):
                at = np.full(3, tables.length - 1)
                tables.inputs(rows, at, np.ones(3, np.int64), rough=True)
    assert len(fill.signatures) == 1


def test_running_sums_continue_like_the_real_thing():
    values = np.random.default_rng(2).poisson(3.0, (4, 30)).astype(float)
    values[1, 5] = np.nan
    whole, grown = Sums(values, 0, 7), Sums(values[:, :25], 5, 7)
    for column in range(25, 30):
        grown.put(column, values[:, column])
    np.testing.assert_allclose(grown.total, whole.total)
    np.testing.assert_allclose(grown.count, whole.count)
    known = slice(30 + 7)
    np.testing.assert_allclose(grown.cycle_total[:, known], whole.cycle_total[:, known])


def test_few_series_are_left_to_local_models():
    sales, _ = company()
    few = sales[sales["sku"] < f"ITEM-{LEAST_SERIES - 20:02d}"]
    panel = panel_of(Rows(sales=few))
    fitted = DemandForecaster(OPTIONS).fit(panel)
    assert all(grain.pooled is None for grain in fitted.grains.values())
    assert "direct" not in fitted.forecast(panel).grains[Frequency.DAY].reason[0]


def test_without_lightgbm_scikit_learn_boosts(trained, tmp_path, monkeypatch):
    sales, promoted, panel, _ = trained
    monkeypatch.setattr(boosting, "library", lambda: "sklearn")
    monkeypatch.setitem(pooled.BAG, Frequency.MONTH, 1)
    for grain, effort in pooled.EFFORT.items():
        monkeypatch.setitem(pooled.EFFORT, grain, replace(effort, rounds=6, rate=8 * effort.rate))
    with threadpool_limits(1):  # other tests run on the other cores
        fitted = DemandForecaster(OPTIONS).fit(panel)
    assert fitted.grains[Frequency.DAY].pooled.direct.library == "sklearn"
    fitted.to_files(tmp_path)
    read = FittedDemand.from_files(tmp_path)
    usual = cast(read, sales, promotions(promoted, planned=False))
    lifted = cast(read, sales, promotions(promoted, planned=True))
    assert 1.2 < lifted.mean[:, :7].sum() / usual.mean[:, :7].sum() < 2.6


@pytest.mark.parametrize("months", [14, 20], ids=["nothing tested", "its second half untested"])
def test_what_no_backtest_reached_is_no_matter_of_own_means_alone(months, monkeypatch):
    """Parts of a young company: each history begins with a sale, so own means are too high."""
    rate, count = 0.4, 500
    units = np.random.default_rng(5).poisson(rate, (count, months))
    units[:, 0] = np.maximum(units[:, 0], 1)
    ends = period_end(np.arange(1 - months, 1) + origin_of(LAST, Frequency.MONTH), Frequency.MONTH)
    sales = pd.DataFrame(
        {
            "date": np.tile(pd.to_datetime(ends).date, count),
            "site": "PARTS",
            "sku": np.repeat([f"PART-{number:03d}" for number in range(count)], months),
            "units": units.ravel().astype(float),
        }
    )
    options = Options(frequency=Frequency.MONTH, paths=50, forecast_horizons={"month": 12})
    panel = panel_of(Rows(sales=sales), frequency=Frequency.MONTH)
    monkeypatch.setitem(pooled.BAG, Frequency.MONTH, 1)
    monkeypatch.setattr("forecasting.backtest.fit_pooled", partial(fit_pooled, least=300))
    late = []
    for least in (300, 10**9):  # samples of the newest boosters: enough, too few for any
        monkeypatch.setitem(pooled.LEAST_LIVE, Frequency.MONTH, least)
        fitted = DemandForecaster(options).fit(panel)
        month = fitted.forecast(panel).grains[Frequency.MONTH]
        late.append(month.mean[:, 6:].mean())
        if least == 300:
            assert np.isnan(fitted.grains[Frequency.MONTH].blend[:, -1]).all()
            assert set(month.method) == {"equal mean" if months == 14 else "combination"}
            assert "direct" in month.reason[0]
    blended, own = late
    assert abs(blended - rate) < 0.8 * abs(own - rate)


def test_a_planned_closure_sells_nothing(trained):
    sales, promoted, _, fitted = trained
    shut = {
        "start": LAST + dt.timedelta(days=3),
        "end": LAST + dt.timedelta(days=5),
        "kind": "closure",
        "site": "SHOP-0",
    }
    day = cast(fitted, sales, [*promotions(promoted, planned=False), shut])
    panel = panel_of(Rows(sales=sales))
    here = (panel.series["site"] == "SHOP-0").to_numpy()
    assert (day.mean[here, 2:5] == 0).all()
    assert (day.mean[here, 5] > 0).all()
    assert (day.mean[~here, 2:5] > 0).all()


def test_items_that_never_sold_lower_no_forecast_of_those_that_do(trained):
    """A catalogue in the policies: nothing is known of most of it, so it is part of no mean."""
    sales, promoted, panel, fitted = trained
    listed = [
        {"site": f"SHOP-{number % 2}", "sku": f"LISTED-{number:03d}", "reorder_point": 1.0}
        for number in range(3 * SERIES)
    ]
    events = promotions(promoted, planned=False)
    more = panel_of(Rows(sales=sales, events=events, policies=listed))
    known = more.series["sku"].isin(panel.series["sku"]).to_numpy()
    assert (~known).sum() == len(listed)
    np.testing.assert_allclose(fitted.means(more)[known], fitted.means(panel), rtol=1e-9)


def test_a_site_that_is_gone_has_no_part_in_what_its_items_sell_elsewhere_from_now_on():
    """Nobody has heard of it for half a year: its level is next to nothing, not what items sell."""
    units = np.where(np.arange(300) < 120, 4.0, np.nan)
    sold = [
        rows
        for sku in ("CAFE", "THE")
        for rows in (days_of(np.full(300, 4.0), sku=sku), days_of(units, site="GONE", sku=sku))
    ]
    panel = panel_of(Rows(sales=pd.concat(sold)))
    history = with_drivers(history_of(panel, OPTIONS), panel, 14)
    last = history.demand.shape[1] - 1
    tables = tables_of(history, last, 10**6, spare=14)
    everyone = np.arange(4)
    tables.put(last + 1, tables.level(everyone, np.full(4, last)))
    by_sku = tables.code[:, 1]
    np.testing.assert_allclose(tables.group.value[by_sku, last + 1], 4.0, rtol=0.01)


def test_a_series_the_training_never_saw_gets_the_usual_blend(trained):
    sales, _, _, fitted = trained
    new = days_of(np.random.default_rng(4).poisson(3.0, 60), site="SHOP-0", sku="NEW")
    panel = panel_of(Rows(sales=pd.concat([sales, new])))
    day = fitted.forecast(panel).grains[Frequency.DAY]
    row = panel.series.index[panel.series["sku"] == "NEW"][0]
    assert day.mean[row].mean() == pytest.approx(3.0, rel=0.35)

"""What the learned risk reads of shelves that are known by availability: periods cut short, what is
planned, and how the region stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score

from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.options import Options
from forecasting.panel import build_panel
from forecasting.stockout import closed_out
from models.lead_time import fit_lead_times
from models.risk.cut_short import cut_short_features
from models.risk.features import period_features, series_features
from models.risk.hazard import RuptureHazard
from models.risk.past import lessons_of
from models.risk.status import DEFAULT_OUT, STRENGTH
from models.risk.structure import Structure
from tests.risk.warehouse import TODAY, forecast_of, panel_of, shelf

FIRST = dt.date(2026, 1, 5)
START = int(to_period(FIRST, Frequency.DAY))
NEXT_DAY = Options(horizons=(1,))


def features_of(panel: Any, options: Options = NEXT_DAY, end: int = 1) -> pd.DataFrame:
    lead_times = fit_lead_times(panel, options)
    structure = Structure.of(panel, None, lead_times, options, horizon=28)
    known = structure.known(panel, lead_times, end)
    parts = [series_features(panel, known), period_features(panel, known, end - 1, end)]
    return pd.concat(parts, axis=1)


def told_of(*shelves: Any) -> dict[str, float]:
    """Of the first."""
    panel = panel_of(list(shelves), NEXT_DAY)
    found = cut_short_features(panel, closed_out(panel, NEXT_DAY), 2, 28)
    return {name: float(values[0]) for name, values in found.items()}


def test_what_a_whole_day_sells_is_held_against_what_a_cut_one_sold() -> None:
    """Whole days sold 10 and 6, cut ones 2 and 4: 3 of 8. The last, half open, sold 4: at its pace
    a whole one would sell 8."""
    one = shelf(
        on_hand=np.nan, availability=(1.0, 0.25, 1.0, 0.5), past_units=(10.0, 2.0, 6.0, 4.0)
    )
    told = told_of(one)
    assert told["cut_short"] == told["cut_mid"] == pytest.approx(0.5)
    assert told["whole_log"] == pytest.approx(np.log1p(8.0))
    assert told["cut_to_whole"] == pytest.approx(3 / 8)
    assert told["last_to_whole"] == pytest.approx(1.0)
    assert told["open_spread"] == pytest.approx(np.std([1.0, 0.25, 1.0, 0.5]))


def test_where_quantities_are_stated_availability_says_nothing() -> None:
    told = told_of(shelf(on_hand=5.0, past_units=(3.0, 2.0)))
    assert np.isnan(list(told.values())).all()


def test_the_last_day_is_held_against_what_cut_ones_brought() -> None:
    """Whole days sold 10 and 6, cut ones 2 and 4, two in a row 10 of 16; the mean is 5.5."""
    told = told_of(
        shelf(on_hand=np.nan, availability=(1.0, 0.25, 1.0, 0.6), past_units=(10.0, 2.0, 6.0, 4.0))
    )
    assert told["last_to_cut"] == pytest.approx(4 / 3)
    assert told["last_two_to_whole"] == pytest.approx(5 / 8)
    assert told["last_to_mean"] == pytest.approx(4 / 5.5)
    assert told["whole"] == 0.0
    assert told["cut_since"] == pytest.approx(0.0)
    assert told["cut_depth"] == pytest.approx((0.25 + 0.6) / 2)


def test_what_followed_such_days_is_told_of_the_state_of_the_last() -> None:
    """A day cut a little came once before and an empty one followed; whole days were never followed
    by one. Each level has 20 trials of the level above, the network of the default."""
    cut = told_of(shelf(on_hand=np.nan, availability=(1.0, 0.9, 0.2, 1.0, 0.9)))
    whole = told_of(shelf(on_hand=np.nan, availability=(1.0, 0.9, 0.2, 1.0, 1.0)))

    def shrunk(events: int, trials: int) -> float:
        rate = DEFAULT_OUT
        for _level in ("network", "item", "own"):
            rate = (events + STRENGTH * rate) / (trials + STRENGTH)
        return rate

    assert cut["out_from_here"] == pytest.approx(shrunk(1, 1))
    assert whole["out_from_here"] == pytest.approx(shrunk(0, 2))


def test_a_region_is_told_by_its_other_shelves() -> None:
    """North holds K1 at A and B and K2 at C; the category of all is the same, of South's too."""
    places = [("A", "K1", 1.0), ("B", "K1", 0.4), ("C", "K2", 0.0), ("D", "K1", 0.8)]
    panel = panel_of(
        [
            shelf(site=site, sku=sku, on_hand=np.nan, availability=(share,))
            for site, sku, share in places
        ],
        NEXT_DAY,
    )
    sites = pd.DataFrame({"site": ["A", "B", "C", "D"], "region": ["N", "N", "N", "S"]})
    panel = replace(panel, sites=sites, series=panel.series.assign(category=["x", "y", "x", "x"]))
    found = features_of(panel)
    np.testing.assert_allclose(found["region_open"], [0.2, 0.5, 0.7, np.nan])
    np.testing.assert_allclose(found["near_open_short"], [0.4, 1.0, np.nan, np.nan])
    np.testing.assert_allclose(found["near_category_open"], [0.0, np.nan, 1.0, np.nan])
    np.testing.assert_allclose(found["near_whole"], [0.0, 1.0, np.nan, np.nan])
    np.testing.assert_allclose(found["sku_whole"], [0.0, 0.5, np.nan, 0.5])


def test_a_promotion_is_read_in_the_periods_that_it_covers() -> None:
    one = shelf(on_hand=np.nan, availability=(1.0,))
    depth = {"kind": "promotion", "value": 0.3, "sku": one.sku}
    tomorrow = TODAY + dt.timedelta(days=1)
    panel = panel_of([one], NEXT_DAY, events=[depth | {"start": tomorrow, "end": tomorrow}])
    for end, expected in ((1, 0.3), (2, 0.0)):
        found = features_of(panel, Options(horizons=(2,)), end)
        assert found["promotion"].item() == pytest.approx(expected)
        assert found["promotion_step"].item() == pytest.approx(expected)
    assert np.isnan(features_of(panel_of([one], NEXT_DAY))["promotion"].item())


def test_where_stock_is_projected_its_demand_knows_the_promotion() -> None:
    both = [shelf(on_hand=5.0), shelf(sku="K2", on_hand=np.nan, availability=(1.0,))]
    tomorrow = TODAY + dt.timedelta(days=1)
    event = {"kind": "promotion", "value": 0.3, "start": tomorrow}
    panel = panel_of(both, NEXT_DAY, events=[event])
    forecast: Any = forecast_of(panel, both)
    lead_times = fit_lead_times(panel, NEXT_DAY)
    structure = Structure.of(panel, forecast, lead_times, NEXT_DAY, horizon=28)
    depth = structure.known(panel, lead_times, 1).promotion
    np.testing.assert_allclose(depth, [[np.nan, np.nan], [0.0, 0.3]], rtol=1e-6)


DAYS, SERIES, LEARNED = 45, 80, 38


def company(known_on: str = "planned") -> tuple[TableRows, np.ndarray]:
    """Shelves that are empty on most days of a promotion, which come by lot; `known_on`: planned,
    or told on the day itself."""
    luck = np.random.default_rng(5)
    promoted = luck.random((SERIES, DAYS)) < 0.15
    out = luck.random((SERIES, DAYS)) < np.where(promoted, 0.8, 0.04)
    dates = [FIRST + dt.timedelta(days=day) for day in range(DAYS)]
    site, sku = ([f"{letter}{row}" for row in range(SERIES)] for letter in "SK")
    keys = {
        "date": pa.array(dates * SERIES, pa.date32()),
        "site": np.repeat(site, DAYS).tolist(),
        "sku": np.repeat(sku, DAYS).tolist(),
    }
    row, day = np.nonzero(promoted)
    days = pa.array([dates[one] for one in day], pa.date32())
    events = {
        "start": days,
        "kind": ["promotion"] * len(row),
        "site": [site[one] for one in row],
        "sku": [sku[one] for one in row],
        "value": np.full(len(row), 0.3),
    }
    if known_on != "planned":
        events["known_on"] = days
    tables = {
        "sales": pa.table({**keys, "units": np.where(out, 1.0, 3.0).ravel()}),
        "stock": pa.table({**keys, "availability": np.where(out, 0.1, 1.0).ravel()}),
        "events": pa.table(events),
    }
    return TableRows(tables), out


class NoDemand:
    """Where nobody states a quantity, no forecast is asked for."""

    def before(self, _origin: int) -> NoDemand:
        return self


def precision(known_on: str) -> float:
    """Of the chances of days that were not learned from."""
    source, out = company(known_on)
    demand: Any = NoDemand()
    panel = build_panel(source, START + LEARNED, NEXT_DAY)
    lessons = lessons_of(source, panel, demand, NEXT_DAY, lambda _words: None)
    assert lessons is not None
    hazard = RuptureHazard.learn(lessons, seed=1)
    said = []
    for day in range(LEARNED, DAYS - 1):
        panel = build_panel(source, START + day, NEXT_DAY)
        lead_times = fit_lead_times(panel, NEXT_DAY)
        structure = Structure.of(panel, None, lead_times, NEXT_DAY, horizon=28)
        known = structure.known(panel, lead_times, 1)
        first = known.first if hazard is None else hazard.first_out(panel, known, NEXT_DAY)
        place = panel.series["sku"].str[1:].astype(int).to_numpy()
        said.append(pd.DataFrame({"said": first[:, 0], "event": out[place, day + 1]}))
    told = pd.concat(said)
    return float(average_precision_score(told["event"], told["said"]))


def test_what_is_planned_raises_the_chance_only_where_it_was_known() -> None:
    assert precision("planned") > 0.5
    assert precision("told on the day") < 0.3

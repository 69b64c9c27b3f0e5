"""Laws of the figures: parts add up, the future changes nothing, and what fails is named."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.options import Options
from models.kpis import KPIS, kpi, measured
from models.kpis import figures as figuring
from models.kpis import measure as measuring
from models.kpis.cells import COUNTS
from models.kpis.figures import Question, every_question, figures_of, figures_table
from tests.forecasting.warehouse import Rows
from tests.kpis.company import ORIGIN, Feeds, counted, feeds, panel_of

MOMENT = pd.Timestamp(ORIGIN)
ADDED = list(COUNTS)


@lru_cache
def company() -> tuple[pd.DataFrame, pd.DataFrame]:
    return counted(feeds(3))


BY_MONTH = Question()


def table(found: tuple[pd.DataFrame, pd.DataFrame], question: Question = BY_MONTH) -> pd.DataFrame:
    return figures_of(*found, ORIGIN, question)


@pytest.mark.parametrize("grain", ["week", "month"])
@pytest.mark.parametrize("by", ["site", "supplier", "category"])
def test_parts_add_up_to_the_whole(by: str, grain: str) -> None:
    keys = ["kpi", "period", "currency"]
    whole = table(company(), Question(grain=grain)).set_index(keys)[ADDED]
    parts = table(company(), Question(by=by, grain=grain)).groupby(keys)[ADDED].sum()
    both = whole.join(parts, rsuffix="_of_parts")
    assert len(both) > 100
    for name in ADDED:
        same = both[name].fillna(0.0).to_numpy()
        assert both[f"{name}_of_parts"].fillna(0.0).to_numpy() == pytest.approx(same), name


def test_some_sites_are_the_whole_of_a_company_that_has_no_others() -> None:
    cells, coverage = company()
    here = (cells[cells["site"] != "PARIS"], coverage[coverage["site"] != "PARIS"])
    told = {
        name: rows[rows["site"] != "PARIS"] if "site" in rows else rows
        for name, rows in feeds(3).items()
    }
    mine, theirs = table(here), table(counted(told))
    same = ~mine["kpi"].isin(["fill_rate"])  # what a shelf missed is learned from all sites
    pd.testing.assert_frame_equal(mine[same], theirs[same])


def test_nothing_after_the_origin_counts() -> None:
    told = feeds(3)
    dated = {
        **{"sales": "date", "stock": "date", "orders": "ordered_on", "receipts": "received_on"},
        **{"customer_orders": "ordered_on", "costs": "period_start", "incidents": "occurred_on"},
    }
    cut = {
        name: rows[rows[dated[name]] <= MOMENT] if name in dated else rows
        for name, rows in told.items()
    }
    shipped = cut["customer_orders"]
    late = shipped["shipped_on"] > MOMENT
    cut["customer_orders"] = shipped.assign(
        shipped_on=shipped["shipped_on"].mask(late),
        units_shipped=shipped["units_shipped"].mask(late),
    )
    orders = cut["orders"]
    reopened = orders["order_id"].isin(
        told["receipts"].loc[told["receipts"]["received_on"] > MOMENT, "order_id"]
    )
    assert reopened.any()
    cut["orders"] = orders.assign(status=orders["status"].mask(reopened, "open"))
    for mine, theirs in zip(counted(told), counted(cut), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)
    more = dict(told)
    more["sales"] = told["sales"].assign(
        units=told["sales"]["units"].mask(told["sales"]["date"] == MOMENT, 99.0)
    )
    assert not counted(more)[0].equals(counted(told)[0]), "the control: the origin itself does"


def test_a_company_that_has_only_planned_its_assortment_has_no_figure_and_no_fault() -> None:
    offered = pd.DataFrame([{"site": "LYON", "sku": "A"}])
    found = table(counted({"assortment": offered}))
    assert set(found["missing"]) == {"feed_absent"}


NEEDED = {
    "customer_orders": {"customer_otif"},
    "orders": {"supplier_otif", "supplier_lateness"},
    "costs": {"cost_share", "cost_per_unit", "logistics_cost"},
    "incidents": {"incident_rate"},
    "stock": {
        *("fill_rate", "stockout_rate", "stockout_rate_by_value", "stock_value", "stock_cover"),
        *("stock_turnover", "dead_stock"),
    },
    "items": {
        *("stockout_rate_by_value", "stock_value", "stock_cover", "stock_turnover", "dead_stock"),
    },
}


@pytest.mark.parametrize("feed", NEEDED)
def test_a_feed_that_is_absent_is_named_and_what_needs_none_of_it_is_told(feed: str) -> None:
    told = {name: rows for name, rows in feeds(3).items() if name != feed}
    if feed == "orders":
        del told["receipts"]
    found = table(counted(told))
    last = found[found["period"] == "2026-09"]
    absent = last[last["missing"] == "feed_absent"]
    wanted = NEEDED[feed]
    assert set(absent["kpi"]) == wanted
    assert set(absent["missing_feed"].str.partition(".")[0]) <= {feed, "items"}
    assert absent["value"].isna().all()
    rest = last[~last["kpi"].isin(wanted)]
    assert set(rest.loc[rest["value"].notna(), "kpi"]) == {one.name for one in KPIS} - wanted


def test_a_feed_that_fell_silent_is_named_with_the_day() -> None:
    told = feeds(3)
    told["costs"] = told["costs"][told["costs"]["period_start"] < pd.Timestamp("2026-03-01")]
    found = table(counted(told), Question(kpi="cost_share")).set_index(["currency", "period"])
    march = found.loc[("EUR", "2026-03")]
    assert (march["missing"], march["missing_feed"]) == ("feed_silent", "costs")
    assert march["missing_since"] == pd.Timestamp("2026-03-01")
    assert found.loc[("EUR", "2026-02"), "value"] > 0


def test_incidents_that_were_quiet_before_may_be_quiet_again() -> None:
    told = feeds(3)
    dates = pd.to_datetime(["2026-01-05", "2026-03-30", "2026-09-20", "2026-10-01"])
    told["incidents"] = pd.DataFrame(
        {"occurred_on": dates, "site": "LYON", "sku": "A", "side": "supplier"}
    )
    found = table(counted(told), Question(kpi="incident_rate")).set_index("period")
    assert found.loc["2026-10", "missing"] == ""
    assert found.loc["2026-06", "value"] == 0.0
    told["incidents"] = told["incidents"].head(2)
    found = table(counted(told), Question(kpi="incident_rate")).set_index("period")
    assert found.loc["2026-10", "missing"] == "feed_silent"


@pytest.mark.parametrize("frequency", list(Frequency))
def test_every_frequency_tells_the_grains_that_it_has(frequency: Frequency) -> None:
    told = feeds(3)
    cells, coverage = counted(told, dt.date(2026, 10, 31), frequency)
    assert set(cells["grain"]) == ({"month"} if frequency is Frequency.MONTH else {"week", "month"})
    end = panel_of(told, dt.date(2026, 10, 31), Options(frequency=frequency)).origin_date
    found = figures_table(
        [figures_of(cells, coverage, end, one) for one in every_question("month")]
    )
    values = found.column("value").to_numpy()
    assert np.isfinite(values[~np.isnan(values)]).all()
    assert (~np.isnan(values)).sum() > 500


def test_a_period_under_way_says_so_and_has_no_trend() -> None:
    found = table(company())
    under_way = found["period"] == "2026-11"
    assert found.loc[under_way, "partial"].all()
    assert (found.loc[under_way, "trend"] == "").all()
    assert set(found.loc[found["period"] == "2026-10", "trend"]) >= {"better", "worse"}
    october = found[(found["period"] == "2026-10") & (found["kpi"] == "stockout_rate")]
    september = found[(found["period"] == "2026-09") & (found["kpi"] == "stockout_rate")]
    assert october["before"].tolist() == september["value"].tolist()


@pytest.mark.parametrize(
    ("september", "october", "trend"),
    [
        pytest.param((4, 0), (2, 0), "better", id="both known: fewer days are better"),
        pytest.param((4, 0), (2, 1), "", id="so far below: it may still pass the month before"),
        pytest.param((4, 0), (6, 1), "worse", id="above already: it can only get worse"),
        pytest.param((4, 1), (6, 0), "", id="the month before may have been worse than told"),
        pytest.param((4, 1), (2, 0), "better", id="below what was passed before"),
        pytest.param((4, 0), (4, 1), "", id="no steadiness of a bound"),
    ],
)
def test_a_lower_bound_is_not_called_better(
    september: tuple[int, int], october: tuple[int, int], trend: str
) -> None:
    cells, coverage = company()
    cells = cells.astype({"numerator": "float64"})
    late = cells["kpi"] == "supplier_lateness"
    for period, (days, still_open) in (("2026-09", september), ("2026-10", october)):
        its = late & (cells["grain"] == "month") & (cells["period"] == period)
        assert its.any()
        cells.loc[its, "numerator"] = days * cells.loc[its, "denominator"]
        cells.loc[its, "censored"] = still_open
    found = table((cells, coverage))
    rows = found[(found["kpi"] == "supplier_lateness") & (found["period"] == "2026-10")]
    assert rows["trend"].tolist() == [trend]


def test_nothing_is_divided_by_nothing() -> None:
    days = pd.date_range("2026-09-01", ORIGIN)
    quiet = pd.DataFrame({"date": days, "site": "LYON", "sku": "A", "units": 0.0})
    told: Feeds = {"sales": quiet, "stock": quiet.drop(columns="units").assign(on_hand=0.0)}
    told["items"] = pd.DataFrame([{"sku": "A", "unit_cost": 2.0, "unit_price": 3.0}])
    told["costs"] = pd.DataFrame(
        [{"period_start": pd.Timestamp("2026-09-01"), "site": "LYON", "kind": "x", "amount": 5.0}]
    )
    found = table(counted(told)).set_index(["kpi", "period"])
    for name in ("cost_share", "cost_per_unit", "stock_cover", "fill_rate"):
        row = found.loc[(name, "2026-09")]
        assert (row["missing"], row["value"]) == (
            "nothing_counted",
            pytest.approx(np.nan, nan_ok=True),
        )
    assert found.loc[("logistics_cost", "2026-09"), "value"] == 5.0


def test_a_kpi_that_fails_is_told_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: object) -> pd.DataFrame:
        raise ZeroDivisionError("a slip of ours")

    worse = (replace(KPIS[0], measure=broken), *KPIS[1:])
    monkeypatch.setattr(measuring, "KPIS", worse)
    told, said = feeds(3), []
    cells, _ = measured(panel_of(told), Rows(**told), Options(), said.append)
    assert said == ["KPI customer_otif was not measured: ZeroDivisionError: a slip of ours"]
    assert set(cells["kpi"]) == {one.name for one in KPIS[1:]}


def test_one_more_in_the_registry_is_counted_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = replace(kpi("stockout_rate"), name="mine", per=100.0)
    for module in (measuring, figuring):
        monkeypatch.setattr(module, "KPIS", (*KPIS, mine))
    found = table(counted(feeds(3))).set_index("kpi")
    usual, told = (found.loc[name, "value"].to_numpy() for name in ("stockout_rate", "mine"))
    assert np.isfinite(usual).any()
    np.testing.assert_allclose(told, 100.0 * usual)


def test_supplier_and_category_cannot_be_asked_together() -> None:
    with pytest.raises(ValueError, match="cannot be asked together"):
        table(company(), Question(supplier="NOVA", category="café"))

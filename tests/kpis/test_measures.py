"""Each KPI beside a second computation, in plain pandas over the rows of the feeds."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.kpis.figures import Question, figures_of
from tests.kpis.company import (
    CATEGORIES,
    COSTS,
    CURRENCIES,
    ORIGIN,
    PRICES,
    SUPPLIERS,
    Feeds,
    counted,
    feeds,
    panel_of,
)

MOMENT = pd.Timestamp(ORIGIN)
SEEDS = (1,)
PICTURED = (11,)


@lru_cache
def company(seed: int) -> tuple[Feeds, pd.DataFrame, pd.DataFrame]:
    told = feeds(seed)
    if seed in PICTURED:
        del told["receipts"]  # nothing to rebuild the stock between two pictures from
    return told, *counted(told)


def by_hand(rows: pd.DataFrame, grain: str, by: str) -> pd.DataFrame:
    """Sums of numerator, denominator and rows of dated rows, by period and place."""
    code = {"month": "M", "week": "W-SUN"}[grain]
    period = rows["day"].dt.to_period(code).dt.start_time
    keys: list[Any] = [period.rename("period_start")]
    keys += [] if by == "total" else [rows[by].rename("place")]
    keys += [rows["currency"]] if "currency" in rows else []
    return rows.groupby(keys)[["numerator", "denominator", "rows"]].sum()


def told_of(seed: int, kpi: str, grain: str, by: Any) -> pd.DataFrame:
    _, cells, coverage = company(seed)
    figures = figures_of(cells, coverage, ORIGIN, Question(by=by, grain=grain, kpi=kpi))
    keys = ["period_start"] + ([] if by == "total" else [by]) + ["currency"]
    return figures.set_index(keys)


def assert_same(seed: int, kpi: str, rows: pd.DataFrame) -> None:
    for grain in ("month", "week"):
        for by in ("total", "site", "supplier", "category"):
            found = told_of(seed, kpi, grain, by)
            hand = by_hand(rows if "currency" in rows else rows.assign(currency=""), grain, by)
            hand = hand[hand.index.get_level_values("period_start") >= found.index[0][0]]
            mine = found[["numerator", "denominator", "rows"]].rename_axis(hand.index.names)
            both = mine.join(hand, how="outer", rsuffix="_by_hand").fillna(0.0)
            assert len(both) > (10 if by == "total" else 20), (kpi, grain, by)
            for name in ("numerator", "denominator", "rows"):
                assert both[name].to_numpy() == pytest.approx(both[f"{name}_by_hand"].to_numpy())


def placed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        supplier=rows["sku"].map(SUPPLIERS).fillna(""),
        category=rows["sku"].map(CATEGORIES).fillna(""),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_customers_on_time_in_full(seed: int) -> None:
    lines = company(seed)[0]["customer_orders"]
    lines = lines[lines["ordered_on"] <= MOMENT]
    due = lines["requested_on"].fillna(lines["confirmed_on"])
    gone = (lines["cancelled_on"] <= MOMENT) & (lines["cancelled_on"] <= due)
    lines = placed(lines.assign(day=due, supplier="")[~gone & (due <= MOMENT)])
    whole = (lines["shipped_on"] <= lines["day"]) & (
        lines["units_shipped"] == lines["units_ordered"]
    )
    told = lines.assign(numerator=whole * 1.0, denominator=1.0, rows=1.0, supplier=lines["sku"])
    told["supplier"] = told["sku"].map(SUPPLIERS)
    assert_same(seed, "customer_otif", told)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kpi", ["supplier_otif", "supplier_lateness"])
def test_suppliers_beside_their_first_promise(seed: int, kpi: str) -> None:
    told = company(seed)[0]
    lines = told["orders"]
    lines = lines[(lines["source_site"] == "") & (lines["ordered_on"] <= MOMENT)]
    known = lines["sku"].isin(list("ABCD"))  # `to_timedelta` of a NaN reads memory nobody wrote
    master = (lines["ordered_on"] + pd.Timedelta(days=6)).where(known)
    rows = []
    came = told["receipts"][told["receipts"]["received_on"] <= MOMENT]
    for line, due in zip(
        lines.to_dict("records"), lines["promised_on"].fillna(master), strict=True
    ):
        if pd.isna(due) or due > MOMENT or line["cancelled_on"] <= due:
            continue
        mine = came[came["order_id"] == line["order_id"]].sort_values("received_on")
        whole = mine[mine["units"].cumsum() >= line["units_ordered"]]["received_on"]
        ended = line["status"] == "closed" and len(mine)
        until = whole.iloc[0] if len(whole) else mine["received_on"].max() if ended else MOMENT
        later = told["receipts"][told["receipts"]["order_id"] == line["order_id"]]
        if ended and (later["received_on"] > MOMENT).any():
            until = MOMENT
        late = max((until - due).days, 0)
        good = bool(len(whole) and whole.iloc[0] <= due)
        number = float(good) if kpi == "supplier_otif" else float(min(late, 120))
        supplier = line["supplier"] or SUPPLIERS[line["sku"]]
        rows.append({**line, "day": due, "numerator": number, "supplier": supplier})
    frame = pd.DataFrame(rows).assign(denominator=1.0, rows=1.0)
    frame["category"] = frame["sku"].map(CATEGORIES)
    assert_same(seed, kpi, frame)


def test_the_ninth_decile_of_lateness() -> None:
    _, cells, coverage = company(1)
    table = figures_of(cells, coverage, ORIGIN, Question(kpi="supplier_lateness"))
    some = cells[(cells["kpi"] == "supplier_lateness") & (cells["cut"] == "category")]
    for row in table[table["rows"] > 0].to_dict("records"):
        here = some[(some["grain"] == "month") & (some["period"] == row["period"])]
        days = np.repeat(here["bin"], here["denominator"].astype(int))
        assert row["p90"] == np.quantile(days, 0.9, method="inverted_cdf")


def closes(seed: int) -> pd.DataFrame:
    """Known closes of series on sale, as pictured."""
    told = company(seed)[0]
    stock = told["stock"][told["stock"]["date"] <= MOMENT]
    ends = told["items"].set_index("sku")["discontinued_on"]
    stock = stock[~(stock["date"] > stock["sku"].map(ends))]
    return placed(stock.assign(day=stock["date"], rows=1.0))


def seen_first(seed: int, rows: pd.DataFrame) -> pd.DataFrame:
    """Without what lies before the first sale or stock of its series."""
    told = company(seed)[0]
    sold = told["sales"][told["sales"]["units"] > 0]
    held = told["stock"][told["stock"]["on_hand"] > 0]
    first = pd.concat([sold, held]).groupby(["site", "sku"])["date"].min()
    begun = first.loc[pd.MultiIndex.from_frame(rows[["site", "sku"]])].to_numpy()
    return rows[rows["date"].to_numpy() >= begun]


@pytest.mark.parametrize("seed", PICTURED)
def test_stockouts(seed: int) -> None:
    rows = seen_first(seed, closes(seed))
    out = (rows["on_hand"] - rows["blocked"] <= 0) * 1.0
    assert_same(seed, "stockout_rate", rows.assign(numerator=out, denominator=1.0))


@pytest.mark.parametrize("seed", PICTURED)
def test_stockouts_by_value(seed: int) -> None:
    panel = panel_of(company(seed)[0])
    units = np.where(np.isnan(panel.units), np.nan, np.maximum(panel.units, 0))[:, -365:]
    mean = pd.Series(
        np.nanmean(units, axis=1), pd.MultiIndex.from_frame(panel.series[["site", "sku"]])
    )
    rows = seen_first(seed, closes(seed))
    rows = rows[rows["sku"] != "E"]  # no price
    weight = mean.loc[pd.MultiIndex.from_frame(rows[["site", "sku"]])].to_numpy()
    weight = weight * rows["sku"].map(PRICES)
    out = (rows["on_hand"] - rows["blocked"] <= 0) * weight
    rows = rows.assign(numerator=out, denominator=weight, currency=rows["sku"].map(CURRENCIES))
    assert_same(seed, "stockout_rate_by_value", rows)


def customers(seed: int) -> pd.DataFrame:
    sales = company(seed)[0]["sales"]
    sales = sales[(sales["date"] <= MOMENT) & (sales["kind"] == "customer")]
    return placed(sales.assign(day=sales["date"], currency=sales["sku"].map(CURRENCIES)))


@pytest.mark.parametrize("kpi", ["cost_share", "cost_per_unit", "logistics_cost"])
def test_costs_by_the_day_beside_what_was_sold(kpi: str) -> None:
    told = company(1)[0]
    rows = []
    for cost in told["costs"].to_dict("records"):
        end = cost["period_end"]
        end = cost["period_start"] + pd.offsets.MonthEnd(0) if pd.isna(end) else end
        days = pd.date_range(cost["period_start"], end)
        rows += [
            {"day": day, "site": cost["site"], "currency": cost["currency"] or "EUR"}
            | {"numerator": cost["amount"] / len(days)}
            for day in days
        ]
    spent = pd.DataFrame(rows)
    sales = customers(1)
    price = sales["price"].fillna(sales["sku"].map(PRICES)).fillna(0.0)
    sold = sales["units"] * (price if kpi == "cost_share" else 1.0)
    for by in ("total", "site"):
        found = told_of(1, kpi, "month", by)
        both = pd.concat([spent, sales.assign(denominator=sold)]).fillna(
            {"numerator": 0.0, "denominator": 0.0}
        )
        hand = by_hand(both.assign(rows=0.0), "month", by)
        for key, row in hand[hand["numerator"] > 0].iterrows():
            mine = found.loc[key]
            assert mine["numerator"] == pytest.approx(row["numerator"])
            if kpi != "logistics_cost" and mine["missing"] == "":
                assert mine["value"] == pytest.approx(row["numerator"] / row["denominator"])


def test_costs_by_kind_add_up_to_the_whole() -> None:
    whole = told_of(1, "logistics_cost", "month", "total")["numerator"]
    kinds = told_of(1, "logistics_cost", "month", "kind")["numerator"]
    summed = kinds.groupby(["period_start", "currency"]).sum()
    assert summed.loc[whole.index].to_numpy() == pytest.approx(whole.to_numpy())
    assert set(kinds.index.get_level_values("kind")) == {"transport", "storage"}


def test_stock_value_cover_and_turnover() -> None:
    panel = panel_of(company(1)[0])
    days = pd.DatetimeIndex(pd.date_range(end=ORIGIN, periods=panel.units.shape[1]))
    october = (days >= "2026-10-01") & (days <= "2026-10-31")
    cost = panel.series["sku"].map(COSTS).to_numpy()
    value = np.nanmean(np.maximum(panel.on_hand[:, october], 0), axis=1) * cost
    sales = customers(1)
    sales = sales[(sales["day"] >= "2026-10-01") & (sales["day"] <= "2026-10-31")]
    units = sales.groupby(["site", "sku"])["units"].sum()
    pairs = pd.MultiIndex.from_frame(panel.series[["site", "sku"]])
    a_day = units.loc[pairs].to_numpy() / 31 * cost
    euro = ((panel.series["currency"] == "EUR") & np.isfinite(cost)).to_numpy()
    key = (pd.Timestamp("2026-10-01"), "EUR")
    worth = told_of(1, "stock_value", "month", "total").loc[key]
    assert worth["value"] == pytest.approx(value[euro].sum())
    assert worth["left_out"] == 3, "the item without a cost, at three sites"
    cover = told_of(1, "stock_cover", "month", "total").loc[key, "value"]
    assert cover == pytest.approx(value[euro].sum() / a_day[euro].sum())
    turns = told_of(1, "stock_turnover", "month", "total").loc[key, "value"]
    assert turns * cover == pytest.approx(365.25)


def test_fill_rate_is_what_was_served_of_what_was_wanted() -> None:
    from forecasting.demand import latent_demand
    from forecasting.options import Options

    panel = panel_of(company(1)[0])
    demand = latent_demand(panel, Options())
    days = pd.DatetimeIndex(pd.date_range(end=ORIGIN, periods=panel.units.shape[1]))
    for site in ("LYON", "PARIS"):
        here = (panel.series["site"] == site).to_numpy()
        inside = (days >= "2026-10-01") & (days <= "2026-10-31")
        served = np.nansum(np.maximum(panel.units[here][:, inside], 0))
        wanted = np.nansum(demand[here][:, inside])
        found = told_of(1, "fill_rate", "month", "site").loc[
            (pd.Timestamp("2026-10-01"), site, ""), "value"
        ]
        assert found == pytest.approx(served / wanted)
        assert 0 < found < 1


def test_incidents_per_thousand_lines() -> None:
    told = company(1)[0]
    lines = sum(
        told_of(1, kpi, "month", "total")["rows"] for kpi in ("customer_otif", "supplier_otif")
    )
    incidents = told["incidents"][told["incidents"]["occurred_on"] <= MOMENT]
    months = incidents["occurred_on"].dt.to_period("M").dt.start_time.value_counts()
    found = told_of(1, "incident_rate", "month", "total")
    for start, count in months.items():
        if start < found.index[0][0]:
            continue
        row = found.loc[(start, "")]
        assert row["numerator"] == count
        if row["missing"] == "":
            assert row["value"] == pytest.approx(1000 * count / lines.loc[(start, "")])


def test_dead_stock_is_what_nobody_bought_for_half_a_year() -> None:
    days = pd.date_range("2026-01-01", ORIGIN)
    moving = pd.DataFrame({"date": days, "site": "LYON", "sku": "A", "units": 1.0})
    silent = moving.assign(sku="C", units=(days < pd.Timestamp("2026-03-20")) * 1.0)
    young = moving[days >= pd.Timestamp("2026-10-01")].assign(sku="B", units=0.0)
    sales = pd.concat([moving, silent, young])
    stock = sales.drop(columns="units").assign(on_hand=10.0)
    items = feeds(1)["items"].assign(currency="EUR", discontinued_on=pd.NaT)
    cells, coverage = counted({"sales": sales, "stock": stock, "items": items})
    table = figures_of(cells, coverage, ORIGIN, Question(kpi="dead_stock")).set_index("period")
    august, october = table.loc["2026-08"], table.loc["2026-10"]
    assert (august["value"], october["value"]) == (0.0, pytest.approx(100 / 120))
    assert (october["left_out"], october["rows"]) == (1, 2)


LINE = {"site": "LYON", "sku": "A", "ordered_on": pd.Timestamp("2026-10-22")}
ASKED, BEFORE = pd.Timestamp("2026-10-28"), pd.Timestamp("2026-10-27")


def october(kpi: str, **told: list[dict[str, Any]]) -> pd.Series:
    """The figure of a company of one item that sells one a day."""
    days = pd.date_range("2026-08-01", ORIGIN)
    sales = pd.DataFrame({"date": days, "site": "LYON", "sku": "A", "units": 1.0})
    lines = {feed: pd.DataFrame([LINE | row for row in rows]) for feed, rows in told.items()}
    cells, coverage = counted({"sales": sales, **lines})
    return figures_of(cells, coverage, ORIGIN, Question(kpi=kpi)).set_index("period").loc["2026-10"]


@pytest.mark.parametrize("kpi", ["supplier_otif", "supplier_lateness", "customer_otif"])
def test_what_came_whole_nobody_says_when_is_neither_late_nor_on_time(kpi: str) -> None:
    line = {"units_ordered": 8.0, "promised_on": ASKED, "status": "received"}
    sold = {"units_ordered": 8.0, "requested_on": ASKED, "units_shipped": 8.0}
    if kpi == "customer_otif":
        lines = [sold | {"order_id": "C-1", "shipped_on": BEFORE}, sold | {"order_id": "C-2"}]
        found = october(kpi, customer_orders=lines)
    else:
        lines = [line | {"order_id": "PO-1", "received_on": BEFORE}, line | {"order_id": "PO-2"}]
        found = october(kpi, orders=lines)
    best = 0.0 if kpi == "supplier_lateness" else 1.0
    assert (found["value"], found["rows"], found["left_out"]) == (best, 1, 1)


def test_kilograms_that_came_in_parts_came_whole() -> None:
    """0.7 and 0.1 are 0.8, whatever a computer adds up to."""
    order = {"order_id": "PO-1", "units_ordered": 0.8, "promised_on": ASKED, "status": "open"}
    parts = [{"order_id": "PO-1", "received_on": BEFORE, "units": units} for units in (0.7, 0.1)]
    parts[0]["received_on"] -= pd.Timedelta(days=1)
    assert october("supplier_otif", orders=[order], receipts=parts)["value"] == 1.0


def test_no_kpi_is_left_unchecked() -> None:
    from pathlib import Path

    from models.kpis import KPIS

    text = Path(__file__).read_text(encoding="utf-8")
    assert not [one.name for one in KPIS if f'"{one.name}"' not in text]

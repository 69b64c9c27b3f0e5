"""Forty hostile series end to end: files, record, training, publication, export."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecasting.feeds import load_profile, read
from forecasting.feeds.reading import Reading
from models.workspace import Workspace
from tests.journeys.company import ORIGIN, Rooms, deliver, tables_of, trained
from tests.journeys.conftest import OPTIONS

DAYS = 200
HEADER = "date,site,sku,units,price"
ORDINARY = [f"ORD-{number}" for number in range(8)]
LUCK = np.random.default_rng(11)


def texts(values: dict[int, object]) -> dict[int, list[str]]:
    """Day from the start -> the texts of the rows of that day."""
    return {day: [str(value)] for day, value in values.items()}


def every_day(value: object) -> dict[int, list[str]]:
    return texts(dict.fromkeys(range(DAYS), value))


def hostile() -> dict[str, dict[int, list[str]]]:
    """Name -> units as written in the file."""
    poisson = [str(value) for value in LUCK.poisson(3, DAYS)]
    found = {
        "one-point": texts({50: 4}),
        "two-points": texts({50: 4, 51: 4}),
        "two-ends": texts({0: 1, DAYS - 1: 1}),
        "only-last": texts({DAYS - 1: 1}),
        "only-last-huge": texts({DAYS - 1: 1e15}),
        "only-first": texts({0: 3}),
        "all-zero": every_day(0),
        "zero-once": texts({100: 0}),
        "constant": every_day(5),
        "constant-fraction": every_day(0.001),
        "constant-huge": every_day(1e15),
        "constant-tiny": every_day("1e-300"),
        "spike": texts({120: 1000}),
        "spike-huge": every_day(1) | texts({120: 1e15}),
        "spike-last": every_day(1) | texts({DAYS - 1: 1e15}),
        "spike-in-backtest": every_day(1) | texts({DAYS - 20: 1e15}),
        "spike-returned": every_day(2) | texts({120: 1e15, 121: -1e15}),
        "nan-texts": every_day("NaN") | texts({3: 2, 90: 1}),
        "inf-texts": every_day("inf") | texts({3: 2, 90: 1}),
        "only-nan": every_day("nan"),
        "only-inf": every_day("-Infinity"),
        "words": every_day("douze") | texts({5: 5}),
        "overflow": every_day("1e400") | texts({5: 5}),
        "too-large": every_day("2e15") | texts({5: 5}),
        "negative": every_day(-3),
        "negative-last": every_day(3) | texts({DAYS - 1: -500}),
        "negative-huge": every_day(3) | texts({60: -1e15}),
        "returns": texts({day: 4 if day % 2 else -4 for day in range(DAYS)}),
        "gaps": texts(dict.fromkeys(range(0, DAYS, 17), 3)),
        "long-gap": texts(dict.fromkeys((*range(20), *range(DAYS - 5, DAYS)), 3)),
        "stopped": texts(dict.fromkeys(range(60), 6)),
        "started-late": texts(dict.fromkeys(range(DAYS - 3, DAYS), 6)),
        "duplicates": {day: ["2", "2", "2"] for day in range(DAYS)},
        "mixed": {day: ["2", "NaN", "-1", "1e15"] for day in range(0, DAYS, 9)},
        "growing": texts({day: 2.0 ** (day / 4) for day in range(DAYS)}),
        "falling": texts({day: 2.0 ** (-day) for day in range(DAYS)}),
        "alternating": texts({day: 1e15 if day % 2 else 0 for day in range(DAYS)}),
        "weekly": texts(dict.fromkeys(range(0, DAYS, 7), 9)),
        "0012": texts(dict(enumerate(poisson))),
        "NA": texts(dict(enumerate(poisson))),
    }
    assert len(found) == 40
    return found


def sales_file(series: dict[str, dict[int, list[str]]]) -> bytes:
    first = ORIGIN - dt.timedelta(days=DAYS - 1)
    lines = [HEADER]
    for sku, days in series.items():
        lines += [
            f"{first + dt.timedelta(days=day)},LYON,{sku},{units},1e15"
            for day, rows in days.items()
            for units in rows
        ]
    return "\n".join(lines).encode()


def ordinary() -> dict[str, dict[int, list[str]]]:
    luck = np.random.default_rng(4)
    return {
        sku: texts(dict(enumerate(luck.poisson(1 + 2 * place, DAYS))))
        for place, sku in enumerate(ORDINARY)
    }


def stock_file(skus: list[str]) -> bytes:
    amounts = ["0", "-7", "1e15", "5", "NaN", "0.0001"]
    lines = ["date,site,sku,on_hand,blocked"]
    lines += [
        f"{ORIGIN},LYON,{sku},{amounts[place % len(amounts)]},{'' if place % 4 else '3'}"
        for place, sku in enumerate(skus)
    ]
    return "\n".join(lines).encode()


def orders_file(skus: list[str]) -> bytes:
    dates = ["1900-01-01", "2200-12-31", "", str(ORIGIN), str(ORIGIN + dt.timedelta(days=5))]
    lines = ["order_id,site,sku,units_ordered,ordered_on,promised_on,supplier,status"]
    lines += [
        f"PO-{place},LYON,{sku},{10 ** (place % 16)},{ORIGIN - dt.timedelta(days=place)},"
        f"{dates[place % len(dates)]},S{place % 3},open"
        for place, sku in enumerate(skus)
    ]
    return "\n".join(lines).encode()


def items_file(skus: list[str]) -> bytes:
    lines = ["sku,category,unit_cost,unit_price,lead_time_days,pack_size,minimum_order"]
    lines += [
        f"{sku},{place % 3},1e15,0.000001,{1e15 if place % 2 else 0},1e-9,1e15"
        for place, sku in enumerate(skus)
    ]
    return "\n".join(lines).encode()


def files(with_hostile: bool) -> list[Reading]:
    """Ordinary series alone, or with the hostile ones and all that is wrong about them."""
    generic = load_profile("generic")
    calm = stock_file(ORDINARY).replace(b"NaN", b"6")
    plan = [("sales", sales_file(ordinary())), ("stock", calm)]
    if with_hostile:
        wild = hostile()
        plan += [
            ("sales", sales_file(wild)),
            ("stock", stock_file(list(wild))),
            ("orders", orders_file(list(wild))),
            ("items", items_file(list(wild))),
        ]
    return [read(body, feed, generic, name=f"{feed}.csv") for feed, body in plan]


@pytest.fixture(scope="module")
def alone(rooms: Rooms) -> dict[str, pd.DataFrame]:
    workspace = rooms.furnish("alone", OPTIONS)
    deliver(workspace, files(with_hostile=False))
    trained(workspace)
    return tables_of(workspace)


@pytest.fixture(scope="module")
def crowded(rooms: Rooms) -> Workspace:
    workspace = rooms.furnish("crowded", OPTIONS)
    deliver(workspace, files(with_hostile=True))
    trained(workspace)
    return workspace


def test_every_row_of_the_files_is_accounted_for() -> None:
    for reading in files(with_hostile=True):
        assert reading.read == reading.accepted + reading.rejected + reading.duplicates
    reading = files(with_hostile=True)[2]
    assert reading.rejected >= 5 * (DAYS - 2)


def test_every_active_series_has_finite_answers_with_method_and_reason(crowded: Workspace) -> None:
    expected = {*ORDINARY, *hostile()}
    for name, table in tables_of(crowded).items():
        assert set(table["sku"]) == expected, name
        assert (table["method"].astype(str) != "").all(), name
        needs_reason = table if name != "warnings" else table[table["method"] != "structural"]
        assert (needs_reason["reason"].astype(str) != "").all(), name
    for grain in ("day", "week", "month"):
        table = tables_of(crowded)[grain]
        levels = [column for column in table if column[0] == "q" and column[1:].isdigit()]
        numbers = table[["mean", "mean_units", *levels]].to_numpy(float)
        assert np.isfinite(numbers).all()
        assert (numbers >= 0).all()
        assert (np.diff(table[levels].to_numpy(float), axis=1) >= 0).all()
    warnings = tables_of(crowded)["warnings"]
    chances = warnings[["probability", "p_7d", "p_14d", "p_28d", "p_no_order"]].to_numpy(float)
    assert ((chances >= 0) & (chances <= 1)).all()
    for name in ("units_short", "value_at_risk", "days_of_cover"):
        assert not np.isinf(warnings[name].to_numpy(float)).any()


def test_ordinary_neighbours_have_the_same_means_bit_for_bit(
    crowded: Workspace, alone: dict[str, pd.DataFrame]
) -> None:
    for grain in ("day", "week", "month"):
        table = tables_of(crowded)[grain]
        near = table[table["sku"].isin(ORDINARY)].reset_index(drop=True)
        columns = ["sku", "period", "mean", "method", "reason"]
        pd.testing.assert_frame_equal(near[columns], alone[grain][columns], check_exact=True)
        assert (near["mean"] > 0).all()

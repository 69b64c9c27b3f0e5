"""What a panel shows, and what it must not see."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from forecasting.calendar import Frequency, end_date
from forecasting.errors import NotReady
from forecasting.masters import frame_of
from forecasting.options import Options
from forecasting.panel import default_origin
from tests.forecasting.warehouse import LAST, Rows, days_of, panel_of


def row_of(panel, sku):
    return int(panel.series.index[panel.series["sku"] == sku][0])


def day(text):
    return dt.date.fromisoformat(text)


def test_a_day_without_a_row_is_zero_only_where_the_site_reported():
    nan = np.nan
    rows = Rows(
        sales=pd.concat(
            [
                days_of([5, nan, 4, nan, 3], sku="CAFE"),
                days_of([1, 1, nan, nan, 1], sku="THE"),
            ]
        )
    )
    panel = panel_of(rows)
    assert panel.units[row_of(panel, "CAFE")].tolist()[:3] == [5, 0, 4]
    assert np.isnan(panel.units[row_of(panel, "CAFE"), 3]), "nobody reported that day"
    assert panel.units[row_of(panel, "THE")].tolist()[2] == 0


def test_explicit_zeros_before_the_first_sale_are_not_yet_sold():
    panel = panel_of(Rows(sales=days_of([0, 0, 2, 0, 1])))
    assert np.isnan(panel.units[0, :2]).all()
    assert panel.units[0, 2:].tolist() == [2, 0, 1]


def test_a_series_that_never_sold_but_lay_on_the_shelf_is_zero_not_unknown():
    stock = [
        {"date": LAST - dt.timedelta(days=d), "site": "LYON", "sku": "MUET", "on_hand": 9}
        for d in range(5)
    ]
    panel = panel_of(Rows(sales=days_of([1] * 5), stock=stock))
    assert panel.units[row_of(panel, "MUET")].tolist() == [0] * 5


def test_scrap_is_no_demand_and_returns_stay_negative():
    sales = [
        {"date": LAST, "site": "LYON", "sku": "CAFE", "units": 7, "kind": "scrap"},
        {"date": LAST, "site": "LYON", "sku": "THE", "units": -2, "kind": "customer"},
    ]
    panel = panel_of(Rows(sales=[*sales, *days_of([3, 3]).to_dict("records")]))
    assert panel.units[row_of(panel, "THE"), -1] == -2
    assert panel.units[row_of(panel, "CAFE"), -1] == 3


def test_absent_from_a_complete_snapshot_means_an_empty_shelf():
    yesterday = LAST - dt.timedelta(days=1)
    stock = [
        {"date": yesterday, "site": "LYON", "sku": "CAFE", "on_hand": 4},
        {"date": yesterday, "site": "LYON", "sku": "THE", "on_hand": 4},
        {"date": LAST, "site": "LYON", "sku": "THE", "on_hand": 4},
    ]
    complete = pd.DataFrame({"site": ["LYON"] * 2, "date": pd.to_datetime([yesterday, LAST])})
    declared = panel_of(Rows(stock=stock, complete=complete))
    assert declared.on_hand[row_of(declared, "CAFE"), -1] == 0
    assert declared.stock["on_hand"][row_of(declared, "CAFE")] == 0
    partial = panel_of(Rows(stock=stock))
    assert np.isnan(partial.on_hand[row_of(partial, "CAFE"), -1])


@pytest.mark.parametrize("told", [{}, {"availability": 1.0}], ids=["nothing", "availability"])
@pytest.mark.parametrize("alone", [False, True], ids=["beside a quantity", "alone in its quarter"])
def test_what_a_complete_snapshot_names_without_its_quantity_is_not_absent(told, alone):
    first = day("2026-08-01") if alone else LAST - dt.timedelta(days=1)
    stock = [{"date": first, "site": "LYON", "sku": sku, "on_hand": 4} for sku in ("CAFE", "THE")]
    stock.append({"date": LAST, "site": "LYON", "sku": "CAFE", "on_hand": np.nan, **told})
    if not alone:
        stock.append({"date": LAST, "site": "LYON", "sku": "MATE", "on_hand": 1})
    complete = pd.DataFrame({"site": ["LYON"] * 2, "date": pd.to_datetime([first, LAST])})
    panel = panel_of(Rows(stock=stock, complete=complete))
    there, gone = row_of(panel, "CAFE"), row_of(panel, "THE")
    assert np.isnan(panel.on_hand[there, -1]), "how much there is of it, nobody says"
    assert panel.stock.loc[there, ["on_hand", "stock_on"]].tolist() == [4, pd.Timestamp(first)]
    assert panel.on_hand[gone, -1] == 0
    assert panel.stock.loc[gone, ["on_hand", "stock_on"]].tolist() == [0, pd.Timestamp(LAST)]


@pytest.mark.parametrize("frequency", ["D", "W", "M"])
def test_absence_from_the_last_complete_snapshot_counts_until_the_origin(frequency):
    first, last = day("2026-11-08"), day("2026-11-15")
    picture = {"site": "LYON", "sku": "CAFE", "on_hand": 9, "date": first}
    other = picture | {"sku": "THE"}
    complete = pd.DataFrame({"site": ["LYON"] * 2, "date": pd.to_datetime([first, last])})
    panel = panel_of(
        Rows(
            sales=days_of([1] * 10, sku="THE", last=first),
            stock=[picture, other, other | {"date": last}],
            complete=complete,
        ),
        as_of=day("2026-11-30"),
        frequency=Frequency(frequency),
    )
    gone = row_of(panel, "CAFE")
    assert panel.on_hand[gone, int(np.flatnonzero(panel.on_hand[gone] >= 0)[-1])] == 0
    assert panel.stock.loc[gone, ["on_hand", "sellable", "stock_on"]].tolist() == [
        0,
        0,
        pd.Timestamp(last),
    ]
    before = panel_of(
        Rows(stock=[picture, other, other | {"date": last}], complete=complete),
        as_of=day("2026-11-14"),
    )
    assert before.stock["on_hand"].tolist() == [9, 9], "a later snapshot says nothing of today"


def test_each_series_is_rolled_by_its_own_receipts_or_movements():
    picture = {"date": LAST - dt.timedelta(days=3), "site": "LYON", "on_hand": 5}
    receipt = {"order_id": "X", "received_on": LAST, "units": 7, "site": "LYON", "sku": "A"}
    booked = {"date": LAST, "site": "LYON", "units": 3, "kind": "receipt"}
    panel = panel_of(
        Rows(
            stock=[picture | {"sku": sku} for sku in "ABC"],
            sales=[{"date": LAST, "site": "LYON", "sku": "C", "units": 8}],
            receipts=[receipt],
            movements=[booked | {"sku": "A"}, booked | {"sku": "B"}],
        )
    )
    assert panel.stock["on_hand"].tolist() == [12, 8, 0], "never twice, and never below empty"
    assert np.nansum(panel.receipts, axis=1).tolist() == [7, 3, 0]


def test_old_stock_is_rolled_forward_by_sales_and_receipts_and_says_so():
    sales = days_of([2, 2, 2])
    stock = [
        {
            "date": LAST - dt.timedelta(days=2),
            "site": "LYON",
            "sku": "CAFE",
            "on_hand": 10,
            "blocked": 1,
        }
    ]
    receipts = [
        {"order_id": "PO-1", "received_on": LAST, "units": 5, "site": "LYON", "sku": "CAFE"}
    ]
    now = panel_of(Rows(sales=sales, stock=stock, receipts=receipts)).stock.iloc[0]
    assert (now["on_hand"], now["sellable"], now["rolled"]) == (10 - 4 + 5, 10 - 4 + 5 - 1, True)
    assert now["stale_days"] == 2


def test_expired_lots_are_not_sellable():
    stock = [
        {
            "date": LAST,
            "site": "LYON",
            "sku": "LAIT",
            "on_hand": 5,
            "lot": "A",
            "expires_on": day("2026-11-01"),
        },
        {
            "date": LAST,
            "site": "LYON",
            "sku": "LAIT",
            "on_hand": 3,
            "lot": "B",
            "expires_on": day("2027-01-01"),
        },
    ]
    now = panel_of(Rows(stock=stock)).stock.iloc[0]
    assert (now["on_hand"], now["sellable"]) == (8, 3)


ORDER = {
    "order_id": "PO-1", "site": "LYON", "sku": "CAFE", "supplier": "NOVA", "units_ordered": 40,
    "ordered_on": day("2026-11-01"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "as_of", "units_open"),
    [
        pytest.param({"status": "open"}, "2026-11-22", 40, id="still open"),
        pytest.param({"status": "open"}, "2026-10-31", None, id="not yet placed"),
        pytest.param(
            {"status": "received", "received_on": day("2026-11-15")}, "2026-11-10", 40,
            id="received since: it was open that day",
        ),
        pytest.param(
            {"status": "received", "received_on": day("2026-11-15")}, "2026-11-20", None,
            id="received by then",
        ),
        pytest.param(
            {"status": "cancelled", "cancelled_on": day("2026-11-15")}, "2026-11-10", 40,
            id="cancelled since: it was open that day",
        ),
        pytest.param(
            {"status": "cancelled", "cancelled_on": day("2026-11-15")}, "2026-11-20", None,
            id="cancelled by then",
        ),
        pytest.param({"status": "closed"}, "2026-11-20", None, id="closed nobody knows when"),
    ],
)  # fmt: skip
def test_the_order_book_is_that_of_the_day(facts, as_of, units_open):
    rows = Rows(sales=days_of([1] * 60), orders=[ORDER | facts])
    orders = panel_of(rows, as_of=day(as_of)).orders
    assert orders["units_open"].tolist() == ([] if units_open is None else [units_open])


@pytest.mark.parametrize(
    ("facts", "promised_on"),
    [
        pytest.param({"promised_on": day("2026-11-12")}, "2026-11-12", id="the first promise"),
        pytest.param(
            {
                "expected_on": day("2026-11-30"),
                "promised_on": day("2026-11-12"),
                "promise_known_on": day("2026-11-05"),
            },
            "2026-11-30", id="a new date known in time",
        ),
        pytest.param(
            {
                "expected_on": day("2026-11-30"),
                "promised_on": day("2026-11-12"),
                "promise_known_on": day("2026-11-15"),
            },
            "2026-11-12", id="the first promise until the new date is known",
        ),
        pytest.param(
            {"expected_on": day("2026-11-30"), "promise_known_on": day("2026-11-15")},
            "2026-11-08", id="a date made known later does not count: master lead time",
        ),
        pytest.param(
            {"expected_on": day("2026-11-30")}, "2026-11-08", id="today's date has no history"
        ),
    ],
)  # fmt: skip
def test_the_promise_is_the_one_known_then(facts, promised_on):
    items = [{"sku": "CAFE", "lead_time_days": 7}]
    rows = Rows(sales=days_of([1] * 60), items=items, orders=[ORDER | {"status": "open"} | facts])
    orders = panel_of(rows, as_of=day("2026-11-10")).orders
    assert orders["promised_on"].tolist() == [pd.Timestamp(promised_on)]


def test_receipts_in_parts_leave_the_rest_open():
    receipts = [
        {"order_id": "PO-1", "received_on": day("2026-11-10"), "units": 15},
        {"order_id": "PO-1", "received_on": day("2026-11-18"), "units": 10},
    ]
    rows = Rows(sales=days_of([1] * 60), orders=[ORDER | {"status": "open"}], receipts=receipts)
    at_first = panel_of(rows, as_of=day("2026-11-12"))
    assert at_first.orders["units_open"].tolist() == [25]
    assert at_first.order_history["received_on"].tolist() == [pd.Timestamp("2026-11-10")]
    later = panel_of(rows)
    assert later.orders["units_open"].tolist() == [15]
    for name, date in (("received_on", "2026-11-10"), ("last_received_on", "2026-11-18")):
        assert later.order_history[name].tolist() == [pd.Timestamp(date)]
    assert np.nansum(later.receipts) == 25


@pytest.mark.parametrize(
    ("lines", "receipt", "units_open"),
    [
        ([("10", "CAFE")], {"sku": "CAFE"}, [28]),
        ([("10", "CAFE")], {}, [28]),
        ([("", "CAFE")], {"sku": "CAFE", "line": "10"}, [28]),
        ([("", "CAFE")], {"line": "10"}, [28]),
        ([("10", "CAFE"), ("20", "THE")], {"sku": "THE"}, [40, 28]),
        ([("10", "CAFE"), ("20", "THE")], {}, [40, 40]),
        ([("10", "CAFE"), ("20", "CAFE")], {"sku": "CAFE"}, [40, 40]),
        ([("10", "CAFE")], {"sku": "CAFE", "line": "20"}, [40]),
        ([("10", "CAFE")], {"sku": "THE"}, [40]),
        ([], {"sku": "CAFE"}, []),
    ],
    ids=[
        *("order line numbered", "its item not told either", "receipt numbered"),
        *("and its item not told", "one line of the item", "which of two items", "which of two"),
        *("another line", "another item", "no order at all"),
    ],
)
def test_a_receipt_is_of_the_one_line_where_only_one_side_numbers_them(lines, receipt, units_open):
    orders = [ORDER | {"status": "open", "line": line, "sku": sku} for line, sku in lines]
    came = {"order_id": "PO-1", "received_on": day("2026-11-18"), "units": 12, **receipt}
    panel = panel_of(Rows(sales=days_of([1] * 60), orders=orders, receipts=[came]))
    assert panel.orders["units_open"].tolist() == units_open


def test_a_line_of_kilograms_that_came_in_parts_is_not_open():
    """0.7 and 0.1 are 0.8, whatever a computer adds up to."""
    receipts = [
        {"order_id": "PO-1", "received_on": day(date), "units": units}
        for date, units in (("2026-11-10", 0.7), ("2026-11-18", 0.1))
    ]
    orders = [ORDER | {"status": "open", "units_ordered": 0.8}]
    panel = panel_of(Rows(sales=days_of([1] * 60), orders=orders, receipts=receipts))
    assert panel.orders.empty
    assert panel.order_history["units_received"].tolist() == [0.8]


def test_a_shelf_of_kilograms_that_sold_out_since_its_picture_is_empty():
    sales = days_of([0.5] * 30 + [0.7, 0.1])
    stock = [{"date": LAST - dt.timedelta(days=2), "site": "LYON", "sku": "CAFE", "on_hand": 0.8}]
    assert panel_of(Rows(sales=sales, stock=stock)).stock["sellable"].tolist() == [0.0]


@pytest.mark.parametrize(
    ("receipts", "units_open"),
    [
        pytest.param({"2026-11-18": 40}, [40], id="nothing had come"),
        pytest.param({"2026-11-08": 10, "2026-11-18": 30}, [30], id="a part had come"),
        pytest.param({"2026-11-08": 10}, [], id="the rest was given up"),
        pytest.param({}, [], id="nobody knows when"),
    ],
)
def test_a_line_received_today_was_open_until_its_last_receipt(receipts, units_open):
    came = [
        {"order_id": "PO-1", "received_on": day(date), "units": units}
        for date, units in receipts.items()
    ]
    orders = [ORDER | {"status": "received"}]
    panel = panel_of(
        Rows(sales=days_of([1] * 60), orders=orders, receipts=came), as_of=day("2026-11-10")
    )
    assert panel.orders["units_open"].tolist() == units_open
    assert panel.watermarks.get("receipts", day("2026-11-08")) <= day("2026-11-10")


def test_the_lead_time_is_the_suppliers_for_that_site_in_calendar_days():
    terms = [
        {"supplier": "NOVA", "site": "", "lead_time_days": 5, "lead_time_basis": "working"},
        {"supplier": "NOVA", "site": "PARIS", "lead_time_days": 30},
    ]
    items = [{"sku": "CAFE", "lead_time_days": 1e15}]
    orders = [
        ORDER | {"status": "open"},
        ORDER | {"status": "open", "order_id": "PO-2", "site": "PARIS"},
        ORDER | {"status": "open", "order_id": "PO-3", "supplier": "OTHER"},
    ]
    panel = panel_of(Rows(sales=days_of([1] * 60), items=items, orders=orders, suppliers=terms))
    waits = (panel.orders["promised_on"] - panel.orders["ordered_on"]).dt.days
    assert dict(zip(panel.orders["order_id"], waits, strict=True)) == {
        "PO-1": 7,
        "PO-2": 30,
        "PO-3": 3650,
    }, "five working days are a week; an absurd master ends no run"


@pytest.mark.parametrize(
    ("facts", "supplier", "waits"),
    [
        pytest.param({"supplier": ""}, "NOVA", 5, id="the item's"),
        pytest.param({"supplier": "", "site": "PARIS"}, "KLIM", 9, id="the policy's"),
        pytest.param({"supplier": "", "site": "BREST"}, "", 3, id="a site sends, it may be"),
        pytest.param({"supplier": "", "source_site": "PARIS"}, "", 3, id="a transfer"),
        pytest.param({"supplier": "OTHER"}, "OTHER", 3, id="it says so itself"),
        pytest.param({"supplier": "", "sku": "THE"}, "", np.nan, id="nobody knows the item"),
    ],
)
def test_a_line_that_names_nobody_is_of_who_usually_delivers(facts, supplier, waits):
    terms = [
        {"supplier": "NOVA", "site": "", "lead_time_days": 5},
        {"supplier": "KLIM", "site": "", "lead_time_days": 9},
    ]
    policies = [
        {"site": "PARIS", "sku": "CAFE", "source": "KLIM"},
        {"site": "BREST", "sku": "CAFE", "source": "PARIS"},
    ]
    rows = Rows(
        sales=days_of([1] * 60),
        items=[{"sku": "CAFE", "supplier": "NOVA", "lead_time_days": 3}],
        suppliers=terms,
        policies=policies,
        orders=[ORDER | {"status": "open"} | facts],
    )
    line = panel_of(rows).orders.iloc[0]
    assert line["supplier"] == supplier
    waited = (line["promised_on"] - line["ordered_on"]).days
    assert waited == pytest.approx(waits, nan_ok=True)


def test_booked_customer_orders_open_that_day():
    line = {
        "order_id": "C1",
        "site": "LYON",
        "sku": "CAFE",
        "units_ordered": 12,
        "ordered_on": day("2026-11-02"),
    }
    shipped = line | {"order_id": "C2", "shipped_on": day("2026-11-20"), "units_shipped": 12}
    rows = Rows(sales=days_of([1] * 60), customer_orders=[line, shipped])
    assert panel_of(rows, as_of=day("2026-11-10")).customer_orders["units_open"].tolist() == [
        12,
        12,
    ]
    assert panel_of(rows).customer_orders["units_open"].tolist() == [12]


def test_masters_count_from_their_first_day():
    items = [
        {"sku": "CAFE", "unit_price": 3.0},
        {"sku": "CAFE", "unit_price": 4.0, "valid_from": day("2026-11-15")},
    ]
    rows = Rows(sales=days_of([1] * 60), items=items)
    assert panel_of(rows, as_of=day("2026-11-14")).series["unit_price"].tolist() == [3.0]
    assert panel_of(rows).series["unit_price"].tolist() == [4.0]


def test_outside_the_assortment():
    assortment = [
        {"site": "LYON", "sku": "CAFE", "from": day("2026-01-01"), "to": day("2026-11-10")}
    ]
    rows = Rows(sales=days_of([1] * 60), assortment=assortment)
    assert not panel_of(rows).series["in_assortment"].any()
    assert panel_of(rows, as_of=day("2026-11-10")).series["in_assortment"].all()


def test_an_assortment_still_to_come_is_a_plan_and_no_news_of_what_is_sold():
    begins = {"site": "LYON", "from": day("2027-01-01")}
    rows = Rows(
        sales=days_of([1] * 60),
        assortment=[
            begins | {"sku": "CAFE"},
            begins | {"sku": "LAUNCH"},
            begins | {"sku": "LATER"},
        ],
        policies=[{"site": "LYON", "sku": "LAUNCH", "reorder_point": 5}],
    )
    series = panel_of(rows).series
    assert dict(zip(series["sku"], series["in_assortment"], strict=True)) == {
        "CAFE": True,
        "LAUNCH": False,
    }


def test_a_series_named_only_by_an_order_of_a_customer_or_a_movement_has_a_row():
    booked = {"order_id": "C1", "site": "LYON", "sku": "NEW", "units_ordered": 3}
    moved = {"date": LAST, "site": "LYON", "sku": "MOVED", "units": 2, "kind": "receipt"}
    panel = panel_of(
        Rows(
            sales=days_of([1] * 60),
            customer_orders=[booked | {"ordered_on": LAST}],
            movements=[moved],
        )
    )
    assert panel.series["sku"].tolist() == ["CAFE", "MOVED", "NEW"]
    assert panel.customer_orders["series"].tolist() == [2]


def test_one_row_dated_a_century_ago_does_not_make_a_century_of_columns():
    old = days_of([7], last=day("1900-01-01"), sku="CAFE")
    shelf = {"date": day("1900-01-01"), "site": "LYON", "sku": "CAFE", "on_hand": 4}
    panel = panel_of(Rows(sales=pd.concat([days_of([1] * 60), old]), stock=[shelf]))
    assert panel.units.shape == (1, 60)
    assert np.isnan(panel.stock["on_hand"][0])


def test_events_of_the_future_count_only_if_known():
    events = [
        {"start": day("2026-12-01"), "kind": "promotion", "name": "known in advance"},
        {
            "start": day("2026-12-01"),
            "kind": "promotion",
            "name": "announced later",
            "known_on": day("2026-11-25"),
        },
        {"start": day("2026-12-01"), "kind": "weather", "name": "storm"},
        {"start": day("2026-11-01"), "kind": "weather", "name": "past storm"},
    ]
    panel = panel_of(Rows(sales=days_of([1] * 60), events=events))
    assert panel.events["name"].tolist() == ["known in advance", "past storm"]


def test_a_month_dated_by_its_first_day_is_complete():
    dates = [dt.date(2026, month, 1) for month in range(1, 11)]
    rows = Rows(sales=[{"date": d, "site": "LYON", "sku": "CAFE", "units": 3} for d in dates])
    panel = panel_of(rows, as_of=day("2026-10-31"), frequency=Frequency.MONTH)
    assert panel.units.shape == (1, 10)
    assert default_origin(rows, Options(frequency=Frequency.MONTH)) == panel.origin


@pytest.mark.parametrize(
    ("frequency", "firsts", "before", "inside", "last_day"),
    [
        (Frequency.MONTH, "2026-09-01 2026-10-01 2026-11-01", "2026-10-31", "2026-11-01", "11-30"),
        (Frequency.WEEK, "2026-11-09 2026-11-16 2026-11-23", "2026-11-22", "2026-11-27", "11-29"),
    ],
)
def test_the_period_in_which_the_clock_stands_is_not_complete(
    frequency, firsts, before, inside, last_day
):
    rows = Rows(
        sales=[
            {"date": day(one), "site": "LYON", "sku": "CAFE", "units": 3} for one in firsts.split()
        ]
    )
    options, over = Options(frequency=frequency), day(f"2026-{last_day}")
    for today, expected in ((day(inside), day(before)), (over, over), (None, over)):
        assert end_date(default_origin(rows, options, today), frequency) == expected


@pytest.mark.parametrize(
    ("sold", "today", "expected"),
    [
        pytest.param(4.0, LAST, LAST - dt.timedelta(days=1), id="less than half by now"),
        pytest.param(5.0, LAST, LAST, id="half of the usual is a poor day"),
        pytest.param(4.0, LAST + dt.timedelta(days=1), LAST, id="the day is over"),
        pytest.param(4.0, None, LAST, id="no clock"),
    ],
)
def test_a_day_that_still_sells_is_no_origin(sold, today, expected):
    rows = Rows(sales=days_of([10.0] * 27 + [sold]))
    assert end_date(default_origin(rows, Options(), today), Frequency.DAY) == expected
    returned = {"date": LAST, "site": "LYON", "sku": "CAFE", "units": -20.0, "line_id": "2"}
    more = Rows(sales=[*days_of([10.0] * 27 + [sold]).to_dict("records"), returned])
    assert end_date(default_origin(more, Options(), today), Frequency.DAY) == expected


def test_a_day_is_not_called_unfinished_without_a_usual_one():
    for before in (13, 6):  # once the same weekday, or never
        rows = Rows(sales=days_of([10.0] * before + [1.0]))
        assert end_date(default_origin(rows, Options(), LAST), Frequency.DAY) == LAST


def test_an_unfinished_month_is_no_origin():
    rows = Rows(sales=days_of([1] * 60, last=day("2026-10-15")))
    assert panel_of(rows, as_of=day("2026-10-15"), frequency=Frequency.MONTH).origin_date == day(
        "2026-09-30"
    )


def test_nothing_before_the_data_is_said_clearly():
    with pytest.raises(NotReady, match="Nothing is dated up to 2020-01-01"):
        panel_of(Rows(sales=days_of([1, 2])), as_of=day("2020-01-01"))
    with pytest.raises(NotReady, match="no sales and no stock"):
        default_origin(Rows(), Options())


def test_the_digest_names_the_data():
    sales = days_of([1, 2, 3])
    assert panel_of(Rows(sales=sales)).digest == panel_of(Rows(sales=sales.iloc[::-1])).digest
    other = sales.assign(units=[1, 2, 4])
    assert panel_of(Rows(sales=sales)).digest != panel_of(Rows(sales=other)).digest


def test_what_a_unit_is_called_changes_no_data():
    panel = panel_of(Rows(sales=days_of([1, 2, 3])))
    weighed = replace(panel, series=panel.series.assign(uom="kg"))
    made_before = replace(panel, series=panel.series.drop(columns="uom"))
    assert weighed.digest == panel.digest == made_before.digest
    dearer = replace(panel, series=panel.series.assign(unit_cost=9.0))
    assert dearer.digest != panel.digest


def test_one_sale_dated_by_a_slip_of_the_pen_is_no_origin():
    slip = {"date": dt.date(2199, 1, 1), "site": "LYON", "sku": "CAFE", "units": 1.0}
    rows = Rows(sales=[*days_of([3, 4, 5]).to_dict("records"), slip])
    assert end_date(default_origin(rows, Options()), Frequency.DAY) == LAST
    alone = Rows(sales=[slip])
    assert end_date(default_origin(alone, Options()), Frequency.DAY) == slip["date"]


def test_a_sale_dated_ahead_moves_no_origin_into_the_future():
    ahead = {"date": day("2026-12-01"), "site": "LYON", "sku": "CAFE", "units": 9.0}
    rows = Rows(sales=[*days_of([3, 4, 5, 2, 4, 6]).to_dict("records"), ahead])
    today = day("2026-11-27")
    assert end_date(default_origin(rows, Options()), Frequency.DAY) == ahead["date"]
    assert end_date(default_origin(rows, Options(), today), Frequency.DAY) == LAST
    assert end_date(default_origin(rows, Options(), ahead["date"]), Frequency.DAY) == ahead["date"]
    few = Rows(sales=[*days_of([3, 4]).to_dict("records"), ahead])
    assert end_date(default_origin(few, Options(), today), Frequency.DAY) == LAST
    with pytest.raises(NotReady, match="All sales are dated after today, 2026-11-27"):
        default_origin(Rows(sales=[ahead]), Options(), today)


def test_a_company_that_lives_ahead_of_the_clock_has_its_own_origin():
    rows = Rows(sales=days_of([3, 4, 5, 2, 4, 6]))
    for back in (1, 3):
        clock = LAST - dt.timedelta(days=back)
        assert end_date(default_origin(rows, Options(), clock), Frequency.DAY) == LAST
    slip = {"date": day("2026-12-20"), "site": "LYON", "sku": "CAFE", "units": 9.0}
    both = Rows(sales=[*days_of(np.full(40, 3.0)).to_dict("records"), slip])
    clock = LAST - dt.timedelta(days=3)
    assert end_date(default_origin(both, Options(), clock), Frequency.DAY) == LAST


def test_lots_with_their_last_day_are_kept_where_some_are_dated():
    picture = {"date": LAST, "site": "LYON"}
    lots = [
        picture | {"sku": "LAIT", "on_hand": 5, "lot": "A", "expires_on": day("2026-11-21")},
        picture
        | {"sku": "LAIT", "on_hand": 3, "blocked": 1, "lot": "B", "expires_on": day("2026-11-25")},
        picture | {"sku": "LAIT", "on_hand": 9, "lot": "C"},
        picture | {"sku": "SEL", "on_hand": 7, "lot": "D"},
        picture | {"date": day("2026-11-01"), "sku": "LAIT", "on_hand": 8, "lot": "E"},
    ]
    kept = panel_of(Rows(stock=lots)).lots
    assert kept["series"].tolist() == [0, 0]
    assert kept["units"].tolist() == [2.0, 9.0]
    assert kept["expires_on"].isna().tolist() == [False, True]
    assert not len(panel_of(Rows(stock=lots[3:4])).lots)


def test_counts_and_adjustments_are_kept_as_corrections():
    booked = {"site": "LYON", "sku": "CAFE", "date": LAST, "units": -2}
    movements = [booked | {"kind": kind} for kind in ("count", "adjustment", "issue", "scrap")]
    movements.append(booked | {"kind": "count", "date": LAST + dt.timedelta(days=1)})
    sales = days_of([1, 1, 1])
    found = panel_of(Rows(sales=sales, movements=movements)).corrections
    assert found.to_numpy().tolist() == [[0, pd.Timestamp(LAST), -2.0]] * 2


def test_what_came_nobody_knows_when_is_open_no_more():
    """An ERP's order list says how much was received or shipped so far, not on which day."""
    booked = {"order_id": "C1", "site": "LYON", "sku": "CAFE", "ordered_on": day("2026-11-02")}
    panel = panel_of(
        Rows(
            sales=days_of([1] * 60),
            orders=[ORDER | {"status": "open", "units_received": 15}],
            customer_orders=[
                booked | {"units_ordered": 12, "units_shipped": 12},
                booked | {"order_id": "C2", "units_ordered": 12, "units_shipped": 5},
                booked | {"order_id": "C3", "units_ordered": 12},
            ],
        )
    )
    assert panel.orders["units_open"].tolist() == [25]
    assert dict(panel.customer_orders[["order_id", "units_open"]].to_numpy().tolist()) == {
        "C2": 7,
        "C3": 12,
    }


@pytest.mark.parametrize("text", [pa.null(), pa.string(), pa.dictionary(pa.int32(), pa.string())])
@pytest.mark.parametrize("count", [0, 2])
def test_blank_columns_have_the_blanks_of_their_kind(text: pa.DataType, count: int) -> None:
    """However Arrow types what is blank throughout, or left out."""
    words = pa.nulls(count) if text == pa.null() else pa.nulls(count, pa.string()).cast(text)
    rows = pa.table({"sku": ["A"] * count, "description": words, "unit_cost": pa.nulls(count)})
    found = frame_of(rows, "items")
    assert found["description"].tolist() == found["category"].tolist() == [""] * count
    assert found["unit_cost"].isna().all()
    assert found["unit_cost"].dtype == "float64"
    assert found["valid_from"].dtype == "datetime64[s]"

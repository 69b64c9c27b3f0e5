"""What a record promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.errors import DeliveryRefused, MissingColumns, UnknownName
from forecasting.feeds.reading import Batch
from forecasting.record import Receipt, Record
from forecasting.tables import FEEDS
from tests.record.readings_by_hand import (
    NOON,
    batch_of,
    day,
    order,
    reading_of,
    rows_of,
    sale,
    shelf,
)


def units(record: Record, **cut: dt.date) -> dict[tuple[str, str], float]:
    rows = record.rows("sales", **cut).to_pylist()
    return {(row["date"].isoformat()[5:], row["sku"]): row["units"] for row in rows}


def deliver(record: Record, *batches: Batch, source: str = "") -> Receipt:
    return record.deliver(reading_of(*batches, source=source), received_at=NOON)


AWKWARD = {
    "items": [
        {"sku": "00042", "description": 'a "quoted", name\nover two lines', "unit_cost": 0.1 + 0.2},
        {"sku": "NA", "valid_from": "01-01", "unit_cost": 1e15, "pack_size": 6.0},
        {"sku": "22E1", "description": "thé № 5 \\. \\N", "introduced_on": "1969-12-31"},
    ],
    "sites": [{"site": "Évry", "latitude": 48.62, "country": "FR"}, {"site": "A"}],
    "suppliers": [{"supplier": "NOVA", "site": "LYON", "order_days": "0,3"}, {"supplier": "B"}],
    "assortment": [{"site": "LYON", "sku": "TEA"}, {"site": "LYON", "sku": "TEA", "from": "02-01"}],
    "policies": [{"site": "LYON", "sku": "TEA", "source": "NOVA", "service_target": 0.95}],
    "sales": [
        sale("03-01", "TEA", 3.0, price=2.5),
        sale("03-01", "NA", -1.0, line_id="7", kind="customer"),
        sale("03-02", "TEA", 0.0, site="BREST"),
    ],
    "stock": [shelf("03-01", "TEA", 4.0), {**shelf("03-01", "TEA", 1.0), "lot": "L2"}],
    "movements": [
        {**sale("03-01", "TEA", -2.0), "kind": "issue", "reference": "a,b"},
        {**sale("03-01", "TEA", 5.0), "kind": "receipt"},
    ],
    "orders": [order("PO-1", "03-01", 12.0, line="1", promised_on="03-09", status="open")],
    "receipts": [{"order_id": "PO-1", "received_on": "03-08", "units": 12.0, "line": "1"}],
    "customer_orders": [order("SO-1", "03-01", 2.0, customer="Ministère")],
    "events": [
        {"start": "07-14", "kind": "holiday", "name": "Fête"},
        {"start": "01-05", "kind": "price", "value": 2.0},
    ],
    "costs": [
        {"period_start": "03-01", "site": "LYON", "kind": "transport", "amount": 812.5},
        {
            **{"period_start": "03-01", "site": "LYON", "kind": "transport", "amount": -12.0},
            **{"period_end": "03-15", "currency": "CHF", "supplier": "NOVA"},
        },
    ],
    "incidents": [
        {"occurred_on": "03-04", "site": "LYON", "side": "customer", "kind": "cassé", "units": 2.0},
        {"occurred_on": "03-04", "site": "LYON", "side": "supplier", "units": 1.0},
    ],
}


@pytest.mark.parametrize("feed", list(FEEDS))
def test_rows_read_back_are_the_rows_delivered(record: Record, feed: str) -> None:
    deliver(record, batch_of(feed, *AWKWARD[feed]))

    read = record.rows(feed)

    assert read.column_names == [*FEEDS[feed].names, "delivery"]
    found = read.drop_columns("delivery").to_pylist()
    empty = {c.name: None if c.kind in ("number", "date") else "" for c in FEEDS[feed].columns}
    wanted = [
        {**empty, **row}
        for row in rows_of(feed, AWKWARD[feed]).drop_columns("file_line").to_pylist()
    ]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)
    assert set(read.column("delivery").to_pylist()) == {1}


@pytest.mark.parametrize("feed", list(FEEDS))
def test_a_feed_without_deliveries_gives_a_table_without_rows(record: Record, feed: str) -> None:
    assert record.rows(feed).num_rows == 0
    assert record.rows(feed).column_names == [*FEEDS[feed].names, "delivery"]
    assert record.watermarks() == {}


def test_the_same_delivery_again_changes_nothing(record: Record) -> None:
    first = deliver(record, batch_of("sales", sale("03-01", "TEA", 3.0)))
    deliver(record, batch_of("sales", sale("03-01", "TEA", 5.0)))

    again = deliver(record, batch_of("sales", sale("03-01", "TEA", 3.0)))

    assert (first.repeated, again.repeated) == (False, True)
    assert again.delivery == first.delivery
    assert again.read == 1
    assert units(record) == {("03-01", "TEA"): 5.0}
    assert list(record.deliveries()["number"]) == [2, 1]


def test_rows_of_an_item_that_nobody_knows_yet_wait_for_it_and_are_told(record: Record) -> None:
    """Nothing is replayed: the rows are in, and the item belongs to them when it comes."""
    unknown = batch_of("sales", sale("03-01", "TEA", 3.0), sale("03-01", "TEE", 1.0))
    assert deliver(record, unknown).notes == ("by hand",), "no item is known: nobody sends them"
    deliver(record, batch_of("items", {"sku": "TEA"}))
    later = batch_of("sales", sale("03-02", "TEA", 3.0), sale("03-02", "TEE", 1.0))
    assert deliver(record, later).notes == (
        "by hand",
        "1 sku(s) that no item has yet, kept until it comes: 'TEE'",
    )
    assert units(record)["03-02", "TEE"] == 1.0
    deliver(record, batch_of("items", {"sku": "TEE", "description": "thé"}))
    assert deliver(record, batch_of("sales", sale("03-03", "TEE", 2.0))).notes == ("by hand",)


def test_the_latest_delivery_of_a_key_is_the_current_row(record: Record) -> None:
    deliver(record, batch_of("sales", sale("03-01", "TEA", 3.0), sale("03-02", "TEA", 4.0)))
    deliver(record, batch_of("sales", sale("02-01", "TEA", 1.0), sale("03-01", "TEA", 0.0)))

    assert units(record) == {("02-01", "TEA"): 1.0, ("03-01", "TEA"): 0.0, ("03-02", "TEA"): 4.0}
    assert record.rows("sales").column("delivery").to_pylist() == [2, 2, 1]


def test_lines_of_a_day_are_rows_of_their_own(record: Record) -> None:
    lines = [sale("03-01", "TEA", 1.0, line_id=str(n)) for n in (1, 2, 10)]
    deliver(record, batch_of("sales", *lines))
    deliver(record, batch_of("sales", sale("03-01", "TEA", 7.0, line_id="2")))

    rows = record.rows("sales").to_pylist()
    assert {row["line_id"]: row["units"] for row in rows} == {"1": 1.0, "10": 1.0, "2": 7.0}


def test_an_empty_delivery_never_wipes(record: Record) -> None:
    deliver(record, batch_of("stock", shelf("03-01", "TEA", 3.0), complete=True))
    receipt = deliver(record, batch_of("stock", complete=True), source="empty.csv")

    assert (receipt.accepted, receipt.repeated) == (0, False)
    assert record.rows("stock").num_rows == 1
    assert record.complete_stock_dates()["delivery"].tolist() == [1]


def test_a_cut_includes_both_its_days(record: Record) -> None:
    deliver(record, batch_of("sales", *(sale(f"03-0{n}", "TEA", n) for n in range(1, 6))))

    inside = units(record, since=day("03-02"), until=day("03-04"))
    assert inside == {("03-02", "TEA"): 2.0, ("03-03", "TEA"): 3.0, ("03-04", "TEA"): 4.0}


def test_dates_before_1970_come_in_order(record: Record) -> None:
    deliver(record, batch_of("sales", *(sale(d, "TEA", 1) for d in ("1969-12-31", "1970-01-01"))))

    assert record.first_dates() == {"sales": dt.date(1969, 12, 31)}
    assert record.watermarks() == {"sales": dt.date(1970, 1, 1)}


def test_an_order_whose_date_is_corrected_leaves_its_old_date(record: Record) -> None:
    deliver(record, batch_of("orders", order("PO-1", "2062-03-01", 12.0)))
    deliver(record, batch_of("orders", order("PO-1", "03-01", 12.0, site="BREST")))

    assert record.rows("orders", since=day("2062-01-01")).num_rows == 0
    assert record.rows("orders").column("site").to_pylist() == ["BREST"]
    assert record.watermarks() == {"orders": day("03-01")}


def test_a_later_complete_snapshot_supersedes_what_it_leaves_out(record: Record) -> None:
    both = [shelf("03-01", "TEA", 3.0), shelf("03-01", "MATE", 2.0)]
    elsewhere = shelf("03-01", "TEA", 9.0, site="BREST")
    deliver(record, batch_of("stock", *both, elsewhere, complete=True))
    deliver(record, batch_of("stock", shelf("03-01", "MATE", 1.0), complete=True))
    deliver(record, batch_of("stock", shelf("03-01", "SENCHA", 8.0)))

    found = [(r["site"], r["sku"], r["on_hand"]) for r in record.rows("stock").to_pylist()]
    assert found == [("BREST", "TEA", 9.0), ("LYON", "MATE", 1.0), ("LYON", "SENCHA", 8.0)]
    spoken = record.complete_stock_dates()
    assert list(zip(spoken["site"], spoken["delivery"], strict=True)) == [("BREST", 1), ("LYON", 2)]
    assert spoken["date"].dt.date.tolist() == [day("03-01")] * 2


def test_one_file_may_bring_several_feeds(record: Record) -> None:
    receipt = deliver(
        record,
        batch_of("sales", sale("03-01", "TEA", 1)),
        batch_of("stock", shelf("03-01", "TEA", 5)),
    )

    assert receipt.accepted == 2
    assert record.series()[["site", "sku"]].values.tolist() == [["LYON", "TEA"]]
    assert set(record.watermarks()) == {"sales", "stock"}


def test_rejects_are_kept_with_their_raw_text(record: Record) -> None:
    raw = "2026-03-01;LYON;A\0B;\udce9"
    rejects = [(7, "units", "not_a_number", "'x' is no number", raw), (None, "", "shape", "", "")]
    reading = reading_of(
        batch_of("sales", sale("03-01", "TEA", 1)), rejects=rejects, source="s.csv"
    )
    receipt = record.deliver(reading, received_at=NOON)

    kept = record.rejects(receipt.delivery)
    assert kept["line"].tolist()[0] == 7
    assert kept["line"].isna().tolist() == [False, True]
    assert kept.loc[0, "raw"] == "2026-03-01;LYON;A␀B;\\udce9"
    assert set(kept["source"]) == {"s.csv"}
    assert len(record.rejects(99)) == 0
    assert (receipt.read, receipt.accepted, receipt.rejected) == (3, 1, 2)


def test_a_receipt_says_when_in_utc(record: Record) -> None:
    paris = dt.timezone(dt.timedelta(hours=2))
    reading = reading_of(batch_of("sales", sale("03-01", "TEA", 1)))
    record.deliver(reading, received_at=dt.datetime(2026, 3, 2, 1, 30, tzinfo=paris))

    again = record.deliver(reading, received_at=NOON)
    assert again.received_at == dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.UTC)
    assert record.deliveries().loc[0, "received_at"].utcoffset() == dt.timedelta(0)


def test_two_rows_of_one_key_refuse_the_whole_delivery(record: Record) -> None:
    twice = batch_of("sales", sale("03-01", "TEA", 1), sale("03-01", "TEA", 2))
    with pytest.raises(DeliveryRefused, match="two of its sales rows have the same date"):
        deliver(record, batch_of("stock", shelf("03-01", "TEA", 1)), twice)

    assert record.deliveries().empty
    assert record.series().empty
    assert record.rows("stock").num_rows == 0


def test_a_batch_without_a_required_column_is_refused(record: Record) -> None:
    rows = rows_of("sales", [sale("03-01", "TEA", 1)]).drop_columns("units")
    with pytest.raises(MissingColumns, match="units"):
        deliver(record, Batch("sales", rows, False))
    assert record.deliveries().empty


def test_an_unknown_feed_is_named(record: Record) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'sales'"):
        record.rows("sale")


def test_plain_and_chunked_text_are_taken_too(record: Record) -> None:
    rows = rows_of("sales", [sale("03-01", "TEA", 1), sale("03-02", "MATE", 2)])
    plain = rows.set_column(2, "sku", rows.column("sku").cast(pa.string()))
    deliver(record, Batch("sales", pa.concat_tables([plain.slice(0, 1), plain.slice(1)]), False))
    assert units(record) == {("03-01", "TEA"): 1.0, ("03-02", "MATE"): 2.0}


KEYS = st.tuples(st.integers(1, 3), st.sampled_from(["A", "B"]), st.sampled_from(["", "1"]))
DELIVERIES = st.lists(st.dictionaries(KEYS, st.floats(-1e9, 1e9), min_size=1), max_size=5)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries=DELIVERIES)
def test_reading_back_is_a_dictionary_updated_in_order(
    record: Record, deliveries: list[dict[tuple[int, str, str], float]]
) -> None:
    offset = len(record.deliveries(10_000))  # examples share a record: each has a site of its own
    site = f"S{offset}-{len(record.series())}"
    model: dict[tuple[int, str, str], float] = {}
    for number, delivery in enumerate(deliveries):
        rows = [
            sale(f"03-0{d}", sku, value, site=site, line_id=line)
            for (d, sku, line), value in delivery.items()
        ]
        deliver(record, batch_of("sales", *rows), source=f"{site} {number} {delivery}")
        model |= delivery

    rows = [row for row in record.rows("sales").to_pylist() if row["site"] == site]
    assert {(r["date"].day, r["sku"], r["line_id"]): r["units"] for r in rows} == model


def test_rows_written_in_parts_are_kept_in_one_order(record: Record, monkeypatch) -> None:
    """Neither the order of the rows in the file nor the parts that they go in change anything."""
    monkeypatch.setattr("forecasting.record.bulk.ROWS_AT_ONCE", 3)
    days = ["03-02", "01-31", "03-01", "02-28", "01-01"]
    given_rows = [
        sale(text, sku, units, line_id=line)
        for units, text in enumerate(days)
        for sku in ("TEA", "CAFE")
        for line in ("2", "", "1")
    ]
    receipt = deliver(record, batch_of("sales", *given_rows))
    found = record.rows("sales").to_pylist()
    keys = [(row["date"], row["sku"], row["line_id"]) for row in found]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(given_rows)
    wanted = {day(text): float(units) for units, text in enumerate(days)}
    assert all(row["units"] == wanted[row["date"]] for row in found)
    with record.reading() as reader:
        assert len(reader.months_touched("sales", after=receipt.delivery - 1)) == 3
        assert reader.deliveries()["months_touched"].tolist() == [3]


def test_lines_are_found_by_any_code(record: Record) -> None:
    codes = ["PO-50%", "PO-%%", "PO-%s", "PO'1", "PO\\1", ":po"]
    deliver(record, batch_of("orders", *(order(code, "03-01", 1.0) for code in codes)))
    with record.reading() as reader:
        for code in codes:
            assert reader.lines_of("orders", [code])["order_id"].tolist() == [code]

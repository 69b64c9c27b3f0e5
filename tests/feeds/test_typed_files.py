"""Parquet, XLSX and JSON: values keep their types, and types are checked."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecasting.errors import DeliveryRefused
from forecasting.feeds import Reading, load_profile, read
from tests.feeds.exports import assert_balanced, faults, rows

DAY = dt.date(2026, 1, 5)


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def worksheet(*table: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def read_as(data: bytes, name: str, feed: str = "sales", profile: str = "generic") -> Reading:
    return read(data, feed, load_profile(profile), name=name)


SAME = [
    {"date": DAY, "site": "S", "sku": "00123", "units": 2.0, "price": 1.5, "file_line": 0},
    {"date": DAY, "site": "S", "sku": "NA", "units": -1.0, "price": None, "file_line": 0},
]


def test_every_form_reads_alike() -> None:
    csv = "date,site,sku,units,price\n2026-01-05,S,00123,2,1.5\n2026-01-05,S,NA,-1,\n"
    records = [
        {"date": "2026-01-05", "site": "S", "sku": "00123", "units": 2, "price": 1.5},
        {"date": "2026-01-05", "site": "S", "sku": "NA", "units": "-1"},
    ]
    head = ["date", "site", "sku", "units", "price"]
    forms = {
        "a.csv": csv.encode(),
        "a.json": json.dumps(records).encode(),
        "a.ndjson": "\n".join(json.dumps(record) for record in records).encode(),
        "a.xlsx": worksheet(
            head,
            [dt.datetime(2026, 1, 5), "S", "00123", 2, 1.5],
            ["2026-01-05", "S", "NA", -1, None],
        ),
        "a.parquet": parquet(
            date=pa.array([DAY, DAY]),
            site=pa.array(["S", "S"]).dictionary_encode(),
            sku=pa.array(["00123", "NA"], pa.large_string()),
            units=pa.array([2, -1], pa.int16()),
            price=pa.array([1.5, None]),
        ),
    }
    for name, data in forms.items():
        found = [{**row, "file_line": 0} for row in rows(read_as(data, name))]
        assert found == SAME, name
        schema = read_as(data, name).batches[0].rows.schema
        assert schema.field("sku").type == pa.dictionary(pa.int32(), pa.string()), name
        assert schema.field("date").type == pa.date32(), name


def test_parquet_values_are_checked() -> None:
    nan = float("nan")
    data = parquet(
        date=pa.array([dt.datetime(2026, 1, 5, 12)] * 6 + [None, dt.datetime(1800, 1, 1)]),
        site=["S"] * 8,
        sku=pa.array([1, 2, 3, 4, 5, 6, 7, 8]),
        units=pa.array([1.0, nan, np.inf, 2e15, None, 1.0, 1.0, 1.0]),
        price=pa.array([1.0, 1.0, 1.0, 1.0, 1.0, -1.0, 1.0, 1.0]),
    )
    reading = read_as(data, "a.parquet")
    assert faults(reading) == [
        (2, "units", "not_a_number"),
        (3, "units", "out_of_bounds"),
        (4, "units", "out_of_bounds"),
        (5, "units", "blank"),
        (6, "price", "out_of_bounds"),
        (7, "date", "blank"),
        (8, "date", "out_of_bounds"),
    ]
    assert rows(reading) == [
        {"date": DAY, "site": "S", "sku": "1", "units": 1.0, "price": 1.0, "file_line": 1}
    ]
    assert json.loads(reading.rejects["raw"][3])["sku"] == 5
    assert_balanced(reading)


def test_parquet_floats_are_no_long_codes() -> None:
    data = parquet(date=[DAY] * 2, site=["S"] * 2, sku=[123.0, 1e17], units=[1, 1])
    reading = read_as(data, "a.parquet")
    assert rows(reading)[0]["sku"] == "123"
    assert faults(reading) == [(2, "sku", "bad_text")]


def test_parquet_local_days_of_instants_with_a_zone() -> None:
    instant = pa.array([dt.datetime(2026, 1, 4, 23, 30)], pa.timestamp("us", "Europe/Paris"))
    data = parquet(date=instant, site=["S"], sku=["A"], units=[1])
    assert rows(read_as(data, "a.parquet"))[0]["date"] == DAY


def test_a_small_parquet_of_many_rows_is_refused_before_it_is_read() -> None:
    data = parquet(
        date=pa.array([DAY]).take(pa.array(np.zeros(500_000, np.int32))),
        site=pa.array(["S"]).take(pa.array(np.zeros(500_000, np.int32))),
        sku=pa.array(["A"]).take(pa.array(np.zeros(500_000, np.int32))),
        units=pa.array(np.zeros(500_000)),
    )
    assert len(data) < 20_000
    with pytest.raises(DeliveryRefused, match="500,000 rows × 4 columns"):
        read(data, "sales", load_profile("generic"), name="a.parquet", most_cells=1_000_000)


def test_a_column_of_lists_is_refused() -> None:
    data = parquet(date=[DAY], site=["S"], sku=[["A"]], units=[1])
    with pytest.raises(DeliveryRefused, match="'sku' cannot be read as text"):
        read_as(data, "a.parquet")


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_content_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(DeliveryRefused, match="its content is text"):
        read_as(b"date,site\n", name)


def test_damaged_files_are_refused() -> None:
    good = parquet(date=[DAY], site=["S"], sku=["A"], units=[1])
    with pytest.raises(DeliveryRefused, match="cannot be read as Parquet"):
        read_as(good[:-20], "a.parquet")
    with pytest.raises(DeliveryRefused, match="cannot be read as XLSX"):
        read_as(worksheet(["date"])[:-50], "a.xlsx")


def test_spreadsheet_cells() -> None:
    head = ["date", "site", "sku", "units"]
    data = worksheet(
        head,
        [DAY, "S", 4006381333931, 1],
        [],
        [DAY, "S", 12.0, 1],
        [DAY, "S", dt.date(2026, 1, 2), 1],
        [46027, "S", "A", 1],
        [DAY, "S", "A", True],
        [DAY, "S", "B", "#N/A"],
    )
    reading = read_as(data, "a.xlsx")
    assert [(r["file_line"], r["sku"]) for r in rows(reading)] == [(2, "4006381333931"), (4, "12")]
    assert faults(reading) == [
        (5, "sku", "bad_text"),
        (6, "date", "not_a_date"),
        (7, "units", "not_a_number"),
        (8, "units", "not_a_number"),
    ]


def test_typed_numbers_do_not_depend_on_the_decimal_mark() -> None:
    data = worksheet(
        ["Date", "Site", "Article", "Quantité"],
        [DAY, "S", "A", 12.5],
        ["05/01/2026", "S", "B", "12,5"],
        ["05/01/2026", "S", "C", "12.5"],
    )
    reading = read_as(data, "ventes.xlsx", profile="generic-fr")
    assert [r["units"] for r in rows(reading)] == [12.5, 12.5]
    assert faults(reading) == [(4, "units", "not_a_number")]


def test_json_oddities() -> None:
    good = {"date": "2026-01-05", "site": "S", "sku": "A", "units": 1}
    records = [
        good,
        {**good, "sku": ["A"]},
        {**good, "sku": None},
        7,
        {**good, "units": 10**19},
        {**good, "sku": "A\x00B"},
    ]
    reading = read_as(json.dumps(records).encode(), "a.json")
    assert faults(reading) == [
        (2, "sku", "bad_text"),
        (3, "sku", "blank"),
        (4, "", "bad_json"),
        (5, "units", "out_of_bounds"),
        (6, "sku", "bad_text"),
    ]
    assert_balanced(reading)


@pytest.mark.parametrize("body", ['{"a": 1', '[{"a": NaN}]', '[{"a": "\\ud800"}]', "7"])
def test_json_that_is_none_is_refused(body: str) -> None:
    with pytest.raises(DeliveryRefused):
        read_as(body.encode(), "a.json")


def test_a_bad_line_of_ndjson_is_rejected_alone() -> None:
    good = '{"date": "2026-01-05", "site": "S", "sku": "A", "units": 1}'
    reading = read_as(f"{good}\n\n{{oops\n".encode(), "a.ndjson")
    assert faults(reading) == [(3, "", "bad_json")]
    assert reading.accepted == 1


def test_no_record_is_a_delivery_of_zero_rows() -> None:
    assert read_as(b"[]", "a.json").read == 0


def test_a_path_is_read_like_its_bytes(tmp_path: Path) -> None:
    data = parquet(date=[DAY], site=["S"], sku=["A"], units=[1])
    (tmp_path / "a.parquet").write_bytes(data)
    reading = read(tmp_path / "a.parquet", "sales", load_profile("generic"))
    assert reading.source == "a.parquet"
    assert reading.digest == read_as(data, "b.parquet").digest


def test_parquet_texts_read_the_same_however_they_are_stored() -> None:
    columns = {"date": [DAY] * 4, "site": ["S", "T", "S", "T"], "sku": ["B", "A", "A", "B"]}
    columns |= {"units": [1, 2, 3, 4], "line_id": ["x", None, "y", None]}
    plain = read_as(parquet(**columns), "a.parquet")
    for kind in (pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
        texts = {name: pa.array(columns[name]).cast(kind) for name in ("site", "sku", "line_id")}
        assert rows(read_as(parquet(**{**columns, **texts}), "a.parquet")) == rows(plain)


def test_parquet_rejects_keep_the_text_of_their_own_row_group() -> None:
    table = pa.table(
        {
            "date": pa.array([DAY] * 7),
            "site": pa.array(["S"] * 7),
            "sku": pa.array([f"K{n}" for n in range(7)]),
            "units": pa.array([1.0, None, 3.0, 4.0, None, 6.0, None]),
        }
    )
    body = io.BytesIO()
    pq.write_table(table, body, row_group_size=2)
    reading = read_as(body.getvalue(), "a.parquet")
    assert [json.loads(raw)["sku"] for raw in reading.rejects["raw"]] == ["K1", "K4", "K6"]
    assert reading.rejects["line"].tolist() == [2, 5, 7]
    assert_balanced(reading)


def test_a_text_that_is_no_utf_8_refuses_its_column() -> None:
    """Parquet promises UTF-8, and few programs look."""
    offsets, content = np.array([0, 1, 2], np.int32), b"\xff\xfe"
    broken = pa.StringArray.from_buffers(2, pa.py_buffer(offsets), pa.py_buffer(content))
    body = parquet(date=[DAY, DAY], site=["S", "S"], sku=broken, units=[1.0, 2.0])
    with pytest.raises(DeliveryRefused, match="column 'sku' cannot be read as text"):
        read_as(body, "a.parquet")


def test_text_may_be_stored_as_views() -> None:
    codes = pa.array(["00123", "NA"], pa.string_view())
    body = parquet(date=[DAY, DAY], site=["S", "S"], sku=codes, units=[1.0, 2.0])
    assert [row["sku"] for row in rows(read_as(body, "a.parquet"))] == ["00123", "NA"]

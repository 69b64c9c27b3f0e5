"""One trap of real CSV exports a test."""

from __future__ import annotations

import datetime as dt
import gzip

import pytest

from forecasting.errors import DeliveryRefused, MissingColumns, UnknownName
from forecasting.feeds import load_profile, read
from forecasting.feeds.profile import parse_profile
from tests.feeds.exports import SALES, assert_balanced, faults, read_text, rows


def test_codes_stay_text() -> None:
    body = SALES + "2026-01-05, S1 ,00123,1\n2026-01-05,NA,22E1,2\n2026-01-05,nan,1.0,3\n"
    assert [(r["site"], r["sku"]) for r in rows(read_text(body))] == [
        ("S1", "00123"),
        ("NA", "22E1"),
        ("nan", "1.0"),
    ]


def test_formulas_and_markup_are_kept_as_text() -> None:
    body = SALES + "2026-01-05,=1+1,<script>alert(1)</script>,1\n"
    assert rows(read_text(body))[0]["site"] == "=1+1"
    assert rows(read_text(body))[0]["sku"] == "<script>alert(1)</script>"


BAD_VALUES = {
    "a day that does not exist": ("2026-02-30,S,A,1", "date", "not_a_date"),
    "another date format": ("03/04/2026,S,A,1", "date", "not_a_date"),
    "a date with a time": ("2026-01-05 10:00:00,S,A,1", "date", "not_a_date"),
    "one-digit days": ("2026-1-5,S,A,1", "date", "not_a_date"),
    "an ISO week": ("2026-W01,S,A,1", "date", "not_a_date"),
    "a sentinel date": ("9999-12-31,S,A,1", "date", "out_of_bounds"),
    "a date before 1900": ("1899-12-31,S,A,1", "date", "out_of_bounds"),
    "a blank date": (",S,A,1", "date", "blank"),
    "a blank site": ("2026-01-05, ,A,1", "site", "blank"),
    "blank units": ("2026-01-05,S,A,", "units", "blank"),
    "NaN": ("2026-01-05,S,A,NaN", "units", "not_a_number"),
    "infinity": ("2026-01-05,S,A,-inf", "units", "not_a_number"),
    "a decimal comma, quoted": ('2026-01-05,S,A,"12,5"', "units", "not_a_number"),
    "thousands that nobody declared": ('2026-01-05,S,A,"1,000"', "units", "not_a_number"),
    "a hexadecimal number": ("2026-01-05,S,A,0x1F", "units", "not_a_number"),
    "an underscore": ("2026-01-05,S,A,1_000", "units", "not_a_number"),
    "too many units": ("2026-01-05,S,A,1e16", "units", "out_of_bounds"),
    "a number that overflows": ("2026-01-05,S,A,1e999", "units", "out_of_bounds"),
    "a control character in a code": ("2026-01-05,S,A\x07B,1", "sku", "bad_text"),
    "an endless code": (f"2026-01-05,S,{'A' * 201},1", "sku", "bad_text"),
    "an extra field": ("2026-01-05,S,A,1,9", "", "wrong_field_count"),
    "a missing field": ("2026-01-05,S,A", "", "wrong_field_count"),
    "text after a quote": ('2026-01-05,S,"A"B,1', "", "bad_quotes"),
}


@pytest.mark.parametrize(("row", "column", "code"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_rejects_with_line_column_and_raw_text(row: str, column: str, code: str) -> None:
    reading = read_text(SALES + "2026-01-04,S,A,1\n" + row + "\n2026-01-06,S,A,2\n")
    assert faults(reading) == [(3, column, code)]
    assert reading.rejects["raw"].tolist() == [row]
    assert [r["units"] for r in rows(reading)] == [1, 2]
    assert [r["file_line"] for r in rows(reading)] == [2, 4]
    assert_balanced(reading)


@pytest.mark.parametrize("units", ["1e15", "+5", ".5", "5.", "-0", "1E+3", "007"])
def test_numbers_that_are_numbers(units: str) -> None:
    assert rows(read_text(SALES + f"2026-01-05,S,A,{units}\n"))[0]["units"] == float(units)


LINES = {
    "blank lines": ("\n\n2026-01-04,S,A,1\n\n\nbad,S,B,1\n", 7),
    "a quoted line break": ('2026-01-04,S,A,"1\n"\n2026-01-04,S,C,"1"\n\nbad,S,B,1\n', 6),
    "Windows line ends": ("2026-01-04,S,A,1\r\n2026-01-04,S,C,1\r\n\r\n\r\nbad,S,B,1\r\n", 6),
    "old Mac line ends": ("2026-01-04,S,A,1\r2026-01-04,S,C,1\r\r\rbad,S,B,1\r", 6),
    "rows of separators": ("2026-01-04,S,A,1\n,,,\n,,,\n\nbad,S,B,1", 6),
    "rows of separators beside quotes": ('2026-01-04,S,"A",1\n,,,\n,,,\n\nbad,S,B,1', 6),
}


@pytest.mark.parametrize(("body", "line"), LINES.values(), ids=LINES)
def test_lines_are_those_of_the_file(body: str, line: int) -> None:
    reading = read_text(SALES + body)
    assert faults(reading) == [(line, "date", "not_a_date")]
    assert reading.rejects["raw"].tolist() == ["bad,S,B,1"]
    assert_balanced(reading)


def test_a_quoted_text_may_hold_separators_quotes_and_line_breaks() -> None:
    body = 'sku,description\nA,"2"" pipe, red\nor blue"\n'
    (row,) = rows(read_text(body, "items"))
    assert row["description"] == '2" pipe, red\nor blue'


def test_an_inch_mark_inside_a_text_is_no_quote() -> None:
    (row,) = rows(read_text('sku,description\nA,5" nail\n', "items"))
    assert row["description"] == '5" nail'


REFUSED = {
    "empty": (b"", "empty"),
    "only line breaks": (b"\n\n", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "empty"),
    "a quote left open": (
        SALES.encode() + b'2026-01-05,S,A,1\n2026-01-05,"S,A,1\n2026-01-05,S,A,1\n',
        "line 3: a quote",
    ),
    "Latin letters in UTF-8": (
        SALES.encode() + "2026-01-05,Hôtel de la Méditerranée,A,1\n".encode("cp1252"),
        "line 2: byte 0xf4 is not utf-8",
    ),
    "UTF-8 cut within a letter": (
        (SALES + "2026-01-05,Orléans,A,1\n2026-01-05,Orlé").encode()[:-1],
        "ends within a character, read as utf-8",
    ),
    "UTF-16 cut within a letter": (
        (SALES + "2026-01-05,S,A,1\n").encode("utf-16")[:-1],
        "ends within a character, read as utf-16",
    ),
    "a last letter in Latin": (
        (SALES + "2026-01-05,S,caf\xe9").encode("cp1252"),
        "line 2: byte 0xe9 is not utf-8",
    ),
    "NUL": (SALES.encode() + b"2026-01-05,S,A\0B,1\n", "line 2: has NUL"),
    "an XLSX": (b"PK\x03\x04rest", "its content is XLSX"),
    "a Parquet": (b"PAR1rest", "its content is Parquet"),
    "a gzip": (gzip.compress(b"x"), "its content is gzip"),
    "another separator": (b"date;site;sku;units\n", "it looks cut at ';'"),
    "a header twice": (b"date,site,sku,units,sku\n", "'sku' more than once"),
    "two headers for one column": (b"date,site,sku,units,Units\n", "both mean units"),
}


@pytest.mark.parametrize(("body", "problem"), REFUSED.values(), ids=REFUSED)
def test_the_whole_file_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(DeliveryRefused) as refused:
        read_text(body)
    assert problem in str(refused.value)
    assert refused.value.next_step


def test_a_header_without_rows_is_a_delivery_of_zero_rows() -> None:
    reading = read_text(SALES)
    assert (reading.read, reading.accepted) == (0, 0)
    assert reading.batches[0].rows.schema.names == ["date", "site", "sku", "units", "file_line"]
    assert read_text('"date","site","sku","units"').read == 0


def test_a_missing_column_is_named_with_a_suggestion() -> None:
    with pytest.raises(MissingColumns, match=r"'units'.*Is 'unit' meant as 'units'"):
        read_text("date,site,sku,unit\n")
    with pytest.raises(MissingColumns, match="on_hand or availability"):
        read_text("date,site,sku\n", "stock")


def test_unknown_columns_are_named_with_a_suggestion() -> None:
    reading = read_text("date,site,sku,units,prise,colour\n2026-01-05,S,A,1,2,red\n")
    assert reading.notes == ("columns not used: prise Did you mean 'price'?, colour",)


def test_an_unknown_feed_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'sales'"):
        read_text(SALES, "sale")


def test_utf8_under_a_french_profile_is_refused_not_garbled() -> None:
    body = "Date;Site;Article;Quantité\n05/01/2026;Hôtel;A;1\n"
    with pytest.raises(DeliveryRefused, match="is UTF-8"):
        read_text(body, profile="generic-fr")


def test_a_byte_order_mark_is_believed() -> None:
    body = "\ufeffDate;Site;Article;Quantité\n05/01/2026;Hôtel;A;1,5\n"
    reading = read_text(body, profile="generic-fr")
    assert rows(reading)[0]["site"] == "Hôtel"
    assert "byte order mark" in reading.notes[0]
    assert read_text("\ufeff" + SALES + "2026-01-05,S,A,1\n").notes == ()


def test_gzip_by_its_name() -> None:
    body = gzip.compress((SALES + "2026-01-05,S,A,1\n").encode())
    profile = load_profile("generic")
    assert read(body, "sales", profile, name="sales.csv.gz").accepted == 1
    with pytest.raises(DeliveryRefused, match="damaged gzip"):
        read(body[:-9], "sales", profile, name="sales.csv.gz")
    with pytest.raises(DeliveryRefused, match="unfolds"):
        read(body, "sales", profile, name="sales.csv.gz", most_cells=1)


def test_a_file_with_too_many_cells_is_refused_before_it_is_cut() -> None:
    body = (SALES + "2026-01-05,S,A,1\n" * 10).encode()
    for quoted in (body, body.replace(b"S", b'"S"x'), body.replace(b"S", b'"S"')):
        with pytest.raises(DeliveryRefused, match="more than 30 cells"):
            read(quoted, "sales", load_profile("generic"), name="x.csv", most_cells=30)


FRENCH_NUMBERS = {
    "12,5": 12.5,
    "1 234,5": 1234.5,
    "1\u00a0234\u00a0567,25": 1234567.25,
    "-3": -3,
    "12.5": None,
    "1.234,5": None,
    "12 34": None,
    "1,2,3": None,
}


@pytest.mark.parametrize(("text", "number"), FRENCH_NUMBERS.items())
def test_numbers_under_a_decimal_comma(text: str, number: float | None) -> None:
    spaced = parse_profile('extends = "generic-fr"\nthousands = " "', name="spaced")
    body = f"Date;Site;Article;Quantité\n05/01/2026;S;A;{text}\n".encode("cp1252")
    reading = read(body, "sales", spaced, name="ventes.csv")
    if number is None:
        assert faults(reading) == [(2, "units", "not_a_number")]
    else:
        assert rows(reading)[0]["units"] == number
        assert rows(reading)[0]["date"] == dt.date(2026, 1, 5)


def test_declared_date_times_are_checked_and_dropped() -> None:
    profile = parse_profile('dates = ["YYYY-MM-DDThh:mm:ss", "D/M/YYYY"]', name="times")
    body = SALES + "2026-01-05T23:59:59,S,A,1\n2026-01-05T24:00:00,S,B,1\n5/1/2026,S,C,1\n"
    reading = read(body.encode(), "sales", profile, name="x.csv")
    assert [r["date"] for r in rows(reading)] == [dt.date(2026, 1, 5)] * 2
    assert faults(reading) == [(3, "date", "not_a_date")]


def test_words_times_weekdays_and_closures() -> None:
    body = (
        "supplier,order_days,cutoff_time,lead_time_basis,closures\n"
        "N,Mon-Wed Fri,11:00,Working,2026-12-24/2027-01-02;2026-08-15\n"
        "O,Monday,25:00,calendar,\n"
        "P,Noday,11:00,calendar,\n"
        "Q,,,lunar,\n"
        "R,,,,2027-01-02/2026-12-24\n"
    )
    reading = read_text(body, "suppliers")
    (row,) = rows(reading)
    assert row["order_days"] == "0,1,2,4"
    assert row["lead_time_basis"] == "working"
    assert row["closures"] == "2026-12-24/2027-01-02;2026-08-15"
    assert faults(reading) == [
        (3, "cutoff_time", "not_a_time"),
        (4, "order_days", "not_weekdays"),
        (5, "lead_time_basis", "not_a_choice"),
        (6, "closures", "not_a_date"),
    ]


def test_blank_numbers_are_null_and_blank_texts_empty() -> None:
    (row,) = rows(read_text("sku,supplier,unit_cost,introduced_on\nA,,,\n", "items"))
    assert (row["supplier"], row["unit_cost"], row["introduced_on"]) == ("", None, None)


def test_stock_needs_a_quantity_or_an_availability() -> None:
    body = "date,site,sku,on_hand,availability\n2026-01-05,S,A,,\n2026-01-05,S,B,,0.5\n"
    assert faults(read_text(body, "stock")) == [(2, "on_hand", "blank")]


def test_the_digest_tells_content_feed_and_profile_apart() -> None:
    body = SALES + "2026-01-05,S,A,1\n"
    same = read_text(body).digest
    others = [
        read_text(body + "\n").digest,
        read_text(body, profile="invoices").digest,
        read_text("date,site,sku,units,kind\n", "sales").digest,
        read_text("date,site,sku,units,kind\n", "movements").digest,
    ]
    assert same == read_text(body).digest
    assert len({same, *others}) == 5


ENDLESS = {
    "a header without an end": (b"date,site,sku,units," + b"x" * 200_000 + b"\n", 1),
    "a line without an end": (SALES.encode() + b"2026-01-05,S,A,1\n" + b"x" * 3_000_000, 3),
}


@pytest.mark.parametrize(("body", "line"), ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_refused_by_its_line(body: bytes, line: int) -> None:
    with pytest.raises(DeliveryRefused, match=f"line {line}: "):
        read_text(body)


def test_a_file_without_a_line_that_can_be_cut_is_refused() -> None:
    with pytest.raises(DeliveryRefused, match="no line of it"):
        read_text('"a"b\n')

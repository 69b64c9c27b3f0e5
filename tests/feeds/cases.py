"""Bad and odd input, each with its golden outcome: what `read`, or a push over HTTP, must answer.

`CASES` maps a sentence to a `Case`: bytes as a sender would send them, and what becomes of them.
`case.forms()` gives the same table as JSON, NDJSON, XLSX and Parquet where the trap lies in the
values and not in the way a CSV is written.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

TODAY: Final = dt.date(2026, 11, 25)  # the day on which every case is delivered
SALES: Final = "date,site,sku,units\n"
STOCK: Final = "date,site,sku,on_hand\n"
VENTES: Final = "Date;Site;Article;Quantité\n"

FRENCH: Final = 'extends = "generic-fr"\nencoding = "utf-8"\n'
"""Profiles of a sender's own, by name; the others come with Vigistock."""
PROFILES: Final[Mapping[str, str]] = {
    "fr-utf8": FRENCH,
    "fr-points": FRENCH + 'thousands = "."\n',
    "fr-spaces": FRENCH + 'thousands = " "\n',
    "fr-minus": FRENCH + "trailing_minus = true\n",
    "fr-sentinels": FRENCH + '[feeds.orders.blank]\nexpected_on = ["00.00.0000"]\n',
    "us-dates": 'dates = ["MM/DD/YYYY"]\n[feeds.sales]\nrepeated = "sum"\n',
    "weeks": 'dates = ["YYYY-Www"]\n',
    "totals": '[exclude]\nsku = ["Total*", "TOTAL*"]\nsite = ["Total*", "TOTAL*"]\n',
    "boxes": "[uoms]\nPCE = 1\nBOX = 12\n",
    "report": "header_line = 4\n",
}


@dataclass(frozen=True)
class Refusal:
    """The whole file is refused: the error's code, words of its message and of its next step."""

    code: str
    problem: str
    next_step: str


@dataclass(frozen=True)
class Case:
    """`kept`: of each accepted row, some of its values. `rejects`: line, column and code.

    `notes`: words that a note must hold. `tabular`: the values are the trap, so that every form of
    the table has it; else only this file has.
    """

    body: bytes
    kept: tuple[Mapping[str, Any], ...] = ()
    rejects: tuple[tuple[int, str, str], ...] = ()
    duplicates: int = 0
    notes: tuple[str, ...] = ()
    refused: Refusal | None = None
    feed: str = "sales"
    profile: str = "generic"
    name: str = "export.csv"
    tabular: bool = False
    separator: str = ","

    def forms(self) -> Iterator[tuple[str, bytes, int]]:
        """Name, bytes, and what to add to the line of a CSV to get the number of the row."""
        yield self.name, self.body, 0
        if not self.tabular:
            return
        head, *rows = csv.reader(io.StringIO(self.body.decode()), delimiter=self.separator)
        records = [dict(zip(head, row, strict=True)) for row in rows]
        yield "export.json", json.dumps(records).encode(), -1
        yield "export.ndjson", "\n".join(map(json.dumps, records)).encode(), -1
        yield "export.xlsx", worksheet(head, *rows), 0
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(records), sink)
        yield "export.parquet", sink.getvalue(), -1


def worksheet(*table: Sequence[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append([str(cell) if isinstance(cell, str) else cell for cell in row])
    for row in book.active.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # =1+1 is a text here, no formula
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def archive(**files: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return sink.getvalue()


def refused(body: bytes, problem: str, next_step: str, **other: Any) -> Case:
    code = other.pop("code", "delivery_refused")
    return Case(body, refused=Refusal(code, problem, next_step), **other)


def sales(row: str, *rejects: tuple[str, str], **other: Any) -> Case:
    """One row, and what is wrong with it: column and code; else what is kept of it."""
    found = tuple((2, column, code) for column, code in rejects)
    return Case((SALES + row + "\n").encode(), rejects=found, tabular=True, **other)


def ventes(row: str, *rejects: tuple[str, str], profile: str = "fr-utf8", **other: Any) -> Case:
    found = tuple((2, column, code) for column, code in rejects)
    return Case(
        (VENTES + row + "\n").encode(),
        rejects=found,
        profile=profile,
        separator=";",
        tabular=True,
        **other,
    )


def dated(text: str, *rejects: tuple[str, str], **other: Any) -> Case:
    return sales(f"{text},LYON,A,1", *rejects, **other)


DAY: Final = dt.date(2026, 11, 20)
ONE: Final = ({"date": DAY, "site": "LYON", "sku": "A", "units": 1.0},)
GOOD: Final = "2026-11-20,LYON,A,1\n"

ENCODINGS: Final[Mapping[str, Case]] = {
    "a byte order mark before UTF-8": Case(("\ufeff" + SALES + GOOD).encode(), kept=ONE),
    "UTF-16 with its mark": Case(
        (SALES + GOOD).encode("utf-16"), kept=ONE, notes=("byte order mark says utf-16",)
    ),
    "UTF-16 without its mark": refused(
        (SALES + GOOD).encode("utf-16-le"), "NUL characters", "another encoding"
    ),
    "Windows-1252 under a UTF-8 profile": refused(
        (SALES + "2026-11-20,Orléans,A,1\n").encode("cp1252"), "is not utf-8", "`encoding`"
    ),
    "UTF-8 under a Windows-1252 profile": refused(
        (VENTES + "20/11/2026;Orléans;A;1\n").encode(),
        "is UTF-8",
        'encoding = "utf-8"',
        profile="generic-fr",
    ),
    "letters decoded by the wrong encoding before": sales(
        "2026-11-20,OrlÃ©ans,A,1",
        kept=({"site": "OrlÃ©ans"},),
        notes=("site: 1 text(s) look decoded by the wrong encoding",),
    ),
    "letters lost for good": sales(
        "2026-11-20,Orl\ufffdans,A,1", kept=({"site": "Orl\ufffdans"},), notes=("'Orl\ufffdans'",)
    ),
}

FORMS: Final[Mapping[str, Case]] = {
    "an empty file": refused(b"", "empty", "a fault of the export"),
    "white space only": refused(b" \r\n \r\n", "empty", "a fault of the export"),
    "a header and no row": Case(SALES.encode()),
    "an XLSX named .csv": refused(
        worksheet(["date", "site", "sku", "units"]), "its content is XLSX", "true ending"
    ),
    "a ZIP named .csv": refused(
        archive(sales=b"x"), "its content is ZIP archive", "Rename it with its true ending"
    ),
    "a ZIP": refused(
        archive(sales=b"x"), "this is ZIP archive", "Export it as CSV", name="export.zip"
    ),
    "a CSV named .xlsx": refused(
        (SALES + GOOD).encode(), "its content is text", "true ending", name="export.xlsx"
    ),
    "a PDF": refused(b"%PDF-1.7 ...", "this is PDF", "Export it as CSV", name="export.pdf"),
    "an Excel file of before 2007": refused(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old Excel", "Export it as CSV", name="export.xls"
    ),
    "a damaged gzip": refused(
        gzip.compress((SALES + GOOD).encode())[:-9], "damaged gzip", "again", name="export.csv.gz"
    ),
    "another separator": refused(
        (SALES + GOOD).replace(",", ";").encode(), "looks cut at ';'", "`separator`"
    ),
    "tabs under a comma profile": refused(
        (SALES + GOOD).replace(",", "\t").encode(), "looks cut at '\\t'", "`separator`"
    ),
    "an unclosed quote": refused(
        (SALES + '2026-11-20,"LYON,A,1\n' + GOOD).encode(), "not closed", "Close the quote"
    ),
    "NUL": refused((SALES + "2026-11-20,LY\0ON,A,1\n").encode(), "NUL characters", "damaged file"),
    "a header twice": refused(
        b"date,site,sku,units,units\n" + b"2026-11-20,LYON,A,1,2\n", "more than once", "Keep one"
    ),
    "two headers that mean one column": refused(
        b"date,site,sku,units,UNITS\n" + b"2026-11-20,LYON,A,1,2\n", "both mean units", "Keep one"
    ),
    "a renamed header": refused(
        b"date,site,sku,unit\n2026-11-20,LYON,A,1\n",
        "Is 'unit' meant as 'units'?",
        "name them in a profile",
        code="missing_columns",
    ),
    "title lines above the header, declared": Case(
        ("ACME,,,\nSales of November,,,\n\n" + SALES + GOOD).encode(), kept=ONE, profile="report"
    ),
    "title lines above the header, undeclared": refused(
        ("Sales of November,,,\n" + SALES + GOOD).encode(),
        "export.csv: sales: missing column(s)",
        "name them in a profile",
        code="missing_columns",
    ),
    "JSON that is cut off": refused(
        b'[{"date": "2026-11-20"', "not valid JSON", "Correct it", name="export.json"
    ),
    "JSON that is no table": refused(
        b'{"rows": []}', "not an array of objects", "NDJSON", name="export.json"
    ),
    "an extra field": Case(
        (SALES + "2026-11-20,LYON,A,1,9\n").encode(), rejects=((2, "", "wrong_field_count"),)
    ),
    "a missing field": Case(
        (SALES + "2026-11-20,LYON,A\n").encode(), rejects=((2, "", "wrong_field_count"),)
    ),
    "a row of separators": Case(
        (SALES + ",,,\n" + GOOD).encode(), kept=ONE, notes=("separators only were skipped",)
    ),
}

NUMBERS: Final[Mapping[str, Case]] = {
    "1.234,56 where points are declared": ventes(
        "20/11/2026;LYON;A;1.234,56", kept=({"units": 1234.56},), profile="fr-points"
    ),
    "1.234,56 where they are not": ventes("20/11/2026;LYON;A;1.234,56", ("units", "not_a_number")),
    "1,234.56 under a decimal point": sales(
        '2026-11-20,LYON,A,"1,234.56"', ("units", "not_a_number")
    ),
    "12.5 under a decimal comma": ventes("20/11/2026;LYON;A;12.5", ("units", "not_a_number")),
    "12,5 under a decimal point": sales('2026-11-20,LYON,A,"12,5"', ("units", "not_a_number")),
    "a minus behind, declared": ventes(
        "20/11/2026;LYON;A;12,50-", kept=({"units": -12.5},), profile="fr-minus"
    ),
    "a minus behind, undeclared": ventes("20/11/2026;LYON;A;12,50-", ("units", "not_a_number")),
    "a minus on both sides": ventes(
        "20/11/2026;LYON;A;-12,50-", ("units", "not_a_number"), profile="fr-minus"
    ),
    "thousands by narrow no-break spaces": ventes(
        "20/11/2026;LYON;A;1\u202f234\u00a0567,5", kept=({"units": 1234567.5},), profile="fr-spaces"
    ),
    "groups that are not of three": ventes(
        "20/11/2026;LYON;A;12 34", ("units", "not_a_number"), profile="fr-spaces"
    ),
    "a currency sign": sales("2026-11-20,LYON,A,€12", ("units", "not_a_number")),
    "brackets for a negative number": sales("2026-11-20,LYON,A,(12)", ("units", "not_a_number")),
    "NaN": sales("2026-11-20,LYON,A,NaN", ("units", "not_a_number")),
    "a failed formula": sales("2026-11-20,LYON,A,#N/A", ("units", "not_a_number")),
    "a number beyond all counting": sales("2026-11-20,LYON,A,1e999", ("units", "out_of_bounds")),
    "a formula where a number belongs": sales(
        "2026-11-20,LYON,A,=SUM(A1:A9)", ("units", "not_a_number")
    ),
}

DATES: Final[Mapping[str, Case]] = {
    "03/04/2026 under ISO dates": dated("03/04/2026", ("date", "not_a_date")),
    "03/04/2026 under a French profile": ventes(
        "03/04/2026;LYON;A;1", kept=({"date": dt.date(2026, 4, 3)},)
    ),
    "03/04/2026 under an American profile": dated(
        "03/04/2026", kept=({"date": dt.date(2026, 3, 4)},), profile="us-dates"
    ),
    "day and month in both orders": Case(
        (VENTES + "03/04/2026;LYON;A;1\n04/13/2026;LYON;A;1\n13/04/2026;LYON;A;1\n"
         "05/05/2026;LYON;A;1\n").encode(),
        kept=({"date": dt.date(2026, 4, 13)}, {"date": dt.date(2026, 5, 5)}),
        rejects=((2, "date", "ambiguous_date"), (3, "date", "not_a_date")),
        profile="fr-utf8", separator=";", tabular=True,
    ),
    "a spreadsheet's number of a day": dated("46346", ("date", "not_a_date")),
    "00.00.0000, declared blank": Case(
        "Commande;Site;Article;Quantité commandée;Date de commande;Date prévue\n"
        "C1;LYON;A;5;20/11/2026;00.00.0000\n".encode(),
        kept=({"expected_on": None},),
        feed="orders", profile="fr-sentinels", separator=";", tabular=True,
    ),
    "00.00.0000, undeclared": dated("00.00.0000", ("date", "not_a_date")),
    "2026-W53, a week that there is": Case(
        b"start,kind,name\n2026-W53,promotion,End of year\n",
        kept=({"start": dt.date(2026, 12, 28)},), feed="events", profile="weeks", tabular=True,
    ),
    "2020-W53, a week that there was": dated(
        "2020-W53", kept=({"date": dt.date(2020, 12, 28)},), profile="weeks"
    ),
    "2025-W53, a week that there was not": dated(
        "2025-W53", ("date", "not_a_date"), profile="weeks"
    ),
    "a week under ISO dates": dated("2026-W47", ("date", "not_a_date")),
    "a day that there is not": dated("2026-02-30", ("date", "not_a_date")),
    "a date with a time": dated("2026-11-20 10:00:00", ("date", "not_a_date")),
    "a year too far": dated("2062-11-20", ("date", "in_the_future")),
    "next year for this one": dated("2027-11-20", ("date", "in_the_future")),
    "the last day of this month": dated(
        "2026-11-30", kept=({"units": 1.0},), notes=("1 row(s) have a date after 2026-11-25",)
    ),
    "the end of all dates": dated("9999-12-31", ("date", "out_of_bounds")),
    "1900-01-01 for never": dated("1900-01-01", ("date", "out_of_bounds")),
    "1899": dated("1899-12-30", ("date", "out_of_bounds")),
    "stock of next year": Case(
        (STOCK + "2027-11-20,LYON,A,5\n").encode(),
        rejects=((2, "date", "in_the_future"),), feed="stock", tabular=True,
    ),
    "a promise of next year": Case(
        b"order_id,site,sku,units_ordered,ordered_on,expected_on\n"
        b"P1,LYON,A,5,2026-11-20,2027-11-20\n",
        kept=({"expected_on": dt.date(2027, 11, 20)},), feed="orders", tabular=True,
    ),
}  # fmt: skip

CODES: Final[Mapping[str, Case]] = {
    "leading zeros": sales("2026-11-20,LYON,00123,1", kept=({"sku": "00123"},)),
    "leading zeros lost in some rows": Case(
        (SALES + "2026-11-20,LYON,00123,1\n2026-11-20,LYON,123,1\n").encode(),
        kept=({"sku": "00123"}, {"sku": "123"}),
        notes=("codes that look alike count as different ones: '00123' = '123'",),
        tabular=True,
    ),
    "a barcode that a spreadsheet rounded": sales(
        "2026-11-20,LYON,1.23E+12,1",
        kept=({"sku": "1.23E+12"},),
        notes=("1 code(s) look rounded by a spreadsheet",),
    ),
    "a SKU named NA": sales("2026-11-20,LYON,NA,1", kept=({"sku": "NA"},)),
    "a SKU named null": sales("2026-11-20,LYON,null,1", kept=({"sku": "null"},)),
    "one code in two Unicode forms": Case(
        (SALES + "2026-11-20,LYON,CAF\u00c9,1\n2026-11-20,LYON,CAFE\u0301,1\n").encode(),
        kept=({"sku": "CAF\u00c9"}, {"sku": "CAFE\u0301"}),
        notes=("'CAF\\xc9' = 'CAFE\\u0301'",),
        tabular=True,
    ),
    "one code in two cases": Case(
        (SALES + "2026-11-20,Lyon,A,1\n2026-11-20,LYON,A,1\n").encode(),
        kept=({"site": "Lyon"}, {"site": "LYON"}),
        notes=("site: codes that look alike",),
        tabular=True,
    ),
    "a zero-width space in a code": Case(
        (SALES + "2026-11-20,LYON,A\u200b1,1\n2026-11-20,LYON,A1,1\n").encode(),
        kept=({"sku": "A\u200b1"}, {"sku": "A1"}),
        notes=("'A\\u200b1' = 'A1'",),
        tabular=True,
    ),
    "a hyperlink formula": sales(
        '2026-11-20,LYON,"=HYPERLINK(""http://x.test"")",1',
        kept=({"sku": '=HYPERLINK("http://x.test")'},),
    ),
    "a script": sales(
        "2026-11-20,LYON,<script>alert(1)</script>,1",
        kept=({"sku": "<script>alert(1)</script>"},),
    ),
    "SQL": sales("2026-11-20,LYON,'; DROP TABLE sales;--,1", kept=({"units": 1.0},)),
    "a failed look-up for a code": sales("2026-11-20,LYON,#REF!,1", ("sku", "bad_text")),
    "a bell in a code": Case(
        (SALES + "2026-11-20,LYON,A\x07B,1\n").encode(), rejects=((2, "sku", "bad_text"),)
    ),
    "an endless code": sales(f"2026-11-20,LYON,{'A' * 201},1", ("sku", "bad_text")),
    "a blank site": sales("2026-11-20, ,A,1", ("site", "blank")),
}

ROWS: Final[Mapping[str, Case]] = {
    "totals rows, declared": Case(
        (SALES + GOOD + "2026-11-20,Total LYON,,1\n2026-11-20,TOTAL,,1\n").encode(),
        kept=ONE,
        rejects=((3, "site", "excluded"), (4, "site", "excluded")),
        profile="totals",
        tabular=True,
    ),
    "totals rows, undeclared": Case(
        (SALES + GOOD + "Total,,,1\n,,,1\n").encode(),
        kept=ONE,
        rejects=((3, "date", "not_a_date"), (4, "date", "blank")),
        tabular=True,
    ),
    "page headers in the middle": Case(
        (SALES + GOOD + SALES + "2026-11-21,LYON,A,2\n").encode(),
        kept=(ONE[0], {"units": 2.0}),
        rejects=((3, "", "repeated_header"),),
        tabular=True,
    ),
    "two units of measure of one series": Case(
        b"date,site,sku,units,uom\n2026-11-20,LYON,A,1,BOX\n2026-11-21,LYON,A,12,PCE\n"
        b"2026-11-21,PARIS,A,12,PCE\n",
        kept=({"site": "PARIS"},),
        rejects=((2, "uom", "mixed_uom"), (3, "uom", "mixed_uom")),
        tabular=True,
    ),
    "units of measure, declared": Case(
        b"date,site,sku,units,price,uom\n2026-11-20,LYON,A,2,24,box\n2026-11-21,LYON,A,5,2,PCE\n"
        b"2026-11-22,LYON,A,7,2,\n",
        kept=({"units": 24.0, "price": 2.0, "uom": ""}, {"units": 5.0}, {"units": 7.0}),
        notes=("1 row(s) were converted",),
        profile="boxes",
        tabular=True,
    ),
    "a unit of measure that nobody declared": Case(
        b"date,site,sku,units,uom\n2026-11-20,LYON,A,2,PALLET\n",
        rejects=((2, "uom", "unknown_uom"),),
        profile="boxes",
        tabular=True,
    ),
    "negative stock": Case(
        (STOCK + "2026-11-20,LYON,A,-4\n").encode(),
        kept=({"on_hand": -4.0},),
        notes=("1 row(s) have a negative on_hand",),
        feed="stock",
        tabular=True,
    ),
    "an event that ends before it begins": Case(
        (
            b"kind,start,end\nclosure,2026-12-24,2025-12-31\n"
            b"closure,2026-11-20,\nother,2026-11-20,2026-11-20\n"
        ),
        kept=tuple({"kind": kind} for kind in ("closure", "closure", "other")),
        notes=("end: 1 row(s) end before they begin",),
        feed="events",
        tabular=True,
    ),
    "stock without a quantity": Case(
        (STOCK + "2026-11-20,LYON,A,\n").encode(),
        rejects=((2, "on_hand", "blank"),),
        feed="stock",
        tabular=True,
    ),
    "a cancelled and an over-received order": Case(
        b"order_id,site,sku,units_ordered,ordered_on,units_received,status,cancelled_on\n"
        b"P1,LYON,A,5,2026-11-02,0,cancelled,2026-11-09\n"
        b"P2,LYON,A,5,2026-11-02,8,received,\n",
        kept=(
            {"status": "cancelled", "cancelled_on": dt.date(2026, 11, 9)},
            {"units_received": 8.0},
        ),
        notes=("1 order line(s) received more than was ordered",),
        feed="orders",
        tabular=True,
    ),
    "an order of a negative quantity": Case(
        b"order_id,site,sku,units_ordered,ordered_on\nP1,LYON,A,-5,2026-11-02\n",
        rejects=((2, "units_ordered", "out_of_bounds"),),
        feed="orders",
        tabular=True,
    ),
    "a status that nobody knows": Case(
        b"order_id,site,sku,units_ordered,ordered_on,status\nP1,LYON,A,5,2026-11-02,maybe\n",
        rejects=((2, "status", "not_a_choice"),),
        feed="orders",
        tabular=True,
    ),
    "returns": sales("2026-11-20,LYON,A,-3", kept=({"units": -3.0},)),
    "the same row of a master twice": Case(
        b"sku,description\nA,Desk\nA,Desk\nB,Lamp\n",
        kept=({"sku": "A"}, {"sku": "B"}),
        duplicates=1,
        feed="items",
        tabular=True,
    ),
    "two stocks of one shelf": Case(
        (STOCK + "2026-11-20,LYON,A,5\n2026-11-20,LYON,A,6\n2026-11-20,LYON,B,1\n").encode(),
        kept=({"sku": "B"},),
        rejects=(
            (2, "date, site, sku", "conflicting_key"),
            (3, "date, site, sku", "conflicting_key"),
        ),
        feed="stock",
        tabular=True,
    ),
    "a line that is no JSON": Case(
        b'{"date": "2026-11-20", "site": "LYON", "sku": "A", "units": 1}\n{"date": \n[1]\n',
        kept=ONE,
        rejects=((2, "", "bad_json"), (3, "", "bad_json")),
        name="export.ndjson",
    ),
    "a list where a code belongs": Case(
        b'[{"date": "2026-11-20", "site": "LYON", "sku": ["A"], "units": 1}]',
        rejects=((1, "sku", "bad_text"),),
        name="export.json",
    ),
}

CASES: Final[Mapping[str, Case]] = {
    **ENCODINGS, **FORMS, **NUMBERS, **DATES, **CODES, **ROWS,
}  # fmt: skip

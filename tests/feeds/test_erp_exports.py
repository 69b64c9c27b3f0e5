"""Whole exports as Odoo, ERPNext and Sage write them, made here, read by the profiles that ship."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import openpyxl
import pytest

from forecasting.errors import DeliveryRefused, MissingColumns
from forecasting.feeds import Reading, load_profile, read
from tests.feeds.exports import assert_balanced, faults, rows


def odoo_csv(*table: list[Any]) -> bytes:
    """Odoo quotes every field."""
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows(["" if cell is None else cell for cell in row] for row in table)
    return sink.getvalue().encode()


def worksheet(*table: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def taken(data: bytes, feed: str, profile: str, name: str = "export.csv") -> Reading:
    reading = read(data, feed, load_profile(profile), name=name, today=dt.date(2026, 11, 25))
    assert_balanced(reading)
    return reading


QUANTS = (
    ["Location", "Product", "Lot/Serial Number", "Quantity", "Reserved Quantity", "Unit"],
    ["WH/Stock", "[FURN_0096] Customizable Desk (Steel, White)", None, 45.0, 5.0, "Units"],
    ["WH/Stock/Shelf 1", "[FURN_0096] Customizable Desk (Steel, White)", None, 16.0, 0.0, "Units"],
    ["WH/Stock", "[00123] Screw [M4]", "L-1", 200.0, 0.0, "Units"],
    ["WH/Stock", "[00123] Screw [M4]", "L-2", 100.0, 0.0, "Units"],
    ["LYON/Stock", "[00123] Screw [M4]", None, -3.0, 0.0, "Units"],
    ["WH/Input", "[00123] Screw [M4]", None, 40.0, 0.0, "Units"],
    ["Partners/Customers", "[00123] Screw [M4]", None, 9.0, 0.0, "Units"],
    ["Virtual Locations/Inventory adjustment", "[00123] Screw [M4]", None, -9.0, 0.0, "Units"],
    ["WH/Stock", "Gift wrapping", None, 3.0, 0.0, "Units"],
)  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_odoo_quants_are_a_complete_snapshot_of_each_warehouse(form: str) -> None:
    data = odoo_csv(*QUANTS) if form == "csv" else worksheet(*QUANTS)
    reading = taken(data, "stock", "odoo", f"stock-2026-11-22.{form}")
    (batch,) = reading.batches
    assert batch.complete
    assert [
        (r["date"], r["site"], r["sku"], r["lot"], r["on_hand"], r["reserved"])
        for r in rows(reading)
    ] == [
        (dt.date(2026, 11, 22), "WH", "FURN_0096", "", 61.0, 5.0),
        (dt.date(2026, 11, 22), "WH", "00123", "L-1", 200.0, 0.0),
        (dt.date(2026, 11, 22), "WH", "00123", "L-2", 100.0, 0.0),
        (dt.date(2026, 11, 22), "LYON", "00123", "", -3.0, 0.0),
    ]
    assert faults(reading) == [
        (7, "site", "no_match"),
        (8, "site", "excluded"),
        (9, "site", "excluded"),
        (10, "sku", "no_match"),
    ]
    notes = " | ".join(reading.notes)
    assert "1 row(s) were added to another row of the same key" in notes
    assert "1 row(s) have a negative on_hand" in notes
    assert "date was taken from the file's name" in notes


def test_odoo_quants_need_their_day_in_the_name() -> None:
    for name in ("stock.quant.csv", "stock-2026-11-22-to-2026-11-23.csv", "stock-2026-02-30.csv"):
        with pytest.raises(DeliveryRefused) as refused:
            taken(odoo_csv(*QUANTS), "stock", "odoo", name)
        assert "its name should hold the date written YYYY-MM-DD" in str(refused.value)
        assert "date-2026-11-22.csv" in refused.value.next_step


def test_odoo_purchase_orders_exported_with_their_lines() -> None:
    """The fields of an order stand on its first line only."""
    data = odoo_csv(
        [
            *("Order Reference", "Vendor", "Confirmation Date", "Deliver To/Warehouse/Short Name"),
            *("Status", "Order Lines/Product", "Order Lines/Quantity", "Order Lines/Received Qty"),
            "Order Lines/Expected Arrival",
        ],
        ["P00012", "Azure Interior", "2026-11-02 09:13:55", "WH", "Purchase Order",
         "[FURN_0096] Desk", 40.0, 15.0, "2026-11-30 12:00:00"],
        ["", "", "", "", "", "[00123] Screw", 1000.0, 1200.0, "2026-11-30 12:00:00"],
        ["P00013", "Deco Addict", "2026-11-03 10:00:00", "LYON", "Cancelled",
         "[00123] Screw", 5.0, 0.0, ""],
        ["P00014", "Deco Addict", "2026-11-04 10:00:00", "LYON", "RFQ Sent",
         "[00123] Screw", 7.0, 0.0, ""],
        ["P00015", "Deco Addict", "2026-11-04 10:00:00", "LYON", "Locked",
         "[00123] Screw", 8.0, 0.0, ""],
    )  # fmt: skip
    reading = taken(data, "orders", "odoo")
    assert [
        (r["order_id"], r["supplier"], r["site"], r["sku"], r["units_received"], r["status"])
        for r in rows(reading)
    ] == [
        ("P00012", "Azure Interior", "WH", "FURN_0096", 15.0, "open"),
        ("P00012", "Azure Interior", "WH", "00123", 1200.0, "open"),
        ("P00013", "Deco Addict", "LYON", "00123", 0.0, "cancelled"),
        ("P00014", "Deco Addict", "LYON", "00123", 0.0, "requested"),
        ("P00015", "Deco Addict", "LYON", "00123", 0.0, "open"),
    ]
    assert rows(reading)[1]["ordered_on"] == dt.date(2026, 11, 2)
    assert rows(reading)[0]["expected_on"] == dt.date(2026, 11, 30)
    notes = " | ".join(reading.notes)
    assert "1 row(s) took order_id, ordered_on, site, supplier, status from the row above" in notes
    assert "1 order line(s) received more than was ordered" in notes


def test_odoo_purchase_order_lines_keep_a_blank_vendor_blank() -> None:
    """A flat export names its order in each row: nothing is filled from above."""
    data = odoo_csv(
        [
            *("ID", "Order Reference", "Partner", "Order Reference/Order Deadline", "Product"),
            *("Order Reference/Deliver To/Warehouse/Short Name", "Quantity", "Description"),
        ],
        ["__export__.pol_1", "P1", "Azure", "2026-11-02 09:00:00", "[A] a", "WH", 4.0, "x"],
        ["__export__.pol_2", "P1", "", "2026-11-02 09:00:00", "[A] a", "WH", 6.0, "x"],
    )
    found = rows(taken(data, "orders", "odoo"))
    assert [(r["line"], r["supplier"], r["units_ordered"]) for r in found] == [
        ("__export__.pol_1", "Azure", 4.0),
        ("__export__.pol_2", "", 6.0),
    ]


SALE_LINES = (
    [
        *("Order Reference", "Order Reference/Order Date", "Order Reference/Warehouse/Short Name"),
        *("Order Reference/Status", "Customer", "Product", "Quantity", "Delivery Quantity"),
        "Unit Price",
    ],
    ["S00021", "2026-11-20 08:00:00", "WH", "Sales Order", "Ready Mat", "[00123] Screw",
     10.0, 4.0, 0.5],
    ["S00021", "2026-11-20 08:00:00", "WH", "Sales Order", "Ready Mat", "[FURN_0096] Desk",
     1.0, 1.0, 600.0],
    ["S00022", "2026-11-20 09:00:00", "WH", "Quotation", "Azure", "[00123] Screw",
     500.0, 0.0, 0.5],
    ["S00023", "2026-11-20 09:30:00", "WH", "Cancelled", "Azure", "[00123] Screw",
     70.0, 0.0, 0.5],
)  # fmt: skip


def test_odoo_sale_order_lines_as_booked_demand_and_as_sales() -> None:
    booked = taken(odoo_csv(*SALE_LINES), "customer_orders", "odoo")
    assert [(r["order_id"], r["units_ordered"], r["units_shipped"]) for r in rows(booked)] == [
        ("S00021", 10.0, 4.0),
        ("S00021", 1.0, 1.0),
    ]
    sold = taken(odoo_csv(*SALE_LINES), "sales", "odoo")
    assert [(r["sku"], r["units"], r["line_id"]) for r in rows(sold)] == [
        ("00123", 4.0, "S00021"),
        ("FURN_0096", 1.0, "S00021"),
    ]
    for reading in (booked, sold):
        assert [code for _, _, code in faults(reading)] == ["excluded"] * 2
        assert {column for _, column, _ in faults(reading)} == {"Order Reference/Status"}


def test_odoo_sale_lines_without_a_status_say_that_nothing_was_left_out() -> None:
    table = [row[:3] + row[4:] for row in SALE_LINES]
    reading = taken(odoo_csv(*table), "customer_orders", "odoo")
    assert reading.accepted == 4
    assert any("no row was left out" in note for note in reading.notes)


def test_odoo_cancelled_orders_exported_with_their_lines_leave_out_every_line() -> None:
    data = odoo_csv(
        [
            *("Order Reference", "Order Date", "Warehouse/Short Name", "Customer", "Status"),
            *("Order Lines/Product", "Order Lines/Quantity"),
        ],
        ["S1", "2026-11-20 08:00:00", "WH", "Azure", "Cancelled", "[A] a", 1.0],
        ["", "", "", "", "", "[B] b", 2.0],
        ["S2", "2026-11-20 08:00:00", "WH", "Azure", "Sales Order", "[A] a", 3.0],
        ["", "", "", "", "", "[B] b", 4.0],
    )
    reading = taken(data, "customer_orders", "odoo")
    assert [r["units_ordered"] for r in rows(reading)] == [3.0, 4.0]
    assert [line for line, _, _ in faults(reading)] == [2, 3]


def test_odoo_done_moves_are_receipts_of_their_orders() -> None:
    data = odoo_csv(
        ["Date", "Reference", "Source Document", "Product", "To", "Quantity", "Status"],
        ["2026-11-10 14:00:00", "WH/IN/0007", "P00012", "[A] a", "WH/Stock", 10.0, "Done"],
        ["2026-11-10 15:00:00", "WH/IN/0008", "P00012", "[A] a", "WH/Stock", 5.0, "Done"],
        ["2026-11-30 14:00:00", "WH/IN/0009", "P00012", "[A] a", "WH/Stock", 25.0, "Available"],
    )
    reading = taken(data, "receipts", "odoo")
    assert [(r["order_id"], r["site"], r["units"]) for r in rows(reading)] == [("P00012", "WH", 15)]
    assert faults(reading) == [(4, "Status", "excluded")]


def test_odoo_products_and_vendors() -> None:
    items = odoo_csv(
        ["Internal Reference", "Name", "Product Category", "Cost", "Sales Price", "Vendors/Vendor"],
        ["00123", "Screw", "All / Saleable", 0.1, 0.5, "Azure Interior"],
    )
    (item,) = rows(taken(items, "items", "odoo"))
    assert (item["sku"], item["supplier"], item["unit_cost"]) == ("00123", "Azure Interior", 0.1)
    (vendor,) = rows(taken(odoo_csv(["Display Name"], ["Azure Interior"]), "suppliers", "odoo"))
    assert vendor["supplier"] == "Azure Interior"


BIN = (
    "ID,Warehouse,Item Code,Actual Quantity,Reserved Quantity,Ordered Quantity,Projected Qty,UOM\n"
    '9a1,"Stores - ACME",SKU-001,120.000,20.000,50.000,150.000,Nos\n'
    '9a2,"Stores - ACME",00123,0.000,0.000,0.000,0.000,Kg\n'
    '9a3,"Goods In Transit - ACME",SKU-001,-4.000,0.000,0.000,-4.000,Nos\n'
)


def test_erpnext_bins() -> None:
    reading = taken(BIN.encode("utf-8-sig"), "stock", "erpnext", "Bin 2026-11-22.csv")
    assert [(r["site"], r["sku"], r["on_hand"], r["reserved"]) for r in rows(reading)] == [
        ("Stores - ACME", "SKU-001", 120.0, 20.0),
        ("Stores - ACME", "00123", 0.0, 0.0),
        ("Goods In Transit - ACME", "SKU-001", -4.0, 0.0),
    ]
    assert not reading.batches[0].complete, "a bin exists only for items that once moved"


PURCHASE_ORDERS = (
    "ID,Supplier,Date,Status,Item Code (Items),Qty in Stock UOM (Items),UOM (Items),"
    "Target Warehouse (Items),Expected Delivery Date (Items),ID (Items)\n"
    "PUR-ORD-2026-00007,Novapack,2026-11-02,To Receive and Bill,SKU-001,240,Box,"
    "Stores - ACME,2026-12-04,pi-1\n"
    ",,,,SKU-001,120,Box,Stores - ACME,2026-12-11,pi-2\n"
    "PUR-ORD-2026-00008,Novapack,2026-11-03,Completed,00123,5,Kg,Stores - ACME,,pi-3\n"
    "PUR-ORD-2026-00009,Novapack,2026-11-03,Draft,00123,5,Kg,Stores - ACME,,pi-4\n"
    "PUR-ORD-2026-00010,Novapack,2026-11-03,Under Review,00123,5,Kg,Stores - ACME,,pi-5\n"
)


def test_erpnext_purchase_orders_exported_with_their_items() -> None:
    reading = taken(PURCHASE_ORDERS.encode(), "orders", "erpnext")
    assert [
        (r["order_id"][-2:], r["line"], r["units_ordered"], r["status"]) for r in rows(reading)
    ] == [
        ("07", "pi-1", 240.0, "open"),
        ("07", "pi-2", 120.0, "open"),
        ("08", "pi-3", 5.0, "received"),
        ("09", "pi-4", 5.0, "requested"),
    ]
    assert faults(reading) == [(6, "status", "not_a_choice")]
    assert rows(reading)[1]["expected_on"] == dt.date(2026, 12, 11)


def test_erpnext_quantities_in_the_purchase_unit_are_not_taken_for_stock_units() -> None:
    body = PURCHASE_ORDERS.replace("Qty in Stock UOM (Items)", "Quantity (Items)")
    with pytest.raises(MissingColumns, match="units_ordered"):
        taken(body.encode(), "orders", "erpnext")


def test_erpnext_sales_invoices_with_a_return_and_a_cancelled_one() -> None:
    body = (
        "ID,Date,Status,Item Code (Sales Invoice Item),"
        "Qty as per Stock UOM (Sales Invoice Item),Rate of Stock UOM (Sales Invoice Item),"
        "Warehouse (Sales Invoice Item)\n"
        "SINV-1,2026-11-20,Paid,SKU-001,3,10.5,Stores - ACME\n"
        "SINV-1,2026-11-20,Paid,SKU-001,3,10.5,Stores - ACME\n"
        "SINV-2,2026-11-20,Return,SKU-001,-1,10.5,Stores - ACME\n"
        "SINV-3,2026-11-20,Cancelled,SKU-001,99,10.5,Stores - ACME\n"
    )
    reading = taken(body.encode(), "sales", "erpnext")
    assert [(r["line_id"], r["units"], r["price"]) for r in rows(reading)] == [
        ("SINV-1", 6.0, 10.5),
        ("SINV-2", -1.0, 10.5),
    ]
    assert faults(reading) == [(5, "Status", "excluded")]


def test_erpnext_items_suppliers_and_receipts() -> None:
    items = (
        "Item Code,Item Name,Item Group,Default Unit of Measure,Has Variants,Maintain Stock,"
        "End of Life,Lead Time in days\n"
        "SKU-001,Box,Packaging,Nos,0,1,2099-12-31,12\nSHIRT,Shirt,Shirts,Nos,1,1,2099-12-31,0\n"
        "WORK,Labour,Services,Hour,0,0,2099-12-31,0\nOLD,Lamp,Lamps,Nos,0,1,2026-12-31,0\n"
    )
    reading = taken(items.encode(), "items", "erpnext")
    assert [(r["sku"], r["lead_time_days"], r["discontinued_on"]) for r in rows(reading)] == [
        ("SKU-001", 12.0, None),
        ("OLD", None, dt.date(2026, 12, 31)),
    ]
    assert [column for _, column, _ in faults(reading)] == ["Has Variants", "Maintain Stock"]
    (one,) = rows(taken(b"ID,Supplier Name\nNovapack,Novapack SAS\n", "suppliers", "erpnext"))
    assert (one["supplier"], one["name"]) == ("Novapack", "Novapack SAS")
    came = (
        "ID,Date,Purchase Order (Items),Item Code (Items),Accepted Qty in Stock UOM (Items),"
        "Accepted Warehouse (Items)\n"
        "MAT-1,2026-11-10,PUR-1,SKU-001,100,Stores - ACME\n,,PUR-1,00123,4,Stores - ACME\n"
    )
    found = rows(taken(came.encode(), "receipts", "erpnext"))
    assert [(r["received_on"].day, r["sku"], r["units"]) for r in found] == [
        (10, "SKU-001", 100.0),
        (10, "00123", 4.0),
    ]


def test_sage_stock_with_page_headers_totals_and_trailing_minus() -> None:
    head = "Dépôt;Référence article;Désignation;Stock réel;Qté réservée;Date péremption\r\n"
    body = (
        head + "LYON;00123;Vis têtière;1 234,500;0,000;00/00/0000\r\n"
        "LYON;00457;Écrou;12,5-;0,000;311226\r\n"
        "Total LYON;;;1 222,000;0,000;\r\n"
        + head
        + "PARIS;1.23E+12;Boulon;7,000;0,000;31/12/26\r\n"
        "TOTAL GENERAL;;;1 229,000;0,000;\r\n"
    )
    reading = taken(body.encode("cp1252"), "stock", "sage-fr", "stock_2026-11-22.csv")
    assert [(r["site"], r["sku"], r["on_hand"], r["expires_on"]) for r in rows(reading)] == [
        ("LYON", "00123", 1234.5, None),
        ("LYON", "00457", -12.5, dt.date(2026, 12, 31)),
        ("PARIS", "1.23E+12", 7.0, dt.date(2026, 12, 31)),
    ]
    assert faults(reading) == [
        (4, "site", "excluded"),
        (5, "", "repeated_header"),
        (7, "site", "excluded"),
    ]
    assert any("rounded by a spreadsheet" in note for note in reading.notes)


def test_sage_sales_with_short_dates() -> None:
    body = (
        "Date document;Code dépôt;Réf. article;Qté facturée;P.U. HT;N° pièce\n"
        "201126;LYON;00123;2,00;10,50;FA001\n20/11/26;LYON;00123;1,00-;10,50;AV001\n"
        "11126;LYON;00123;1,00;10,50;FA002\n310226;LYON;00123;1,00;10,50;FA003\n"
    )
    reading = taken(body.encode("cp1252"), "sales", "sage-fr")
    assert [(r["date"], r["units"]) for r in rows(reading)] == [
        (dt.date(2026, 11, 20), 2.0),
        (dt.date(2026, 11, 20), -1.0),
    ]
    assert faults(reading) == [(4, "date", "not_a_date"), (5, "date", "not_a_date")]


def test_sage_purchase_orders() -> None:
    body = (
        "N° pièce;Code tiers;Dépôt;Référence article;Qté commandée;Qté livrée;Date document;"
        "Date livraison\n"
        "BC0007;401NOVA;LYON;00123;100,00;40,00;02/11/2026;04/12/2026\n"
        "BC0008;401NOVA;LYON;00123;100,00;0,00;02/11/2026;00/00/0000\n"
    )
    found = rows(taken(body.encode("cp1252"), "orders", "sage-fr"))
    assert [(r["order_id"], r["units_received"], r["expected_on"]) for r in found] == [
        ("BC0007", 40.0, dt.date(2026, 12, 4)),
        ("BC0008", 0.0, None),
    ]

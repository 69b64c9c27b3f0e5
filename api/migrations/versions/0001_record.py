"""The record: deliveries, rejects, series and one table a feed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CODE: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NO_DAY: Final = "-719162"  # 0001-01-01: a blank date in a key


def upgrade() -> None:
    op.create_table(
        "assortment",
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("from", sa.Integer(), server_default=NO_DAY, nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("to", sa.Integer(), nullable=True),
        sa.Column("mode", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("series", "from", "delivery", name=op.f("pk_assortment")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_orders",
        sa.Column("order_id", CODE, nullable=False),
        sa.Column("line", CODE, server_default="", nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("units_ordered", sa.Double(), nullable=False),
        sa.Column("ordered_on", sa.Integer(), nullable=False),
        sa.Column("customer", CODE, server_default="", nullable=False),
        sa.Column("requested_on", sa.Integer(), nullable=True),
        sa.Column("confirmed_on", sa.Integer(), nullable=True),
        sa.Column("shipped_on", sa.Integer(), nullable=True),
        sa.Column("units_shipped", sa.Double(), nullable=True),
        sa.Column("cancelled_on", sa.Integer(), nullable=True),
        sa.Column("priority", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint(
            "order_id", "line", "series", "delivery", name=op.f("pk_customer_orders")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("units_read", sa.Double(), nullable=True),
        sa.Column("units_accepted", sa.Double(), nullable=True),
        sa.Column("units_rejected", sa.Double(), nullable=True),
        sa.Column("units_duplicates", sa.Double(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("digest", name=op.f("uq_deliveries_digest")),
    )
    op.create_table(
        "events",
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("name", CODE, server_default="", nullable=False),
        sa.Column("site", CODE, server_default="", nullable=False),
        sa.Column("sku", CODE, server_default="", nullable=False),
        sa.Column("category", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=True),
        sa.Column("supplier", CODE, server_default="", nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("units", sa.Double(), nullable=True),
        sa.Column("status", CODE, server_default="", nullable=False),
        sa.Column("known_on", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "start", "kind", "name", "site", "sku", "category", "delivery", name=op.f("pk_events")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "items",
        sa.Column("sku", CODE, nullable=False),
        sa.Column("valid_from", sa.Integer(), server_default=NO_DAY, nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("description", CODE, server_default="", nullable=False),
        sa.Column("category", CODE, server_default="", nullable=False),
        sa.Column("supplier", CODE, server_default="", nullable=False),
        sa.Column("buyer", CODE, server_default="", nullable=False),
        sa.Column("unit_cost", sa.Double(), nullable=True),
        sa.Column("unit_price", sa.Double(), nullable=True),
        sa.Column("currency", CODE, server_default="", nullable=False),
        sa.Column("stockout_cost", sa.Double(), nullable=True),
        sa.Column("uom", CODE, server_default="", nullable=False),
        sa.Column("pack_size", sa.Double(), nullable=True),
        sa.Column("minimum_order", sa.Double(), nullable=True),
        sa.Column("lead_time_days", sa.Double(), nullable=True),
        sa.Column("shelf_life_days", sa.Double(), nullable=True),
        sa.Column("introduced_on", sa.Integer(), nullable=True),
        sa.Column("discontinued_on", sa.Integer(), nullable=True),
        sa.Column("replaces", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("sku", "valid_from", "delivery", name=op.f("pk_items")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "movements",
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("reference", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("units", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "date", "series", "kind", "reference", "delivery", name=op.f("pk_movements")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "orders",
        sa.Column("order_id", CODE, nullable=False),
        sa.Column("line", CODE, server_default="", nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("units_ordered", sa.Double(), nullable=False),
        sa.Column("ordered_on", sa.Integer(), nullable=False),
        sa.Column("supplier", CODE, server_default="", nullable=False),
        sa.Column("source_site", CODE, server_default="", nullable=False),
        sa.Column("requested_on", sa.Integer(), nullable=True),
        sa.Column("promised_on", sa.Integer(), nullable=True),
        sa.Column("expected_on", sa.Integer(), nullable=True),
        sa.Column("promise_known_on", sa.Integer(), nullable=True),
        sa.Column("received_on", sa.Integer(), nullable=True),
        sa.Column("units_received", sa.Double(), nullable=True),
        sa.Column("cancelled_on", sa.Integer(), nullable=True),
        sa.Column("status", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line", "series", "delivery", name=op.f("pk_orders")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "policies",
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Integer(), server_default=NO_DAY, nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("source", CODE, server_default="", nullable=False),
        sa.Column("safety_stock", sa.Double(), nullable=True),
        sa.Column("reorder_point", sa.Double(), nullable=True),
        sa.Column("order_up_to", sa.Double(), nullable=True),
        sa.Column("review_days", sa.Double(), nullable=True),
        sa.Column("service_target", sa.Double(), nullable=True),
        sa.Column("service_kind", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("series", "valid_from", "delivery", name=op.f("pk_policies")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receipts",
        sa.Column("received_on", sa.Integer(), nullable=False),
        sa.Column("order_id", CODE, nullable=False),
        sa.Column("line", CODE, server_default="", nullable=False),
        sa.Column("sku", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("units", sa.Double(), nullable=False),
        sa.Column("site", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint(
            "received_on", "order_id", "line", "sku", "delivery", name=op.f("pk_receipts")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sales",
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("line_id", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("units", sa.Double(), nullable=False),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("promotion", sa.Double(), nullable=True),
        sa.Column("kind", CODE, server_default="", nullable=False),
        sa.Column("uom", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("date", "series", "line_id", "delivery", name=op.f("pk_sales")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", CODE, nullable=False),
        sa.Column("sku", CODE, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("site", "sku", name=op.f("uq_series_site_sku")),
    )
    op.create_table(
        "sites",
        sa.Column("site", CODE, nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("name", CODE, server_default="", nullable=False),
        sa.Column("region", CODE, server_default="", nullable=False),
        sa.Column("country", CODE, server_default="", nullable=False),
        sa.Column("kind", CODE, server_default="", nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("opened_on", sa.Integer(), nullable=True),
        sa.Column("like_site", CODE, server_default="", nullable=False),
        sa.Column("timezone", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("site", "delivery", name=op.f("pk_sites")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock",
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("lot", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("on_hand", sa.Double(), nullable=True),
        sa.Column("availability", sa.Double(), nullable=True),
        sa.Column("reserved", sa.Double(), nullable=True),
        sa.Column("blocked", sa.Double(), nullable=True),
        sa.Column("consignment", sa.Double(), nullable=True),
        sa.Column("expires_on", sa.Integer(), nullable=True),
        sa.Column("uom", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("date", "series", "lot", "delivery", name=op.f("pk_stock")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suppliers",
        sa.Column("supplier", CODE, nullable=False),
        sa.Column("site", CODE, server_default="", nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("name", CODE, server_default="", nullable=False),
        sa.Column("order_days", CODE, server_default="", nullable=False),
        sa.Column("cutoff_time", CODE, server_default="", nullable=False),
        sa.Column("receiving_days", CODE, server_default="", nullable=False),
        sa.Column("lead_time_days", sa.Double(), nullable=True),
        sa.Column("lead_time_basis", CODE, server_default="", nullable=False),
        sa.Column("minimum_order_value", sa.Double(), nullable=True),
        sa.Column("minimum_order_units", sa.Double(), nullable=True),
        sa.Column("currency", CODE, server_default="", nullable=False),
        sa.Column("closures", CODE, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("supplier", "site", "delivery", name=op.f("pk_suppliers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "batches",
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("filled", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.number"], name=op.f("fk_batches_delivery_deliveries")
        ),
        sa.PrimaryKeyConstraint("delivery", "batch", name=op.f("pk_batches")),
    )
    op.create_index(op.f("ix_batches_feed"), "batches", ["feed"], unique=False)
    op.create_table(
        "complete_stock",
        sa.Column("site", CODE, nullable=False),
        sa.Column("date", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.number"], name=op.f("fk_complete_stock_delivery_deliveries")
        ),
        sa.PrimaryKeyConstraint("site", "date", "delivery", name=op.f("pk_complete_stock")),
    )
    op.create_table(
        "rejects",
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.number"], name=op.f("fk_rejects_delivery_deliveries")
        ),
        sa.PrimaryKeyConstraint("delivery", "position", name=op.f("pk_rejects")),
    )
    op.create_table(
        "touched",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.number"], name=op.f("fk_touched_delivery_deliveries")
        ),
        sa.PrimaryKeyConstraint("feed", "delivery", "month", name=op.f("pk_touched")),
    )

"""Real exports, as they are."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from forecasting.feeds import load_profile, read
from tests.feeds.exports import assert_balanced, shared

pytestmark = pytest.mark.shared_data


def test_the_usaid_ledger_balances_to_the_unit() -> None:
    path = shared("usaid_ci") / "contraceptive_logistics_2016_2018.csv"
    truth = pd.read_csv(path)
    reading = read(path, "ledger", load_profile("stock-ledger"))
    assert (reading.read, reading.rejected, reading.duplicates) == (len(truth), 0, 0)
    batches = {batch.feed: batch.rows.to_pandas() for batch in reading.batches}
    assert batches["sales"]["units"].sum() == truth["stock_distributed"].sum()
    assert batches["stock"]["on_hand"].sum() == truth["stock_end"].sum()
    assert batches["orders"]["units_ordered"].sum() == truth["stock_ordered"].sum()
    assert batches["receipts"]["units"].sum() == truth["stock_received"].sum()
    moved = truth["stock_received"].sum() + truth["stock_adjustment"].sum()
    assert batches["movements"]["units"].sum() == moved
    assert batches["orders"]["order_id"].is_unique
    assert not any("is not closing" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("file", "feed", "count"),
    [("service_delivery_site_data.csv", "sites", 156), ("product.csv", "items", 11)],
)
def test_the_usaid_masters(file: str, feed: str, count: int) -> None:
    reading = read(shared("usaid_ci") / file, feed, load_profile("stock-ledger"))
    assert (reading.accepted, reading.rejected) == (count, 0)


def test_245_days_of_invoices_lose_nothing_and_keep_returns() -> None:
    profile = load_profile("invoices")
    found: Counter[str] = Counter()
    for path in sorted(shared("online_retail").glob("*.csv")):
        truth = pd.read_csv(path, dtype=str, keep_default_na=False)
        units = truth["Quantity"].astype(float)
        reading = read(path, "sales", profile)
        assert_balanced(reading)
        assert (reading.read, reading.units_read) == (len(truth), units.sum())
        kept = reading.batches[0].rows.to_pandas()
        assert kept["units"].sum() == reading.units_accepted
        stays = ~(truth.index + 2).isin(reading.rejects["line"])
        by_code = units[stays].groupby(truth["StockCode"][stays].str.strip()).sum()
        assert kept.groupby("sku", observed=True)["units"].sum().to_dict() == by_code.to_dict()
        found.update(reading.rejects["code"])
        found["read"] += reading.read
        found["accepted"] += reading.accepted
        found["returns"] += int((units[stays] < 0).sum())
    assert found == {
        "read": 370_931,
        "accepted": 368_731,
        "not_an_item": 2_200,
        "returns": 7_237,
    }

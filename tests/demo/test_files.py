"""The files of the demo: the same bytes again, within the contracts, with the faults announced."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from api.demo import build_company, happenings, logistics, masters
from api.demo.files import DemoFiles
from forecasting.errors import BadSetting
from forecasting.feeds import Reading, load_profile, read
from forecasting.tables import FEEDS, check_table
from tests.demo.conftest import SMALL, Played


def _contents(files: DemoFiles) -> dict[str, bytes]:
    paths = [*(file.path for file in files.files), files.truth, files.future]
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def readings(small_files: DemoFiles) -> dict[str, Reading]:
    return {
        file.path.name: read(file.path, file.feed, load_profile(file.profile))
        for file in small_files.files
    }


def _rows(readings: dict[str, Reading], *names: str) -> pd.DataFrame:
    tables = [batch.rows for name in names for batch in readings[name].batches]
    return pd.concat([table.to_pandas() for table in tables], ignore_index=True)


def test_the_same_seed_gives_the_same_bytes(
    small_files: DemoFiles, same_files_again: DemoFiles
) -> None:
    assert _contents(small_files) == _contents(same_files_again)


def test_another_seed_gives_another_company(small_files: DemoFiles, other_seed: DemoFiles) -> None:
    ours, theirs = _contents(small_files), _contents(other_seed)
    assert ours["sales.csv"] != theirs["sales.csv"]
    assert ours["demand.parquet"] != theirs["demand.parquet"]


def test_good_rows_keep_the_contracts(small: Played) -> None:
    company, demand, ledger = small.company, small.demand, small.ledger
    frames = {
        "items": masters.items(company, demand),
        "sites": masters.sites(company),
        "suppliers": masters.suppliers(company),
        "assortment": masters.assortment(company),
        "policies": masters.policies(company, ledger),
        "events": masters.events(company, demand),
        "sales": happenings.sales(company, demand, ledger),
        "stock": happenings.stock(company, ledger),
        "orders": happenings.orders(company, ledger),
        "receipts": happenings.receipts(company, ledger),
        "customer_orders": happenings.customer_orders(company, demand, ledger),
        "costs": logistics.costs(company, demand, ledger),
        "incidents": logistics.incidents(company, demand, ledger),
    }
    for name, frame in frames.items():
        table = FEEDS[name]
        assert len(check_table(frame, table)), name
        assert set(frame.columns) <= set(table.names), name
        key = [column for column in table.key if column in frame]
        assert not frame.duplicated(key).any(), name
        if table.dated:
            last = frame[table.dated].max()
            assert name == "events" or last <= pd.Timestamp(SMALL["end"]), name


def test_every_file_is_read_with_the_rejects_announced(
    readings: dict[str, Reading], small_files: DemoFiles
) -> None:
    rejected = {name: reading.rejected for name, reading in readings.items()}
    assert rejected == dict(small_files.expected_rejects)
    assert sum(rejected.values()) == 13
    for name, reading in readings.items():
        assert reading.duplicates == 0, name
        assert reading.accepted == reading.read - reading.rejected > 0, name
    assert not readings["suppliers.csv"].notes


def test_what_is_read_is_what_was_simulated(readings: dict[str, Reading], small: Played) -> None:
    sales = _rows(readings, "sales.csv", "ventes-2026-11.csv")
    days = slice(0, small.company.days)
    ledger = small.ledger
    moved = (ledger.sold - ledger.returned)[days].sum() + ledger.transferred[days].sum()
    assert sales["units"].sum() == moved
    assert set(sales["kind"]) == {"customer", "transfer"}
    customers = _rows(readings, "commandes-clients.csv")["customer"]
    assert customers.str.contains("é").any(), "accents survive the French file"


def test_an_open_site_reports_every_day(readings: dict[str, Reading], small: Played) -> None:
    sales = _rows(readings, "sales.csv", "ventes-2026-11.csv")
    reported = set(zip(pd.to_datetime(sales["date"]), sales["site"].astype(str), strict=True))
    company = small.company
    expected = {
        (pd.Timestamp(company.dates[day]), site.code)
        for s, site in enumerate(company.sites)
        for day in range(company.days)
        if not company.closed[day, s]
    }
    assert reported == expected


def test_open_orders_hold_the_late_container(readings: dict[str, Reading]) -> None:
    orders = _rows(readings, "orders.csv")
    end = SMALL["end"]
    late = orders[
        (orders["supplier"] == "NOVAPACK")
        & (orders["status"] == "open")
        & (orders["promised_on"] < end)
    ]
    assert late["order_id"].nunique() == 1
    assert (late["units_received"] == 0).all()


def test_stock_of_the_end_is_the_record_at_close(
    readings: dict[str, Reading], small: Played
) -> None:
    stock = _rows(readings, "stock.csv")
    stock = stock[stock["date"] == SMALL["end"]]
    ledger, end = small.ledger, small.company.end
    assert stock["on_hand"].sum() == ledger.on_hand[end].sum()
    assert stock["blocked"].sum() == ledger.blocked[end].sum()


def test_the_truth_ends_where_the_future_begins(small_files: DemoFiles, small: Played) -> None:
    truth = pq.read_table(small_files.truth).to_pandas()
    future = pq.read_table(small_files.future).to_pandas()
    assert list(truth) == ["date", "site", "sku", "demand"]
    assert list(future)[:5] == ["date", "site", "sku", "demand", "units"]
    assert truth["date"].max() == SMALL["end"]
    assert future["date"].min() == SMALL["end"] + timedelta(days=1)
    assert future["date"].nunique() == 28
    on_sale = small.company.in_assortment()
    assert truth["demand"].sum() + future["demand"].sum() == small.ledger.demand[on_sale].sum()
    assert np.isin(future["sku"], small.company.items["sku"]).all()


@pytest.mark.parametrize(
    "size",
    [{"days": 30}, {"sites": 0}, {"sites": 99}, {"items": 2}, {"items": 5000}],
    ids=["too few days", "no store", "too many stores", "too few items", "too many items"],
)
def test_a_company_out_of_reach_is_refused(tmp_path: Path, size: dict[str, int]) -> None:
    with pytest.raises(BadSetting):
        build_company(tmp_path, **{**SMALL, **size})


def test_any_end_date_will_do(tmp_path: Path) -> None:
    files = build_company(tmp_path, **{**SMALL, "end": date(2025, 3, 1), "days": 130})
    assert files.end == date(2025, 3, 1)
    assert {file.path.name for file in files.files} >= {"ventes-2025-03.csv", "sales.csv"}

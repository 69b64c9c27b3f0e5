"""The snapshot reads like the record, is renewed by month, and says when a file is not its own."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecasting.errors import NotReady, Refused
from forecasting.feeds.reading import Batch
from forecasting.record import Record
from forecasting.snapshot import Snapshot, refresh
from forecasting.tables import FEEDS
from tests.record.readings_by_hand import (
    NOON,
    batch_of,
    day,
    order,
    reading_of,
    sale,
    shelf,
)


@pytest.fixture
def sqlite_record(sqlite_url: str) -> Iterator[Record]:
    """For what happens to files only, whatever the database."""
    made = Record.open(sqlite_url)
    made.create()
    yield made
    made.close()


def deliver(record: Record, *batches: Batch) -> None:
    record.deliver(reading_of(*batches), received_at=NOON)


def assert_reads_like(snapshot: Snapshot, record: Record) -> None:
    for feed in FEEDS:
        for cut in ({}, {"since": day("02-02"), "until": day("03-01")}):
            assert snapshot.rows(feed, **cut).equals(record.rows(feed, **cut)), (feed, cut)
    assert snapshot.watermarks() == record.watermarks()
    assert snapshot.first_dates() == record.first_dates()
    assert snapshot.complete_stock_dates().equals(record.complete_stock_dates())


def busy_spring(record: Record) -> None:
    """Three months of two items, corrected, with masters, orders and a complete snapshot."""
    days = ("01-31", "02-01", "02-28", "03-01")
    deliver(record, batch_of("items", {"sku": "TEA", "unit_cost": 2.0}, {"sku": "MATE"}))
    deliver(record, batch_of("sales", *(sale(d, s, 2.0) for d in days for s in ("TEA", "MATE"))))
    deliver(record, batch_of("sales", sale("02-01", "TEA", 9.0, price=1.5)))
    deliver(record, batch_of("stock", shelf("02-28", "TEA", 3.0), complete=True))
    deliver(record, batch_of("orders", order("PO-1", "01-15", 5.0), order("PO-2", "02-15", 5.0)))


def months_of(snapshot: Snapshot, feed: str) -> list[str]:
    return sorted(snapshot.parts[feed])


def test_a_snapshot_reads_like_its_record(record: Record, tmp_path: Path) -> None:
    busy_spring(record)

    written = refresh(record, tmp_path / "snapshot")

    assert_reads_like(written, record)
    assert_reads_like(Snapshot.open(tmp_path / "snapshot"), record)
    assert months_of(written, "sales") == ["2026-01", "2026-02", "2026-03"]


def test_a_snapshot_of_an_empty_record_reads_like_it(record: Record, tmp_path: Path) -> None:
    assert_reads_like(refresh(record, tmp_path), record)


def test_only_the_months_touched_are_written_again(record: Record, tmp_path: Path) -> None:
    busy_spring(record)
    before = refresh(record, tmp_path)
    deliver(record, batch_of("sales", sale("02-03", "TEA", 1.0)))
    for part in before.parts["sales"].values():
        os.utime(tmp_path / part.path, (1, 1))

    after = refresh(record, tmp_path)

    changed = [m for m, part in after.parts["sales"].items() if part != before.parts["sales"][m]]
    assert changed == ["2026-02"]
    for month in ("2026-01", "2026-03"):
        assert (tmp_path / after.parts["sales"][month].path).stat().st_mtime == 1
    assert after.digest != before.digest
    assert_reads_like(after, record)


def test_nothing_new_writes_nothing_and_keeps_the_digest(
    sqlite_record: Record, tmp_path: Path
) -> None:
    busy_spring(sqlite_record)
    before = refresh(sqlite_record, tmp_path)
    (tmp_path / "manifest.json").chmod(0o400)
    written_at = (tmp_path / "manifest.json").stat().st_mtime_ns

    assert refresh(sqlite_record, tmp_path) == before
    assert (tmp_path / "manifest.json").stat().st_mtime_ns == written_at


def test_the_same_deliveries_give_the_same_digest(sqlite_record: Record, tmp_path: Path) -> None:
    busy_spring(sqlite_record)
    assert (
        refresh(sqlite_record, tmp_path / "a").digest
        == refresh(sqlite_record, tmp_path / "b").digest
    )


def test_an_order_moved_to_another_month_leaves_the_first(record: Record, tmp_path: Path) -> None:
    busy_spring(record)
    refresh(record, tmp_path)
    deliver(record, batch_of("orders", order("PO-1", "03-15", 5.0)))

    snapshot = refresh(record, tmp_path)

    assert snapshot.rows("orders", until=day("01-31")).num_rows == 0
    assert_reads_like(snapshot, record)


def test_a_reader_of_the_snapshot_before_is_not_disturbed(
    sqlite_record: Record, tmp_path: Path
) -> None:
    busy_spring(sqlite_record)
    before = refresh(sqlite_record, tmp_path)
    sold = before.rows("sales")
    deliver(sqlite_record, batch_of("sales", sale("02-01", "TEA", 0.0)))
    refresh(sqlite_record, tmp_path)

    assert before.rows("sales").equals(sold)


def test_who_began_with_a_snapshot_of_yesterday_reads_on_whatever_comes_within_the_hour(
    sqlite_record: Record, tmp_path: Path
) -> None:
    """A training, while two deliveries of the same month are published."""
    busy_spring(sqlite_record)
    begun = refresh(sqlite_record, tmp_path)
    sold = begun.rows("sales")
    yesterday = dt.datetime.now().timestamp() - 86_400
    for part in begun.parts["sales"].values():
        os.utime(tmp_path / part.path, (yesterday, yesterday))
    for units in (1.0, 2.0):
        deliver(sqlite_record, batch_of("sales", sale("02-01", "TEA", units)))
        refresh(sqlite_record, tmp_path)
    assert begun.rows("sales").equals(sold)


def test_files_that_no_snapshot_names_go_after_an_hour(
    sqlite_record: Record, tmp_path: Path
) -> None:
    busy_spring(sqlite_record)
    first = refresh(sqlite_record, tmp_path)
    replaced = tmp_path / first.parts["sales"]["2026-02"].path
    for units in (1.0, 2.0):
        deliver(sqlite_record, batch_of("sales", sale("02-01", "TEA", units)))
        refresh(sqlite_record, tmp_path)
    assert replaced.exists()

    hour_ago = dt.datetime.now().timestamp() - 3700
    os.utime(replaced, (hour_ago, hour_ago))
    deliver(sqlite_record, batch_of("sales", sale("02-01", "TEA", 3.0)))
    refresh(sqlite_record, tmp_path)

    assert not replaced.exists()


def test_a_file_that_another_refresh_takes_away_meanwhile_is_no_fault(
    sqlite_record: Record, tmp_path: Path
) -> None:
    """The folder lists it, and it is gone when it is looked at: here a link that leads nowhere."""
    busy_spring(sqlite_record)
    refresh(sqlite_record, tmp_path)
    (tmp_path / "sales" / ".2026-02.0123456789abcdef.parquet.x").symlink_to("renamed")
    deliver(sqlite_record, batch_of("sales", sale("02-01", "TEA", 4.0)))
    assert_reads_like(refresh(sqlite_record, tmp_path), sqlite_record)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_file_that_is_not_the_one_written_is_refused(
    sqlite_record: Record, tmp_path: Path, damage: str
) -> None:
    busy_spring(sqlite_record)
    snapshot = refresh(sqlite_record, tmp_path)
    path = tmp_path / snapshot.parts["sales"]["2026-02"].path
    assert snapshot.rows("sales").equals(snapshot.rows("sales"))  # what was read is no excuse
    if damage == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    else:
        path.unlink()

    with pytest.raises(Refused, match="not the file that the snapshot was written with"):
        snapshot.rows("sales")
    assert snapshot.rows("sales", until=day("01-31")).num_rows == 2


@pytest.mark.parametrize("fact", ["layout", "delivery_digest", "delivery"])
def test_a_folder_of_another_record_or_layout_is_written_anew(
    sqlite_record: Record, tmp_path: Path, fact: str
) -> None:
    busy_spring(sqlite_record)
    refresh(sqlite_record, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest[fact] = "another" if fact == "delivery_digest" else 99
    manifest["parts"]["sales"] = {}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    assert_reads_like(refresh(sqlite_record, tmp_path), sqlite_record)


def test_a_folder_without_a_snapshot_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="refresh"):
        Snapshot.open(tmp_path)


def test_a_refresh_that_dies_leaves_the_snapshot_before(
    sqlite_record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy_spring(sqlite_record)
    before = refresh(sqlite_record, tmp_path)
    sold = before.rows("sales")
    deliver(sqlite_record, batch_of("sales", sale("02-01", "TEA", 0.0), sale("04-01", "TEA", 1.0)))

    def full_disk(path: Path, content: bytes) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("forecasting.snapshot.write_whole", full_disk)
        with pytest.raises(OSError, match="no space"):
            refresh(sqlite_record, tmp_path)

    assert Snapshot.open(tmp_path) == before
    assert Snapshot.open(tmp_path).rows("sales").equals(sold)
    assert_reads_like(refresh(sqlite_record, tmp_path), sqlite_record)

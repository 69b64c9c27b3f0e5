"""Writers that are killed (-9), and writers that meet: nothing acknowledged is ever lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.kill_ingest import ROWS, Writer, halves, kill_writers
from forecasting.errors import Refused
from forecasting.record import Record, database
from tests.record.readings_by_hand import NOON, batch_of, reading_of, sale


def test_a_killed_writer_loses_nothing_acknowledged_and_leaves_no_half(
    record: Record, database_url: str
) -> None:
    tally = kill_writers(database_url, times=4)

    assert (tally.lost, tally.halves, tally.halves_seen) == (0, 0, 0), str(tally)
    assert tally.acknowledged >= 4
    assert tally.looks > 0


def test_the_control_without_a_transaction_leaves_halves(sqlite_url: str) -> None:
    record = Record.open(sqlite_url)
    record.create()
    record.close()

    assert kill_writers(sqlite_url, times=4, careless=True).halves > 0


def test_two_processes_write_to_one_database(record: Record, database_url: str) -> None:
    both = [Writer(database_url, name, times=12) for name in ("service", "command")]
    safe = [writer.safe() for writer in both]

    assert [len(digests) for digests in safe] == [12, 12]
    there = set(record.deliveries(100)["digest"])
    assert there == set(safe[0]) | set(safe[1])
    assert halves(record) == set()
    assert record.rows("sales").num_rows == 2 * ROWS
    assert sorted(record.deliveries(100)["number"]) == list(range(1, 25))
    assert max(seconds for digests in safe for seconds in digests.values()) < 10


def test_readers_do_not_wait_for_a_writer(record: Record) -> None:
    record.deliver(reading_of(batch_of("sales", sale("03-01", "TEA", 1))), received_at=NOON)
    with record.writing(alone="deliveries"):
        assert record.rows("sales").num_rows == 1


def test_a_reader_sees_one_moment(record: Record) -> None:
    with record.reading() as reader:
        assert reader.rows("sales").num_rows == 0
        record.deliver(reading_of(batch_of("sales", sale("03-01", "TEA", 1))), received_at=NOON)
        assert reader.rows("sales").num_rows == 0
    assert record.rows("sales").num_rows == 1


def test_a_writer_that_waits_in_vain_is_refused(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Record.open(sqlite_url) as record:
        record.create()
    monkeypatch.setattr(database, "_PRAGMAS", ("PRAGMA busy_timeout = 50",))
    blocked = Record.open(sqlite_url)
    other = sqlite3.connect(tmp_path / "record.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Refused, match="Another process has been writing"):
        blocked.deliver(reading_of(batch_of("sales", sale("03-01", "TEA", 1))), received_at=NOON)

    other.execute("ROLLBACK")
    other.close()
    blocked.close()


def test_sqlite_syncs_in_full_and_checks_foreign_keys(sqlite_url: str) -> None:
    record = Record.open(sqlite_url)
    with record.reading() as reader:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [reader.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    record.close()
    assert values == ["wal", 2, 1, 60_000]

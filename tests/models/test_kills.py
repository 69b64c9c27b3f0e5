"""Publishers that are killed (-9): the old publication or the new one, never a mix.

`benchmarks/kill_publish.py` does it fifty times.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.kill_publish import kill_publishers
from forecasting.record import Record


def test_killed_publishers_lose_nothing_and_mix_nothing(
    record: Record, database_url: str, tmp_path: Path
) -> None:
    tally = kill_publishers(database_url, tmp_path / "publications", times=3)

    assert (tally.lost, tally.mixes, tally.halves, tally.orphans) == (0, 0, 0, 0), str(tally)
    assert tally.acknowledged >= 3
    assert tally.looks > 3


def test_the_control_that_writes_in_place_shows_mixes(sqlite_url: str, tmp_path: Path) -> None:
    record = Record.open(sqlite_url)
    record.create()
    record.close()
    tally = kill_publishers(sqlite_url, tmp_path / "control", times=3, careless=True)
    assert tally.mixes + tally.halves > 0, str(tally)

"""A publication is whole, numbered, unchanged, or not there."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from forecasting.errors import BadValues, MissingColumns, NotReady, UnknownName
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.record import Record
from models.lead_time import fit_lead_times
from models.publication import (
    Damaged,
    current,
    list_publications,
    make_parts,
    open_publication,
)
from models.publication import parts as files
from models.publication.contracts import check_parts
from models.publication.publish import publish_parts
from models.risk import assess
from tests.models.published import NOON, parts_of, provenance, publish_by_hand
from tests.risk.warehouse import forecast_of, panel_of, shelf

COFFEE, TEA = ("Abidjan", "COFFEE"), ("Abidjan", "TEA")
RISK = {COFFEE: 0.8, TEA: 0.1}


def test_what_is_read_is_what_was_published(record: Record, tmp_path: Path) -> None:
    made = publish_by_hand(record.engine, tmp_path, RISK)

    reader = open_publication(record.engine, tmp_path)

    assert reader.publication == made
    assert made.created_at == NOON
    for name, table in parts_of(RISK).items():
        assert reader.part(name).equals(table)
    assert reader.provenance["origin"] == "2018-11"
    assert reader.provenance["data_cut"] == {"sales": "2018-11-30"}


def test_numbers_are_consecutive_and_never_given_twice(
    open_record: Callable[[], Record], tmp_path: Path
) -> None:
    open_record().create()
    numbers: list[int] = []

    def publish_some(as_of: str) -> None:
        engine = open_record().engine
        numbers.extend(
            publish_by_hand(engine, tmp_path, RISK, as_of=as_of).number for _ in range(4)
        )

    threads = [
        threading.Thread(target=publish_some, args=[f"2018-0{month}"]) for month in (1, 2, 3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == list(range(1, 13))


def test_a_failed_commit_takes_no_number(record: Record, tmp_path: Path) -> None:
    publish_by_hand(record.engine, tmp_path, RISK)
    broken = parts_of(RISK)
    broken["warnings"] = broken["warnings"].drop_columns(["state"])
    with pytest.raises(KeyError):
        publish_parts(record.engine, tmp_path, broken, provenance(), created_at=NOON)

    assert publish_by_hand(record.engine, tmp_path, RISK).number == 2


def test_current_is_the_latest_origin_then_the_latest_number(
    record: Record, tmp_path: Path
) -> None:
    for as_of in ("2018-11", "2018-12", "2018-12", "2018-10"):
        publish_by_hand(record.engine, tmp_path, RISK, as_of=as_of)

    assert current(record.engine).number == 3
    order = [publication.number for publication in list_publications(record.engine)]
    assert order == [3, 2, 1, 4]
    assert open_publication(record.engine, tmp_path, 4).provenance["origin"] == "2018-10"


def test_without_publication_the_next_step_is_named(record: Record, tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="vigistock train"):
        open_publication(record.engine, tmp_path)
    with pytest.raises(UnknownName):
        open_publication(record.engine, tmp_path, 7)


@pytest.mark.parametrize(
    "name", ["manifest.json", "forecasts_month.arrow", "warnings.arrow", "history.arrow"]
)
@pytest.mark.parametrize("harm", ["one bit flipped", "cut short", "missing"])
def test_a_damaged_file_is_refused(sqlite_url: str, tmp_path: Path, name: str, harm: str) -> None:
    record = Record.open(sqlite_url)
    record.create()
    made = publish_by_hand(record.engine, tmp_path, RISK)
    path = tmp_path / made.folder / name
    content = bytearray(path.read_bytes())
    if harm == "missing":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content if harm == "one bit flipped" else content[:-1])

    with pytest.raises(Damaged, match=name):
        open_publication(record.engine, tmp_path)
    record.close()


def test_a_part_swapped_with_another_publications_part_is_refused(
    record: Record, tmp_path: Path
) -> None:
    old = publish_by_hand(record.engine, tmp_path, RISK, mean=10.0)
    new = publish_by_hand(record.engine, tmp_path, RISK, mean=20.0)
    name = "forecasts_month.arrow"
    os.replace(tmp_path / old.folder / name, tmp_path / new.folder / name)

    with pytest.raises(Damaged, match=name):
        open_publication(record.engine, tmp_path)


def test_a_reader_keeps_its_publication_while_the_next_is_made(
    record: Record, tmp_path: Path
) -> None:
    publish_by_hand(record.engine, tmp_path, RISK, mean=10.0)
    reader = open_publication(record.engine, tmp_path)
    publish_by_hand(record.engine, tmp_path, RISK, mean=20.0)

    assert set(reader.forecasts().column("mean").to_pylist()) == {10.0}
    assert reader.number == 1
    renewed = open_publication(record.engine, tmp_path)
    assert set(renewed.forecasts().column("mean").to_pylist()) == {20.0}


class TestOrphans:
    """Folders of killed runs go; nothing else does."""

    def test_the_next_publish_removes_it(self, record: Record, tmp_path: Path) -> None:
        kept = publish_by_hand(record.engine, tmp_path, RISK)
        with contextlib.suppress(InterruptedError), files.lease(tmp_path, "2018-11") as name:
            files.write_parts(tmp_path, name, parts_of(RISK), {})
            (tmp_path / f"{files.WRITING}{name}").mkdir()
            raise InterruptedError  # between the rename and the commit
        assert (tmp_path / name).is_dir()

        made = publish_by_hand(record.engine, tmp_path, RISK)

        assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {
            kept.folder,
            made.folder,
        }
        assert not list(tmp_path.glob("*.lease"))

    def test_a_running_writers_folder_stays(self, record: Record, tmp_path: Path) -> None:
        with files.lease(tmp_path, "2018-11") as name:
            files.write_parts(tmp_path, name, parts_of(RISK), {})
            publish_by_hand(record.engine, tmp_path, RISK)
            assert (tmp_path / name / "manifest.json").is_file()

    def test_a_writer_that_died_before_it_held_its_lease_leaves_nothing(
        self, record: Record, tmp_path: Path
    ) -> None:
        left = tmp_path / f"{files.UNLOCKED}2018-11-0123456789ab"
        left.touch()
        publish_by_hand(record.engine, tmp_path, RISK)
        assert not left.exists()

    def test_a_writer_whose_lease_was_swept_while_it_began_takes_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between opening its file and locking it, another writer may take it for a dead one's."""
        locks, really = [], files.fcntl.flock

        def sweep_first(file: Any, how: int) -> None:
            if not locks:
                next(tmp_path.glob(f"{files.UNLOCKED}*")).unlink()
            locks.append(how)
            really(file, how)

        monkeypatch.setattr(files.fcntl, "flock", sweep_first)
        with files.lease(tmp_path, "2018-11") as name:
            assert (tmp_path / f"{name}{files.LEASE}").exists()
        assert len(locks) == 2
        assert not list(tmp_path.iterdir())

    def test_a_committed_folder_stays_though_its_lease_was_left(
        self, record: Record, tmp_path: Path
    ) -> None:
        made = publish_by_hand(record.engine, tmp_path, RISK)
        (tmp_path / f"{made.folder}.lease").touch()
        publish_by_hand(record.engine, tmp_path, RISK)

        assert open_publication(record.engine, tmp_path, 1).publication == made
        assert not list(tmp_path.glob("*.lease"))

    def test_folders_that_no_writer_leased_are_not_touched(
        self, record: Record, tmp_path: Path
    ) -> None:
        """Another database's publications, say: a wrong URL must not empty the folder."""
        stranger = tmp_path / "2018-11-000000000000"
        stranger.mkdir()
        publish_by_hand(record.engine, tmp_path, RISK)
        assert stranger.is_dir()


class TestChecks:
    """Numbers that break the contract are not published."""

    @pytest.mark.parametrize(
        ("part", "column", "value"),
        [
            ("forecasts_month", "mean", -0.1),
            ("forecasts_month", "mean", float("nan")),
            ("forecasts_month", "q500", float("inf")),
            ("forecasts_month", "q500", 1e6),
            ("warnings", "probability", 1.01),
            ("warnings", "p_1m", float("nan")),
            ("warnings", "p_1m", 0.9),
        ],
    )
    def test_a_bad_number_is_refused(self, part: str, column: str, value: float) -> None:
        parts = parts_of(RISK)
        check_parts(parts)
        table = parts[part]
        values = table.column(column).to_numpy().copy()
        values[-1] = value
        place = table.column_names.index(column)
        parts[part] = table.set_column(place, column, pa.array(values))

        with pytest.raises(BadValues, match=part):
            check_parts(parts)

    def test_a_missing_column_is_named(self) -> None:
        parts = parts_of(RISK)
        parts["warnings"] = parts["warnings"].drop_columns(["back_on"])
        with pytest.raises(MissingColumns, match="back_on"):
            check_parts(parts)


def test_times_are_utc_whatever_the_clock_said(record: Record, tmp_path: Path) -> None:
    paris = dt.timezone(dt.timedelta(hours=2))
    local = NOON.astimezone(paris)
    publish_parts(record.engine, tmp_path, parts_of(RISK), provenance(), created_at=local)

    read = current(record.engine).created_at
    assert read == NOON
    assert read.tzinfo == dt.UTC


def test_inputs_come_back_unchanged(record: Record, tmp_path: Path) -> None:
    parts = parts_of(RISK)
    before = {name: table.to_pydict() for name, table in parts.items()}
    publish_parts(record.engine, tmp_path, parts, provenance(), created_at=NOON)
    assert repr({name: table.to_pydict() for name, table in parts.items()}) == repr(before)


def test_a_ragged_part_names_known_series_only() -> None:
    """Any number of rows of a series, in any order; but never of one that is not there."""
    panel = panel_of([shelf(sku="A"), shelf(sku="B")])
    lines = pd.DataFrame({"site": "S1", "sku": ["B", "B", "A"], "units": [2.0, 1.0, 3.0]})
    for parts in (made_with(panel, lines), made_with(panel, lines.iloc[:0])):
        assert parts["proposals"].num_rows in (3, 0)
    with pytest.raises(BadValues, match="series of the panel"):
        made_with(panel, lines.assign(sku=["B", "B", "C"]))
    with pytest.raises(BadValues, match="units"):
        made_with(panel, lines.assign(units=[2.0, 0.0, 3.0]))


def made_with(panel: Panel, lines: pd.DataFrame) -> dict[str, pa.Table]:
    shelves = [shelf(sku=sku) for sku in panel.series["sku"]]
    options = Options()
    forecast: Any = forecast_of(panel, shelves, paths=20)
    forecast.with_units = lambda _units: forecast
    assessment = assess(panel, forecast, fit_lead_times(panel, options), options)
    return make_parts(panel, forecast, assessment, {"proposals": lines})

"""How far forecasts moved between publications, and receipts: on both databases."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from forecasting.record import Record
from models.publication import (
    Damaged,
    Move,
    PullReceipt,
    keep_receipts,
    measure_moves,
    moves_of,
    open_publication,
    receipts_of,
)
from models.publication.stability import moves_between
from tests.models.published import NOON, publish_by_hand

COFFEE, TEA, MILK = ("Abidjan", "COFFEE"), ("Abidjan", "TEA"), ("Bouaké", "MILK")


def test_the_same_periods_of_the_same_series_are_compared(record: Record, tmp_path: Path) -> None:
    publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1, TEA: 0.1}, mean=10.0)
    later = publish_by_hand(
        record.engine, tmp_path, {COFFEE: 0.1, MILK: 0.1}, mean=12.0, as_of="2018-12"
    )
    found = measure_moves(record.engine, tmp_path, later)
    # coffee, January and February of 2019: |12 − 10| twice
    assert found == [Move("month", since=1, rows=2, moved=4.0, mean=20.0)]
    assert found[0].share == 0.2
    assert moves_of(record.engine, 2) == found
    assert measure_moves(record.engine, tmp_path, later) == moves_of(record.engine, 2)


def test_it_is_the_mean_absolute_change_over_the_mean(record: Record, tmp_path: Path) -> None:
    publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1, TEA: 0.1}, mean=10.0)
    publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1, TEA: 0.1}, mean=9.0, as_of="2018-12")
    old, new = (open_publication(record.engine, tmp_path, number) for number in (1, 2))
    both = (
        old.forecasts()
        .to_pandas()
        .merge(new.forecasts().to_pandas(), on=["site", "sku", "period"], suffixes=("", "_new"))
    )
    change = np.abs(both["mean_new"] - both["mean"]).mean() / both["mean"].mean()
    assert moves_between(old, new)[0].share == pytest.approx(change)


def test_an_origin_published_again_is_compared_with_the_origin_before(
    record: Record, tmp_path: Path
) -> None:
    first = publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1}, mean=10.0)
    publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1}, mean=11.0, as_of="2018-12")
    again = publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1}, mean=15.0, as_of="2018-12")
    assert measure_moves(record.engine, tmp_path, first) == []
    assert [move.since for move in measure_moves(record.engine, tmp_path, again)] == [1]


def test_nothing_expected_has_no_share(record: Record, tmp_path: Path) -> None:
    publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1}, mean=0.0)
    later = publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1}, mean=0.0, as_of="2018-12")
    assert [move.share for move in measure_moves(record.engine, tmp_path, later)] == [None]


def test_an_earlier_publication_that_is_damaged_is_told(record: Record, tmp_path: Path) -> None:
    earlier = publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1})
    later = publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1}, as_of="2018-12")
    (tmp_path / earlier.folder / "history.arrow").unlink()
    with pytest.raises(Damaged):
        measure_moves(record.engine, tmp_path, later)
    assert moves_of(record.engine, 2) == []


def test_receipts_are_kept_once_the_latest_first(record: Record, tmp_path: Path) -> None:
    publish_by_hand(record.engine, tmp_path, {COFFEE: 0.1})
    one = PullReceipt(1, "SAP", "month", "csv", "q500", 0, 3, "a" * 64, True, NOON)
    other = dataclasses.replace(one, rows=2, matches=False)
    assert keep_receipts(record.engine, [one]) == 1
    assert keep_receipts(record.engine, [one, other]) == 1
    assert keep_receipts(record.engine, [other, one]) == 0
    assert receipts_of(record.engine, 1) == [other, one]
    assert receipts_of(record.engine, 2) == []

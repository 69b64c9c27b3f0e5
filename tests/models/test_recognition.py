"""A proposed order that is placed comes back: recognised once, and its warning told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from forecasting.record import Record
from forecasting.record.database import reading
from models.publication import Publication, publish_parts, recognition
from models.publication.build import table_of
from models.publication.lives import Action, Wish, change, changes_of, life_of
from models.publication.recognition import Recognised, matched, recognise
from models.tables import episodes, recognised_orders
from tests.models.published import NOON, parts_of, provenance

COFFEE, TEA = ("Abidjan", "COFFEE"), ("Abidjan", "TEA")
ORDERED = dt.date(2018, 12, 3)  # after the origin 2018-11


def proposed(*lines: tuple[str, float], **facts: Any) -> pd.DataFrame:
    """`lines`: sku and units, a proposal each."""
    rows = [
        {
            **{"proposal": number, "order_on": pd.Timestamp(ORDERED), "site": "Abidjan"},
            **{"sku": sku, "units": units, "supplier": "NOVA", "source_site": "", **facts},
        }
        for number, (sku, units) in enumerate(lines, start=1)
    ]
    return pd.DataFrame(rows)


def placed(*lines: tuple[str, str, float], on: dt.date = ORDERED, **facts: Any) -> pd.DataFrame:
    """`lines`: order, sku and units."""
    rows = [
        {
            **{"order_id": order, "line": "1", "site": "Abidjan", "sku": sku, "status": "open"},
            **{"supplier": "NOVA", "source_site": "", "source": "NOVA"},
            **{"units_ordered": units, "ordered_on": pd.Timestamp(on), **facts},
        }
        for order, sku, units in lines
    ]
    return pd.DataFrame(rows)


def answered(lines: pd.DataFrame, proposals: pd.DataFrame) -> list[tuple[str, int]]:
    return [(one.order_id, one.proposal) for one in matched(lines, proposals, 1)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (placed(("PO-1", "COFFEE", 40.0)), [("PO-1", 1)]),
        (placed(("PO-1", "COFFEE", 20.0)), [("PO-1", 1)]),
        (placed(("PO-1", "COFFEE", 19.0)), []),
        (placed(("PO-1", "MILK", 40.0)), []),
        (placed(("PO-1", "COFFEE", 40.0), source="OTHER"), []),
        (placed(("PO-1", "COFFEE", 40.0), site="Bouaké"), []),
        (placed(("PO-1", "COFFEE", 40.0), ("PO-2", "COFFEE", 40.0)), [("PO-1", 1)]),
    ],
    ids=["as asked", "half", "too few", "item", "supplier", "site", "once"],
)
def test_what_answers_a_proposal(lines: pd.DataFrame, expected: list[tuple[str, int]]) -> None:
    assert answered(lines, proposed(("COFFEE", 40.0), ("TEA", 5.0))) == expected


def test_two_orders_answer_two_proposals_of_an_item_and_a_transfer_its_site() -> None:
    lines = placed(("PO-2", "COFFEE", 8.0), ("PO-1", "COFFEE", 40.0))
    assert answered(lines, proposed(("COFFEE", 40.0), ("COFFEE", 10.0))) == [
        ("PO-1", 1),
        ("PO-2", 2),
    ]
    sent = placed(("TR-1", "TEA", 5.0), source="HUB")
    assert answered(sent, proposed(("TEA", 5.0), supplier="", source_site="HUB")) == [("TR-1", 1)]


def published(record: Record, root: Path, as_of: str, lines: pd.DataFrame | None) -> Publication:
    parts = parts_of({COFFEE: 0.8, TEA: 0.1}, as_of=as_of)
    if lines is not None:
        parts["proposals"] = table_of(lines)
    return publish_parts(record.engine, root, parts, provenance(as_of), created_at=NOON)


def kept(record: Record) -> list[dict[str, Any]]:
    with reading(record.engine) as connection:
        rows = connection.execute(sa.select(recognised_orders)).mappings()
        return [dict(row) for row in rows]


def test_an_order_is_kept_once_and_told_to_the_warning(record: Record, tmp_path: Path) -> None:
    lines = proposed(("COFFEE", 40.0), ("TEA", 5.0))
    published(record, tmp_path, "2018-11", lines)
    made = published(record, tmp_path, "2018-12", None)
    book = placed(("PO-7", "COFFEE", 40.0), ("PO-8", "TEA", 5.0), on=dt.date(2018, 12, 20))
    found = recognise(record.engine, tmp_path, made, book, at=NOON)
    assert [one.order_id for one in found] == ["PO-7", "PO-8"]

    coffee, tea = sorted(kept(record), key=lambda row: row["order_id"])
    assert (coffee["publication"], coffee["recognised_by"], coffee["episode"]) == (1, 2, 1)
    assert (coffee["units_ordered"], coffee["units_proposed"]) == (40.0, 40.0)
    assert tea["episode"] is None, "nobody was warned of the tea"
    (told,) = changes_of(record.engine, 1)
    assert (told["who"], told["action"]) == ("vigistock", "ordered")
    assert str(told["comment"]).startswith("ordered: PO-7, 40 units on 2018-12-20")

    assert recognise(record.engine, tmp_path, made, book, at=NOON) == []
    assert len(changes_of(record.engine, 1)) == 1


def test_two_publications_at_the_same_time_recognise_an_order_once(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(record, tmp_path, "2018-11", proposed(("COFFEE", 40.0)))
    first, second = (published(record, tmp_path, "2018-12", None) for _ in range(2))
    book = placed(("PO-7", "COFFEE", 40.0), on=dt.date(2018, 12, 20))

    def meanwhile(*asked: Any) -> list[Recognised]:
        monkeypatch.setattr(recognition, "matched", matched)
        assert len(recognise(record.engine, tmp_path, second, book, at=NOON)) == 1
        return matched(*asked)

    monkeypatch.setattr(recognition, "matched", meanwhile)
    assert recognise(record.engine, tmp_path, first, book, at=NOON) == []
    assert [row["recognised_by"] for row in kept(record)] == [second.number]
    assert len(changes_of(record.engine, 1)) == 1


def test_what_a_person_recorded_stays(record: Record, tmp_path: Path) -> None:
    published(record, tmp_path, "2018-11", proposed(("COFFEE", 40.0)))
    made = published(record, tmp_path, "2018-12", None)
    change(record.engine, 1, Wish(action=Action.EXPEDITED), seen=1, who="anna", at=NOON)
    book = placed(("PO-7", "COFFEE", 40.0), on=dt.date(2018, 12, 20))
    assert recognise(record.engine, tmp_path, made, book, at=NOON)
    assert life_of(record.engine, 1, NOON.date()).action is Action.EXPEDITED
    assert "PO-7" in str(changes_of(record.engine, 1)[-1]["comment"])


@pytest.mark.parametrize(
    ("day", "status", "count"),
    [
        (dt.date(2018, 11, 30), "open", 0),
        (dt.date(2018, 12, 31), "open", 1),
        (dt.date(2018, 12, 31), "cancelled", 0),
        (dt.date(2018, 12, 31), "requested", 0),
        (dt.date(2018, 12, 2), "open", 1),
        (dt.date(2018, 11, 10), "open", 0),
    ],
    ids=["placed before", "after it", "cancelled", "a wish", "early", "long ago"],
)
def test_which_orders_count(
    record: Record, tmp_path: Path, day: dt.date, status: str, count: int
) -> None:
    published(record, tmp_path, "2018-10", proposed(("COFFEE", 40.0)))
    published(record, tmp_path, "2018-11", proposed(("COFFEE", 40.0)))
    made = published(record, tmp_path, "2018-12", None)
    book = placed(("PO-7", "COFFEE", 40.0), on=day, status=status)
    assert len(recognise(record.engine, tmp_path, made, book, at=NOON)) == count


def test_a_publication_without_proposals_is_answered_by_nothing(
    record: Record, tmp_path: Path
) -> None:
    published(record, tmp_path, "2018-11", None)
    made = published(record, tmp_path, "2018-12", None)
    book = placed(("PO-7", "COFFEE", 40.0), on=dt.date(2018, 12, 20))
    assert recognise(record.engine, tmp_path, made, book, at=NOON) == []
    with reading(record.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(episodes)) == 1

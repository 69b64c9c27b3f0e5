"""A warning keeps its number for as long as its series stays in danger."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecasting.record import Record
from models.publication import open_publication
from models.publication.lives import Wish, change
from models.tables import episodes, publications
from tests.models.published import NOON, publish_by_hand

COFFEE, TEA = ("Abidjan", "COFFEE"), ("Abidjan", "TEA")


class Story:
    """Publications of two series, one after the other."""

    def __init__(self, record: Record, root: Path) -> None:
        self.record, self.root = record, root

    def publish(self, coffee: float, tea: float = 0.0, *, out: bool = False, as_of: str) -> None:
        gone = [COFFEE] if out else []
        risk = {COFFEE: coffee, TEA: tea}
        publish_by_hand(self.record.engine, self.root, risk, out=gone, as_of=as_of)

    def numbers(self, publication: int | None = None) -> list[int | None]:
        """Warning numbers of coffee and tea."""
        reader = open_publication(self.record.engine, self.root, publication)
        table = reader.export_table("warnings", every_series=True)
        numbers: list[int | None] = table.column("warning").to_pylist()
        return numbers

    def put_off(self) -> None:
        """The first warning, beyond all publications."""
        until = NOON.date() + dt.timedelta(days=365)
        with self.record.engine.connect() as connection:
            seen = connection.scalar(sa.select(episodes.c.revision).where(episodes.c.id == 1))
        assert seen is not None
        change(self.record.engine, 1, Wish(snoozed_until=until), seen=seen, who="me", at=NOON)

    def state(self, episode: int) -> tuple[str, int | None]:
        statement = sa.select(episodes.c.state, episodes.c.closed_publication)
        with self.record.engine.connect() as connection:
            row = connection.execute(statement.where(episodes.c.id == episode)).one()
        return row.state, row.closed_publication


@pytest.fixture
def story(record: Record, tmp_path: Path) -> Story:
    return Story(record, tmp_path)


def test_the_number_stays_while_the_danger_does(story: Story) -> None:
    for as_of in ("2018-09", "2018-10", "2018-11"):
        story.publish(0.7, as_of=as_of)
    assert [story.numbers(number) for number in (1, 2, 3)] == [[1, None]] * 3


def test_the_number_stays_while_the_series_is_out(story: Story) -> None:
    story.publish(0.7, as_of="2018-09")
    story.publish(1.0, out=True, as_of="2018-10")
    story.publish(0.6, as_of="2018-11")
    assert [story.numbers(number) for number in (1, 2, 3)] == [[1, None]] * 3


def test_a_series_out_that_nobody_warned_of_has_a_number_until_it_is_safe(story: Story) -> None:
    for as_of in ("2018-08", "2018-09"):
        story.publish(1.0, out=True, as_of=as_of)
    story.publish(0.1, as_of="2018-10")
    assert [story.numbers(number) for number in (1, 2, 3)] == [[1, None], [1, None], [None, None]]
    assert story.state(1) == ("expired", 3)


def test_what_was_put_off_in_stock_is_new_again_once_it_is_out(story: Story) -> None:
    story.publish(0.7, as_of="2018-09")
    story.put_off()
    story.publish(1.0, out=True, as_of="2018-10")
    assert story.state(1) == ("new", None)


def test_what_was_put_off_while_out_stays_so(story: Story) -> None:
    story.publish(1.0, out=True, as_of="2018-09")
    story.put_off()
    story.publish(1.0, out=True, as_of="2018-10")
    assert story.state(1) == ("snoozed", None)
    story.publish(0.7, as_of="2018-11")
    assert story.state(1) == ("snoozed", None), "it is back and may run out: no news"
    story.publish(1.0, out=True, as_of="2018-12")
    assert story.state(1) == ("new", None), "out again is news"


def test_after_a_pause_the_number_is_new_and_the_old_one_expired(story: Story) -> None:
    story.publish(0.7, as_of="2018-09")
    story.publish(0.1, as_of="2018-10")
    assert story.state(1) == ("expired", 2)
    story.publish(0.7, as_of="2018-11")
    assert [story.numbers(number) for number in (1, 2, 3)] == [[1, None], [None, None], [2, None]]


def test_the_same_origin_again_keeps_the_numbers(story: Story) -> None:
    story.publish(0.7, 0.5, as_of="2018-11")
    story.publish(0.7, 0.6, as_of="2018-11")
    assert story.numbers(1) == story.numbers(2) == [1, 2]


def test_a_publication_of_the_past_follows_its_own_past_and_ends_nothing(story: Story) -> None:
    story.publish(0.7, as_of="2018-09")
    story.publish(0.7, 0.5, as_of="2018-11")
    story.publish(0.1, 0.5, as_of="2018-10")
    assert story.numbers(2) == [1, 2]
    assert story.numbers(3) == [None, 3]
    assert story.state(1) == ("new", None)
    assert story.state(3) == ("expired", 2), "the publication of November does not say it"


def test_one_made_after_a_later_one_was_withdrawn_is_the_latest(story: Story) -> None:
    story.publish(0.7, as_of="2018-10")
    story.publish(0.7, as_of="2018-11")
    with story.record.engine.begin() as connection:
        november = publications.c.number == 2
        connection.execute(sa.update(publications).where(november).values(withdrawn_at=NOON))
    story.publish(0.1, 0.5, as_of="2018-10")
    assert story.numbers() == [None, 2]
    assert [story.state(number) for number in (1, 2)] == [("expired", 3), ("new", None)]
    story.publish(0.7, as_of="2018-11")
    assert story.numbers() == [3, None], "what is over does not begin again under its number"
    assert [story.state(number) for number in (2, 3)] == [("expired", 4), ("new", None)]

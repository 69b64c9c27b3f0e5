"""Old publications go; what anybody still needs stays; killed anywhere, the next run finishes."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calendar import Frequency, end_date
from forecasting.errors import Refused
from forecasting.record import Record
from models.publication import Gone, Publication, list_publications, open_publication
from models.publication import retention as module
from models.publication.ledger import Provenance, publication
from models.publication.parts import read_manifest
from models.publication.retention import GRACE, Keep, judge, nothing_removed, prune
from tests.models.published import NOON, publish_by_hand

RISK = {("Abidjan", "COFFEE"): 0.8}
LATER = NOON + dt.timedelta(days=400)
ONE = Keep(newest=1, months=0)


def made(number: int, origin: int, created_at: dt.datetime) -> Publication:
    """A daily publication; nothing is on disk."""
    provenance = Provenance(origin, Frequency.DAY, 1, 1, "d", {}, {}, "0")
    return Publication(number, provenance, created_at, f"p-{number}", "m", {})


def as_listed(found: Sequence[Publication]) -> list[Publication]:
    return sorted(found, key=lambda one: (one.provenance.origin, one.number), reverse=True)


def one_a_day(count: int, *, last: int = 20_800) -> list[Publication]:
    """Made on the morning after its origin."""
    found = []
    for number in range(1, count + 1):
        origin = last - count + number
        morning = dt.datetime.combine(end_date(origin, Frequency.DAY), dt.time(6), dt.UTC)
        found.append(made(number, origin, morning + dt.timedelta(days=1)))
    return as_listed(found)


def gone_of(
    found: Sequence[Publication],
    keep: Keep,
    *,
    longest: int = 28,
    now: dt.datetime | None = None,
    held: Sequence[int] = (),
) -> set[int]:
    now = now or found[0].created_at
    verdicts = judge(found, keep, longest=longest, now=now, held=held)
    assert [one.publication for one in verdicts] == list(found)
    return {one.publication.number for one in verdicts if one.goes}


def test_the_newest_and_the_last_of_each_month_stay() -> None:
    found = one_a_day(200)
    goes = gone_of(found, Keep(newest=50, months=5))
    stays = [one for one in found if one.number not in goes]
    assert [one.number for one in stays[:50]] == list(range(200, 150, -1))
    months = {(one.provenance.origin_end.year, one.provenance.origin_end.month) for one in stays}
    assert len(stays[50:]) == 3
    for one in stays[50:]:
        assert (one.provenance.origin_end + dt.timedelta(days=1)).day == 1
    assert len(months) == 6


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 2000)), min_size=1, max_size=40),
    st.integers(1, 10),
    st.integers(0, 3),
    st.integers(1, 28),
    st.integers(0, 2000),
    st.sets(st.integers(1, 40)),
)
def test_laws(
    times: list[tuple[int, int]],
    newest: int,
    months: int,
    longest: int,
    hours: int,
    held: set[int],
) -> None:
    """Origins and hours of making in any order."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    found = as_listed(
        [
            made(number, 20_500 + origin, start + dt.timedelta(hours=hour))
            for number, (origin, hour) in enumerate(times, start=1)
        ]
    )
    now = start + dt.timedelta(hours=hours)
    keep = Keep(newest, months)
    goes = gone_of(found, keep, longest=longest, now=now, held=sorted(held))
    assert found[0].number not in goes
    assert not goes & {one.number for one in found[:newest]}
    assert not goes & held
    for one in found:
        if one.number in goes:
            assert found[0].provenance.origin - one.provenance.origin >= longest
            served_since = [
                later.created_at for later in found[: found.index(one)] if later.created_at <= now
            ]
            assert min(served_since) <= now - GRACE
            assert one.created_at <= now - GRACE
    more = gone_of(found, Keep(newest + 1, months + 1), longest=longest, now=now)
    assert more <= gone_of(found, keep, longest=longest, now=now)


@pytest.mark.parametrize(
    ("hours", "goes"), [(23, False), (25, True)], ids=["current this day", "a day ago"]
)
def test_who_began_while_it_was_current_may_go_on_for_a_day(hours: int, goes: bool) -> None:
    """Published late: an old publication was served until a moment ago."""
    old = made(1, 20_000, NOON - dt.timedelta(days=90))
    new = made(2, 20_100, NOON)
    now = NOON + dt.timedelta(hours=hours)
    assert gone_of([new, old], ONE, now=now) == ({1} if goes else set())


@pytest.fixture
def published(record: Record, tmp_path: Path) -> Record:
    """Five months, the latest current."""
    for month in range(1, 6):
        publish_by_hand(record.engine, tmp_path, RISK, as_of=f"2018-{month:02}", mean=month)
    return record


def folders(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.is_dir()}


def pruned(record: Record, root: Path) -> list[int]:
    found = prune(record.engine, root, Keep(2, 0), longest=2, now=LATER)
    return [one.number for one in found]


def test_files_go_and_rows_stay(published: Record, tmp_path: Path) -> None:
    reader = open_publication(published.engine, tmp_path, 1)
    before = [reader.part(name).to_pydict() for name in reader.publication.parts]

    assert pruned(published, tmp_path) == [3, 2, 1]

    assert folders(tmp_path) == {publication(published.engine, n).folder for n in (4, 5)}
    assert [one.number for one in list_publications(published.engine)] == [5, 4, 3, 2, 1]
    for number in (1, 2, 3):
        with pytest.raises(Gone, match=f"Publication {number} ") as caught:
            open_publication(published.engine, tmp_path, number)
        assert caught.value.facts["pruned_at"] == LATER.isoformat()
        json.dumps(caught.value.facts)
    assert open_publication(published.engine, tmp_path).number == 5
    assert [reader.part(name).to_pydict() for name in reader.publication.parts] == before
    assert pruned(published, tmp_path) == []
    assert publish_by_hand(published.engine, tmp_path, RISK, as_of="2018-06").number == 6


@pytest.mark.parametrize("fails", ["before the mark", "after it", "renamed", "half removed"])
def test_killed_anywhere_the_next_run_finishes(
    published: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    def half(folder: Path) -> None:
        next(folder.glob("*.arrow")).unlink()
        raise Killed

    place, name, how = {
        "before the mark": (module, "_mark", die),
        "after it": (module, "_set_aside", die),
        "renamed": (shutil, "rmtree", die),
        "half removed": (shutil, "rmtree", half),
    }[fails]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, how)
        with pytest.raises(Killed):
            pruned(published, tmp_path)
    for one in list_publications(published.engine):  # each is whole, or gone
        if one.pruned_at is None:
            assert open_publication(published.engine, tmp_path, one.number).number == one.number
        else:
            with pytest.raises(Gone):
                open_publication(published.engine, tmp_path, one.number)

    pruned(published, tmp_path)
    assert folders(tmp_path) == {publication(published.engine, n).folder for n in (4, 5)}
    assert [one.pruned_at is None for one in list_publications(published.engine)] == [
        *(True, True, False, False, False)
    ]


def test_removed_while_it_is_opened_is_gone_not_damaged(
    published: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def first_prune(folder: Path, sha256: str) -> object:
        monkeypatch.undo()
        assert pruned(published, tmp_path)
        return read_manifest(folder, sha256)

    monkeypatch.setattr("models.publication.reader.read_manifest", first_prune)
    with pytest.raises(Gone):
        open_publication(published.engine, tmp_path, 1)


def test_while_files_are_copied_none_go(published: Record, tmp_path: Path) -> None:
    with nothing_removed(tmp_path), nothing_removed(tmp_path):
        with pytest.raises(Refused, match="backup"):
            pruned(published, tmp_path)
        assert len(folders(tmp_path)) == 5
    assert pruned(published, tmp_path)

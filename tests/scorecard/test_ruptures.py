"""Strict lead time, what counts as a rupture, and why one was missed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scorecard import Truth, scorecard_of
from models.scorecard.ruptures import Cause
from tests.scorecard.shelves import MAIN, Shelf, day, order, said, truth
from tests.scorecard.test_outcomes import EMPTY, SOLD, held

EMPTIED = Shelf(tuple(SOLD), tuple(EMPTY))
LAST = 5  # the day after the origin on which EMPTY closes out


def leads(shelf: Shelf, announced: Sequence[int], silent: Sequence[int] = ()) -> list[int]:
    """Lead of each rupture, days; publications by the days after ORIGIN of their origins."""
    ruptures = ruptures_of(shelf, announced, silent)
    return [int(lead) for lead in ruptures["lead_days"]]


def ruptures_of(shelf: Shelf, announced: Sequence[int], silent: Sequence[int]) -> pd.DataFrame:
    loud = [said(shelf, after=after) for after in announced]
    mute = [said(shelf, after=after, announced=[]) for after in silent]
    return scorecard_of([*loud, *mute], came_of(shelf), 1.0).ruptures


@cache
def came_of(shelf: Shelf) -> Truth:
    return truth(shelf)


def test_lead_counts_from_the_first_of_an_unbroken_run() -> None:
    assert leads(EMPTIED, [-3, -2, -1, 0, 1, 2, 3, 4]) == [8]
    assert leads(EMPTIED, [4]) == [1]
    assert leads(EMPTIED, [-3, -2, 1, 2, 3, 4], silent=[0]) == [4], "a pause begins anew"


def test_a_warning_that_is_dead_on_the_eve_does_not_count() -> None:
    assert leads(EMPTIED, [-3, -2, -1, 0, 1, 2, 3], silent=[4]) == [0]


def test_a_publication_is_in_force_until_the_next_but_no_longer_than_its_horizon() -> None:
    late = Shelf((0.5,) * 20, tuple(held(10, [0.5] * 20)))  # out on day 20
    assert leads(late, [20 - MAIN]) == [MAIN]
    assert leads(late, [20 - MAIN - 1]) == [], "nobody spoke of that day"
    assert leads(late, [0, 20 - MAIN + 1]) == [MAIN - 1], "too long a silence breaks a run"


def test_only_a_shelf_that_was_not_empty_can_run_out() -> None:
    twice = Shelf(tuple(SOLD), (8, 0, 0, 0, 6, 4, 2, 0, 0, 0))
    assert leads(twice, [0, 1, 5, 6, 7]) == [2, 3], "the run breaks at the first rupture"
    out = said(twice, after=3, announced=[], state="out")
    assert scorecard_of([out], truth(twice), 1.0).ruptures.empty
    gone = said(twice, announced=[], state="not_stocked")
    assert scorecard_of([gone], truth(twice), 1.0).ruptures.empty


@settings(deadline=None, max_examples=15)
@given(
    loud=st.sets(st.integers(-5, 9), max_size=10),
    silent=st.sets(st.integers(-5, 9), max_size=10),
)
def test_no_lead_without_a_warning_on_the_eve(loud: set[int], silent: set[int]) -> None:
    mute = silent - loud
    found = leads(EMPTIED, sorted(loud), sorted(mute))
    before = [after for after in loud | mute if after < LAST]
    assert len(found) == bool(before)
    if before:
        eve = max(before)
        assert (found[0] > 0) == (eve in loud)
        run = eve
        while run in loud and max((one for one in before if one < run), default=None) in loud:
            run = max(one for one in before if one < run)
        assert found[0] == (LAST - run if eve in loud else 0)


STEADY = [2.0] * 10
WAITING = order(-3, 8, promised=3)

MISSED: dict[str, tuple[Shelf, dict[str, object], Cause, str]] = {
    "the picture was old": (Shelf(SOLD, EMPTY), {"stale": True}, Cause.DATA, "old"),
    "nobody knew the stock": (Shelf(SOLD, EMPTY), {"state": "unknown"}, Cause.DATA, "not known"),
    "nobody knew how much": (Shelf(SOLD, EMPTY, stock=None), {}, Cause.DATA, "not known"),
    "more was sold": (
        Shelf([2.0, 8, 0, 0, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        {},
        Cause.DEMAND,
        "10 sold, P90 of the forecast 6",
    ),
    "the order was late": (
        Shelf(SOLD, held(10, SOLD, {8: 40}), orders=[WAITING]),
        {},
        Cause.SUPPLIER,
        f"PO-CLOCK-0, promised for {day(3)}: 40 units missing",
    ),
    "two orders were late": (
        Shelf(
            SOLD, held(10, SOLD, {8: 40, 9: 25}), orders=[WAITING, order(-2, 9, 25.0, promised=4)]
        ),
        {},
        Cause.SUPPLIER,
        f"PO-CLOCK-0, promised for {day(3)}: 40 units missing",
    ),
    "the first order came and the second was late": (
        Shelf(
            SOLD,
            held(10, SOLD, {3: 1, 8: 40}),
            orders=[order(-9, 3, 1.0, promised=2), order(-3, 8, promised=3)],
        ),
        {},
        Cause.SUPPLIER,
        f"PO-CLOCK-1, promised for {day(3)}: 40 units missing",
    ),
    "the order was short": (
        Shelf(SOLD, held(10, SOLD, {3: 2}), orders=[order(-3, 3, promised=3, came=2.0)]),
        {},
        Cause.SUPPLIER,
        "PO-CLOCK-0",
    ),
    "the promise was kept and did not suffice": (
        Shelf(SOLD, held(10, SOLD, {3: 2}), orders=[order(-3, 3, 2.0, promised=3)]),
        {"high": 4.0},
        Cause.MODEL,
        "had 10, received 2, sold",
    ),
    "the shelf lost more than was sold": (
        Shelf(SOLD, [8, 6, 0, 0, 0, 0, 0, 0, 0, 0], orders=[order(-3, 9, promised=9)]),
        {},
        Cause.DATA,
        "lost more than was sold",
    ),
    "none of these": (Shelf(SOLD, EMPTY), {}, Cause.MODEL, "had 10, received 0, sold 10"),
}


@pytest.mark.parametrize(("shelf", "told", "cause", "words"), MISSED.values(), ids=MISSED.keys())
def test_a_missed_rupture_has_a_cause(
    shelf: Shelf, told: dict[str, object], cause: Cause, words: str
) -> None:
    publication = said(shelf, announced=[], **told)  # type: ignore[arg-type]
    missed = scorecard_of([publication], truth(shelf), 1.0).missed
    assert missed["cause"].tolist() == [cause]
    assert words in missed["detail"].item()


def test_a_publication_without_any_warning_is_judged_beside_others() -> None:
    """Its column of numbers holds nothing at all; a mix of types is warned of, which fails here."""
    quiet = said(EMPTIED, announced=[], warning=np.array([None], dtype=object))
    loud = said(EMPTIED, after=1, warning=np.array([7.0]))
    card = scorecard_of([quiet, loud], truth(EMPTIED), 1.0)
    assert card.warnings["warning"].tolist() == [7]
    assert len(card.origins) == 2


def test_one_that_was_announced_has_none() -> None:
    card = scorecard_of([said(EMPTIED)], truth(EMPTIED), 1.0)
    assert card.missed.empty
    assert card.ruptures["cause"].tolist() == [""]

"""What became of a warning: worked examples, the replay against the projection, and laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scorecard import scorecard_of
from models.scorecard.outcomes import Outcome, outcomes_of, replayed
from tests.risk.test_projection import projected, supplied
from tests.scorecard.shelves import MAIN, Shelf, order, said, truth

LAW = settings(deadline=None, max_examples=6)  # of a network of shelves each


def held(stock: float, sold: list[float], came: dict[int, float] | None = None) -> list[float]:
    """Closing stock of each day after the origin; `came`: day after it -> units."""
    closes = []
    for after, units in enumerate(sold, start=1):
        stock = max(stock + (came or {}).get(after, 0.0) - units, 0.0)
        closes.append(stock)
    return closes


SOLD = [2.0] * MAIN
GRAMS = [0.7, 0.1] + [0.0] * (MAIN - 2)  # of 0.8 kg nothing is left, whatever a computer says
EMPTY = held(10, SOLD)  # five days, then nothing
REFILLED = held(10, SOLD, {4: 40})
MOVED = {"promised": 9, "moved": (4, 1)}
RECEIPT = {"date": 4, "kind": "receipt", "units": 40.0}

STORIES: dict[str, tuple[Shelf, Outcome]] = {
    "the shelf ran empty": (Shelf(SOLD, EMPTY), Outcome.RUPTURED),
    "it ran empty although something was ordered": (
        Shelf(SOLD, held(10, SOLD, {7: 40}), orders=[order(1, 7)]),
        Outcome.RUPTURED,
    ),
    "an order placed after the warning came in time": (
        Shelf(SOLD, REFILLED, orders=[order(1, 4)]),
        Outcome.AVERTED,
    ),
    "it came just before the last of some kilograms was sold": (
        Shelf(GRAMS, held(0.8, GRAMS, {2: 4.0}), stock=0.8, orders=[order(1, 2, 4.0)]),
        Outcome.AVERTED,
    ),
    "an order placed before it would have come anyway": (
        Shelf(SOLD, REFILLED, orders=[order(-3, 4)]),
        Outcome.FALSE_ALARM,
    ),
    "an order placed after it was not needed": (
        Shelf(SOLD, held(90, SOLD, {4: 40}), stock=90, orders=[order(1, 4)]),
        Outcome.NOT_ATTRIBUTABLE,
    ),
    "an order placed after it came too late to matter": (
        Shelf(SOLD, held(90, SOLD), stock=90, orders=[order(1, None)]),
        Outcome.FALSE_ALARM,
    ),
    "the promise of an older order was moved up": (
        Shelf(SOLD, REFILLED, orders=[order(-3, 4, **MOVED)]),
        Outcome.AVERTED,
    ),
    "the promise was moved up before the warning": (
        Shelf(SOLD, REFILLED, orders=[order(-3, 4, promised=9, moved=(4, -1))]),
        Outcome.FALSE_ALARM,
    ),
    "a transfer came in": (
        Shelf(SOLD, REFILLED, moves=[RECEIPT | {"kind": "transfer_in"}]),
        Outcome.AVERTED,
    ),
    "a receipt that nobody dates came in time": (
        Shelf(SOLD, REFILLED, moves=[RECEIPT]),
        Outcome.NOT_ATTRIBUTABLE,
    ),
    "such a receipt was not needed": (
        Shelf(SOLD, held(90, SOLD, {4: 40}), stock=90, moves=[RECEIPT]),
        Outcome.FALSE_ALARM,
    ),
    "nothing was done and nothing happened": (
        Shelf(SOLD, held(90, SOLD), stock=90),
        Outcome.FALSE_ALARM,
    ),
    "the shelf was not seen again": (
        Shelf([*SOLD, 2.0], [None] * MAIN + [5.0]),
        Outcome.NOT_ATTRIBUTABLE,
    ),
}


@pytest.mark.parametrize(("shelf", "outcome"), STORIES.values(), ids=STORIES.keys())
def test_worked_examples(shelf: Shelf, outcome: Outcome) -> None:
    assert outcome_of(shelf) == outcome


def outcome_of(shelf: Shelf, **options: Any) -> str:
    rows = outcomes_of(said(shelf), truth(shelf, **options), 1.0)
    return str(rows["outcome"].item())


def test_a_warning_is_open_until_its_horizon_is_over_or_the_shelf_empty() -> None:
    shelf = Shelf(SOLD, EMPTY)
    assert outcome_of(shelf, until=4) == Outcome.OPEN
    assert outcome_of(shelf, until=5) == Outcome.RUPTURED
    calm = STORIES["nothing was done and nothing happened"][0]
    assert outcome_of(calm, until=MAIN - 1) == Outcome.OPEN
    assert outcome_of(calm, until=MAIN) == Outcome.FALSE_ALARM


def test_who_was_not_announced_has_an_event_and_no_outcome() -> None:
    shelf = Shelf(SOLD, EMPTY)
    rows = outcomes_of(said(shelf, announced=[]), truth(shelf), 1.0)
    assert (rows["event"].item(), rows["outcome"].item()) == (1.0, "")


@pytest.mark.parametrize("state", ["out", "unused", "not_stocked", "unknown", "none"])
def test_only_what_is_in_stock_can_run_out(state: str) -> None:
    shelf = Shelf(SOLD, EMPTY)
    known = outcomes_of(said(shelf, announced=[], state=state), truth(shelf), 1.0)
    assert len(known) == (state in ("unknown", "none")), "its stock is shown since"
    unseen = replace(shelf, stock=None)
    blind = outcomes_of(said(unseen, announced=[], state=state), truth(unseen), 1.0)
    assert len(blind) == (state == "none"), "what was said of it counts"
    empty = replace(shelf, stock=0.0)
    assert outcomes_of(said(empty, announced=[], state=state), truth(empty), 1.0).empty


def test_who_was_announced_has_an_outcome_even_if_it_was_out_already() -> None:
    shelf = Shelf(SOLD, [0.0] * MAIN, stock=0.0)
    rows = outcomes_of(said(shelf), truth(shelf), 1.0)
    assert rows["outcome"].item() == Outcome.RUPTURED
    assert np.isnan(rows["event"].item()), "it could not run out: its chance is not judged"


@settings(deadline=None)
@given(
    stock=st.integers(0, 30),
    arrivals=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=4),
    demand=st.lists(st.integers(0, 9), min_size=10, max_size=10),
    lost=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_the_replay_is_the_projection_along_one_path(
    stock: int, arrivals: list[tuple[int, int]], demand: list[int], lost: float
) -> None:
    came = np.zeros((1, 10))
    for period, units in arrivals:
        came[0, period] += units
    closes = replayed(np.array([float(stock)]), came, np.array([demand], float), lost)
    expected = projected(supplied(stock, arrivals=list(arrivals)), [demand], lost=lost)
    assert closes[0] == pytest.approx(expected.on_hand[0, :, 0], abs=1e-4)


@st.composite
def shelves(draw: st.DrawFn) -> Shelf:
    """Any shelf that sold what it had, was refilled by orders or movements, and sometimes seen."""
    stock = draw(st.integers(1, 25))
    wanted = draw(st.lists(st.integers(0, 6), min_size=MAIN + 5, max_size=MAIN + 5))
    came: dict[int, float] = {}
    orders, moves = [], []
    days = st.integers(1, MAIN + 5)
    for placed, received, units in draw(
        st.lists(st.tuples(st.integers(-5, 8), days, st.integers(1, 30)), max_size=3)
    ):
        if received < placed:
            continue
        kind = draw(st.sampled_from(["order", "hastened", "transfer_in", "receipt"]))
        came[received] = came.get(received, 0.0) + units
        if kind == "order":
            orders.append(order(placed, received, units))
        elif kind == "hastened":
            promise = {"promised": received + 3, "moved": (received, draw(st.integers(-4, 4)))}
            orders.append(order(min(placed, 0), received, units, **promise))
        else:
            moves.append({"date": received, "kind": kind, "units": float(units)})
    on_hand = float(stock)
    sold: list[float | None] = []
    closes: list[float | None] = []
    for after, units in enumerate(wanted, start=1):
        on_hand += came.get(after, 0.0)
        sold.append(min(on_hand, units))
        on_hand -= min(on_hand, units)
        closes.append(on_hand if draw(st.integers(0, 3)) else None)
    closes[-1] = on_hand
    return Shelf(sold, closes, stock=stock, orders=orders, moves=moves)


@st.composite
def networks(draw: st.DrawFn) -> list[Shelf]:
    several = draw(st.lists(shelves(), min_size=6, max_size=6))
    return [replace(one, sku=f"CLOCK-{place}") for place, one in enumerate(several)]


def without_actions(shelf: Shelf) -> Shelf:
    """The same closes, with everything that somebody did after the origin unrecorded."""
    return replace(
        shelf,
        orders=[
            {name: value for name, value in line.items() if name not in ("promised", "moved")}
            for line in shelf.orders
            if line["placed"] <= 0
        ],
        moves=[move for move in shelf.moves if move["kind"] != "transfer_in"],
    )


def outcomes(network: list[Shelf]) -> list[str]:
    return [str(one) for one in outcomes_of(said(*network), truth(*network), 1.0)["outcome"]]


@LAW
@given(network=networks(), until=st.integers(1, MAIN + 5))
def test_outcomes_partition_the_warnings_and_the_counts_balance(
    network: list[Shelf], until: int
) -> None:
    names = [one.sku for one in network]
    publications = [
        said(*network, after=after, announced=names[after % 4 :]) for after in (0, 2, 3, 7)
    ]
    card = scorecard_of(publications, truth(*network, until=until), 1.0)
    total = card.overall
    assert sum(total[name] for name in Outcome) == total["warnings"] == len(card.warnings)
    assert total["announced"] + total["missed"] == total["ruptures"]
    assert len(card.missed) == total["missed"]
    assert (card.missed["cause"] != "").all()
    announced = card.rows["announced"]
    assert set(card.rows.loc[announced, "outcome"]) <= set(Outcome)
    assert (card.rows.loc[~announced, "outcome"] == "").all()
    for table in (card.by_segment, card.by_period):
        for name in ("warnings", "ruptures", "announced", "missed", "judged", *Outcome):
            assert table[name].sum() == total[name], name
    assert card.reliability["rows"].sum() == total["judged"]


@LAW
@given(network=networks())
def test_nothing_is_averted_without_an_action(network: list[Shelf]) -> None:
    assert Outcome.AVERTED not in outcomes([without_actions(one) for one in network])


@LAW
@given(network=networks())
def test_a_rupture_is_the_outcome_whatever_was_done(network: list[Shelf]) -> None:
    ran_out = [any(close == 0 for close in one.held[:MAIN]) for one in network]
    assert [one == Outcome.RUPTURED for one in outcomes(network)] == ran_out


def test_an_action_that_only_people_recorded_is_never_called_false_nor_saved() -> None:
    shelf = Shelf(SOLD, held(90, SOLD), stock=90)
    known = truth(shelf)
    for acted, outcome in ((False, Outcome.FALSE_ALARM), (True, Outcome.NOT_ATTRIBUTABLE)):
        assert outcomes_of(said(shelf, acted=acted), known, 1.0)["outcome"].tolist() == [outcome]
    empty = Shelf(SOLD, EMPTY)
    told = outcomes_of(said(empty, acted=True), truth(empty), 1.0)
    assert told["outcome"].tolist() == [Outcome.RUPTURED]

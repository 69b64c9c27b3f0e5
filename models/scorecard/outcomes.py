"""What became of each announced warning, told by the actual demand and arrivals."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import end_date, to_period
from forecasting.stockout import is_out
from forecasting.tables import UNIT_DECIMALS
from models.lead_time import Floats
from models.scorecard.said import ACTED, Said
from models.scorecard.truth import Flags, Truth


class Outcome(StrEnum):
    """Each announced warning has exactly one."""

    RUPTURED = "ruptured"  # a period within the main horizon closed in stockout
    AVERTED = "averted"  # none did, and one would have without what was done after the warning
    FALSE_ALARM = "false_alarm"  # none did, and nothing was done
    NOT_ATTRIBUTABLE = "not_attributable"  # none did, and nobody can say why: no value saved
    OPEN = "open"  # none did yet; the horizon is not over


def replayed(sellable: Floats, arrivals: Floats, demand: Floats, lost_share: float) -> Floats:
    """[n, H] sellable units at the close of each period: the arithmetic of models.projection along
    one known path.

    `sellable` [n] at the origin; `arrivals`, `demand` [n, H]; units. `lost_share` of unmet demand
    is lost, the rest waits.

    >>> start, none = np.array([5.0]), np.zeros((1, 3))
    >>> replayed(start, none, np.array([[2.0, 2, 2]]), 1.0)
    array([[3., 1., 0.]])
    >>> replayed(start, np.array([[0.0, 0, 4]]), np.array([[4.0, 4, 0]]), 0.0)
    array([[1., 0., 1.]])
    """
    stock, backlog = sellable.astype(np.float64), np.zeros(len(sellable))
    closes = np.empty(demand.shape)
    for period in range(demand.shape[1]):
        stock = stock + arrivals[:, period]
        late = np.minimum(np.maximum(stock, 0.0), backlog)
        stock, backlog = stock - late, backlog - late
        served = np.minimum(np.maximum(stock, 0.0), demand[:, period])
        stock = stock - served
        backlog = backlog + (demand[:, period] - served) * (1.0 - lost_share)
        closes[:, period] = stock
    return closes


def breaks(sellable: Floats, arrivals: Floats, demand: Floats, lost_share: float) -> Flags:
    """[n] whether a period closes in stockout; never where the stock at the origin is unknown."""
    closes = replayed(sellable, arrivals, np.nan_to_num(demand), lost_share)
    return np.asarray(is_out(np.round(closes, UNIT_DECIMALS), 0.0).any(axis=1))


def outcomes_of(said: Said, truth: Truth, lost_share: float) -> pd.DataFrame:
    """A row for each series that could run out (`Truth.at_risk`) or was announced, with

    - `row`: its place in the truth's panel;
    - `event`: 1 a period of the main horizon closed in stockout, 0 none did; NaN where that is not
      known or it could not, and for everybody until the horizon is over: else those that ran out
      early would count alone;
    - `announced`, and `outcome`: "" where it was not.

    Actions are what came in within the horizon and would not have without somebody's doing after
    the origin: orders placed after it, transfers, lines that came before the promise of the origin
    because their promise was moved. An order that brought nothing in time changed nothing. An
    action that somebody recorded and no feed shows makes it not attributable: no value saved, and
    no false alarm.
    """
    rows, could = truth.at_risk(said)
    kept = np.flatnonzero(could | (said.announced.to_numpy() & (rows >= 0)))
    elapsed = min(said.main, truth.last - said.origin)
    closes = truth.window(truth.closes, said.origin, elapsed)
    ruptured = (closes == 1.0).any(axis=1)
    over = elapsed == said.main
    seen = np.asarray(np.isfinite(closes).any(axis=1) & over)
    done = _done_after(said, elapsed, truth, lost_share)
    acted = done.acted | _recorded(said, rows, len(truth.panel))
    outcome = np.select(
        [ruptured, np.full(len(ruptured), not over), ~seen, done.needed, acted],
        [
            *(Outcome.RUPTURED, Outcome.OPEN, Outcome.NOT_ATTRIBUTABLE, Outcome.AVERTED),
            Outcome.NOT_ATTRIBUTABLE,
        ],
        Outcome.FALSE_ALARM,
    )
    found = said.rows.iloc[kept].assign(
        row=rows[kept],
        announced=said.announced.iloc[kept],
        event=np.where(could & seen[rows], ruptured[rows], np.nan)[kept],
        outcome=outcome[rows[kept]],
    )
    return found.assign(outcome=found["outcome"].where(found["announced"], ""))


def _recorded(said: Said, rows: NDArray[np.int64], count: int) -> Flags:
    """[n] of the panel's series: somebody recorded an action; `rows` [len(said.rows)]: their place
    in it, −1 none."""
    found = np.zeros(count, dtype=bool)
    if ACTED in said.rows:
        acted = said.rows[ACTED].to_numpy(dtype=bool) & (rows >= 0)
        found[rows[acted]] = True
    return found


class _Done(NamedTuple):
    acted: Flags  # [n] something was done in time, or may have been
    needed: Flags  # [n] without what was surely done, the shelf would have been empty


def _done_after(said: Said, periods: int, truth: Truth, lost_share: float) -> _Done:
    """Units whose order nobody dates count as usual; where the shelf would have been empty without
    them, somebody may have done something."""
    origin = said.origin
    came = truth.arrivals[truth.arrivals["period"].between(origin + 1, origin + periods)]
    promised = _moved_from(origin, truth, came)
    day = pd.Timestamp(end_date(origin, truth.panel.frequency))
    ordered = (came["ordered_on"] > day) | came["transfer"]
    hastened = promised > came["period"]
    undated = came["ordered_on"].isna() & ~came["transfer"]
    usual = came.assign(period=came["period"].where(~hastened, promised))
    demand = truth.window(truth.demand, origin, periods)
    stock = truth.sellable(said)

    def broke(arrivals: pd.DataFrame) -> Flags:
        return breaks(stock, truth.come(arrivals, origin, periods), demand, lost_share)

    acted = _any(came.loc[ordered | hastened, "series"], len(truth.panel))
    unsure = _any(came.loc[undated, "series"], len(truth.panel)) & broke(usual[~ordered & ~undated])
    return _Done(acted | unsure, acted & broke(usual[~ordered]))


def _moved_from(origin: int, truth: Truth, came: pd.DataFrame) -> pd.Series:
    """The period of the promise known at the origin, for arrivals of lines whose promise was moved
    earlier since; else that of the arrival."""
    then = truth.book(origin).set_index("number")["promised_on"]
    moved = then[truth.promises.reindex(then.index) < then]
    period = came["number"].map(
        pd.Series(to_period(moved.to_numpy(), truth.panel.frequency), index=moved.index)
    )
    return period.fillna(came["period"]).astype(np.int64)


def _any(series: pd.Series, count: int) -> Flags:
    return np.bincount(series.to_numpy(dtype=np.int64), minlength=count) > 0

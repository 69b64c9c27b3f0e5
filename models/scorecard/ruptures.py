"""Ruptures found in time, and missed ones with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import label, period_end, to_period
from forecasting.tables import UNIT_DECIMALS
from models.lead_time import Floats, Rows
from models.quantities import written
from models.scorecard.outcomes import breaks
from models.scorecard.said import UNKNOWN, Said
from models.scorecard.truth import Truth

NEVER: Final = -1  # in a matrix of runs: not announced

COLUMNS: Final = (
    "site",
    "sku",
    "segment",
    "row",
    "period",
    "ruptured_on",
    "eve",
    "publication",
    "probability",
    "lead_days",
    "cause",
    "detail",
)


class Cause(StrEnum):
    """Why a rupture was missed: the first that holds."""

    DATA = "data"  # no stock picture on the eve, or a stale one; or the shelf lost what nobody sold
    DEMAND = "demand"  # more was sold than the P90 of the forecast, whatever else was wanted
    SUPPLIER = "supplier"  # it would have held, had what was on order come as promised
    MODEL = "model"  # none of these: the chance was too low


def runs_of(saids: Sequence[Said], truth: Truth) -> Rows:
    """[K, n] the place of the first of an unbroken run of publications that announced the series,
    up to each; NEVER where it did not.

    `saids` stand in the order of their origins. A run breaks where a publication did not announce,
    where the next came later than the main horizon reaches, and at a rupture.
    """
    runs = np.full((len(saids), len(truth.panel)), NEVER)
    for place, said in enumerate(saids):
        rows = truth.places(said.rows[said.announced])
        runs[place, rows[rows >= 0]] = place
        if place == 0:
            continue
        before = saids[place - 1]
        gap = said.origin - before.origin
        if gap > before.main:
            continue
        between = truth.window(truth.closes, before.origin, gap)
        unbroken = (runs[place - 1] >= 0) & (runs[place] >= 0) & ~(between == 1.0).any(axis=1)
        runs[place, unbroken] = runs[place - 1, unbroken]
    return runs


def ruptures_of(saids: Sequence[Said], truth: Truth, runs: Rows, lost_share: float) -> pd.DataFrame:
    """A row for each first close in stockout after a publication in force on its eve, of a series
    that could run out (`Truth.at_risk`). A publication is in force until the next one, and no
    longer than its main horizon.

    `lead_days`: days from the first of the unbroken run of publications that announced it, up to
    the one in force on the eve; 0 where that one did not. `cause` and `detail`: of those missed.
    """
    found = [_ruptures_after(place, saids, truth, runs, lost_share) for place in range(len(saids))]
    if found:
        return pd.concat(found, ignore_index=True)
    nothing = pd.DataFrame(columns=list(COLUMNS))
    return nothing.astype({"ruptured_on": "datetime64[s]", "lead_days": "int64"})


def _ruptures_after(
    place: int, saids: Sequence[Said], truth: Truth, runs: Rows, lost_share: float
) -> pd.DataFrame:
    said = saids[place]
    until = saids[place + 1].origin if place + 1 < len(saids) else truth.last
    periods = min(until - said.origin, said.main, truth.last - said.origin)
    rows, could = truth.at_risk(said)
    out = truth.window(truth.closes, said.origin, periods)[rows] == 1.0
    own = np.flatnonzero(could & out.any(axis=1))
    step = out[own].argmax(axis=1)
    frequency = truth.panel.frequency
    period = said.origin + 1 + step
    first = runs[place, rows[own]]
    origins = np.array([one.origin for one in saids])
    begun = period_end(origins[np.maximum(first, 0)], frequency)
    closed = period_end(period, frequency)
    lead = np.where(first == NEVER, 0, (closed - begun).astype(np.int64))
    told = said.rows.iloc[own].reset_index(drop=True)
    found = pd.DataFrame(
        {
            "site": told["site"],
            "sku": told["sku"],
            "segment": truth.segment.to_numpy()[rows[own]],
            "row": rows[own],
            "period": period,
            "ruptured_on": closed.astype("datetime64[s]"),
            "eve": label(said.origin, frequency),
            "publication": said.number,
            "probability": told["probability"],
            "lead_days": lead,
            "cause": "",
            "detail": "",
        }
    )
    missed = np.flatnonzero(lead == 0)
    if len(missed):
        causes = _causes(said, truth, rows, own[missed], step[missed] + 1, lost_share)
        found.loc[missed, ["cause", "detail"]] = causes
    return found


def _causes(
    said: Said, truth: Truth, rows: Rows, own: Rows, periods: Rows, lost_share: float
) -> NDArray[np.object_]:
    """[m, 2] cause and detail of missed ruptures, `periods` after the origin, of places `own`."""
    width = int(periods.max())
    upto = np.arange(width)[None, :] < periods[:, None]
    series = rows[own]
    demand = np.where(
        upto, np.nan_to_num(truth.window(truth.demand, said.origin, width))[series], 0
    )
    stock = truth.sellable(said)[series]
    came = truth.arrivals[truth.arrivals["period"].between(said.origin + 1, said.origin + width)]
    book = truth.book(said.origin)
    promised = np.where(upto, _as_promised(said.origin, truth, came, book, width)[series], 0.0)
    arrived = np.where(upto, truth.come(came, said.origin, width)[series], 0.0)
    explained = breaks(stock, arrived, demand, lost_share)
    late = explained & ~breaks(stock, promised, demand, lost_share)
    high = said.high()
    peak = np.full(len(own), np.inf)
    if high is not None:
        peak = np.where(upto, high[own][:, :width], 0.0).sum(axis=1)
    came_off = np.nan_to_num(truth.window(truth.panel.units, said.origin, width))[series]
    sold = np.where(upto, np.maximum(came_off, 0.0), 0.0).sum(axis=1)
    told = said.rows.iloc[own]
    blind = (told["state"] == UNKNOWN).to_numpy() | np.isnan(stock)
    stale = told["stale"].to_numpy(dtype=bool) if "stale" in told else np.zeros(len(own), bool)
    lost = ~explained & ~blind
    answers = np.empty((len(own), 2), dtype=object)
    for place in range(len(own)):
        if blind[place]:
            answers[place] = Cause.DATA, "the stock was not known"
        elif stale[place]:
            answers[place] = Cause.DATA, "the stock known was old"
        elif lost[place]:
            answers[place] = Cause.DATA, "the shelf lost more than was sold"
        elif sold[place] > peak[place]:
            taken, most = (written(float(one[place]), "en") for one in (sold, peak))
            answers[place] = Cause.DEMAND, f"{taken} sold, P90 of the forecast {most}"
        elif late[place]:
            until = said.origin + int(periods[place])
            answers[place] = Cause.SUPPLIER, _late(truth, book, came, series[place], until)
        else:
            units = (stock[place], arrived[place].sum(), sold[place])
            had, got, went = (written(float(one), "en") for one in units)
            answers[place] = Cause.MODEL, f"had {had}, received {got}, sold {went}"
    return answers


def _as_promised(
    origin: int, truth: Truth, came: pd.DataFrame, book: pd.DataFrame, periods: int
) -> Floats:
    """[n, periods] arrivals had every line open at the origin come whole on its promise (what was
    overdue: at once); everything else as it came."""
    sure = book[book["promised_on"].notna() & (book["series"] >= 0)]
    due = to_period(sure["promised_on"].to_numpy(), truth.panel.frequency)
    kept = pd.DataFrame(
        {
            "series": sure["series"],
            "units": sure["units_open"],
            "period": np.maximum(due, origin + 1),
        }
    )
    rest = came[~came["number"].isin(sure["number"])]
    return truth.come(kept, origin, periods) + truth.come(rest, origin, periods)


def _late(truth: Truth, book: pd.DataFrame, came: pd.DataFrame, series: int, until: int) -> str:
    """Names the line of a series that was promised first, of those of which units are missing at
    the end of period `until`; where of none, of those due by then."""
    lines = book[(book["series"] == series) & book["promised_on"].notna()]
    due = to_period(lines["promised_on"].to_numpy(), truth.panel.frequency) <= until
    lines = lines[due].sort_values(["promised_on", "order_id"])
    arrived = came[came["period"] <= until].groupby("number")["units"].sum()
    arrived = lines["number"].map(arrived).fillna(0.0)
    missing = (lines["units_open"] - arrived).round(UNIT_DECIMALS)
    place = int((missing > 0).to_numpy().argmax())
    first, short = lines.iloc[place], float(missing.iloc[place])
    order = f"order {first['order_id']}, promised for {first['promised_on']:%Y-%m-%d}"
    return f"{order}, late" if short <= 0 else f"{order}: {written(short, 'en')} units missing"

"""Stock that the record knows and the shelf does not: losses nobody booked, until somebody counts.

A loss takes all that lies on the shelf, or a share of what lay there at the origin (were it a share
of what is there when it comes, a later delivery, which it spares, would lower the risk). Where
counts and adjustments are booked, each that took units away is a loss found: their rate is learned
for the series, shrunk towards everyone's, their sizes from all together. Losses come at a constant
rate (a Poisson process), so that the chance of one grows since the shelf was last known: by a count
or a receipt; a sale shows that it is not quite empty. What was found, units that the record does
not know, is left out: it harms nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import to_period
from forecasting.panel import Panel

Floats = NDArray[np.float64]

YEAR_DAYS: Final = 365.25
STATED_LOSSES_A_YEAR: Final = 0.1
"""Where nobody books counts. Retailers lose 1.6 % of their sales (National Retail Federation, 2023
National Retail Security Survey); if each loss empties a shelf that holds two months of sales, once
in ten years."""
STATED_DAYS: Final = 30.0
"""Weight of the stated rate against everyone's record: as if one shelf were watched for a month."""
STRENGTH: Final = 1.0
"""Weight of everyone's record against a series' own, in losses."""
EMPTIED: Final = 0.999  # of the record, from which a loss left nothing
SHARE_LEVELS: Final = (np.arange(25) + 0.5) / 25
CARRY_EVERY: Final = 8
"""One path in eight carries a loss that empties the shelf, in turn before the origin and in each
period, so that whatever chance a learned model gives, there are paths that tell of it."""


@dataclass(frozen=True)
class RecordErrors:
    """Chances of a loss nobody booked for n series, by the origin and by the end of H periods."""

    emptied: Floats  # [n, H + 1] of one that took all
    reduced: Floats  # [n, H + 1] of one that took a part
    shares: Floats  # [Q] equally likely shares that such a part is of the stock at the origin
    learned: bool  # from counts and adjustments; else stated

    @property
    def assumption(self) -> str:
        """In words, beside every figure that rests on it."""
        if self.learned:
            return "losses nobody booked as counts found them"
        return f"a shelf emptied unbooked once in {1 / STATED_LOSSES_A_YEAR:.0f} years assumed"


def no_record_errors(count: int, horizon: int) -> RecordErrors:
    """The record is right."""
    never = np.zeros((count, horizon + 1))
    return RecordErrors(never, never, np.zeros(1), learned=True)


def record_errors_of(panel: Panel, horizon: int) -> RecordErrors:
    """What the corrections booked up to the panel's origin teach; see the module."""
    found = panel.corrections.groupby(["series", "date"], as_index=False)["units"].sum()
    found = found[found["units"] < 0]
    series = found["series"].to_numpy(dtype=np.int64)
    stated = STATED_LOSSES_A_YEAR / YEAR_DAYS
    rate = np.full(len(panel), stated)
    if len(found):
        losses = np.bincount(series, minlength=len(panel))
        days = _days_watched(panel)
        everyone = (losses.sum() + STATED_DAYS * stated) / (days.sum() + STATED_DAYS)
        rate = (losses + STRENGTH) / (days + STRENGTH / everyone)
    before = to_period(found["date"].to_numpy(), panel.frequency) - 1 - panel.start
    record = np.where(before >= 0, panel.on_hand[series, np.maximum(before, 0)], np.nan)
    known = record > 0
    share = np.minimum(-found["units"].to_numpy(dtype=np.float64)[known] / record[known], 1.0)
    parts = share[share < EMPTIED]
    of_all = (len(share) - len(parts) + STRENGTH) / (len(share) + STRENGTH)
    counted = _periods_since(panel, sold=False)
    ahead = np.arange(horizon + 1)
    length = panel.frequency.days

    def by(rate: Floats, since: Floats) -> Floats:
        return -np.expm1(-rate[:, None] * length * (since[:, None] + ahead))

    return RecordErrors(
        emptied=by(rate * of_all, np.minimum(counted, _periods_since(panel, sold=True))),
        reduced=by(rate * (1.0 - of_all), counted),
        shares=np.quantile(parts, SHARE_LEVELS) if len(parts) else np.zeros(1),
        learned=len(found) > 0,
    )


def carried(emptied: Floats, seed: NDArray[np.uint64], paths: int) -> tuple[Floats, NDArray]:
    """Prior weights [b, P] of the paths, and when an unbooked loss empties each: −1 before the
    origin, else a period, H never.

    Carriers share the chance `emptied` [b, H + 1], each that of its own stretch of time; the other
    paths share the rest alike. Which paths carry depends on the series' seed alone.
    """
    count, horizon = emptied.shape[0], emptied.shape[1] - 1
    carriers = paths // CARRY_EVERY
    when = np.full((count, paths), horizon)
    if not carriers:
        return np.full((count, paths), 1.0 / paths), when
    some = emptied[:, -1:] > 0.0
    others = (1.0 - emptied[:, -1:]) / (paths - carriers)
    weights = np.repeat(np.where(some, others, 1.0 / paths), paths, axis=1)
    bounds = np.arange(carriers + 1) * (horizon + 1) / carriers
    low = np.minimum(bounds.astype(np.int64), horizon)
    by = np.pad(emptied, ((0, 0), (1, 0)))
    reached = by[:, low] + (bounds - low) * (by[:, low + 1] - by[:, low])
    middle = ((bounds[1:] + bounds[:-1]) / 2).astype(np.int64) - 1
    turn = (seed % np.uint64(paths)).astype(np.int64)
    carrier = (np.arange(carriers) * CARRY_EVERY - turn[:, None]) % paths
    own = np.where(some, np.diff(reached, axis=1), 1.0 / paths)
    np.put_along_axis(weights, carrier, own, axis=1)
    np.put_along_axis(when, carrier, np.where(some, middle, horizon), axis=1)
    return weights, when


def _days_watched(panel: Panel) -> Floats:
    """[n] days since each series is known, at sites that book corrections; 0 at others."""
    known = np.isfinite(panel.units) | np.isfinite(panel.on_hand)
    periods = np.where(known.any(axis=1), known.shape[1] - known.argmax(axis=1), 0)
    sites = panel.series["site"].to_numpy(dtype=object)
    booking = np.isin(sites, np.unique(sites[panel.corrections["series"].to_numpy(np.int64)]))
    return np.where(booking, periods * panel.frequency.days, 0.0)


def _periods_since(panel: Panel, *, sold: bool) -> Floats:
    """[n] periods since the last count, adjustment or receipt, or since the last sale; at most a
    year's, also where there never was one."""
    width = min(round(YEAR_DAYS / panel.frequency.days), panel.units.shape[1])
    seen = (panel.units if sold else panel.receipts)[:, -width:] > 0
    if not sold:
        place = to_period(panel.corrections["date"].to_numpy(), panel.frequency) - panel.origin - 1
        recent = place >= -width
        seen[panel.corrections["series"].to_numpy(np.int64)[recent], place[recent]] = True
    since = np.where(seen.any(axis=1), seen[:, ::-1].argmax(axis=1), width)
    return since.astype(np.float64)

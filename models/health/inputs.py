"""Do sales and stock come in as they did? Each is held against its own recent past.

The last cycle (7 days, a week, a month) and the last period alone are each compared with the same
ones of the cycles before, by medians and median absolute deviations (Hampel, 1974), so that one odd
week neither hides the next one nor is remembered. Days on which a site says nothing are left out:
a holiday is no fault; a site that stays silent is told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.panel import Panel
from models.health.alarm import Alarm, Sign, named

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

CYCLE: Final = {Frequency.DAY: 7, Frequency.WEEK: 1, Frequency.MONTH: 1}  # periods
CYCLES: Final = 27  # looked at: half a year of weeks and the last one
BASE: Final = 6  # cycles whose median is the usual one
LEAST_CYCLES: Final = BASE + 6  # below, nobody can say what is usual

DEVIATIONS: Final = 5.0
"""Robust standard deviations: 1 in 1.7 million by chance if normal; real data have longer tails,
which the least changes below are for."""

LEAST_SCALE: Final = 0.015  # of the logarithm: a feed that never changes may change by 7 %
LEAST_CHANGE: Final = {Sign.ROWS: np.log(1.14), Sign.LEVEL: np.log(1.8)}
LEAST_SITE_CHANGE: Final = {Sign.ROWS: np.log(1.18), Sign.LEVEL: np.log(2.5)}
"""Of the logarithm; a site is smaller than the company, and its true changes larger."""

LEAST_ROWS: Final = 20.0  # usual rows in a window: fewer come and go by chance

SCALE: Final = 7.0  # times the usual size: a promotion may sell six times as much, a box holds ten
BEYOND: Final = 2.5  # times the largest size of half a year
BEYOND_OFTEN: Final = 1.5  # the same where at least OFTEN periods of the cycle have a sale
OFTEN: Final = 4
FAR_BEYOND: Final = 4.0  # the same of one period alone, which may be one customer
STEADY: Final = 3.0  # largest ÷ smallest size of a series of which a drop may be told
DROPPED: Final = 3  # periods with a sale, at least, that tell a drop
LEAST_SIZES: Final = 8  # cycles with a sale
SILENT: Final = 2  # expected periods without a row, up to the origin


@dataclass(frozen=True)
class Feed:
    """[n, B, c] values of the last B cycles of c periods, the latest last; NaN: unknown."""

    name: str
    values: Matrix
    sites: NDArray[np.int64]  # [n] number of the site
    codes: list[str]  # of the sites

    @classmethod
    def of(cls, panel: Panel, name: str) -> Feed | None:
        """None where the history is too short, or the panel has none of the feed."""
        cycle = CYCLE[panel.frequency]
        values = panel.units if name == "sales" else panel.pictured().on_hand
        cycles = min(CYCLES, values.shape[1] // cycle)
        if cycles < LEAST_CYCLES or not len(panel):
            return None
        tail = np.array(values[:, values.shape[1] - cycles * cycle :], dtype=np.float64)
        if np.isnan(tail).all():
            return None
        codes, sites = np.unique(panel.series["site"].astype(str), return_inverse=True)
        return cls(name, tail.reshape(len(tail), cycles, cycle), sites, codes.tolist())

    def by_site(self, values: Matrix) -> Matrix:
        """[S, B, c] sums of values [n, B, c]."""
        total = np.zeros((len(self.codes), *values.shape[1:]))
        np.add.at(total, self.sites, values)
        return total


def input_alarms(panel: Panel) -> list[Alarm]:
    """What looks wrong in the sales and the stock up to the origin; pure."""
    found: list[Alarm] = []
    for name in ("sales", "stock"):
        feed = Feed.of(panel, name)
        if feed is None:
            continue
        present = feed.by_site((feed.values > 0).astype(np.float64))
        found += silent(feed, present)
        rows = changed(feed, present, present, Sign.ROWS)
        found += rows or changed(
            feed, present, feed.by_site(np.nan_to_num(np.maximum(feed.values, 0.0))), Sign.LEVEL
        )
        found += scaled(feed, panel)
    return found


def usual_of(values: Matrix) -> Matrix:
    """[S, B, c] median of the same period of the BASE cycles before, where the site spoke; NaN
    where it did not in at least half of them."""
    usual = np.full(values.shape, np.nan)
    spoken = np.where(values > 0, values, np.nan)
    for place in range(BASE, values.shape[1]):
        before = spoken[:, place - BASE : place]
        enough = np.sum(~np.isnan(before), axis=1) >= BASE // 2
        usual[:, place][enough] = np.nanmedian(np.where(enough[:, None], before, 0.0), axis=1)[
            enough
        ]
    return usual


def changed(feed: Feed, present: Matrix, values: Matrix, sign: Sign) -> list[Alarm]:
    """Of the whole feed, else of single sites: the last cycle, else the last period, is further
    from the usual than chance and this feed's own past explain."""
    usual, rows = usual_of(values), usual_of(present)
    everything = slice(None)
    scopes = [everything, *(slice(one, one + 1) for one in range(len(feed.codes)))]
    for window in (everything, slice(-1, None)):
        hit: list[tuple[str, float, float]] = []
        for scope in scopes:
            part = (scope, everything, window)
            both = (values[part] > 0) & ~np.isnan(usual[part])
            now = np.where(both, values[part], 0.0).sum(axis=(0, 2))
            then = np.where(both, usual[part], 0.0).sum(axis=(0, 2))
            enough = np.where(both, rows[part], 0.0).sum(axis=(0, 2)) >= LEAST_ROWS
            if not enough[-1]:
                continue
            change = np.log(now[enough] / then[enough])
            spread = 1.4826 * float(np.median(np.abs(change[:-1]))) if len(change) > BASE else 1.0
            least = (LEAST_CHANGE if scope is everything else LEAST_SITE_CHANGE)[sign]
            bound = max(DEVIATIONS * max(spread, LEAST_SCALE), least)
            if abs(change[-1]) > bound:
                if scope is everything:
                    return [Alarm(sign, feed.name, float(now[-1]), float(then[-1]))]
                hit.append((feed.codes[scope.start], float(now[-1]), float(then[-1])))
        if hit:
            sites, found, expected = zip(*hit, strict=True)
            return named(sign, feed.name, sites, found=sum(found), usual=sum(expected))
    return []


def silent(feed: Feed, present: Matrix) -> list[Alarm]:
    """Sites without a row in the last periods in which they usually have some; where the other
    sites are silent as well, it is the feed."""
    expected = ~np.isnan(usual_of(present))[:, -2:].reshape(len(present), -1)
    spoke = (present[:, -2:] > 0).reshape(len(present), -1)
    quiet = []
    for site, code in enumerate(feed.codes):
        last = np.flatnonzero(expected[site] | spoke[site])
        if spoke[site].any():
            last = last[last > np.flatnonzero(spoke[site])[-1]]
        if len(last) >= min(SILENT, present.shape[2]):
            quiet.append(code)
    if len(quiet) == len(feed.codes):
        return [Alarm(Sign.SILENT, feed.name, 0.0, float(expected.sum()))]
    return named(Sign.SILENT, feed.name, quiet, found=0.0, usual=float(SILENT))


def scaled(feed: Feed, panel: Panel) -> list[Alarm]:
    """Series whose units are all of another size than ever before: the last cycle, or period."""
    with np.errstate(invalid="ignore"):
        sizes = np.where(feed.values > 0, feed.values, np.nan)
    count, periods = np.sum(~np.isnan(sizes), axis=2), sizes.shape[2]
    mean = np.where(count > 0, np.nansum(sizes, axis=2) / np.maximum(count, 1), np.nan)
    told = np.sum(~np.isnan(mean[:, :-1]), axis=1) >= LEAST_SIZES
    past = np.where(told[:, None], np.nan_to_num(mean[:, :-1], nan=np.nan), 1.0)
    usual, most, least = (
        np.nanmedian(past, axis=1),
        np.nanmax(past, axis=1),
        np.nanmin(past, axis=1),
    )
    single = np.where(told[:, None, None], sizes[:, :-1], 1.0)
    largest, last = np.nanmax(single, axis=(1, 2)), sizes[:, -1, -1]
    with np.errstate(invalid="ignore"):
        up = (mean[:, -1] >= SCALE * usual) & (mean[:, -1] >= BEYOND * most)
        up &= count[:, -1] >= min(2, periods)
        often = (count[:, -1] >= min(OFTEN, periods)) & (periods > 1)
        up |= often & (mean[:, -1] >= SCALE * usual) & (mean[:, -1] >= BEYOND_OFTEN * most)
        up |= (last >= SCALE * usual) & (last >= FAR_BEYOND * largest)
        down = (mean[:, -1] <= usual / SCALE) & (mean[:, -1] <= least / BEYOND)
        down &= (most <= STEADY * least) & (count[:, -1] >= min(DROPPED, periods))
    if feed.name == "stock":
        up &= ~_received(feed, panel)
        down[:] = False  # a shelf that sells empty
    hit = np.flatnonzero(told & (up | down))
    hit = hit[np.argsort(-np.abs(np.log(np.fmax(mean[hit, -1], last[hit]) / usual[hit])))]
    codes = panel.series["site"].astype(str) + "/" + panel.series["sku"].astype(str)
    return named(
        Sign.SCALE,
        feed.name,
        codes.iloc[hit].tolist(),
        found=float(np.median(np.fmax(mean[hit, -1], last[hit]))) if len(hit) else 0.0,
        usual=float(np.median(usual[hit])) if len(hit) else 0.0,
    )


def _received(feed: Feed, panel: Panel) -> Flags:
    """[n] what came in during the last two cycles explains half of the stock at the origin, or
    nobody says what comes in."""
    if np.isnan(panel.receipts).all():
        return np.ones(len(panel), dtype=bool)
    length = 2 * feed.values.shape[2]
    came = np.nansum(panel.receipts[:, -length:], axis=1)
    return came >= np.nanmax(np.nan_to_num(feed.values[:, -1]), axis=1) / 2.0

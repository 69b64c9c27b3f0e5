"""Sites that ship to other sites: who draws from whom, in what order they are projected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import to_period
from forecasting.panel import Panel
from forecasting.stockout import is_out
from models.terms import Terms

Rows = NDArray[np.int64]

BLOCK: Final = 500
"""Sources whose paths live in memory together."""


@dataclass(frozen=True)
class Sources:
    """D of the n series are sources: the same sku at a site that others draw from.

    `dry` says by path, a bit each (`numpy.packbits`), whether a source closes a period in stockout:
    1.8 kB a source at 500 paths × 28 days. Without paths yet, nothing is limited.
    """

    of_series: Rows  # [n] row of the series that policy orders are drawn from; −1: a supplier
    circle: Rows  # [n] number of the circle of sites drawing from each other, alone in it or not
    place: Rows  # [n] of each series among the sources; −1: nobody draws from it
    depth: Rows  # [n] sources that lie between a series and a supplier, at most
    dry: NDArray[np.uint8]  # [D, H, P / 8]

    def place_of(self, givers: Rows, takers: Rows) -> Rows:
        """Places of the givers among the sources; −1: none, same circle, or no path known."""
        if not self.dry.size:
            return np.full(len(givers), -1)
        limits = (givers >= 0) & (self.circle[givers] != self.circle[takers])
        return np.where(limits, self.place[givers], -1)

    def blank(self, paths: int) -> Sources:
        """With room for so many paths, on all of which all sources have stock."""
        count, horizon, _ = self.dry.shape
        return replace(self, dry=np.zeros((count, horizon, -(-paths // 8)), dtype=np.uint8))

    def in_order(self) -> Iterator[Rows]:
        """The sources in blocks; who draws from another comes later."""
        rows = np.flatnonzero(self.place >= 0)
        for depth in np.unique(self.depth[rows]):
            level = rows[self.depth[rows] == depth]
            for begin in range(0, len(level), BLOCK):
                yield level[begin : begin + BLOCK]


def no_sources(count: int, horizon: int) -> Sources:
    """Everything comes from suppliers."""
    none = np.full(count, -1)
    return Sources(none, none, none, none, np.zeros((0, horizon, 0), np.uint8))


def sources_among(
    panel: Panel,
    terms: Terms,
    planned: NDArray[np.bool_],
    line_series: Rows,
    line_source: Rows,
    horizon: int,
) -> Sources:
    """Who draws from whom, by policy where one is `planned` [n], and by open lines.

    Where sites draw from each other in a circle, none of them limits another: the strongly
    connected components of the graph tell.
    """
    count = len(panel)
    drawn = np.where(planned, rows_of(panel, terms.source, panel.series["sku"]), -1)
    takers = np.concatenate([np.arange(count), line_series])
    givers = np.concatenate([drawn, line_source])
    takers, givers = takers[givers >= 0], givers[givers >= 0]
    circle = _circles(takers, givers, count)
    straight = circle[takers] != circle[givers]
    takers, givers = takers[straight], givers[straight]
    depth = np.zeros(count, np.int64)
    while (depth[takers] <= depth[givers]).any():
        np.maximum.at(depth, takers, depth[givers] + 1)
    place = np.full(count, -1)
    sources = np.unique(givers)
    place[sources] = np.arange(len(sources))
    return Sources(drawn, circle, place, depth, np.zeros((len(sources), horizon, 0), np.uint8))


def _circles(takers: Rows, givers: Rows, count: int) -> Rows:
    """[count] number of the circle of each series; of its own where it is in none."""
    open_takers, open_givers = takers, givers
    while len(open_takers):  # who draws from nobody that is left is in no circle
        left = np.isin(open_givers, open_takers)
        if left.all():
            break
        open_takers, open_givers = open_takers[left], open_givers[left]
    if not len(open_takers):
        return np.arange(count)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(takers)), (takers, givers)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=True, connection="strong")[1], np.int64)


def rows_of(panel: Panel, sites: Iterable[str], skus: Iterable[str]) -> Rows:
    """Row of the series of each sku at a site; −1 where there is none, or it is no site."""
    codes = zip(panel.series["site"], panel.series["sku"], strict=True)
    known = {code: row for row, code in enumerate(codes)}
    return np.array([known.get(code, -1) for code in zip(sites, skus, strict=True)], dtype=np.int64)


def givers_of(panel: Panel) -> Rows:
    """[n] row of the series that each is refilled from by its policy: the same sku at another site;
    −1: a supplier, or nobody knows."""
    return rows_of(panel, panel.policies["source"].fillna(""), panel.series["sku"])


def feeding_sites(panel: Panel) -> NDArray[np.object_]:
    """[n] their sites; "" where it is none."""
    giver = givers_of(panel)
    return np.where(giver >= 0, panel.series["site"].to_numpy(dtype=object)[giver], "")


def may_have_shipped(panel: Panel, source: Rows, ordered_on: pd.Series) -> NDArray[np.bool_]:
    """Whether each line [m] may have left its source by the origin: that closed in stock in some
    period since the one before the order, or nothing is known of it."""
    first = to_period(ordered_on.to_numpy(), panel.frequency) - 1 - panel.start
    rows, number = np.unique(source, return_inverse=True)
    on_hand, blocked = panel.on_hand[rows], np.nan_to_num(panel.blocked[rows])
    known = np.isfinite(on_hand)
    stocked = known & ~is_out(on_hand, blocked)

    def last(seen: NDArray[np.bool_]) -> Rows:
        width = seen.shape[1]
        never = np.iinfo(np.int64).min
        return np.where(seen.any(axis=1), width - 1 - seen[:, ::-1].argmax(axis=1), never)

    told = last(known)[number] >= np.maximum(first, 0)
    return (last(stocked)[number] >= first) | ~told

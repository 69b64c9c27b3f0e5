"""How long orders take and how much of them comes, learned from the order book as of an origin.

A line still open is censored: it says "longer than its age", and is never left out, because the
lines already received are the fast ones. Estimates are hazards by day, each level shrunk towards
the level above (supplier and item → supplier → everyone → a stated default): the posterior mean
under a beta process prior (Hjort 1990, Annals of Statistics 18, eq. 2.3), which without a prior is
Kaplan and Meier's product limit (1958). A cancelled line had not come when it was cancelled, and is
one of the ended lines: nothing of it came. Requested lines are wishes and tell nothing.

Lead times are those of the whole record. What arrives from now on also follows the supplier's pace
of the last weeks (models.pace).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, as_days, period_end
from forecasting.options import Options
from forecasting.panel import Panel
from models.pace import RECENT_DAYS, pace_of

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

DEFAULT_LEAD_TIME_DAYS: Final = 14.0
"""Where neither a record nor a master speaks: two weeks, the order of a domestic wholesaler."""
STRENGTH: Final = 10.0
"""Weight of the level above, in order lines: with ten own lines at risk, half own, half above."""
DEFAULT_STRENGTH: Final = 1.0
"""Weight of the stated default against everyone's record: one line."""
FEWEST_LINES: Final = 3
"""Received lines from which a level has a record of its own."""
EARLY_DAYS: Final = 60
LONGEST_DAYS: Final = 730
"""Beyond two years a line that has not come is taken to come never."""
SHARE_LEVELS: Final = (np.arange(25) + 0.5) / 25
MOST_SHARE: Final = 1.2
"""Of the ordered units; more than a fifth too much is a record of something else."""


@dataclass(frozen=True)
class LeadTimes:
    """Distributions by group: everyone first, then suppliers, then supplier and item.

    A `source` is the code of a supplier, or of the site that sends a transfer.
    """

    groups: pd.DataFrame  # source, sku ("" = all of it), lines received, lines open or cancelled
    total: Floats  # [G, D] P(not received at the end of day d after the order)
    lateness: Floats  # [G, L] P(not received at the end of day d − EARLY_DAYS past the promise)
    shares: Floats  # [G, Q] received ÷ ordered units, at SHARE_LEVELS
    pace: Floats  # [G] of the source lately, beside its record; 1: the same, below: slower

    @cached_property
    def _number(self) -> dict[tuple[str, str], int]:
        codes = zip(self.groups["source"], self.groups["sku"], strict=True)
        return {code: number for number, code in enumerate(codes)}

    def group_of(self, sources: Sequence[str], skus: Sequence[str]) -> Rows:
        """The most specific group that has a record: the item's, its supplier's, everyone's."""
        number = self._number
        return np.array(
            [
                number.get((source, sku), number.get((source, ""), 0))
                for source, sku in zip(sources, skus, strict=True)
            ],
            dtype=np.int64,
        )

    def basis(self, group: Rows, master_days: Floats) -> NDArray[np.object_]:
        """What each future order's lead time rests on: item, supplier, master, all or default."""
        named = np.where(self.groups["sku"].to_numpy()[group] != "", "item", "supplier")
        learned = "all" if self.groups["lines"].iloc[0] >= FEWEST_LINES else "default"
        above = np.where(np.isfinite(master_days), "master", learned)
        return np.where(group > 0, named, above).astype(object)

    def still_open(self, group: Rows, master_days: Floats, days: Rows) -> Floats:
        """[n, len(days)] chance that an order placed on day 0 has not come at the end of each day.

        Without a record of the supplier: the master's lead time, late as everyone is late.
        """
        chance = _at(self.total, group, np.broadcast_to(days, (len(group), len(days))))
        by_master = (group == 0) & np.isfinite(master_days)
        if by_master.any():
            past = days[None, :] - np.round(master_days[by_master])[:, None].astype(np.int64)
            stated = _at(self.lateness, group[by_master], past + EARLY_DAYS)
            chance[by_master] = np.where(days[None, :] < 0, 1.0, stated)
        return chance

    def received_after(
        self, group: Rows, master_days: Floats, frequency: Frequency, horizon: int
    ) -> Floats:
        """[n, H] chance that an order placed at the start of a period has come k periods later, at
        the pace of its source."""
        last_day = np.ceil(np.arange(1, horizon + 1) * frequency.days).astype(np.int64) - 1
        return 1.0 - self.still_open(group, master_days, last_day) ** self.pace[group][:, None]

    def median_days(self, group: Rows, master_days: Floats) -> Floats:
        """Days by which half of the orders placed today have come."""
        return self.days_until(0.5, group, master_days)

    def days_until(self, share: float, group: Rows, master_days: Floats) -> Floats:
        """Days by which a share of the orders placed today have come; LONGEST_DAYS: never."""
        asked = pd.DataFrame({"group": group, "days": master_days})
        kinds = asked.drop_duplicates().reset_index(drop=True)
        open_for = self.still_open(
            kinds["group"].to_numpy(), kinds["days"].to_numpy(), np.arange(LONGEST_DAYS)
        )
        kinds["reached"] = (open_for > 1.0 - share).sum(axis=1).astype(np.float64)
        return asked.merge(kinds, on=["group", "days"], how="left")["reached"].to_numpy()

    def stretched(self, source: str, factor: float) -> LeadTimes:
        """The same where everything that a source delivers takes `factor` times as long from now
        on. A source without a record of its own gets one: everyone's, so stretched."""
        groups, total, lateness, shares = self.groups, self.total, self.lateness, self.shares
        pace = self.pace
        if (source, "") not in self._number:
            new = pd.DataFrame({"source": [source], "sku": [""], "lines": [0], "open": [0]})
            groups = pd.concat([groups, new], ignore_index=True)
            total, lateness, shares = (
                np.vstack([curves, curves[:1]]) for curves in (total, lateness, shares)
            )
            pace = np.append(pace, pace[0])
        width = total.shape[1]
        size = int(min(np.ceil(width * max(factor, 1.0)), max(LONGEST_DAYS, width)))
        padded = np.hstack([total, np.repeat(total[:, -1:], size - width, axis=1)])
        rows = np.flatnonzero((groups["source"] == source).to_numpy())
        day = np.floor((np.arange(size) + 1) / factor).astype(np.int64) - 1
        padded[rows] = _at(padded, rows, np.broadcast_to(day, (len(rows), size)))
        return LeadTimes(groups, padded, lateness, shares, pace)

    def arrival_chance(
        self, lines: pd.DataFrame, group: Rows, origin: int, frequency: Frequency, horizon: int
    ) -> Floats:
        """[m, H] chance that each open line comes by the end of period origin + h, given that it
        had not come at the origin, at the pace of its source.

        By the promise where there is one, else by the age of the order (negative: it will be placed
        after the origin). Among lines not yet due a
        later promise never gives an earlier arrival. An overdue line has the chance of lines that
        were as late as it is: small, where few such lines ever came.

        A column `delay_days` of the lines moves their arrival, whatever it would have been, by so
        many days (below 0: earlier); `comes_until`: what has not come by that day comes never.
        """
        today = int(period_end(origin, frequency).astype(np.int64))
        ahead = period_end(origin + np.arange(1, horizon + 1), frequency).astype(np.int64) - today
        ends = np.broadcast_to(ahead, (len(lines), horizon))
        if "comes_until" in lines:
            until = lines["comes_until"]
            last = np.where(until.isna(), ahead[-1], _day_numbers(until) - today)
            ends = np.minimum(ends, last[:, None])
        if "delay_days" in lines:
            delay = lines["delay_days"].fillna(0).to_numpy(np.int64)
            ends = ends - delay[:, None]
        ends = np.maximum(ends, 0)
        promised = lines["promised_on"].notna().to_numpy()
        age = np.where(promised, 0, today - _day_numbers(lines["ordered_on"]))
        late = np.where(promised, today - _day_numbers(lines["promised_on"]), 0)
        chance = np.where(
            promised[:, None],
            _given_open(self.lateness, group, late + EARLY_DAYS, ends),
            _given_open(self.total, group, age, ends),
        )
        for sooner in range(1, int(min(EARLY_DAYS, (-late).max(initial=0)))):
            rows = np.flatnonzero(-late > sooner)
            at = np.full(len(rows), EARLY_DAYS - sooner)
            nearer = _given_open(self.lateness, group[rows], at, ends[rows])
            chance[rows] = np.minimum(chance[rows], nearer)
        return 1.0 - (1.0 - chance) ** self.pace[group][:, None]


def fit_lead_times(panel: Panel, options: Options) -> LeadTimes:
    """Lead times, lateness and short shipments as of the panel's origin; see the module."""
    del options  # nothing here is a setting yet
    lines = panel.order_history
    # a transfer is cancelled for want of stock at its source, which the projection walks itself
    cancelled = lines["cancelled_on"].notna() & (lines["supplier"].fillna("") != "")
    told = lines["received_on"].notna() | (lines["units_open"] > 0) | cancelled
    known = (lines["status"] != "requested") & told
    lines = lines[known.to_numpy()]
    came = lines["received_on"].notna().to_numpy()
    sources = np.asarray(sources_of(lines), dtype=object)
    skus = panel.series["sku"].to_numpy(dtype=object)[lines["series"].to_numpy(dtype=np.int64)]
    groups, by_source, by_item = _groups(sources, skus, came)

    today = np.datetime64(panel.origin_date, "D").astype(np.int64)
    seen = np.where(lines["cancelled_on"].notna(), _day_numbers(lines["cancelled_on"]), today)
    until = np.where(came, _day_numbers(lines["received_on"]), seen)
    taken = np.maximum(until - _day_numbers(lines["ordered_on"]), 0)
    size = int(np.clip(taken.max(initial=0) + 31, 90, LONGEST_DAYS))
    total = _levels(
        taken, came, by_source, by_item, groups, _default_hazard(_master_days(panel), size)
    )
    promised = lines["promised_on"].notna().to_numpy()
    late = until - _day_numbers(lines["promised_on"])
    size = int(np.clip(late[promised].max(initial=0) + EARLY_DAYS + 61, 150, LONGEST_DAYS))
    past = np.maximum(late[promised] + EARLY_DAYS, 0)
    lateness = _levels(
        past,
        came[promised],
        by_source[promised],
        by_item[promised],
        groups,
        _default_lateness_hazard(size),
    )
    pace = _pace(lines, sources, by_source, until, came, lateness, int(today))
    shares = _share_levels(lines, by_source, by_item, groups)
    return LeadTimes(groups, total, lateness, shares, _of_source(pace, groups))


def posterior_hazard(
    days: Rows, came: NDArray[np.bool_], group: Rows, prior: Floats, strength: float
) -> Floats:
    """[G, D] chance to come on day d, given not before: (events + strength × prior) ÷ (at risk +
    strength). `prior` is [G, D]; `came` false: still open at the end of that day.

    With strength 0 it is Kaplan and Meier's estimate; where nothing is at risk, 0.
    """
    count, size = prior.shape
    inside = days < size  # what is still open at the end of the grid is at risk on all of it
    flat = group * size + np.minimum(days, size - 1)
    events = np.bincount(flat[came & inside], minlength=count * size).reshape(prior.shape)
    left = np.bincount(flat, minlength=count * size).reshape(prior.shape)
    at_risk = left[:, ::-1].cumsum(axis=1)[:, ::-1] + strength
    expected = events + strength * prior
    return np.divide(expected, at_risk, out=np.zeros_like(expected), where=at_risk > 0)


def survival(hazard: Floats) -> Floats:
    """Chance of not having come at the end of each day."""
    return np.asarray(np.cumprod(1.0 - hazard, axis=-1), dtype=np.float64)


def _groups(
    sources: NDArray[np.object_], skus: NDArray[np.object_], came: NDArray[np.bool_]
) -> tuple[pd.DataFrame, Rows, Rows]:
    """Groups with a record, and each line's supplier group and item group (−1: none)."""
    lines = pd.DataFrame({"source": sources, "sku": skus, "lines": came, "open": ~came})
    everyone = pd.DataFrame(
        {"source": [""], "sku": [""], "lines": [came.sum()], "open": [(~came).sum()]}
    )
    named = lines[lines["source"] != ""]
    suppliers = named.groupby("source", sort=True)[["lines", "open"]].sum().reset_index()
    suppliers.insert(1, "sku", "")
    items = named.groupby(["source", "sku"], sort=True)[["lines", "open"]].sum().reset_index()
    parts = [everyone, suppliers, items]
    recorded = [everyone] + [part[part["lines"] >= FEWEST_LINES] for part in parts[1:]]
    groups = pd.concat([part for part in recorded if len(part)], ignore_index=True)
    groups = groups.astype({"lines": "int64", "open": "int64"})
    number = {
        code: place for place, code in enumerate(zip(groups["source"], groups["sku"], strict=True))
    }
    source, names = pd.factorize(sources)
    sku, sold = pd.factorize(skus)
    pair, place = np.unique(source * len(sold) + sku, return_inverse=True)
    of_source = [number.get((name, ""), -1) if name else -1 for name in names]
    codes = ((names[one // len(sold)], sold[one % len(sold)]) for one in pair.tolist())
    of_pair = [number.get(code, -1) if code[0] else -1 for code in codes]
    by_source = np.array(of_source, dtype=np.int64)[source]
    by_item = np.array(of_pair, dtype=np.int64)[place]
    return groups, by_source, by_item


def _levels(
    days: Rows,
    came: NDArray[np.bool_],
    by_source: Rows,
    by_item: Rows,
    groups: pd.DataFrame,
    default: Floats,
) -> Floats:
    """[G, D] survival: everyone shrunk to the default, suppliers to everyone, items to theirs."""
    everyone = np.zeros(len(days), dtype=np.int64)
    hazard = np.empty((len(groups), len(default)))
    hazard[:1] = posterior_hazard(days, came, everyone, default[None, :], DEFAULT_STRENGTH)
    of_item = (groups["sku"] != "").to_numpy()
    of_source = ~of_item
    of_source[0] = False
    place = {source: row for row, source in enumerate(groups["source"]) if of_source[row]}
    above = np.array([place.get(source, 0) for source in groups["source"]], dtype=np.int64)
    for level, group in ((of_source, by_source), (of_item, by_item)):
        rows = np.flatnonzero(level)
        mine = group >= 0
        parent = hazard[above[rows] if level is of_item else np.zeros(len(rows), np.int64)]
        first = rows[0] if len(rows) else 0
        hazard[rows] = posterior_hazard(
            days[mine], came[mine], group[mine] - first, parent, STRENGTH
        )
    return survival(hazard)


def _pace(
    lines: pd.DataFrame,
    sources: NDArray[np.object_],
    by_source: Rows,
    until: Rows,
    came: NDArray[np.bool_],
    lateness: Floats,
    today: int,
) -> Floats:
    """[G] of the sources' own rows, from promised lines alone; 1 of the other groups. `until` [m]:
    the last day each line was waited for."""
    promised = lines["promised_on"].notna().to_numpy()
    ordered = _day_numbers(lines["ordered_on"])
    awaited = (until >= ordered) & (until > today - RECENT_DAYS)  # an order may be keyed afterwards
    rows = np.flatnonzero(promised & awaited & (by_source >= 0))
    of_order = lines.iloc[rows].groupby([sources[rows], "order_id"])["order_id"]
    first = _day_numbers(lines["promised_on"])[rows] - EARLY_DAYS
    since = np.maximum(today - RECENT_DAYS, ordered[rows] - 1)
    weight = 1.0 / of_order.transform("size").to_numpy(dtype=np.float64)
    return pace_of(
        lateness, by_source[rows], since - first, until[rows] - first, came[rows], weight
    )


def _of_source(values: Floats, groups: pd.DataFrame) -> Floats:
    """[G] the value of each group's source, known by the sources' own rows; 1 of everyone."""
    own = groups["sku"] == ""
    of = pd.Series(values[own], index=groups.loc[own, "source"])
    return np.asarray(of.reindex(groups["source"]).fillna(1.0), dtype=np.float64)


def _share_levels(
    lines: pd.DataFrame, by_source: Rows, by_item: Rows, groups: pd.DataFrame
) -> Floats:
    """[G, Q] received ÷ ordered of ended lines, 0 of cancelled ones.

    The supplier's, with everyone's as STRENGTH lines; items use their supplier's.
    """
    ordered = lines["units_ordered"].to_numpy(dtype=np.float64)
    ended = (lines["units_open"].to_numpy() <= 0) & (ordered > 0)
    share = np.clip(lines["units_received"].to_numpy()[ended] / ordered[ended], 0.0, MOST_SHARE)
    levels = np.ones((len(groups), len(SHARE_LEVELS)))
    if not len(share):
        return levels
    levels[:] = np.quantile(share, SHARE_LEVELS, method="inverted_cdf")
    source_of = by_source[ended]
    for group in np.unique(source_of[source_of >= 0]):
        own = share[source_of == group]
        values = np.concatenate([own, levels[0]])
        weights = np.concatenate(
            [np.ones(len(own)), np.full(len(SHARE_LEVELS), STRENGTH / len(SHARE_LEVELS))]
        )
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(weights[order]) / weights.sum()
        levels[group] = values[order][np.searchsorted(reached, SHARE_LEVELS)]
    items, line = np.unique(by_item, return_index=True)
    told = items >= 0
    levels[items[told]] = levels[by_source[line[told]]]
    return levels


def _default_hazard(mean_days: float, size: int) -> Floats:
    """Half of the mean for sure, the other half exponential: P(L > d) = exp(−2 (d/mean − ½))."""
    days = np.arange(size)
    rate = 1.0 - np.exp(-2.0 / max(mean_days, 1.0))
    return np.where(days < mean_days / 2, 0.0, rate)


def _default_lateness_hazard(size: int) -> Floats:
    """With no record at all: one in ten up to five days early, six in ten of the rest on the day,
    then one in seven of the late ones each day."""
    days = np.arange(size) - EARLY_DAYS
    early = np.where((days >= -5) & (days < 0), 0.02, 0.0)
    return np.where(days == 0, 0.6, np.where(days > 0, 1 / 7, early))


def _master_days(panel: Panel) -> float:
    """Median lead time that the masters state, else the default."""
    stated = panel.series["master_lead_time_days"].to_numpy(dtype=np.float64)
    if "lead_time_days" in panel.suppliers:
        stated = np.append(stated, panel.suppliers["lead_time_days"].to_numpy(dtype=np.float64))
    stated = stated[np.isfinite(stated)]
    return float(np.median(stated)) if len(stated) else DEFAULT_LEAD_TIME_DAYS


def sources_of(lines: pd.DataFrame) -> list[str]:
    """Who delivers each line: its supplier, else the site that sends it."""
    supplier, site = lines["supplier"].fillna(""), lines["source_site"].fillna("")
    return list(supplier.where(supplier != "", site))


def _day_numbers(dates: pd.Series) -> Rows:
    """Days since 1970 (NaT: a number that nothing may use)."""
    return as_days(dates.to_numpy()).astype(np.int64)


def _at(curves: Floats, group: Rows, place: Rows) -> Floats:
    """[n, k] survival at a place of the grid: 1 before it; after it what is left comes never."""
    inside = curves[group[:, None], np.clip(place, 0, curves.shape[1] - 1)]
    return np.where(place < 0, 1.0, inside)


def _given_open(curves: Floats, group: Rows, age: Rows, ends: Rows) -> Floats:
    """[m, H] P(comes by age [m] + ends [m, H] | open at the end of `age`)."""
    now = _at(curves, group, age[:, None])
    then = _at(curves, group, age[:, None] + ends)
    return 1.0 - np.divide(then, now, out=np.ones_like(then), where=now > 1e-12)

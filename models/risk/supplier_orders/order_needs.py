"""When each series may be ordered, from when on it needs an order, and how much of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forecasting.calendar import Days, Frequency, period_end
from forecasting.demand_forecast import GrainForecast
from forecasting.panel import Panel
from models.lead_time import Floats, LeadTimes, Rows
from models.projection import Supply
from models.terms import Terms

LEAD_SHARE: Final = 0.9
"""Without a policy: the lead time that nine orders in ten keep."""
DEMAND_LEVEL: Final = 0.9
"""Without a policy: the quantile of demand that stock is to last."""
LEAST_LOT_DAYS: Final = 7.0
"""Without a policy and a past order: an order holds a week's demand at least."""
PLAN_DAYS: Final = {Frequency.DAY: 14, Frequency.WEEK: 14, Frequency.MONTH: 62}
"""Two weeks, and two periods at least."""
LOOK_AHEAD_DAYS: Final = 60  # for the following order day: longer than any summer closure


@dataclass(frozen=True)
class Expected:
    """Demand of n series, even within a period; beyond the forecast at its mean rate.

    The spread of a period is its q900 − its mean, units; those of several periods add up as
    independent errors do: squared.
    """

    ends: Floats  # [H + 1] days after the origin; 0, then the end of each period
    total: Floats  # [n, H + 1] units up to each end
    variance: Floats  # [n, H + 1] units², of the spread up to each end

    @classmethod
    def of(cls, panel: Panel, forecast: GrainForecast, booked: Floats) -> Expected:
        """By the mean, `booked` [n, H] at least, and the quantile nearest to DEMAND_LEVEL."""
        mean = np.maximum(forecast.mean, booked)
        nearest = int(np.argmin(np.abs(np.array(forecast.levels) - DEMAND_LEVEL)))
        high = forecast.quantiles[:, :, nearest]
        periods = panel.origin + np.arange(mean.shape[1] + 1)
        ends = period_end(periods, panel.frequency).astype(np.int64)
        spread = np.maximum(high - mean, 0.0)
        total, variance = (
            np.pad(np.cumsum(np.nan_to_num(part), axis=1), ((0, 0), (1, 0)))
            for part in (mean, spread**2)
        )
        return cls((ends - ends[0]).astype(np.float64), total, variance)

    @property
    def rate(self) -> Floats:
        """[n] units a day, mean of the forecast."""
        return np.asarray(self.total[:, -1] / self.ends[-1])

    def until(self, days: Floats | float) -> Floats:
        """[n] units wanted in the first so many days after the origin; `days`: one, or one each."""
        return self._at(self.total, days)

    def spread(self, since: Floats | float, until: Floats | float) -> Floats:
        """[n] units between two days that demand exceeds the expected by once in ten times."""
        between = self._at(self.variance, until) - self._at(self.variance, since)
        return np.sqrt(np.maximum(between, 0.0))

    def _at(self, curve: Floats, days: Floats | float) -> Floats:
        asked = np.broadcast_to(np.maximum(np.asarray(days, dtype=np.float64), 0.0), len(curve))
        last = len(self.ends) - 2
        place = np.clip(np.searchsorted(self.ends, asked, side="right") - 1, 0, last)
        row = np.arange(len(curve))
        begin, end = curve[row, place], curve[row, place + 1]
        share = (asked - self.ends[place]) / (self.ends[place + 1] - self.ends[place])
        inside = begin + (end - begin) * share
        return np.where(asked <= self.ends[-1], inside, curve[:, -1] * asked / self.ends[-1])


@dataclass(frozen=True)
class Calendar:
    """D days of the plan, the first day after the origin first."""

    days: Days  # [D]
    period: Rows  # [D] steps of the forecast, from 0
    may_order: NDArray[np.bool_]  # [n, D] the source takes orders
    review: NDArray[np.bool_]  # [n, D] on which the need is looked at
    following: Floats  # [n, D] days from the origin to the start of the following order day

    @classmethod
    def of(cls, panel: Panel, supply: Supply) -> Calendar:
        length = PLAN_DAYS[panel.frequency]
        first = np.datetime64(panel.origin_date, "D") + 1
        horizon = supply.booked.shape[1]
        ends = period_end(panel.origin + np.arange(1, horizon + 1), panel.frequency)
        days = first + np.arange(min(length, int((ends[-1] - first).astype(np.int64)) + 1))
        period = np.searchsorted(ends, days)
        may_order, following = _order_days(supply.terms, len(panel), days)
        planned = supply.policies.stated
        review = may_order & (supply.policies.review[:, period] | ~planned[:, None])
        return cls(days, period, may_order, review, following)


def _order_days(terms: Terms, count: int, days: Days) -> tuple[NDArray[np.bool_], Floats]:
    further = days[0] + np.arange(len(days) + LOOK_AHEAD_DAYS)
    found: dict[object, tuple[NDArray[np.bool_], Rows]] = {}
    may_order = np.zeros((count, len(days)), dtype=bool)
    following = np.zeros((count, len(days)))
    for row in range(count):
        key = (terms.order_days[row], terms.closures[row])
        if key not in found:
            taken = terms.order_on(row, further)
            places = np.append(np.flatnonzero(taken), len(further))
            after = np.searchsorted(places, np.arange(len(days)), side="right")
            found[key] = taken[: len(days)], places[np.minimum(after, len(places) - 1)]
        may_order[row], following[row] = found[key]
    return may_order, following


@dataclass(frozen=True)
class Levels:
    """Units of position of n series: an order is due at or below `trigger`, and fills to `up_to`.

    Without a policy the expected stock must last until an order of the following order day has
    come, with the protection of LEAD_SHARE and DEMAND_LEVEL; an order holds a usual order more.
    """

    planned: NDArray[np.bool_]  # [n] by a policy that is stated
    reorder_point: Floats  # [n]
    order_up_to: Floats  # [n]
    lead_days: Floats  # [n] that LEAD_SHARE of the orders keep
    lot: Floats  # [n] units of a usual order
    expected: Expected
    following: Floats  # [n, D]

    @classmethod
    def of(
        cls,
        panel: Panel,
        supply: Supply,
        lead_times: LeadTimes,
        expected: Expected,
        calendar: Calendar,
    ) -> Levels:
        terms, policies = supply.terms, supply.policies
        usual = panel.order_history.groupby("series")["units_ordered"].median()
        usual_units = usual.reindex(range(len(panel))).to_numpy(dtype=np.float64)
        return cls(
            planned=policies.stated,
            reorder_point=policies.reorder_point,
            order_up_to=policies.order_up_to,
            lead_days=lead_times.days_until(LEAD_SHARE, terms.group, terms.master_days),
            lot=np.where(usual_units > 0, usual_units, expected.rate * LEAST_LOT_DAYS),
            expected=expected,
            following=calendar.following,
        )

    def on(self, day: int) -> tuple[Floats, Floats]:
        """[n] trigger and up_to on a day of the plan, from 0."""
        until = self.following[:, day] + self.lead_days
        wanted = self.expected.until(until) - self.expected.until(day)
        needed = wanted + self.expected.spread(day, until)
        lot = np.maximum(self.lot, self.expected.rate * (self.following[:, day] - day))
        return (
            np.where(self.planned, self.reorder_point, needed),
            np.where(self.planned, self.order_up_to, needed + lot),
        )

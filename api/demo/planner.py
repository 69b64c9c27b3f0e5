"""How the company's planners set reorder points: sensibly, from sales, and sometimes wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from api.demo.catalogue import Site, Supplier
from api.demo.company import Company, Flags, Reals, Whole
from api.demo.demand import Demand

LOOK_BACK_DAYS: Final = 91
LEAST_DAYS_IN_STOCK: Final = 21  # fewer say too little: the last estimate stays
SAFETY_FACTOR: Final = 0.95  # standard deviations over the cover
SERVICE_TARGET: Final = 0.95
CONTAINER_SAFETY_DAYS: Final = 12.0  # of demand, on top, against sea freight
MISTAKES: Final = ((0.1, 0.4), (0.05, 1.7))  # share of series, factor on what the rule says
PROMOTION_TRUST: Final = 0.7  # share of a promotion's real uplift that planners prepare for
SEASON_TRUST: Final = 0.8  # exponent on the season they expect
STORE_LOT_DAYS: Final = 6
NOISE_DAYS: Final = 1.4  # variance of a day against its mean


@dataclass(frozen=True)
class Policy:
    """[S, K], whole units of position; `mean` is the planner's own estimate, units a day."""

    mean: Reals
    safety_stock: Whole
    reorder_point: Whole
    order_up_to: Whole


@dataclass(frozen=True)
class Planner:
    company: Company
    demand: Demand
    cover: Whole  # [S, K] calendar days from a review to the goods of the next one
    review: Whole  # [S, K] calendar days between reviews
    lot_days: Whole  # [S, K] days of demand in an order, at least
    mistake: Reals  # [S, K]

    def first_guess(self) -> Reals:
        """Units a day before there is a record: right on average."""
        rng = self.company.rng("guess")
        error = rng.lognormal(0.0, 0.25, self.demand.expected.shape)
        mean = self.demand.expected * error * self._season_ahead(0)
        return self._with_warehouse(mean, np.zeros(len(self.company.items)))

    def estimate(self, day: int, previous: Reals, sold: Whole, in_stock: Flags) -> Reals:
        """Units a day, over the days in stock; `sold` and `in_stock` are [D, S, K]."""
        window = slice(max(day - LOOK_BACK_DAYS, 0), day)
        days = in_stock[window].sum(axis=0)
        seen = sold[window].sum(axis=0) / np.maximum(days, 1)
        ahead = self._season_ahead(day) / self.demand.season[window].mean(axis=0)
        mean = np.where(days >= LEAST_DAYS_IN_STOCK, seen * ahead**SEASON_TRUST, previous)
        return self._with_warehouse(mean, seen[0])

    def policy(self, mean: Reals) -> Policy:
        company = self.company
        container = np.array([supplier.role == "container" for supplier in company.suppliers])
        by_sea = container[company.supplier_of]
        variance = NOISE_DAYS * mean + (0.3 * mean) ** 2
        safety = SAFETY_FACTOR * np.sqrt(self.cover * variance)
        safety[0] += CONTAINER_SAFETY_DAYS * mean[0] * by_sea
        safety *= self.mistake
        point = np.maximum(mean * self.cover * self.mistake**0.5 + safety, 1.0)
        lot = np.maximum(mean * self.lot_days, company.items["pack_size"].to_numpy(float) * 0.5)
        order_up_to = np.ceil(point + lot).astype(np.int64)
        reorder_point = np.ceil(point).astype(np.int64)
        reorder_point[0] = np.where(by_sea, order_up_to[0] - 1, reorder_point[0])  # fills each one
        return Policy(mean, np.ceil(safety).astype(np.int64), reorder_point, order_up_to)

    def _season_ahead(self, day: int) -> Reals:
        return self.demand.season[day : day + LOOK_BACK_DAYS].mean(axis=0)

    def _with_warehouse(self, mean: Reals, professional: Reals) -> Reals:
        selling = mean.copy()
        selling[0] = mean[1:].sum(axis=0) + professional
        return selling


def hire_planner(company: Company, demand: Demand) -> Planner:
    rng = company.rng("mistakes")
    shape = company.first.shape
    draw = rng.random(shape)
    (low_share, low), (high_share, high) = MISTAKES
    mistake = np.where(draw < low_share, low, np.where(draw > 1 - high_share, high, 1.0))
    mistake *= rng.lognormal(0.0, 0.1, shape)
    ordinary = np.array([not supplier.role for supplier in company.suppliers])
    mistake[0] = np.where(ordinary[company.supplier_of], mistake[0] ** 0.5, 1.0)
    review = np.empty(shape, np.int64)
    lead = np.empty(shape, np.int64)
    for s, site in enumerate(company.sites[1:], 1):
        review[s] = longest_gap(site.order_days)
        lead[s] = site.transit_days
    terms = [_supplier_terms(supplier) for supplier in company.suppliers]
    review[0], lead[0] = np.array(terms).T[:, company.supplier_of]
    lot = np.maximum(review, STORE_LOT_DAYS)
    lots = np.array([supplier.lot_days for supplier in company.suppliers])[company.supplier_of]
    lot[0] = np.where(lots > 0, np.maximum(review[0], lots), 0)
    return Planner(company, demand, review + lead, review, lot, mistake)


def longest_gap(order_days: tuple[int, ...]) -> int:
    """Most days from one order day to the next.

    >>> longest_gap((0, 3)), longest_gap((2,)), longest_gap((0, 1, 2, 3, 4))
    (4, 7, 3)
    """
    later = (*order_days[1:], order_days[0] + 7)
    return max(b - a for a, b in zip(order_days, later, strict=True))


def review_days(place: Site | Supplier) -> int:
    """Days between reviews as the policies feed states them."""
    if isinstance(place, Supplier) and place.role == "container":
        return place.review_days
    return longest_gap(place.order_days)


def _supplier_terms(supplier: Supplier) -> tuple[int, int]:
    calendar = 1.4 if supplier.lead_time_basis == "working" else 1.0
    return review_days(supplier), round(supplier.lead_time_days * calendar)

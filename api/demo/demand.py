"""What customers want, drawn before any shelf is looked at: the truth that sales only show in part.

Store demand is negative binomial around item × site × weekday × season × trend × price × promotion
× shocks. The warehouse's own demand is the order book of professional customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from api.demo.catalogue import CATEGORIES, CUSTOMERS
from api.demo.company import NEVER, Company, Flags, Reals, Whole
from forecasting.calendar import weekday

YEAR_DAYS: Final = 365.25
WEEKDAY_SHAPE: Final = (0.85, 0.85, 0.95, 0.95, 1.15, 1.5)  # Monday … Saturday, stores
PRICE_ELASTICITY: Final = -1.3
UPLIFT_OF_DEPTH: Final = 5.0  # a promotion of 20 % doubles the demand
DIP: Final = 0.88  # of demand in the week after a promotion: cupboards are full
KNOWN_BEFORE_DAYS: Final = 28  # the sales department announces promotions so early
ORDERS_PER_ITEM: Final = 0.035  # professional orders a working day, per item of the catalogue


class Promotion(NamedTuple):
    """Days are inclusive."""

    name: str
    k: int
    first: int
    last: int
    depth: float


class PriceChange(NamedTuple):
    k: int
    first: int
    last: int
    price: float


@dataclass(frozen=True)
class Demand:
    """D simulated days, S sites, K items."""

    units: Whole  # [D, S, K] wanted in the stores; the warehouse's row is zero
    expected: Reals  # [S, K] mean of a plain day on sale
    season: Reals  # [all days, K] what the calendar alone does to an item
    uplift: Reals  # [all days, K] extra demand of promotions, share of the plain day
    price: Reals  # [all days, K] list price
    depth: Reals  # [all days, K] promotion depth, 0: none
    promotions: list[Promotion]
    price_changes: list[PriceChange]
    professional: pd.DataFrame  # order, line, k, customer, units, ordered, requested, cancelled


def draw_demand(company: Company) -> Demand:
    rng = company.rng("demand")
    price, price_changes = _prices(company)
    promotions, depth, dip = _promotions(company)
    season = _season(company)
    uplift = depth * UPLIFT_OF_DEPTH * rng.lognormal(0.0, 0.2, len(company.items))
    on_sale = slice(0, company.simulated)
    sizes = np.array([site.size for site in company.sites])
    taste = rng.lognormal(0.0, 0.35, (len(sizes), len(company.items)))
    expected = sizes[:, None] * company.rate * taste
    by_item = (
        season
        * _trend(company, rng)
        * (price / price[company.end]) ** PRICE_ELASTICITY
        * (1.0 + uplift)
        * dip
        * _weekly_shocks(company, rng)
    )[on_sale]
    by_site = (_week(company) * rng.lognormal(0.0, 0.08, company.open.shape))[on_sale]
    mean = expected * by_item[:, None, :] * by_site[:, :, None] * _ramp(company, rng)
    mean *= company.in_assortment() & company.open[on_sale, :, None]
    steady = 0.5 + 4.0 * rng.random(len(company.items))  # small: lumpy
    units = rng.poisson(mean * rng.gamma(steady, 1.0 / steady, mean.shape))
    return Demand(
        units=units.astype(np.int64),
        expected=expected,
        season=season,
        uplift=uplift,
        price=price,
        depth=depth,
        promotions=promotions,
        price_changes=price_changes,
        professional=_professional_orders(company, season),
    )


def next_true(flags: Flags) -> Whole:
    """For each day the first day from it on that is flagged; NEVER where there is none.

    >>> next_true(np.array([False, True, False, True])).tolist()
    [1, 1, 3, 3]
    """
    index = np.where(flags, np.arange(len(flags)), NEVER)
    return np.minimum.accumulate(index[::-1])[::-1]


def _week(company: Company) -> Reals:
    """[all days, S] weekday factor, mean about one over open days."""
    shapes = np.array([[*WEEKDAY_SHAPE, site.sunday] for site in company.sites])
    shapes *= 7.0 / shapes.sum(axis=1, keepdims=True)
    return shapes[:, weekday(company.dates)].T


def _season(company: Company) -> Reals:
    day = (company.dates - company.dates.astype("datetime64[Y]")).astype(float)
    curves = []
    for category in CATEGORIES:
        curve = np.ones(len(day))
        for centre, width, height in category.season:
            away = (day - centre + YEAR_DAYS / 2) % YEAR_DAYS - YEAR_DAYS / 2
            curve += height * np.exp(-0.5 * (away / width) ** 2)
        curves.append(curve / curve[: company.days].mean())
    return np.column_stack(curves)[:, company.category_of]


def _trend(company: Company, rng: np.random.Generator) -> Reals:
    growth = rng.normal(0.03, 0.1, len(company.items))
    years = (np.arange(len(company.dates)) - company.days / 2) / YEAR_DAYS
    return np.exp(years[:, None] * growth)


def _weekly_shocks(company: Company, rng: np.random.Generator) -> Reals:
    """A slow walk around one: what nobody planned lasts for some weeks."""
    weeks = len(company.dates) // 7 + 1
    walk = np.zeros((weeks, len(company.items)))
    steps = rng.normal(0.0, 0.13, walk.shape)
    for week in range(1, weeks):
        walk[week] = 0.75 * walk[week - 1] + steps[week]
    return np.exp(walk).repeat(7, axis=0)[: len(company.dates)]


def _ramp(company: Company, rng: np.random.Generator) -> Reals:
    """[simulated days, S, K] a launch starts low or with a novelty peak; an end fades."""
    day = np.arange(company.simulated)[:, None, None]
    start = rng.choice([-0.7, -0.5, 0.6], len(company.items))
    launch = 1.0 + start * np.exp(-np.maximum(day - company.first, 0) / 25.0)
    left = company.last - day
    fade = np.where(left < 14, 0.3 + 0.7 * np.clip(left, 0, 14) / 14, 1.0)
    return launch * fade


def _prices(company: Company) -> tuple[Reals, list[PriceChange]]:
    """List prices by day, the masters' price at the end; some rise on the first of a month."""
    rng = company.rng("prices")
    days, count = len(company.dates), len(company.items)
    price = np.tile(company.items["unit_price"].to_numpy(float), (days, 1))
    month_starts = np.flatnonzero(company.dates == company.dates.astype("datetime64[M]"))
    month_starts = month_starts[(month_starts > 0) & (month_starts < company.simulated)]
    changes = []
    for k in range(count):
        rises = np.sort(rng.choice(month_starts, int(rng.integers(0, 3)), replace=False))
        edges = [*rises.tolist(), days]
        for first, past in zip(edges[:-1][::-1], edges[1:][::-1], strict=True):
            rate = 1.0 + rng.uniform(0.02, 0.08)
            if first <= company.end:
                price[:first, k] = np.round(price[first, k] / rate, 2)
            else:
                price[first:, k] = np.round(price[first - 1, k] * rate, 2)
            changes.append(PriceChange(k, first, past - 1, float(price[first, k])))
    return price, changes


def _promotions(company: Company) -> tuple[list[Promotion], Reals, Reals]:
    """About two operations a month, each on some items of one category; none overlap on an item."""
    rng = company.rng("promotions")
    depth = np.zeros((len(company.dates), len(company.items)))
    dip = np.ones_like(depth)
    first_sale, last_sale = company.first.min(axis=0), company.last.max(axis=0)
    wednesdays = np.flatnonzero(weekday(company.dates[: company.simulated]) == 2)
    promotions = []
    for first in wednesdays[rng.random(len(wednesdays)) < 0.5].tolist():
        category = int(rng.integers(len(CATEGORIES)))
        last = first + int(rng.choice([6, 10, 13]))
        share = float(rng.choice([0.1, 0.15, 0.2, 0.25, 0.3]))
        free = (
            (company.category_of == category)
            & (first_sale + 30 <= first)
            & (last_sale >= last)
            & (depth[max(first - 21, 0) : last + 1].max(axis=0) == 0)
        )
        for k in rng.permutation(np.flatnonzero(free))[: rng.integers(2, 7)].tolist():
            depth[first : last + 1, k] = share
            dip[last + 1 : last + 8, k] = DIP
            name = f"Opération {CATEGORIES[category].name} {company.dates[first]}"
            promotions.append(Promotion(name, k, first, last, share))
    return promotions, depth, dip


def _professional_orders(company: Company, season: Reals) -> pd.DataFrame:
    """Order lines of professional customers; one in six is booked weeks ahead and large."""
    rng = company.rng("professional")
    working = np.flatnonzero(company.open[: company.simulated, 0])
    next_working = next_true(company.open[:, 0])
    pack = company.items["pack_size"].to_numpy(float)
    rows = []
    order = 0
    for ordered in working.tolist():
        for _ in range(rng.poisson(ORDERS_PER_ITEM * len(company.items))):
            order += 1
            ahead = rng.random() < 1 / 6
            wait = int(rng.integers(14, 40) if ahead else rng.integers(1, 8))
            requested = int(next_working[min(ordered + wait, len(next_working) - 30)])
            on_sale = (company.first[0] <= requested) & (requested <= company.last[0])
            weights = company.rate * on_sale * season[requested]
            lines = min(int(rng.integers(1, 6)), int((weights > 0).sum()))
            chosen = rng.choice(len(pack), lines, replace=False, p=weights / weights.sum())
            packs = rng.geometric(0.6, lines) * (3 if ahead else 1)
            cancelled = ordered + 1 if rng.random() < 0.02 and wait > 2 else NEVER
            customer = int(rng.integers(len(CUSTOMERS)))
            for line, (k, units) in enumerate(zip(chosen, packs * pack[chosen], strict=True), 1):
                rows.append((order, line, int(k), customer, units, ordered, requested, cancelled))
    columns = ["order", "line", "k", "customer", "units", "ordered", "requested", "cancelled"]
    return pd.DataFrame(rows, columns=columns).astype(np.int64)

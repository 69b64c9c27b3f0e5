"""The company as its masters describe it, and the calendar it lives by, drawn from one seed.

Days are indexes into `Company.dates`: the exported history first (its last day is the end), then
the days simulated past the end, then a tail that only promises reach.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import holidays
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.demo.catalogue import (
    CATEGORIES,
    SHARE_OF_COST,
    STORES,
    SUPPLIERS,
    WAREHOUSE,
    Category,
    Site,
    Supplier,
)
from forecasting.calendar import Days, weekday
from forecasting.errors import BadSetting

FUTURE_DAYS: Final = 28  # simulated past the end, so that warnings can be judged
TAIL_DAYS: Final = 220  # the longest promise (sea freight and a closure) made on the last day
ALWAYS: Final = -10_000  # first day of what was there before the history
NEVER: Final = 100_000  # last day of what goes on
LEAST_DAYS: Final = 120  # a sea container must have had the time to be ordered and to be late
CLOSED_HOLIDAYS: Final = ((1, 1), (5, 1), (12, 25))  # stores; the warehouse closes on all of them

Whole = NDArray[np.int64]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Company:
    """S sites (the warehouse first), K items, F suppliers, D days."""

    seed: int
    dates: Days  # [D]
    days: int  # exported: day `days - 1` is the end
    sites: tuple[Site, ...]
    suppliers: tuple[Supplier, ...]
    items: pd.DataFrame  # the items feed, one row an item
    category_of: Whole  # [K] index into CATEGORIES
    supplier_of: Whole  # [K]
    rate: Reals  # [K] units a day in a store of size one
    first: Whole  # [S, K] first day on sale
    last: Whole  # [S, K] last day on sale
    open: Flags  # [D, S] the site trades
    closed: Flags  # [D, S] shut by an exception (not by its week)
    supplier_open: Flags  # [D, F]

    @property
    def end(self) -> int:
        return self.days - 1

    @property
    def simulated(self) -> int:
        return self.days + FUTURE_DAYS

    def in_assortment(self) -> Flags:
        """[simulated days, S, K] whether the series is on sale that day."""
        day = np.arange(self.simulated)[:, None, None]
        return (day >= self.first) & (day <= self.last)

    def rng(self, part: str) -> np.random.Generator:
        """A stream of its own for each part, so that one part's change leaves the others alone."""
        return np.random.default_rng([self.seed, *part.encode()])


def found_company(*, seed: int, end: dt.date, days: int, sites: int, items: int) -> Company:
    """The masters of a company with one warehouse and `sites` stores.

    Raises BadSetting where a size is out of reach.
    """
    _check_size("days", days, LEAST_DAYS, 3000)
    _check_size("sites", sites, 1, len(STORES))
    _check_size("items", items, len(CATEGORIES), len(CATEGORIES) * _shortest_catalogue())
    rng = np.random.default_rng([seed, *b"company"])
    start = np.datetime64(end, "D") - np.timedelta64(days - 1, "D")
    dates = start + np.arange(days + FUTURE_DAYS + TAIL_DAYS)
    network = (WAREHOUSE, *STORES[:sites])
    category_of = np.arange(items) % len(CATEGORIES)
    rank = np.arange(items) // len(CATEGORIES)
    codes = [supplier.code for supplier in SUPPLIERS]
    supplier_of = np.array(
        [
            codes.index(_supplier(CATEGORIES[k % len(CATEGORIES)], k // len(CATEGORIES)))
            for k in range(items)
        ]
    )
    median = np.array([category.rate for category in CATEGORIES])[category_of]
    rate = median * rng.lognormal(0.0, 0.8, items)
    frame = _items(rng, category_of, rank, supplier_of, rate)
    introduced, discontinued = _life_cycle(rng, days, frame, supplier_of, rate)
    first, last = _assortment(rng, days, network, introduced, discontinued)
    frame["introduced_on"] = _dates_of(dates, introduced, days)
    frame["discontinued_on"] = _dates_of(dates, discontinued, days)
    opened, closed = _opening(dates, days, network)
    return Company(
        seed=seed,
        dates=dates,
        days=days,
        sites=network,
        suppliers=SUPPLIERS,
        items=frame,
        category_of=category_of,
        supplier_of=supplier_of,
        rate=rate,
        first=first,
        last=last,
        open=opened,
        closed=closed,
        supplier_open=~_supplier_closed(dates),
    )


def closures(supplier: Supplier, years: range) -> list[tuple[dt.date, dt.date]]:
    """Its closed ranges, inclusive."""
    ranges = []
    for year in years:
        if supplier.august_days:
            first = dt.date(year, 8, 1)
            ranges.append((first, first + dt.timedelta(days=supplier.august_days - 1)))
        if supplier.year_end:
            ranges.append((dt.date(year, 12, 24), dt.date(year + 1, 1, 2)))
    return ranges


def years_of(dates: Days) -> range:
    first, last = dates[[0, -1]].astype("datetime64[Y]").astype(int) + 1970
    return range(int(first) - 1, int(last) + 1)


def _check_size(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadSetting(name, value, f"from {least} to {most}", "build_company")


def _names(category: Category) -> list[tuple[str, float]]:
    """Every description of a category with its unit cost, first formats first."""
    return [
        (f"{stem} {formats[size]}", cost * SHARE_OF_COST[size])
        for size in SHARE_OF_COST
        for stem, formats, cost in category.items
        if size < len(formats)
    ]


def _shortest_catalogue() -> int:
    return min(len(_names(category)) for category in CATEGORIES)


def _supplier(category: Category, rank: int) -> str:
    return category.suppliers[rank % len(category.suppliers)]


def _code(number: int) -> str:
    """Most codes are tidy; those of the old system are digits with leading zeros."""
    return f"{number * 37 % 100_000:06d}" if number % 11 == 5 else f"SKU-{number:05d}"


def _items(
    rng: np.random.Generator, category_of: Whole, rank: Whole, supplier_of: Whole, rate: Reals
) -> pd.DataFrame:
    count = len(rate)
    named = [_names(CATEGORIES[c])[r] for c, r in zip(category_of, rank, strict=True)]
    categories = [CATEGORIES[c] for c in category_of]
    suppliers = [SUPPLIERS[f] for f in supplier_of]
    cost = np.round([price for _, price in named] * rng.lognormal(0.0, 0.1, count), 2)
    price = np.maximum(np.round(cost * rng.uniform(1.35, 2.3, count) * 20) / 20 - 0.01, cost + 0.1)
    packs = np.array([1, 2, 4, 6, 12, 24])
    pack = packs[np.searchsorted(packs, np.maximum(rate * 3.0, 1.0), side="right") - 1]
    costly = rng.random(count) < 0.1
    return pd.DataFrame(
        {
            "sku": [_code(number) for number in range(101, 101 + count)],
            "description": [name for name, _ in named],
            "category": [category.name for category in categories],
            "supplier": [supplier.code for supplier in suppliers],
            "buyer": [category.buyer for category in categories],
            "unit_cost": cost,
            "unit_price": np.round(price, 2),
            "currency": "EUR",
            "stockout_cost": np.where(costly, np.round(price * 0.9, 2), np.nan),
            "uom": "unité",
            "pack_size": pack,
            "minimum_order": pack * rng.integers(1, 5, count),
            "lead_time_days": [supplier.lead_time_days for supplier in suppliers],
            "shelf_life_days": [category.shelf_life_days or np.nan for category in categories],
            "replaces": "",
        }
    )


def _life_cycle(
    rng: np.random.Generator, days: int, items: pd.DataFrame, supplier_of: Whole, rate: Reals
) -> tuple[Whole, Whole]:
    """First and last day of each item; some launched, some stopped, some taking over from another.

    Changes `items` (description, costs, `replaces`) and `rate` of the ones that take over.
    """
    count = len(items)
    introduced = np.full(count, ALWAYS)
    discontinued = np.full(count, NEVER)
    dramatic = np.array([bool(SUPPLIERS[f].role) for f in supplier_of])
    steps = len(CATEGORIES)
    follows = np.arange(count) + steps  # the next item of the same category
    pairs = [
        k
        for k in rng.permutation(count - steps)
        if not dramatic[[k, follows[k]]].any() and supplier_of[k] == supplier_of[follows[k]]
    ]
    taken: set[int] = set()
    for old in pairs:
        new = int(follows[old])
        if len(taken) >= 2 * max(1, round(count * 0.03)) or {int(old), new} & taken:
            continue
        taken |= {int(old), new}
        discontinued[old] = int(days * rng.uniform(0.3, 0.85))
        introduced[new] = discontinued[old] - 13
        items.loc[new, "description"] = items.loc[old, "description"] + " – nouvelle formule"
        items.loc[new, "replaces"] = items.loc[old, "sku"]
        for column in ("unit_price", "pack_size", "minimum_order", "stockout_cost"):
            items.loc[new, column] = items.loc[old, column]
        items.loc[new, "unit_cost"] = np.round(items.loc[old, "unit_cost"] * 1.03, 2)
        rate[new] = rate[old]
    free = [k for k in rng.permutation(count) if int(k) not in taken and not dramatic[k]]
    launched, stopped = round(count * 0.06), round(count * 0.04)
    introduced[free[:launched]] = (days * rng.uniform(0.2, 0.93, launched)).astype(int)
    chosen = free[launched : launched + stopped]
    discontinued[chosen] = (days * rng.uniform(0.3, 1.02, len(chosen))).astype(int)
    return introduced, discontinued


def _assortment(
    rng: np.random.Generator,
    days: int,
    network: tuple[Site, ...],
    introduced: Whole,
    discontinued: Whole,
) -> tuple[Whole, Whole]:
    opened = np.array([int(site.opened_at * days) or ALWAYS for site in network])
    first = np.maximum(introduced[None, :], opened[:, None])
    last = np.broadcast_to(discontinued, first.shape).copy()
    delisted = rng.random(first.shape) < 0.012
    delisted[0] = False
    delisted[:, introduced > ALWAYS] = False
    last[delisted] = np.minimum(last, int(days * 0.75))[delisted]
    return first, last


def _dates_of(dates: Days, index: Whole, days: int) -> list[dt.date | None]:
    return [
        dates[i].astype(object) if 0 <= i < days + FUTURE_DAYS else None for i in index.tolist()
    ]


def _opening(dates: Days, days: int, network: tuple[Site, ...]) -> tuple[Flags, Flags]:
    """Days on which each site trades, and days on which an exception shuts it."""
    years = years_of(dates)
    public = holidays.country_holidays("FR", years=list(years))
    free = np.isin(dates, np.array(sorted(public), dtype="datetime64[D]"))
    month = dates.astype("datetime64[M]")
    numbers = (month.astype(int) % 12 + 1, (dates - month).astype(int) + 1)
    shut = np.zeros(len(dates), bool)
    for of_month, of_day in CLOSED_HOLIDAYS:
        shut |= (numbers[0] == of_month) & (numbers[1] == of_day)
    closed = np.column_stack([free if site.kind == "warehouse" else shut for site in network])
    if len(network) > 2:  # works in one store, a week long
        works = int(days * 0.55)
        closed[works : works + 7, 2] = True
    day = weekday(dates)
    opened = np.column_stack(
        [
            (day < 5) if site.kind == "warehouse" else (day < 6) | (site.sunday > 0)
            for site in network
        ]
    )
    begun = np.arange(len(dates))[:, None] >= [int(site.opened_at * days) for site in network]
    return opened & ~closed & begun, closed


def _supplier_closed(dates: Days) -> Flags:
    closed = np.zeros((len(dates), len(SUPPLIERS)), bool)
    for f, supplier in enumerate(SUPPLIERS):
        for first, last in closures(supplier, years_of(dates)):
            closed[(dates >= np.datetime64(first)) & (dates <= np.datetime64(last)), f] = True
    return closed

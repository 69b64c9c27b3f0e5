"""The planner who acts on the ERP's own alert: a projected balance below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from api.demo.company import Flags, Reals
from api.demo.steering import SteeredRun
from benchmarks.second_year.acts import WAREHOUSE, Action, Step
from models.risk.way_out.options import NOTICE_DAYS

NO_LINES: Final = pd.DataFrame({"order": [], "promised": [], "supplier": []})


@dataclass(frozen=True)
class ByAlert:
    """Stock on record and open orders at their promises, less the planner's own mean a day, until
    goods of the next review can come; what is overdue is not counted on. The most money short
    first, by the same messages as the product's: one action asks one source for some series of one
    buyer. It calls for the order that comes too late, where there is one; else it orders, or asks
    the warehouse, up to the level.
    """

    budget: int  # actions a buyer and morning

    def __call__(self, run: SteeredRun, day: int) -> Sequence[Action]:
        lines = open_lines(run, day)
        balance = projected(run, day, lines)
        below = (balance < 0) & selling(run, day)
        worth = -balance.min(axis=0) * run.company.items["unit_price"].to_numpy()
        of_series = dict(list(lines.groupby(["site", "k"])))
        found: dict[tuple[str, str, str], list[tuple[float, Step]]] = {}
        for site, item in np.argwhere(below.any(axis=0)).tolist():
            out = day + int(below[:, site, item].argmax())
            step = _step(run, day, site, item, out, of_series.get((site, item), NO_LINES))
            if step is not None:
                found.setdefault(_key(run, step), []).append((float(worth[site, item]), step))
        return _first(found, self.budget)


def open_lines(run: SteeredRun, day: int) -> pd.DataFrame:
    """order, site, k, supplier, promised and `left`, of the lines open on the morning of a day."""
    ledger = run.ledger()
    lines = ledger.orders.set_index(["order", "line"])
    came = ledger.receipts.groupby(["order", "line"])["units"].sum()
    left = lines["units"] - came.reindex(lines.index, fill_value=0)
    still = (left > 0) & (lines["closed"] >= day)
    return lines.assign(left=left)[still].reset_index()


def projected(run: SteeredRun, day: int, lines: pd.DataFrame) -> Reals:
    """[T, S, K] units at the close of each day from `day` on; beyond the cover of a series, as on
    its last day."""
    stock = run.record.astype(float)
    stock[WAREHOUSE] -= run.blocked
    cover = run.planner.cover
    coming = np.zeros((int(cover.max()), *stock.shape))
    due = lines[lines["promised"].between(day, day + len(coming) - 1)]
    at = (due["promised"].to_numpy() - day, due["site"].to_numpy(), due["k"].to_numpy())
    np.add.at(coming, at, due["left"].to_numpy(float))
    ahead = np.arange(1, len(coming) + 1)[:, None, None]
    balance = stock + coming.cumsum(axis=0) - run.policies[-1][1].mean * ahead
    last = np.take_along_axis(balance, cover[None] - 1, axis=0)
    return np.where(ahead <= cover, balance, last)


def selling(run: SteeredRun, day: int) -> Flags:
    """[S, K] on sale, and still so when what is ordered now has come."""
    return run.on_sale[day] & (run.company.last - day > run.planner.cover)


def _step(
    run: SteeredRun, day: int, site: int, item: int, out: int, mine: pd.DataFrame
) -> Step | None:
    possible = max(day + NOTICE_DAYS, out - 1)
    late = mine[(mine["promised"] < day) | (mine["promised"] > possible)]
    if len(late):
        first = late.sort_values("promised").iloc[0]
        return Step(site, item, call=int(first["order"]), by=possible, giver=_giver(first))
    units = missing(run, site, item)
    if not units:
        return None
    return Step(site, item, units, giver=-1 if site == WAREHOUSE else WAREHOUSE)


def missing(run: SteeredRun, site: int, item: int) -> int:
    """Units to the order-up-to level in whole packs, at least the item's minimum from a supplier;
    0 where the position is there."""
    policy = run.policies[-1][1]
    units = int(policy.order_up_to[site, item] - run.record[site, item] - run.on_order[site, item])
    if units <= 0:
        return 0
    least = int(run.minimum[item]) if site == WAREHOUSE else 0
    pack = int(run.pack[item])
    return -(-max(units, least) // pack) * pack


def _giver(line: pd.Series) -> int:
    supplier = int(line["supplier"])
    return -1 if supplier >= 0 else -1 - supplier


def _key(run: SteeredRun, step: Step) -> tuple[str, str, str]:
    company = run.company
    by_supplier = company.suppliers[company.supplier_of[step.item]].code
    source = by_supplier if step.giver < 0 else company.sites[step.giver].code
    code = "expedite" if step.call else "order" if step.giver < 0 else "transfer"
    return code, source, str(company.items["buyer"].iat[step.item])


def _first(
    found: dict[tuple[str, str, str], list[tuple[float, Step]]], budget: int
) -> list[Action]:
    """As many of each buyer as the budget has, the most short first."""
    ranked = sorted(found.items(), key=lambda one: (-sum(worth for worth, _ in one[1]), one[0]))
    taken: dict[str, int] = {}
    actions = []
    for (code, source, buyer), steps in ranked:
        taken[buyer] = taken.get(buyer, 0) + 1
        if taken[buyer] <= budget:
            actions.append(Action(code, source, buyer, tuple(step for _, step in steps)))
    return actions

"""The supply of variants: rows of the published one, each changed as its variant says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, to_period
from models.lead_time import Floats, Rows
from models.projection import OpenLines, Supply, open_lines
from models.record_error import no_record_errors
from models.replenishment import Habits, Policies
from models.risk.way_out.variants import Variant
from models.risk.way_out.whatif import WhatIf
from models.sources import Sources
from models.terms import Terms


def book_of(base: WhatIf, variants: Sequence[Variant]) -> pd.DataFrame:
    """The open lines of each variant, in its order; `place` is that of a line asked for earlier,
    `published` that of one that stays as it is, else −1."""
    places: list[int] = []
    number: list[int] = []
    promises: dict[int, np.datetime64] = {}
    extra: list[dict[str, object]] = []
    for variant, one in enumerate(variants):
        other = dict(one.promised)
        for line in base.places_of(one.row):
            if line not in one.without:
                if line in other:
                    promises[len(places)] = other[line]
                places.append(line)
                number.append(variant)
        extra += [
            {
                **vars(new),
                "variant": variant,
                "series": one.row,
                "line": f"new {k}",
                "place": -1,
                "published": -1,
            }
            for k, new in enumerate(one.extra)
        ]
    book = base.lines.take(places).assign(
        variant=np.array(number, dtype=np.int64),
        place=-1,
        published=np.array(places, dtype=np.int64),
    )
    book = book.reset_index(drop=True)
    if promises:
        promised_on = book["promised_on"].to_numpy(copy=True)
        promised_on[list(promises)] = list(promises.values())
        book["promised_on"] = promised_on
        book.loc[list(promises), "place"] = [places[row] for row in promises]
        book.loc[list(promises), "published"] = -1
    if extra:
        new = pd.DataFrame(extra).rename(columns={"units": "units_open"})
        new["order_id"], new["status"] = "", "open"
        for name in ("ordered_on", "promised_on"):
            new[name] = pd.Series(new[name].to_numpy()).astype(book[name].dtype)
        book = pd.concat([book, new], ignore_index=True)
    return book.sort_values("variant", kind="stable").reset_index(drop=True)


def drawn_from(variants: Sequence[Variant], one: Variant) -> int:
    """Row of the panel that a variant draws from in another's state; −1: from none."""
    return -1 if one.source is None else variants[one.source].row


def direct_sources(count: int, of_series: Rows, dry: NDArray[np.uint8]) -> Sources:
    """Sources of `count` variants that are told by place: `count` + place in `dry`."""
    places = np.concatenate([np.full(count, -1), np.arange(len(dry))])
    return Sources(of_series, np.arange(len(places)), places, np.zeros_like(places), dry)


def supply_of_variants(base: WhatIf, variants: Sequence[Variant], book: pd.DataFrame) -> Supply:
    """[k] rows of the published supply, each changed as its variant says."""
    given = base.structure.supply
    horizon = given.booked.shape[1]
    rows = np.array([one.row for one in variants], dtype=np.int64)

    def told(name: str) -> NDArray[np.bool_]:
        return np.array([getattr(one, name) for one in variants], dtype=bool)

    again, freed, supplied = told("orders_again"), told("freed"), told("supplied")
    keeps, right = told("keeps"), told("right_record")
    variant = book["variant"].to_numpy(dtype=np.int64)
    lines = _lines_of(base, book, horizon)
    lines = _no_later(lines, book, base)
    lines = _as_promised(lines, book, told("punctual")[variant], base, horizon)
    held = given.sources
    count = len(rows)

    def direct(givers: Rows, takers: Rows, free: NDArray[np.bool_]) -> Rows:
        place = held.place_of(givers, takers)
        return np.where((place >= 0) & ~free, count + place, -1)

    policies, habits, errors = given.policies, given.habits, given.errors
    none = no_record_errors(count, horizon)
    return Supply(
        on_hand=given.on_hand[rows] + np.array([one.stock for one in variants]),
        blocked=np.where(freed, 0.0, given.blocked[rows]),
        unseen=np.where(told("seen"), 0, given.unseen[rows]),
        booked=np.where(told("unbooked")[:, None], 0.0, given.booked[rows]),
        seed=given.seed[rows],
        lines=replace(
            lines,
            series=variant,
            source=direct(lines.source, rows[variant], supplied[variant]),
        ),
        policies=Policies(
            np.where(again, policies.reorder_point[rows], np.nan),
            policies.order_up_to[rows],
            policies.pack[rows],
            policies.least_order[rows],
            policies.review[rows],
            np.where(
                told("stated_lead")[:, None],
                _stated(given.terms.master_days[rows], base.panel.frequency, horizon),
                policies.lead_chance[rows],
            ),
            policies.within[rows],
            policies.stated[rows],
        ),
        habits=Habits(
            np.where(again, habits.usage[rows], 0.0),
            habits.pools[rows],
            habits.pool_from,
            habits.ratios,
            habits.cover_edges,
        ),
        delivers=given.delivers[rows],
        expiring=np.where(keeps[:, None], 0.0, given.expiring[rows]),
        next_open=given.next_open[rows],
        errors=replace(
            errors,
            emptied=np.where(right[:, None], none.emptied, errors.emptied[rows]),
            reduced=np.where(right[:, None], none.reduced, errors.reduced[rows]),
        ),
        terms=_terms(given.terms, rows),
        sources=direct_sources(count, direct(held.of_series[rows], rows, supplied), held.dry),
        counted=np.array([horizon if one.counted is None else one.counted for one in variants]),
    )


def _lines_of(base: WhatIf, book: pd.DataFrame, horizon: int) -> OpenLines:
    """The lines of a book: those that stay as they are bring what they bring as published."""
    published = book["published"].to_numpy(dtype=np.int64)
    stays = published >= 0
    before = base.structure.supply.lines
    other = open_lines(base.panel, book[~stays], base.lead_times, horizon, base.options)

    def told(name: str) -> NDArray[Any]:
        old = getattr(before, name)
        found = np.empty((len(book), *old.shape[1:]), dtype=old.dtype)
        found[stays], found[~stays] = old[published[stays]], getattr(other, name)
        return found

    return OpenLines(**{part.name: told(part.name) for part in fields(OpenLines)})


def _no_later(lines: OpenLines, book: pd.DataFrame, base: WhatIf) -> OpenLines:
    """A line that is asked for earlier does not come later than it would have."""
    asked = np.flatnonzero(book["place"].to_numpy(dtype=np.int64) >= 0)
    if not len(asked):
        return lines
    chance = lines.chance.copy()
    before = base.structure.supply.lines.chance
    chance[asked] = np.maximum(chance[asked], before[book["place"].to_numpy(np.int64)[asked]])
    return replace(lines, chance=chance)


def _stated(days: Floats, frequency: Frequency, horizon: int) -> Floats:
    """[k, H] chance that an order has come k periods on, if it takes so many days and no more."""
    last_day = np.ceil(np.arange(1, horizon + 1) * frequency.days) - 1
    return np.where(np.isnan(days)[:, None], 1.0, last_day[None, :] >= days[:, None])


def _as_promised(
    lines: OpenLines, book: pd.DataFrame, which: NDArray[np.bool_], base: WhatIf, horizon: int
) -> OpenLines:
    """Some lines come whole at the end of the period they are promised for, the next one where
    that is past; those without a promise stay as they are."""
    promised = book["promised_on"].notna().to_numpy() & which
    if not promised.any():
        return lines
    due = to_period(book["promised_on"][promised].to_numpy(), base.panel.frequency)
    step = np.maximum(due - base.panel.origin - 1, 0)
    chance, share = lines.chance.copy(), lines.share.copy()
    chance[promised] = np.arange(horizon)[None, :] >= step[:, None]
    share[promised] = 1.0
    return replace(lines, chance=chance, share=share)


def _terms(terms: Terms, rows: Rows) -> Terms:
    return Terms(
        source=terms.source[rows],
        group=terms.group[rows],
        master_days=terms.master_days[rows],
        order_days=[terms.order_days[row] for row in rows.tolist()],
        last_order=terms.last_order[rows],
        cutoff_time=terms.cutoff_time[rows],
        closures=[terms.closures[row] for row in rows.tolist()],
    )

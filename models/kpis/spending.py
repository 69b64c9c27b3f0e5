"""What logistics cost, spread over the days it pays for; and what was sold beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.calendar import period_end, period_start
from models.kpis.cells import CUTS, Matrix, Sums, added
from models.kpis.facts import Facts


def spending(facts: Facts) -> pd.DataFrame:
    """Cells with the amount in `numerator`: each cost in equal parts on its days up to the origin,
    in its currency; a cost of no category or supplier has a blank code. With a
    third cut, by `kind`, that nothing sold can be held against."""
    costs = facts.costs
    begin = costs["period_start"].to_numpy().astype("datetime64[D]")
    end = costs["period_end"].to_numpy().astype("datetime64[D]")
    day = (end - begin).astype(np.int64) + 1
    until = np.minimum(end, facts.buckets.origin_end)
    parts = []
    for grain, (first, last) in facts.buckets.spans:
        for period in range(first, last + 1):
            since = np.maximum(begin, period_start(period, grain))
            shared = np.minimum(until, period_end(period, grain)) - since
            days = np.maximum(shared.astype(np.int64) + 1, 0)
            here = days > 0
            some = costs[here].assign(
                grain=grain.grain,
                period=period,
                numerator=costs["amount"].to_numpy()[here] * days[here] / day[here],
                rows=1.0,
            )
            parts += [some.assign(cut=cut, code=some[cut]) for cut in (*CUTS, "kind") if len(some)]
    return added(parts)


def units_sold(facts: Facts) -> Sums:
    """[n, buckets] to customers."""
    return facts.sums(lambda rows: np.nan_to_num(facts.units(rows)))


def revenue(facts: Facts) -> Sums:
    """[n, buckets] units sold to customers at the price paid, else the item's."""

    def sold(rows: slice) -> Matrix:
        return np.asarray(np.nan_to_num(facts.units(rows) * facts.price(rows)))

    return facts.sums(sold)

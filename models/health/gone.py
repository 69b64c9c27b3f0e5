"""Sites whose sales ended long ago while their stock still comes in: closed, or their till is lost;
and a company of which no sale is known at all.

`inputs.silent` tells of the first BASE cycles, held against those before; this goes on telling, and
what becomes of the forecasts meanwhile: a day with a stock picture counts as one without a sale,
and they fall; with hardly a picture the days are unknown, and they go on at the level of old.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from forecasting.calendar import end_date
from forecasting.panel import Panel
from models.health.alarm import Alarm, Sign, named
from models.health.inputs import BASE, CYCLE

LATELY: Final = 2  # cycles in which stock was seen
LEAST_PERIODS: Final = 8
"""With a sale, below which nobody can say that a site used to sell; known to be without, or half of
those since where these are fewer, that its sales ended."""
SINCE: Final = "since"
FORECASTS: Final = "forecasts"  # FALL or STAY at the sites named; absent where some do either
FALL, STAY = "fall", "stay"


def gone_alarms(panel: Panel) -> list[Alarm]:
    """One alarm of all such sites: `found` is the least periods without a sale, `usual` the most
    that any of them was silent before; `about` has SINCE, the latest day, and FORECASTS; pure.

    A site that was silent for as long before, over a season, is not told. Where no sale is known at
    all, the alarm is of the whole feed, and none is usual.
    """
    if len(panel) and not (panel.units > 0).any():
        return [Alarm(Sign.SILENT, "sales", found=0.0, usual=0.0)]
    cycle = CYCLE[panel.frequency]
    codes, site_of = np.unique(panel.series["site"].to_numpy(dtype=str), return_inverse=True)
    stock = panel.pictured().on_hand[:, -LATELY * cycle :]
    seen = np.nan_to_num(stock, nan=0.0).max(axis=1, initial=0.0) > 0
    found: list[tuple[str, int, int]] = []
    ways = set()
    for site, code in enumerate(codes.tolist()):
        rows = site_of == site
        if not seen[rows].any():
            continue
        sold = np.flatnonzero((panel.units[rows] > 0).any(axis=0))
        quiet = panel.units.shape[1] - 1 - sold[-1] if len(sold) >= LEAST_PERIODS else 0
        before = int(np.diff(sold).max()) - 1 if quiet else 0
        if quiet >= BASE * cycle and quiet > before:
            found.append((code, int(quiet), before))
            known = ~np.isnan(panel.units[rows][:, -quiet:]).all(axis=0)
            ways.add(FALL if known.sum() >= min(LEAST_PERIODS, quiet / 2) else STAY)
    least = min((quiet for _, quiet, _ in found), default=0)
    return named(
        Sign.SILENT,
        "sales",
        [code for code, _, _ in found],
        found=float(least),
        usual=float(max((before for _, _, before in found), default=0)),
        about={SINCE: end_date(panel.origin - least, panel.frequency).isoformat()}
        | ({FORECASTS: ways.pop()} if len(ways) == 1 else {}),
    )

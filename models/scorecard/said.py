"""What one publication, or one replayed origin, said of every series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency, end_date, to_period
from models.lead_time import Floats

if TYPE_CHECKING:
    from forecasting.demand_forecast import DemandForecast

ANNOUNCED: Final = "new"
IN_STOCK: Final = (ANNOUNCED, "none")
UNKNOWN: Final = "unknown"  # nobody says whether it is out
HIGH: Final = 0.9
"""A period's demand above this quantile of its forecast is a surprise: one in ten."""
ACTED: Final = "acted"  # whether somebody recorded an action after it, within the main horizon
OPTIONAL: Final = (
    *("warning", "p_structural", "sellable", "stale", "value_at_risk", "currency"),
    ACTED,
)
SAFE: Final = -1e9
"""The score of a series that a rule says nothing of: any other ranks worse."""
KEPT: Final = ("site", "sku", "state", "probability", *OPTIONAL)


@dataclass(frozen=True)
class Said:
    """`high()`: the P90 of demand by period [len(rows), H], units, in the order of the rows; None
    where no such quantile was made. Read only where a rupture was missed."""

    number: int  # of the publication
    origin: int
    main: int  # main horizon, periods
    rows: pd.DataFrame  # one a series: KEPT, of the OPTIONAL ones those that were said, and scores
    high: Callable[[], Floats | None]

    @property
    def announced(self) -> pd.Series:
        return self.rows["state"] == ANNOUNCED


def said_by(
    number: int,
    origin: int,
    frequency: Frequency,
    warnings: pd.DataFrame,
    high: Callable[[], Floats | None],
) -> Said:
    """From a table of warnings, a row a series, as an assessment or a publication has it."""
    rows = warnings[[name for name in KEPT if name in warnings]].reset_index(drop=True)
    cover = warnings["days_of_cover"].to_numpy(dtype=np.float64)
    rows["by_cover"] = np.where(np.isfinite(cover), -cover, SAFE)
    return Said(number, origin, _main(origin, frequency, warnings["horizon_days"]), rows, high)


def high_of(forecast: DemandForecast) -> Floats | None:
    """[n, H] the P90 of demand of a forecast's own grain."""
    grain = forecast.grains[forecast.frequency]
    if HIGH not in grain.levels:
        return None
    return np.asarray(grain.quantiles[:, :, grain.levels.index(HIGH)])


def _main(origin: int, frequency: Frequency, horizon_days: pd.Series) -> int:
    """Periods of the main horizon, which a table tells in days."""
    days = pd.Timedelta(days=float(horizon_days.iloc[0]))
    last = pd.Timestamp(end_date(origin, frequency)) + days
    return int(to_period(last.date(), frequency)) - origin

"""What a backtest said and what came, row by row: the evidence that a challenger is judged by.

Rows name a series by its place in the history. Quantiles are of held-out sample paths, which are
drawn for some series only where there are many (`held_out.MOST_DRAWN`): NaN for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, label
from forecasting.quantiles import quantile_name, quantiles_of
from forecasting.scores import bias, bounds_of_draws, chance_below, pinball, wape
from forecasting.tally import Draws, Judged, sums_of_known

Matrix = NDArray[np.float64]

LEVELS: Final = (0.1, 0.5, 0.9)
"""Quantiles kept a period: the two sides and the middle."""
ORDER_LEVEL: Final = 0.95
"""Of the demand of the main horizon: what is ordered up to in the replayed decision."""
LEVEL_COLUMNS: Final = tuple(quantile_name(level) for level in LEVELS)
HIGH: Final = 0.9
BELOW: Final = f"below_{quantile_name(HIGH)}"
"""PIT mass of an outcome below that quantile: its mean is HIGH where a forecast is calibrated."""


@dataclass(frozen=True)
class Spread:
    """Quantiles of one origin, filled while its paths are drawn; NaN: not drawn."""

    quantiles: NDArray[np.float32]  # [n, H, len(LEVELS)]
    below: NDArray[np.float32]  # [n, H] BELOW
    order_up_to: NDArray[np.float32]  # [n] ORDER_LEVEL of the demand of `main` periods
    actual: Matrix  # [n, H]
    main: int  # periods

    @property
    def known(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.actual)

    @classmethod
    def of(cls, judged: Judged, main: int) -> Spread:
        count, horizon = judged.actual.shape
        return cls(
            np.full((count, horizon, len(LEVELS)), np.nan, np.float32),
            np.full((count, horizon), np.nan, np.float32),
            np.full(count, np.nan, np.float32),
            judged.actual,
            min(main, horizon),
        )

    def watching(self, draws: Draws) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """The same draws, each looked at as it passes."""
        for rows, paths in draws:
            self.quantiles[rows] = quantiles_of(paths, LEVELS)
            bounds = bounds_of_draws(np.moveaxis(paths, 1, 2), self.actual[rows])
            self.below[rows] = chance_below(*bounds, level=HIGH)
            known = self.known[rows][:, None, : self.main]
            total = (paths[:, :, : self.main] * known).sum(axis=2)[:, :, None]
            self.order_up_to[rows] = quantiles_of(total, (ORDER_LEVEL,))[:, 0, 0]
            yield rows, paths


def forecasts_of(origin: int, judged: Judged, spread: Spread) -> pd.DataFrame:
    """A row a series and known step: `series`, `origin` (period), `step`, `actual`, `forecast`,
    `seasonal_naive` and LEVEL_COLUMNS, units of demand; BELOW."""
    count, horizon = judged.actual.shape
    known = spread.known.ravel()
    values = {
        "actual": judged.actual.ravel(),
        "forecast": judged.product.ravel(),
        "seasonal_naive": judged.naive.ravel(),
        **{name: spread.quantiles[:, :, k].ravel() for k, name in enumerate(LEVEL_COLUMNS)},
        BELOW: spread.below.ravel(),
    }
    return pd.DataFrame(
        {
            "series": np.repeat(np.arange(count, dtype=np.int32), horizon)[known],
            "origin": np.full(int(known.sum()), origin, np.int32),
            "step": np.tile(np.arange(1, horizon + 1, dtype=np.int32), count)[known],
            **{name: np.asarray(one)[known].astype(np.float32) for name, one in values.items()},
        }
    )


def decisions_of(origin: int, judged: Judged, spread: Spread) -> pd.DataFrame:
    """A row a series that was drawn and whose demand of the main horizon is known: `series`,
    `origin`, `demand`, `order_up_to`, units over the known periods of it."""
    demand = sums_of_known(judged.actual, spread.known, spread.main)[:, 0]
    told = np.flatnonzero(np.isfinite(demand) & np.isfinite(spread.order_up_to))
    return pd.DataFrame(
        {
            "series": told.astype(np.int32),
            "origin": np.full(len(told), origin, np.int32),
            "demand": demand[told].astype(np.float32),
            "order_up_to": spread.order_up_to[told],
        }
    )


def by_origin(rows: pd.DataFrame, frequency: Frequency) -> pd.DataFrame:
    """How good each origin's forecasts were, the oldest first, from the rows of `forecasts_of`.

    `origin` (its label), `outcomes` (known series and steps), `wape` and `bias` beside those of
    repeating the last season (`_naive`), `pinball` (mean over LEVELS, a share of the demand) and
    BELOW of the series that were drawn; NaN where demand is zero or nothing was drawn.

    >>> first = {"series": 0, "origin": 5, "step": 1, "actual": 4.0, "forecast": 3.0,
    ...     "seasonal_naive": 6.0, **dict.fromkeys(LEVEL_COLUMNS, 4.0), BELOW: 1.0}
    >>> found = by_origin(pd.DataFrame([first, {**first, "origin": 4}]), Frequency.MONTH)
    >>> found.iloc[-1].to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'origin': '1970-06', 'outcomes': 1, 'wape': 0.25, 'wape_naive': 0.5, 'bias': -0.25,
     'bias_naive': 0.5, 'pinball': 0.0, 'below_q900': 1.0}
    """
    found = []
    for origin in np.unique(rows["origin"]) if len(rows) else ():
        part = rows[rows["origin"] == origin]
        drawn = part[part[BELOW].notna()]
        mean = float(drawn["actual"].mean())
        lost = [
            pinball(drawn["actual"], drawn[name], level=level)
            for name, level in zip(LEVEL_COLUMNS, LEVELS, strict=True)
        ]
        actual, naive = part["actual"], part["seasonal_naive"]
        found.append(
            {
                "origin": label(int(origin), frequency),
                "outcomes": len(part),
                "wape": wape(actual, part["forecast"]),
                "wape_naive": wape(actual, naive),
                "bias": bias(actual, part["forecast"]),
                "bias_naive": bias(actual, naive),
                "pinball": float(np.mean(lost)) / mean if mean > 0 else np.nan,
                BELOW: float(drawn[BELOW].mean()),
            }
        )
    return pd.DataFrame(found)

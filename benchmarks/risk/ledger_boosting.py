"""What boosting makes of a ledger of months without a projection: a booster a question, no more.

Its columns are those of the ledger, what follows from them by a division, and the state of the same
product at the other sites. Settings are those of the plain peer of `backorders`, chosen nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from benchmarks.risk.peers import PLAIN
from benchmarks.risk.task import Flags, Vector
from models.risk import by_row
from models.risk.boosters import boost

LAGS: Final = 3  # months told one by one, the last first
SPANS: Final = (3, 6, 12)  # months of the means
LOW: Final = 1.0  # months of cover, below which a shelf is low


@dataclass(frozen=True)
class Months:
    """[series, month] of every quantity in COLUMNS; NaN is not known."""

    COLUMNS: ClassVar[Mapping[str, str]] = {
        "stock": "stock_end",
        "received": "stock_received",
        "issued": "stock_distributed",
        "adjusted": "stock_adjustment",
        "ordered": "stock_ordered",
    }
    """As the file names them."""

    tables: Mapping[str, pd.DataFrame]
    product: NDArray[np.int64]  # [series] code of the product

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame]) -> Months:
        """Of series by site and product."""
        return cls(tables, pd.factorize(tables["stock"].index.get_level_values(1))[0])

    def features(self, month: pd.Period) -> pd.DataFrame:
        """[series, F] as of the close of a month."""
        past = {name: one.loc[:, :month].to_numpy(np.float64) for name, one in self.tables.items()}
        stock = past["stock"]
        found = {}
        for name, table in past.items():
            lately = np.pad(table[:, -LAGS:], ((0, 0), (LAGS, 0)), constant_values=np.nan)
            for back in range(LAGS):
                found[f"{name}_{back}"] = lately[:, -1 - back]
            for span in SPANS:
                found[f"{name}_mean_{span}"] = by_row.mean(table[:, -span:])
        for span in SPANS:
            found[f"cover_{span}"] = by_row.cover(stock[:, -1], found[f"issued_mean_{span}"])
            found[f"received_{span}"] = by_row.ratio(
                found[f"received_mean_{span}"], found[f"issued_mean_{span}"]
            )
        out = np.where(np.isnan(stock), np.nan, stock <= 0)
        found["out_since"] = by_row.since(out == 1.0)
        found["out_often"] = by_row.mean(out)
        found["received_since"] = by_row.since(past["received"] > 0)
        found["months"] = (~np.isnan(stock)).sum(axis=1).astype(np.float64)
        of_others = {
            "out": out[:, -1],
            "low": np.where(np.isnan(stock[:, -1]), np.nan, found["cover_6"] < np.log1p(LOW)),
            "cover": found["cover_6"],
            "received": by_row.ratio(past["received"][:, -1], found["issued_mean_6"]),
            "received_3": found["received_3"],
            "out_often": found["out_often"],
        }
        for name, values in of_others.items():
            found[f"product_{name}"] = by_row.others(np.minimum(values, 100.0), self.product)
        return pd.DataFrame(found)


def boosted(
    months: Months,
    lessons: Mapping[pd.Period, tuple[Flags, Flags]],
    origins: Sequence[pd.Period],
) -> dict[pd.Period, Vector]:
    """[series] chances at each origin, by what `lessons` teach: by month the series that count
    [series], and which of them ran out [series]."""
    taught = pd.concat([months.features(month)[chosen] for month, (chosen, _) in lessons.items()])
    event = np.concatenate([event[chosen] for chosen, event in lessons.values()])
    model = boost(
        taught.to_numpy(np.float64),
        event.astype(np.int64),
        effort=PLAIN,
        monotone=[0] * taught.shape[1],
        seed=0,
    )
    return {
        origin: expit(model.log_odds(months.features(origin).to_numpy(np.float64)))
        for origin in origins
    }

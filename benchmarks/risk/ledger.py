"""The product on a ledger of months with quantities: trained once, published at every later month.

Judged beside days of cover, the structure alone, and boosting that sees the ledger and nothing else
(`benchmarks.risk.ledger_boosting`). Rows are series that are used and in stock at the origin.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.risk.company import Company
from benchmarks.risk.ledger_boosting import Months, boosted
from benchmarks.risk.promises import told
from benchmarks.risk.shown import (
    BOOSTING,
    COVER,
    FINAL,
    STRUCTURAL,
    Shown,
    least,
    most,
    refused_if_odd,
)
from benchmarks.risk.task import Flags, Vector

LEDGER: Final = "contraceptive_logistics_2016_2018.csv"
KEYS: Final = ["site_code", "product_code"]
AHEAD: Final = (1, 3)  # months that a question spans
LONGEST: Final = 1e6  # days of cover of what nobody uses


@dataclass(frozen=True)
class Window:
    """Months at whose close the last lesson is known, and the last outcome that is judged."""

    learned: pd.Period
    judged: pd.Period

    @classmethod
    def parse(cls, text: str) -> Window:
        """`2016-12:2017-12`; raises ValueError."""
        learned, judged = (pd.Period(month, "M") for month in text.split(":"))
        if not learned < judged:
            raise ValueError(text)
        return cls(learned, judged)


JUDGED: Final = Window.parse("2017-12:2018-12")
"""Nothing is chosen on it; earlier ones are there for that."""

Said = Mapping[pd.Period, tuple[pd.DataFrame, NDArray[np.float64]]]


def usaid(folder: Path, tell: Callable[[str], None], window: Window = JUDGED) -> bool:
    """True where all promises are kept, or another window than JUDGED is asked for."""
    with refused_if_odd(folder / LEDGER):
        table = pd.read_csv(folder / LEDGER, dtype=dict.fromkeys(KEYS, str))
        ledger = Ledger.of(table, window)
    with tempfile.TemporaryDirectory() as scratch:
        files = {"ledger": folder / LEDGER}
        company = Company(Path(scratch) / "w", files, frequency="M", profile="stock-ledger")
        tell(f"learned: {company.train(window.learned.end_time.date()).seconds:.0f} s")
        said = {one: company.said(one.end_time.date()) for one in ledger.origins}
    month, quarter = (ledger.shown(said, ahead, ledger.boosted(ahead)) for ahead in AHEAD)
    month.show()
    quarter.show()
    if window != JUDGED:
        return True
    low, _ = month.gain(COVER)
    now, later = month.measured(FINAL), quarter.measured(FINAL)
    return told(
        [
            least(now["AP"], 0.31, "next month, AP (asked of 2019; this is 2018)"),
            least(low, 0.08, f"next month, AP above {COVER}, lower bound by sites"),
            least(now["BSS"], 0.12, "next month, Brier skill"),
            most(now["ECE"], 0.02, "next month, ECE"),
            least(later["AP"], 0.40, "within 3 months, AP"),
            least(later["BSS"], 0.08, "within 3 months, Brier skill"),
        ]
    )


@dataclass(frozen=True)
class Ledger:
    """[series, month] of quantities, as the file has them, by the names of `Months.COLUMNS`."""

    quantities: Mapping[str, pd.DataFrame]
    window: Window = JUDGED

    @classmethod
    def of(cls, table: pd.DataFrame, window: Window) -> Ledger:
        """The file's rows; months after the window are left out."""
        month = pd.PeriodIndex.from_fields(year=table["year"], month=table["month"], freq="M")
        grid = table.assign(month=month)[month <= window.judged].pivot_table(
            index=KEYS, columns="month", values=sorted(Months.COLUMNS.values()), aggfunc="first"
        )
        return cls({name: grid[column] for name, column in Months.COLUMNS.items()}, window)

    @property
    def stock(self) -> pd.DataFrame:
        """At close."""
        return self.quantities["stock"]

    @property
    def origins(self) -> list[pd.Period]:
        months: list[pd.Period] = list(self.stock.columns)
        return [one for one in months[:-1] if one >= self.window.learned]

    def taught(self, ahead: int) -> list[pd.Period]:
        """Origins whose outcome was known when the product learned."""
        return [one for one in self.stock.columns if one + ahead <= self.window.learned]

    def truth(self, origin: pd.Period, ahead: int) -> tuple[Flags, Flags]:
        """Series that are used, in stock and known later; which of them close a month empty."""
        later = self.stock.loc[:, origin + 1 : origin + ahead]
        known = later.notna().all(axis=1) & (later.shape[1] == ahead)
        used = self.quantities["issued"].loc[:, :origin].mean(axis=1) > 0
        chosen = known & used & (self.stock[origin] > 0)
        return chosen.to_numpy(), (later <= 0).any(axis=1).to_numpy()

    def boosted(self, ahead: int) -> dict[pd.Period, Vector]:
        """[series] chances of boosting that sees the ledger alone, by origin."""
        lessons = {one: self.truth(one, ahead) for one in self.taught(ahead)}
        return boosted(Months.of(self.quantities), lessons, self.origins)

    def shown(self, said: Said, ahead: int, plain: Mapping[pd.Period, Vector]) -> Shown:
        """What the product said, and `plain` boosting, [series] chances by origin."""
        parts = []
        for origin, (warnings, structural) in said.items():
            chosen, event = self.truth(origin, ahead)
            keys = pd.MultiIndex.from_frame(warnings[["site", "sku"]])
            place = keys.get_indexer(self.stock.index)
            row = warnings.iloc[place].reset_index(drop=True)
            found = {
                "event": event,
                "when": str(origin),
                "group": row["site"],
                COVER: -row["days_of_cover"].fillna(np.inf).clip(upper=LONGEST),
                STRUCTURAL: structural[place, ahead - 1],
                BOOSTING: plain[origin],
                FINAL: row[f"p_{ahead}m"],
            }
            parts.append(pd.DataFrame(found)[chosen])
        rows = pd.concat(parts, ignore_index=True)
        lessons = [self.truth(origin, ahead) for origin in self.taught(ahead)]
        base = float(np.concatenate([event[chosen] for chosen, event in lessons]).mean())
        words = f"within {ahead} month(s), used and in stock"
        return Shown(words, rows, base, (COVER, BOOSTING))

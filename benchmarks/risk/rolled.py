"""The product on real records with stockouts: what it learned, asked at every later period.

    usaid         months, quantities; trained on 2016 and 2017, published through 2018
    freshretail   days, availability only; learned anew each of the last four weeks, judged on them:
                  by the functions of `train` and `publish` that say the risk, without the forecasts
                  of demand, which nothing of it depends on where nobody states a quantity

Rows of `usaid` are series that are used and in stock at the origin; of `freshretail` all series,
and those in stock all day (onset).
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.demand import freshretail as fresh
from benchmarks.demand.promises import Promise
from benchmarks.risk.company import Company
from benchmarks.risk.measures import Precision, draws, interval, measures
from benchmarks.risk.promises import told
from benchmarks.rows import TableRows
from forecasting.calendar import Frequency, to_period
from forecasting.errors import DeliveryRefused
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import build_panel
from models.lead_time import fit_lead_times
from models.risk.hazard import reach_of
from models.risk.past import learned_from
from models.risk.structure import Structure

LEDGER: Final = "contraceptive_logistics_2016_2018.csv"
LEARNED_UP_TO: Final = dt.date(2017, 12, 31)
FRESH: Final = fresh.FILE
FRESH_DAYS: Final = 28  # judged
FINAL, STRUCTURAL, COVER, PERSISTENCE = "Vigistock", "structural alone", "days of cover", "today"
CHANCES: Final = (FINAL, STRUCTURAL)
ANOTHER: Final = "Name the folder of the data set with --dir."
WORKERS: Final = os.cpu_count() or 1  # their number changes nothing
LONGEST: Final = 1e6  # days of cover of what nobody uses

Flags = NDArray[np.bool_]
Said = Mapping[pd.Period, tuple[pd.DataFrame, NDArray[np.float64]]]


@dataclass(frozen=True)
class Shown:
    """Rows of one question, and what they must show."""

    words: str
    rows: pd.DataFrame  # event, group (drawn together), when, one column a method
    base: float  # rate of the event in the training period
    rule: str  # what the gain is told over

    @property
    def methods(self) -> list[str]:
        return [name for name in (COVER, PERSISTENCE, STRUCTURAL, FINAL) if name in self.rows]

    def measured(self, method: str, when: object = None) -> dict[str, float]:
        rows = self.rows if when is None else self.rows[self.rows["when"] == when]
        event, score = rows["event"].to_numpy(bool), rows[method].to_numpy(float)
        return measures(event, score, self.base, chances=method in CHANCES)

    def gain(self) -> tuple[float, float]:
        """95 % of the gain in average precision over the rule, under draws of whole groups."""
        event = self.rows["event"].to_numpy(bool)
        own, other = (
            Precision(event, self.rows[name].to_numpy(float)) for name in (FINAL, self.rule)
        )
        group = pd.factorize(self.rows["group"])[0]
        drawn = draws(group, np.random.default_rng(0))
        return interval([own.under(weights) - other.under(weights) for weights in drawn])

    def show(self) -> None:
        event = self.rows["event"]
        print(f"\n{self.words}: {len(event)} rows, {event.mean():.1%} (learned: {self.base:.1%})")
        table = pd.DataFrame({name: self.measured(name) for name in self.methods}).T
        print(table.to_string(float_format="{:.3f}".format, na_rep="–"))
        low, high = self.gain()
        print(f"  gain over {self.rule}: {low:+.3f} … {high:+.3f} (95 % of draws)", flush=True)


def usaid(folder: Path, tell: Callable[[str], None]) -> bool:
    """True where all promises are kept."""
    with refused_if_odd(folder / LEDGER):
        table = pd.read_csv(folder / LEDGER, dtype={"site_code": str, "product_code": str})
        month = pd.PeriodIndex.from_fields(year=table["year"], month=table["month"], freq="M")
        grid = table.assign(month=month).pivot_table(
            index=["site_code", "product_code"],
            columns="month",
            values=["stock_end", "stock_distributed"],
            aggfunc="first",
        )
        ledger = Ledger(grid["stock_end"], grid["stock_distributed"])
    with tempfile.TemporaryDirectory() as scratch:
        files = {"ledger": folder / LEDGER}
        company = Company(Path(scratch) / "w", files, frequency="M", profile="stock-ledger")
        tell(f"learned: {company.train(LEARNED_UP_TO).seconds:.0f} s")
        said = {one: company.said(one.end_time.date()) for one in ledger.origins}
    month, quarter = (ledger.shown(said, ahead) for ahead in (1, 3))
    month.show()
    quarter.show()
    low, _ = month.gain()
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
    """[series, month]: stock at close and units issued, as the file has them."""

    stock: pd.DataFrame
    used: pd.DataFrame

    @property
    def origins(self) -> list[pd.Period]:
        months: list[pd.Period] = list(self.stock.columns)
        return [one for one in months[:-1] if one.end_time.date() >= LEARNED_UP_TO]

    def truth(self, origin: pd.Period, ahead: int) -> tuple[Flags, Flags]:
        """Series that are used, in stock and known later; which of them close a month empty."""
        later = self.stock.loc[:, origin + 1 : origin + ahead]
        known = later.notna().all(axis=1) & (later.shape[1] == ahead)
        used = self.used.loc[:, :origin].mean(axis=1) > 0
        chosen = known & used & (self.stock[origin] > 0)
        return chosen.to_numpy(), (later <= 0).any(axis=1).to_numpy()

    def shown(self, said: Said, ahead: int) -> Shown:
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
                FINAL: row[f"p_{ahead}m"],
            }
            parts.append(pd.DataFrame(found)[chosen])
        rows = pd.concat(parts, ignore_index=True)
        learned = []
        for origin in self.stock.columns:
            if (origin + ahead).end_time.date() <= LEARNED_UP_TO:
                chosen, event = self.truth(origin, ahead)
                learned.append(event[chosen])
        base = float(np.concatenate(learned).mean())
        return Shown(f"within {ahead} month(s), used and in stock", rows, base, COVER)


def freshretail(folder: Path, tell: Callable[[str], None]) -> bool:
    """True where all promises are kept, by a company that sends its masters and plans too."""
    with refused_if_odd(folder / FRESH):
        shop, masters = fresh.read(folder), fresh.masters(folder)
    hours = fresh.OPEN.stop - fresh.OPEN.start
    availability = 1.0 - shop.hours_empty / hours
    feeds = fresh.tables(shop, shop.sold.sum(axis=2), availability) | masters
    tell("\nsales and availability, items, sites and planned promotions")
    whole = Shelves(shop, availability, feeds).told(tell)
    tell("\nsales and availability alone (nothing is asked of it)")
    Shelves(shop, availability, {name: feeds[name] for name in ("sales", "stock")}).told(tell)
    return told(whole)


@dataclass(frozen=True)
class Shelves:
    """A company that knows its shelves by availability [n, T] alone, and the feeds it sends."""

    shop: fresh.Shop
    availability: NDArray[np.float64]
    feeds: Mapping[str, pa.Table]

    def told(self, tell: Callable[[str], None]) -> list[Promise]:
        """Print what is said of the judged days; what is asked of it."""
        origins = np.arange(len(self.shop.days) - 1 - FRESH_DAYS, len(self.shop.days) - 1)
        rows = self.said(origins, tell)
        out, whole = self.availability <= 0.5, self.availability >= 1.0
        past = slice(None, int(origins[0]) + 1)
        everyone = Shown("next day, all series", rows, float(out[:, past].mean()), PERSISTENCE)
        could = whole[:, :-1][:, : origins[0]]
        begun = out[:, 1:][:, : origins[0]] & could
        base = float(begun.sum() / could.sum())
        onset = Shown("next day, in stock all day", rows[rows["all day"]], base, STRUCTURAL)
        everyone.show()
        onset.show()
        weeks = [everyone.measured(FINAL, week)["ECE"] for week in range(FRESH_DAYS // 7)]
        tell("  ECE by week: " + ", ".join(f"{one:.4f}" for one in weeks))
        every = everyone.measured(FINAL)
        return [
            least(every["AP"], 0.385, "all series, AP"),
            most(every["ECE"], 0.012, "all series, ECE"),
            most(max(weeks), 0.02, "all series, ECE of the worst week"),
            least(onset.measured(FINAL)["AP"], 0.165, "in stock all day, AP"),
        ]

    def said(self, origins: NDArray[np.int64], tell: Callable[[str], None]) -> pd.DataFrame:
        """A row a series and origin: what came, and what each method said of it."""
        availability, parts = self.availability, []
        source, options = TableRows(self.feeds), Options(horizons=(1,), workers=WORKERS)
        start, nothing = int(to_period(self.shop.first, Frequency.DAY)), cast(FittedDemand, Never())
        for number, day in enumerate(origins):
            panel = build_panel(source, start + int(day), options)
            assert (panel.series[["site", "sku"]] == self.shop.series).all(axis=None)
            if number % 7 == 0:
                begun = time.perf_counter()
                hazard = learned_from(source, panel, nothing, options, tell)
                tell(f"learned up to {self.shop.days[day]}: {time.perf_counter() - begun:.0f} s")
            lead_times = fit_lead_times(panel, options)
            structure = Structure.of(panel, None, lead_times, options, horizon=reach_of(options))
            known = structure.known(panel, lead_times, reach_of(options))
            first = known.first if hazard is None else hazard.first_out(panel, known, options)
            found = {
                "event": availability[:, day + 1] <= options.stockout_availability,
                "when": number // 7,
                "group": np.arange(len(panel)),
                "all day": availability[:, day] >= 1.0,
                PERSISTENCE: 1.0 - availability[:, day],
                STRUCTURAL: known.first[:, 0],
                FINAL: first[:, 0],
            }
            parts.append(pd.DataFrame(found))
        return pd.concat(parts, ignore_index=True)


class Never:
    """The demand that is never asked for where nobody states a quantity."""

    def before(self, _origin: int) -> Never:
        return self


@contextmanager
def refused_if_odd(file: Path) -> Iterator[None]:
    """A file that is not what it should be is a DeliveryRefused."""
    try:
        yield
    except KeyError as error:
        raise DeliveryRefused(str(file), f"missing column {error}", next_step=ANOTHER) from error
    except (OSError, ValueError) as error:  # of pandas and pyarrow too
        raise DeliveryRefused(str(file), f"cannot be read ({error})", next_step=ANOTHER) from error


def least(value: float, bound: float, words: str) -> Promise:
    return Promise(value >= bound, f"{words}, at least {bound:g}: {value:.3f}")


def most(value: float, bound: float, words: str) -> Promise:
    return Promise(value <= bound, f"{words}, at most {bound:g}: {value:.4f}")

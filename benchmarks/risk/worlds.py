"""Several worlds side by side: measures, gains and lead times of each method, and the promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from benchmarks.demand.promises import Promise
from benchmarks.risk.lead import FIRST_RUPTURE, SEEN_DAYS, lead_days, ruptures, threshold_at
from benchmarks.risk.measures import Precision, calibration_error, draws, interval, measures
from benchmarks.risk.replay import DENSE_STEP_DAYS, FINAL, STRUCTURAL, Replay
from benchmarks.risk.rules import BALANCE, COVER, REORDER
from benchmarks.risk.simulator.suppliers import Flags, Real
from benchmarks.risk.simulator.world import World

METHODS: Final = (REORDER, BALANCE, COVER, STRUCTURAL, FINAL)
CHANCES: Final = (STRUCTURAL, FINAL)
PRECISION: Final = 0.5  # of warnings, at which lead times are judged
LONG_IN_STOCK: Final = 7  # days: ruptures that could have been told a week before
LEADS: Final = (3, 7)  # days


@dataclass(frozen=True)
class Lived:
    """One world and what was said in it."""

    world: World
    replay: Replay

    @cached_property
    def measures(self) -> pd.DataFrame:
        """method × measure, and the average precision against the stock on record."""
        rows = self.replay.scored
        event, recorded = rows["event"].to_numpy(bool), rows["event_recorded"].to_numpy(bool)
        table = {}
        for method in METHODS:
            score = rows[method].to_numpy(float)
            found = measures(event, score, self.replay.base, chances=method in CHANCES)
            found["AP record"] = float(average_precision_score(recorded, score))
            table[method] = found | self._leads(method)
        return pd.DataFrame(table).T

    def _leads(self, method: str) -> dict[str, float]:
        """Share of ruptures told at least so many days before, at PRECISION."""
        origins = self.replay.timeline.dense
        rows = self.replay.said[self.replay.said["origin"].isin(origins)]
        shape = (len(origins), len(self.world.run.demand))
        event, in_stock, score = (
            rows[name].to_numpy().reshape(shape).T for name in ("event", "in_stock", method)
        )
        least = threshold_at(event[in_stock], score[in_stock].astype(float), PRECISION)
        warned = in_stock & (score >= least)
        span = int(origins[0]) + SEEN_DAYS, int(origins[-1]) + DENSE_STEP_DAYS
        found = {}
        for after, words in ((FIRST_RUPTURE, ""), (LONG_IN_STOCK, "*")):
            days = lead_days(warned, origins, ruptures(self.world.out, *span, after=after))
            for lead in LEADS:
                found[f"≥{lead} d{words}"] = float(np.mean(days >= lead)) if len(days) else np.nan
        return found

    def gains(self, reference: str, seed: int) -> list[float]:
        """Average precision above a reference's, under each draw of whole series."""
        rows = self.replay.scored
        event = rows["event"].to_numpy(bool)
        own, other = (
            Precision(event, rows[method].to_numpy(float)) for method in (FINAL, reference)
        )
        drawn = draws(rows["row"].to_numpy(), np.random.default_rng(seed))
        return [own.under(weights) - other.under(weights) for weights in drawn]

    @property
    def in_words(self) -> str:
        rows = self.replay.scored
        same = (rows[FINAL] == rows[STRUCTURAL]).all()
        note = f"; what was published is {STRUCTURAL}" if same else ""
        return (
            f"{len(self.world.run.demand)} series, {len(rows)} rows in stock, "
            f"{rows['event'].mean():.1%} run out within 14 days "
            f"({rows['event_recorded'].mean():.1%} by the record; {self.replay.base:.1%} in the "
            f"training period); ladder: {rows['ladder'].value_counts().to_dict()}{note}"
        )


@dataclass(frozen=True)
class Worlds:
    lived: Mapping[int, Lived]  # by seed
    small: Sequence[Replay] = ()  # companies of a few series

    @cached_property
    def table(self) -> pd.DataFrame:
        """method × measure, the mean of the seeds."""
        parts = [one.measures for one in self.lived.values()]
        return pd.concat(parts).groupby(level=0, sort=False).mean()

    def value(self, method: str, measure: str) -> float:
        return float(self.table.loc[method, measure])

    def gain(self, reference: str) -> float:
        """Average precision above a reference's."""
        return self.value(FINAL, "AP") - self.value(reference, "AP")

    def interval_of_gain(self, reference: str) -> tuple[float, float]:
        """95 % of its mean over worlds, under draws of whole series in each."""
        drawn = [one.gains(reference, seed) for seed, one in self.lived.items()]
        return interval(np.mean(drawn, axis=0).tolist())

    def small_gains(self) -> list[float]:
        """Average precision above structural alone, of companies of a few series with events."""
        found = []
        for one in self.small:
            event = one.scored["event"].to_numpy(bool)
            if event.any():
                own, other = (
                    float(average_precision_score(event, one.scored[method].to_numpy(float)))
                    for method in (FINAL, STRUCTURAL)
                )
                found.append(own - other)
        return found

    def pooled_ece(self) -> float:
        """Calibration error over all worlds' rows together."""
        rows = pd.concat([one.replay.scored for one in self.lived.values()])
        return calibration_error(rows["event"].to_numpy(bool), rows[FINAL].to_numpy(float))

    def ece_by_luck(self) -> float:
        """What perfect chances would show in one seed's rows: too few for less."""
        parts = [one.replay.scored[FINAL].to_numpy(float) for one in self.lived.values()]
        return float(np.mean([_luck_alone(chance) for chance in parts]))

    def show(self) -> None:
        """Print all but the promises."""
        for seed, one in self.lived.items():
            print(f"\nseed {seed}: {one.in_words}")
            if len(self.lived) > 1:
                _print(one.measures)
        print(f"\nmean of {len(self.lived)} seed(s)")
        _print(self.table)
        print(
            "  AP record: against the stock on record instead of the shelf. ≥3 d, ≥7 d: ruptures "
            f"told so early\n  by a warning that was alive on the eve, at {PRECISION:.0%} "
            f"precision; *: after at least {LONG_IN_STOCK} days in stock"
        )
        for reference in (COVER, STRUCTURAL):
            low, high = self.interval_of_gain(reference)
            words = (
                f"{self.gain(reference):+.3f} ({low:+.3f} … {high:+.3f}, 95 % of draws of series)"
            )
            print(f"  gain of {FINAL} over {reference}: {words}")
        pooled, luck = self.pooled_ece(), self.ece_by_luck()
        print(f"  ECE of all rows together {pooled:.4f}; of one seed's, by luck alone {luck:.4f}")

    def promises(self) -> list[Promise]:
        small = self.small_gains()
        ece, early = self.pooled_ece(), self.value(FINAL, "≥3 d")
        found = [
            _at_least(self.gain(COVER), 0.08, f"AP above {COVER}"),
            _at_least(self.gain(STRUCTURAL), 0.03, f"AP above {STRUCTURAL}"),
            Promise(ece <= 0.015, f"ECE of all rows together at most 0.015: {ece:.4f}"),
            Promise(early >= 0.75, f"told at least 3 days before, at least 75 %: {early:.1%}"),
        ]
        if small:
            words = f"AP below {STRUCTURAL} by at most 0.01 in each of {len(small)} companies of 10"
            found.append(Promise(min(small) >= -0.01, f"{words}: worst {min(small):+.3f}"))
        return found


def _at_least(gain: float, least: float, words: str) -> Promise:
    return Promise(gain >= least, f"{words} by at least {least:g}: {gain:+.3f}")


def _luck_alone(chance: Real) -> float:
    """Mean calibration error of perfect chances, of as many rows."""
    luck = np.random.default_rng(0)
    events: list[Flags] = [luck.random(len(chance)) < chance for _ in range(20)]
    return float(np.mean([calibration_error(event, chance) for event in events]))


def _print(table: pd.DataFrame) -> None:
    fine = {"ECE": "{:.4f}".format}
    print(table.to_string(float_format="{:.3f}".format, formatters=fine, na_rep="–"), flush=True)

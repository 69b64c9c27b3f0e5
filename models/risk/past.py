"""The past as lessons for the hazard: origins re-enacted as they were, and what came after them.

Each origin gets its own panel, as of then, and forecasts by the boosters that the backtest had
learned by then: none that saw the future, none refitted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from forecasting.calendar import Frequency, label, to_period
from forecasting.engine import run_all
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel, RowSource, build_panel
from forecasting.stockout import closed_out
from models.lead_time import Floats, fit_lead_times
from models.risk.features import period_features, series_features
from models.risk.hazard import BOUNDS, Lessons, RuptureHazard, reach_of, spans_of
from models.risk.structure import Structure

MOST_ORIGINS: Final = {Frequency.DAY: 26, Frequency.WEEK: 39, Frequency.MONTH: 60}
FEWEST_ORIGINS: Final = 4
MOST_CELLS: Final = 7_000_000
"""Series × periods × origins: each origin is a panel made as of then, forecast and projected."""
MOST_STATUS_ORIGINS: Final = 56
MOST_STATUS_CELLS: Final = 20_000_000
"""The same where nobody states a quantity: nothing is forecast or projected then. Rows of a day
share its shocks, so that as many rows from twice the days teach more."""
MOST_ROWS: Final = 100_000  # series × origins × spans that are learned from
PATHS: Final = 200  # a lesson needs no third digit
LEAST_PAST: Final = {Frequency.DAY: 28, Frequency.WEEK: 8, Frequency.MONTH: 3}
"""Periods before the first origin: below, an origin knows next to nothing."""
LEAST_STATUS_PAST: Final = {Frequency.DAY: 14, Frequency.WEEK: 8, Frequency.MONTH: 3}
"""The same where only status is known: no forecast needs a month."""


def learned_from(
    source: RowSource,
    panel: Panel,
    fitted: FittedDemand,
    options: Options,
    progress: Callable[[str], None],
) -> RuptureHazard | None:
    """The hazard that the past of a panel teaches; None where the structure speaks alone."""
    return hazard_from(lessons_of(source, panel, fitted, options, progress), options, progress)


def hazard_from(
    lessons: Lessons | None, options: Options, progress: Callable[[str], None]
) -> RuptureHazard | None:
    """The hazard that lessons teach; None where the structure speaks alone."""
    if lessons is None:
        return None
    hazard = RuptureHazard.learn(lessons, options.seed, options.workers)
    if hazard is None:
        progress("too few past ruptures to learn from: the risk is structural alone")
    else:
        facts, share = hazard.facts, hazard.shares[0]
        progress(
            f"{facts['rows']:,} past outcomes, {facts['events']:,} of them stockouts, have "
            f"{share:.0%} of the say in stockout risk"
        )
    return hazard


def lessons_of(
    source: RowSource,
    panel: Panel,
    fitted: FittedDemand,
    options: Options,
    progress: Callable[[str], None],
) -> Lessons | None:
    """What the past of a panel teaches; None where it holds too few ruptures, or no stock at all.

    `source`: the rows that the panel was built from; `fitted`: the training made from it.
    """
    closes = as_found(panel, closed_out(panel, options))
    if np.sum((closes[:, :-1] == 0) & (closes[:, 1:] == 1)) < BOUNDS.least_events:
        return None
    origins, step = origins_of(panel, options)
    if len(origins) < 2:
        return None
    first, last = (label(period, panel.frequency) for period in (origins[0], origins[-1]))
    progress(f"{len(origins)} past origins for the risk, {first} to {last}")
    options = replace(options, paths=min(options.paths, PATHS))
    spans = spans_of(options)
    share = MOST_ROWS / (len(origins) * len(panel) * len(spans))
    codes = panel.series[["site", "sku"]]
    jobs = [
        _Origin(
            source, origin, step, fitted.before(origin), codes, closes, panel.start, share, options
        )
        for origin in origins
    ]
    parts = run_all(jobs, options.workers)
    return Lessons(
        features=pd.concat([part.features for part in parts], ignore_index=True),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("series", "event", "origin", "end", "weight")
        },
    )


def as_found(panel: Panel, closes: Floats) -> Floats:
    """Closes [n, T] as counts showed them later. A correction that takes units away tells by how
    much the record was too high at last.

    What is missing only grows from one correction to the next, and is never more than the record
    holds: a close was empty if all of it was missing, so where the record was lower later on, or
    above what the count found, it was not. From where the record first held as much as the count
    found missing, the other silent closes count as empty, and the sale that such a silence follows
    as the last unit. A month is counted at its close: what a ledger of months corrects was lost
    within the month. Labels only: at an origin before the count nobody knew.
    """
    if panel.frequency is Frequency.MONTH:
        return closes
    booked = panel.corrections[["series", "units"]].assign(
        period=to_period(panel.corrections["date"].to_numpy(), panel.frequency) - panel.start
    )
    net = booked.groupby(["series", "period"], as_index=False)["units"].sum()
    net["before"] = net.groupby("series")["period"].shift(fill_value=-1)
    record = panel.on_hand - np.nan_to_num(panel.blocked)
    found = closes.copy()
    inside = (net["period"] > 0) & (net["period"] < closes.shape[1])
    for line in net[inside & (net["units"] < 0)].itertuples():
        span = slice(int(line.before) + 1, int(line.period))  # that correction's own close is right
        held = record[line.series, span]
        least = np.fmin.accumulate(held[::-1])[::-1]
        could = np.fmax.accumulate(held) >= -line.units  # have been lost by then
        stocked = closes[line.series, span] == 0.0
        empty = could & stocked & (held <= np.minimum(least, -line.units))
        silent = empty & ~(panel.units[line.series, span] > 0)
        empty = silent | (empty & np.append(silent[1:], False))
        found[line.series, span][empty] = 1.0
    return found


def origins_of(panel: Panel, options: Options) -> tuple[list[int], int]:
    """Oldest first, and the periods between them: half of the main horizon, or more where a company
    is large. The last is followed by one known period at least."""
    if counted(panel):
        most, cells, past = MOST_ORIGINS[panel.frequency], MOST_CELLS, LEAST_PAST
    else:
        most, cells, past = MOST_STATUS_ORIGINS, MOST_STATUS_CELLS, LEAST_STATUS_PAST
    borne = max(cells // max(panel.units.size, 1), FEWEST_ORIGINS)
    step = max(1, options.main_horizon // 2)
    first = panel.start + past[panel.frequency] - 1
    if counted(panel):
        step *= max(1, -(-most // borne))  # fewer origins, as far back
    return list(range(panel.origin - 1, first - 1, -step)[: min(most, borne)])[::-1], step


def counted(panel: Panel) -> bool:
    """Somebody states quantities on hand, not status alone."""
    return bool(panel.stock["sellable"].notna().any())


@dataclass(frozen=True)
class _Origin:
    """One origin re-enacted; `closes` [n, T] of the series `codes` begin in period `start`."""

    source: RowSource
    origin: int
    step: int  # periods to the next origin
    fitted: FittedDemand
    codes: pd.DataFrame
    closes: Floats
    start: int
    share: float  # of the rows that is kept
    options: Options

    def __call__(self) -> Lessons:
        options = self.options
        panel = build_panel(self.source, self.origin, options)
        lead_times = fit_lead_times(panel, options)
        stated = counted(panel)
        forecast = self.fitted.forecast(panel, paths=options.paths) if stated else None
        reach = reach_of(options)
        structure = Structure.of(panel, forecast, lead_times, options, horizon=reach, dated=False)
        known = structure.known(panel, lead_times, reach)
        index = pd.MultiIndex.from_frame(self.codes)
        places = index.get_indexer(pd.MultiIndex.from_frame(panel.series[["site", "sku"]]))
        teaches = structure.standing.teaches & (places >= 0)
        later = self.closes[places, self.origin + 1 - self.start :]
        base = series_features(panel, known)
        luck = np.random.default_rng([options.seed, self.origin])
        features, rows, event, ends = [], [], [], []
        for begin, end in spans_of(options):
            if end > later.shape[1]:
                break
            waited = teaches & (later[:, :begin] == 0).all(axis=1)
            told = np.isfinite(later[:, begin:end]).all(axis=1)
            chosen = np.flatnonzero(waited & told & (luck.random(len(panel)) < self.share))
            extra = period_features(panel, known, begin, end)
            features.append(pd.concat([base, extra], axis=1).iloc[chosen].astype(np.float32))
            rows.append(places[chosen])
            event.append((later[chosen, begin:end] == 1).any(axis=1).astype(np.int64))
            ends.append(np.full(len(chosen), end))
        last = np.concatenate(ends)
        return Lessons(
            features=pd.concat(features, ignore_index=True),
            series=np.concatenate(rows),
            event=np.concatenate(event),
            origin=np.full(len(last), self.origin),
            end=last,
            weight=np.maximum(last / self.step, 1.0) ** -2.0,
        )

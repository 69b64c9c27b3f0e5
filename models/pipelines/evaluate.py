"""An honest re-enactment: at past origins learn from nothing, forecast, warn, and compare with what
came.

It reads the record and writes nothing to it: no version, no run, no publication.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from forecasting.accuracy import BacktestReport
from forecasting.backtest import LEAST_HISTORY
from forecasting.calendar import end_date, label
from forecasting.errors import NotReady
from forecasting.forecaster import DemandForecaster
from forecasting.options import Options
from forecasting.panel import Panel, RowSource, build_panel
from forecasting.reenactment import Sums, all_windows, histories_of, judged_by
from forecasting.snapshot import refresh
from forecasting.stockout import closed_out
from models.pipelines.replay import said_from
from models.pipelines.steps import Progress, open_record, origin_as_of, silent
from models.risk.past import learned_from
from models.scorecard import Said, Scorecard, scorecard_of, truth_of
from models.workspace import Workspace

WINDOWS: Final = 2  # one may be a lucky month; each costs a whole training


@dataclass(frozen=True)
class EvaluateOutcome:
    """What the forecasts and warnings of some past origins were worth."""

    origins: list[str]  # labels, oldest first
    judged_up_to: str
    horizon: int  # periods from each origin that were judged
    series: int  # forecast at one origin at least
    appeared: int  # series that came up later than their origin: nobody could forecast them
    report: BacktestReport
    warnings: Scorecard | None  # None: no stock is known, so that no rupture could be seen
    may_leak: list[str]  # what today's data may have told a past origin, in words
    seconds: float


def evaluate(
    workspace: Workspace,
    as_of: dt.date | None = None,
    *,
    windows: int = WINDOWS,
    progress: Progress = silent,
) -> EvaluateOutcome:
    """Forecast anew from `windows` origins, a horizon apart, the last a horizon before `as_of`
    (default: the last complete period); raises NotReady where the history is too short for it."""
    begun = time.monotonic()
    options = workspace.options
    horizon = options.forecast_horizons[options.frequency.grain]
    with open_record(workspace) as record:
        progress("snapshot of the record")
        snapshot = refresh(record, workspace.snapshots)
    last = origin_as_of(snapshot, as_of, options)
    progress(f"what came, up to {label(last, options.frequency)}")
    now = build_panel(snapshot, last, options)
    origins = _origins(now, last, horizon, windows, options)
    came = histories_of(now, options)
    shelves_known = bool(np.isfinite(closed_out(now, options)).any())
    found: list[Sums] = []
    said: list[Said] = []
    appeared = 0
    for number, origin in enumerate(origins, start=1):
        name = label(origin, options.frequency)
        progress(f"origin {number} of {len(origins)}: learning from nothing up to {name}")
        panel = build_panel(snapshot, origin, options)
        fitted = DemandForecaster(options).fit(panel)
        forecast = fitted.forecast(panel)
        progress(f"origin {number} of {len(origins)}: what came after {name}")
        found.append(judged_by(came, panel, forecast, options))
        appeared = max(appeared, len(now) - len(panel))
        if shelves_known:
            hazard = learned_from(snapshot, panel, fitted, options, progress)
            said += said_from(snapshot, panel, fitted, forecast, hazard, options, last, progress)
    report = all_windows(found, options)
    warnings = None
    if said:
        truth = truth_of(snapshot, now, options, since=min(one.origin for one in said))
        warnings = scorecard_of(said, truth, options.unmet)
    return EvaluateOutcome(
        origins=[label(origin, options.frequency) for origin in origins],
        judged_up_to=label(last, options.frequency),
        horizon=horizon,
        series=len(report.by_series),
        appeared=appeared,
        report=report,
        warnings=warnings,
        may_leak=may_leak(snapshot, end_date(origins[0], options.frequency), now.origin_date),
        seconds=round(time.monotonic() - begun, 1),
    )


def _origins(panel: Panel, last: int, horizon: int, windows: int, options: Options) -> list[int]:
    """Oldest first; each has the history before it that a backtest would ask for."""
    origins = [last - horizon * number for number in range(windows, 0, -1)]
    grain, least = options.frequency.grain, LEAST_HISTORY[options.frequency]
    periods = last - panel.start + 1
    possible = max((periods - least) // horizon, 0)
    if possible < windows:
        raise NotReady(
            f"{windows} origins {horizon} {grain}s apart need {windows * horizon + least} {grain}s "
            f"of history; there are {periods}.",
            next_step=f"Try `vigistock evaluate --windows {possible}`."
            if possible
            else f"Load older sales, or shorten forecast_horizons.{grain} (now {horizon}).",
            periods=periods,
            needed=windows * horizon + least,
            possible=possible,
        )
    return origins


def may_leak(source: RowSource, first_origin: dt.date, judged_up_to: dt.date) -> list[str]:
    """What the rows do not date, so that a past origin may have known more than people did then."""
    said = []
    for feed in ("items", "policies"):
        rows = source.rows(feed).select(["valid_from"]).to_pandas()
        undated = int(rows["valid_from"].isna().sum())
        if undated:
            said.append(
                f"Rows of {feed} without valid_from: {undated:,} of {len(rows):,}. "
                "They count at every origin as they are today."
            )
    said += [
        f"The {feed} carry no valid_from: every origin sees them as they are today."
        for feed in ("sites", "suppliers")
        if source.rows(feed).num_rows
    ]
    events = source.rows("events").select(["start", "known_on", "kind"]).to_pandas()
    start = pd.to_datetime(events["start"])
    judged = (start > pd.Timestamp(first_origin)) & (start <= pd.Timestamp(judged_up_to))
    trusted = int((judged & events["known_on"].isna() & (events["kind"] != "weather")).sum())
    if trusted:
        said.append(
            f"Events of the judged periods without known_on: {trusted:,}. "
            "They count as known in advance."
        )
    return said

"""What a training would have warned of at a few past origins, learned from what came before them.

The gate's evidence of the warnings. Boosters of demand are those that the backtest had learned by
then, and the hazard is learned anew from outcomes that were over by the first origin; weights and
spreads of demand are those of the whole training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from forecasting.calendar import label
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel, build_panel
from forecasting.snapshot import Snapshot
from forecasting.stockout import closed_out
from models.pipelines.replay import said_of
from models.pipelines.steps import Progress
from models.risk.hazard import Lessons, RuptureHazard
from models.risk.past import LEAST_PAST, MOST_CELLS, PATHS
from models.scorecard import Scorecard, scorecard_of, truth_of

MOST_ORIGINS: Final = 4
FEWEST_ORIGINS: Final = 2  # of a large company: each is a panel made as of then, and projected


def origins_to_rehearse(panel: Panel, options: Options) -> list[int]:
    """Oldest first: multiples of the main horizon, which trainings of other days share, each with
    a whole main horizon behind it that is known."""
    main = options.main_horizon
    borne = max(MOST_CELLS // max(panel.units.size, 1), FEWEST_ORIGINS)
    last = (panel.origin - main) // main * main
    first = panel.start + LEAST_PAST[panel.frequency] - 1
    return list(range(last, first - 1, -main)[: min(MOST_ORIGINS, borne)])[::-1]


def rehearse(
    snapshot: Snapshot,
    panel: Panel,
    fitted: FittedDemand,
    lessons: Lessons | None,
    options: Options,
    progress: Progress,
) -> Scorecard | None:
    """The warnings of those origins, judged by what came; None where no stock is known, or the
    history is too short. `lessons`: those of the training."""
    origins = origins_to_rehearse(panel, options)
    if not origins or not np.isfinite(closed_out(panel, options)).any():
        return None
    first, last = (label(origin, panel.frequency) for origin in (origins[0], origins[-1]))
    progress(f"warnings rehearsed at {len(origins)} past origins, {first} to {last}")
    options = replace(options, paths=min(options.paths, PATHS))
    hazard = None
    if lessons is not None:
        over = lessons.where(lessons.origin + lessons.end <= origins[0])
        hazard = RuptureHazard.learn(over, options.seed, options.workers)
    said = []
    for origin in origins:
        then = build_panel(snapshot, origin, options)
        forecast = fitted.before(origin).forecast(then, paths=options.paths)
        said.append(said_of(then, forecast, hazard, options))
    truth = truth_of(snapshot, panel, options, since=origins[0])
    return scorecard_of(said, truth, options.unmet)

"""The product lives through a world: trained once, published again and again, never told ahead."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.risk.company import Company
from benchmarks.risk.rules import rules
from benchmarks.risk.simulator.demand import Whole
from benchmarks.risk.simulator.feeds import write_feeds
from benchmarks.risk.simulator.world import World

HORIZON: Final = 14  # days: the product's main horizon
STEP_DAYS: Final = 14  # between two publications that are scored
ORIGINS: Final = 8
TRAIN_BEFORE_DAYS: Final = 28  # the training, before the first of them
DENSE_STEP_DAYS: Final = 2  # between two publications whose lead times are judged
DENSE_DAYS: Final = 42
SETTLED_DAYS: Final = 200  # a run's opening, whose ruptures are nobody's base rate
FINAL, STRUCTURAL = "Vigistock", "structural alone"
P_STRUCTURAL: Final = "p_structural"


@dataclass(frozen=True)
class Timeline:
    """Days at whose close things are done."""

    train: int
    scored: Whole  # [8]
    dense: Whole  # [D], the end of the former

    @classmethod
    def of(cls, world: World) -> Timeline:
        end = world.last - HORIZON
        scored = end - STEP_DAYS * np.arange(ORIGINS)[::-1]
        dense = end - np.arange(0, DENSE_DAYS + 1, DENSE_STEP_DAYS)[::-1]
        return cls(int(scored[0]) - TRAIN_BEFORE_DAYS, scored, dense)

    @property
    def learned(self) -> Whole:
        """Days of the training period from which ruptures within the horizon ended in it."""
        return np.arange(self.train - HORIZON, SETTLED_DAYS, -STEP_DAYS)[::-1]


@dataclass(frozen=True)
class Replay:
    """What was said and what came."""

    said: pd.DataFrame  # a row a series and publication: row, origin, in_stock, event,
    # event_recorded, one column a method, larger is riskier; method: the product's ladder
    base: float  # ruptures within the horizon in the training period
    timeline: Timeline

    @property
    def scored(self) -> pd.DataFrame:
        """In stock, at the publications two weeks apart."""
        chosen = self.said["origin"].isin(self.timeline.scored) & self.said["in_stock"]
        return self.said[chosen]


def replay(world: World, *, dense: bool = True, without: Collection[str] = ()) -> Replay:
    """Feeds (but those it comes `without`), ingest, train, publish, export."""
    timeline = Timeline.of(world)
    origins = np.union1d(timeline.scored, timeline.dense) if dense else timeline.scored
    dates = world.run.demand.dates
    with tempfile.TemporaryDirectory() as folder:
        files = write_feeds(world, Path(folder))
        sent = {feed: file for feed, file in files.items() if feed not in without}
        company = Company(Path(folder) / "workspace", sent)
        company.train(dates[timeline.train].item())
        said = [_said(world, int(day), company.warnings(dates[day].item())) for day in origins]
    return Replay(pd.concat(said, ignore_index=True), base_rate(world, timeline.learned), timeline)


def base_rate(world: World, days: Iterable[int]) -> float:
    events = [world.ruptures(day, HORIZON)[world.in_stock(day)] for day in days]
    return float(np.concatenate(events).mean())


def _said(world: World, day: int, warnings: pd.DataFrame) -> pd.DataFrame:
    keys = pd.MultiIndex.from_frame(world.run.demand.series[["site", "sku"]])
    told = warnings.set_index(["site", "sku"]).reindex(keys)
    final = told["probability"].to_numpy(float)
    structural = told[P_STRUCTURAL].to_numpy(float) if P_STRUCTURAL in told else final
    in_stock = world.in_stock(day)
    if not np.isfinite(final[in_stock]).all():
        raise ValueError(f"no probability of {(~np.isfinite(final[in_stock])).sum()} series")
    return pd.DataFrame(
        {
            "row": np.arange(len(keys)),
            "origin": day,
            "in_stock": in_stock,
            "event": world.ruptures(day, HORIZON),
            "event_recorded": world.ruptures(day, HORIZON, recorded=True),
            "ladder": told["method"].to_numpy(object),
            **rules(world, day, HORIZON),
            STRUCTURAL: structural,
            FINAL: final,
        }
    )

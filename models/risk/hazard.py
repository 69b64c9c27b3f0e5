"""The learned part of `rupture-risk`: one discrete-time hazard on top of the structural one.

The chance to run out within some periods, given not before, from boosted trees that see the
structural chance among the features of the origin and of those periods; horizons are chained from
it, so that they never cross (Singer and Willett 1993, J. Educational Statistics 18:155). The log
odds of trees and structure are mixed as held-out origins ask for, and with few events the structure
speaks alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import Floats
from models.risk.boosters import Ensemble, Events, Split, from_bytes, log_loss
from models.risk.features import MONOTONE, Known, period_features, series_features
from models.risk_parameters import refused_if_unreadable

FILE: Final = "hazard.json"
EDGES: Final = {
    Frequency.DAY: (1, 2, 3, 5, 7, 10, 14, 21, 28),
    Frequency.WEEK: (1, 2, 3, 4, 6, 9, 13),
    Frequency.MONTH: (1, 2, 3, 4, 6, 9, 12),
}
"""Ends of the spans of periods that one hazard covers: fine where planners look."""
EFFORT: Final[dict[str, Any]] = {
    "rounds": 200,
    "leaves": 31,
    "learning_rate": 0.05,
    "leaf_rows": 80,
    "column_share": 0.4,
    "members": 2,
}
"""Of `RuptureRiskClassifier`."""
BLOCKS: Final = 3  # of neighbouring origins, each held out once


@dataclass(frozen=True)
class Bounds:
    """Held-out outcomes that are ruptures; one that some origins foresee counts at each."""

    least_events: int  # below: the structure speaks alone
    caution: float  # so many halve the say of the trees


BOUNDS: Final = Bounds(least_events=100, caution=100.0)
"""`python -m benchmarks.risk_bounds`: with 90 ruptures trees lower the log loss of later origins
for three companies in four and may raise it as much for the fourth, with 150 for nineteen in
twenty, with 330 for all that were drawn."""
SHARES: Final = np.linspace(0.0, 1.0, 21)
SMALLEST: Final = 0.01  # of a structural hazard in the mix: paths do not know everything


@dataclass(frozen=True)
class Lessons:
    """k rows of the past: what was known at an origin, and whether a span of periods ended the
    wait."""

    features: pd.DataFrame  # [k, F]
    series: NDArray[np.int64]  # [k] row of the panel that was trained on
    event: Events  # [k] first out in the span, given not before
    origin: NDArray[np.int64]  # [k]
    end: NDArray[np.int64]  # [k] last period of the span, after the origin
    weight: Floats  # [k] an outcome that several origins tell counts less at each

    def where(self, rows: NDArray[np.bool_]) -> Lessons:
        """Some of them."""
        return Lessons(
            self.features[rows].reset_index(drop=True),
            *(getattr(self, part.name)[rows] for part in fields(self)[1:]),
        )


def reach_of(options: Options) -> int:
    """Periods that the hazard speaks of: up to the last risk horizon, as far as demand is
    forecast."""
    return min(max(options.risk_horizons), options.forecast_horizons[options.frequency.grain])


def spans_of(options: Options) -> list[tuple[int, int]]:
    """Begin and end of the spans, from the origin: (0, 1) is the next period.

    >>> spans_of(Options(frequency=Frequency.MONTH))
    [(0, 1), (1, 2), (2, 3)]
    """
    reach = reach_of(options)
    ends = {*EDGES[options.frequency], *options.risk_horizons, reach}
    return list(pairwise([0, *sorted(end for end in ends if end <= reach)]))


@dataclass(frozen=True)
class RuptureHazard:
    """What a training learned; `shares` is the say of the trees beside the structure, 0 … 1, for
    series in stock and for those out."""

    columns: tuple[str, ...]
    ensemble: Ensemble
    shares: tuple[float, float]
    facts: dict[str, Any]  # rows, events among them, held-out losses: how the shares came about

    @classmethod
    def learn(
        cls, lessons: Lessons, seed: int, workers: int = 1, *, bounds: Bounds = BOUNDS
    ) -> RuptureHazard | None:
        """None where there are too few ruptures to learn from, or trees say nothing more. The
        number of processes changes nothing."""
        if lessons.event.sum() < bounds.least_events or lessons.event.all():
            return None
        from models.risk.classifier import RuptureRiskClassifier

        columns = [str(name) for name in lessons.features]
        model = RuptureRiskClassifier(
            monotone={name: MONOTONE[name] for name in columns if name in MONOTONE},
            cv=_blocks(lessons),
            n_jobs=workers,
            random_state=seed,
            **EFFORT,
        ).fit(lessons.features, lessons.event, sample_weight=lessons.weight)
        told, out = np.isfinite(model.held_out_), _out(lessons.features)
        in_stock, losses = _share(lessons, model.held_out_, told & ~out, bounds)
        while_out, losses_out = _share(lessons, model.held_out_, told & out, bounds)
        if not (in_stock or while_out):
            return None
        facts = {
            "rows": len(lessons.event),
            "events": int(lessons.event.sum()),
            "origins": len(np.unique(lessons.origin)),
            "rounds": model.rounds_,
            "held_out": {"in stock": losses, "out": losses_out},
        }
        return cls(tuple(columns), model.ensemble_, (in_stock, while_out), facts)

    def trees(self, features: pd.DataFrame) -> Floats:
        """[k] log odds by the trees alone."""
        return self.ensemble.log_odds(features[list(self.columns)].to_numpy(np.float64))

    def first_out(self, panel: Panel, known: Known, options: Options) -> Floats:
        """[n, R] chance of a first stockout in each period within reach, where the structure says
        `known.first` [n, R]; within a span it keeps the structural shape."""
        return self.chained(series_features(panel, known), panel, known, options)

    def chained(self, base: pd.DataFrame, panel: Panel, known: Known, options: Options) -> Floats:
        """The same from what is told of the series at the origin, `base` [n, F]."""
        spared = np.ones(len(panel))  # chance not to have run out yet
        found = np.zeros(known.first.shape)
        for begin, end in spans_of(options):
            extra = period_features(panel, known, begin, end)
            features = pd.concat([base, extra], axis=1)
            share = np.where(_out(features), self.shares[1], self.shares[0])
            structure = log_odds(features["structural"].to_numpy())
            hazard = chance(mixed(self.trees(features), structure, share))
            within = known.first[:, begin:end]
            total = within.sum(axis=1, keepdims=True)
            shape = np.divide(
                within, total, out=np.full(within.shape, 1.0 / (end - begin)), where=total > 0
            )
            found[:, begin:end] = (spared * hazard)[:, None] * shape
            spared = spared * (1.0 - hazard)
        return found

    def to_files(self, folder: Path) -> None:
        facts = {
            "columns": self.columns,
            "shares": self.shares,
            "facts": self.facts,
            "calibration": self.ensemble.calibration,
            "library": [member.library for member in self.ensemble.members],
        }
        (folder / FILE).write_text(json.dumps(facts, indent=1, sort_keys=True))
        for number, member in enumerate(self.ensemble.members):
            (folder / f"hazard_{number}.booster").write_bytes(member.to_bytes())

    @classmethod
    def from_files(cls, folder: Path) -> RuptureHazard | None:
        """None where the version has no learned part; raises BadRiskBundle for what `to_files` did
        not write."""
        if not (folder / FILE).exists():
            return None
        with refused_if_unreadable(folder):
            kept = json.loads((folder / FILE).read_text())
            members = tuple(
                from_bytes((folder / f"hazard_{number}.booster").read_bytes(), library)
                for number, library in enumerate(kept["library"])
            )
            slope, shift = kept["calibration"]
            return cls(
                columns=tuple(kept["columns"]),
                ensemble=Ensemble(members, (float(slope), float(shift))),
                shares=tuple(kept["shares"]),
                facts=kept["facts"],
            )

    @staticmethod
    def told_of(folder: Path) -> dict[str, Any]:
        """What a version was learned from and how it did on origins held out; empty where it has no
        learned part. Loads no booster."""
        if not (folder / FILE).exists():
            return {}
        with refused_if_unreadable(folder):
            kept = json.loads((folder / FILE).read_text())
            facts = kept["facts"]
            held_out = {
                f"held out {state} {name if name == 'events' else f'loss {name}'}": value
                for state, losses in facts.pop("held_out").items()
                for name, value in losses.items()
            }
            shares = dict(zip(("share in stock", "share out"), kept["shares"], strict=True))
            return {**shares, **facts, **held_out}


def log_odds(hazard: Floats) -> Floats:
    """NaN stays."""
    bounded = np.clip(hazard, SMALLEST, 1.0 - SMALLEST)
    return np.asarray(np.log(bounded / (1.0 - bounded)))


def chance(odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def _out(features: pd.DataFrame) -> NDArray[np.bool_]:
    return features["out"].to_numpy() == 1.0


def _share(
    lessons: Lessons, held_out: Floats, rows: NDArray[np.bool_], bounds: Bounds
) -> tuple[float, dict[str, float]]:
    """The say of the trees that some held-out rows ask for, less the fewer ruptures they hold; and
    the losses behind it."""
    event, weight = lessons.event[rows], lessons.weight[rows]
    events = int(event.sum())
    if events < bounds.least_events:
        return 0.0, {"events": events}
    structural = log_odds(lessons.features["structural"].to_numpy(np.float64)[rows])
    losses = [log_loss(event, mixed(held_out[rows], structural, one), weight) for one in SHARES]
    share = float(SHARES[np.argmin(losses)]) * events / (events + bounds.caution)
    return share, {
        "events": events,
        "structural": losses[0],
        "trees": losses[-1],
        "mixed": log_loss(event, mixed(held_out[rows], structural, share), weight),
    }


def mixed(trees: Floats, structural: Floats, share: float | Floats) -> Floats:
    """Log odds of both; of the trees alone where there is no structural chance."""
    return np.where(np.isnan(structural), trees, share * trees + (1.0 - share) * structural)


def _blocks(lessons: Lessons) -> list[Split]:
    """Rows that teach and rows held out, by blocks of neighbouring origins; rows whose outcomes lie
    in the same time as those held out teach nothing then."""
    ends = lessons.origin + lessons.end
    found = []
    for origins in np.array_split(np.unique(lessons.origin), BLOCKS):
        if len(origins):
            held = np.isin(lessons.origin, origins)
            beside = (lessons.origin < ends[held].max()) & (ends > origins[0])
            found.append((np.flatnonzero(~held & ~beside), np.flatnonzero(held)))
    return found

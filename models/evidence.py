"""What a training keeps for the gate: what it would have said at past origins, and what came.

Nothing in it had been learned from what it is judged by. Rows name a series by its row in `series`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from forecasting.accuracy import BacktestReport
from forecasting.calendar import Frequency
from forecasting.errors import VigistockError
from forecasting.options import Options
from forecasting.out_of_fold import BELOW, LEVEL_COLUMNS
from forecasting.panel import Panel
from models.risk.value import unit_loss
from models.scorecard import Scorecard

FACTS: Final = "facts.json"
FORMAT: Final = 1
HOLDING_RATE: Final = 0.2  # of the unit cost a year, where no setting says it
YEAR: Final = 365.25

SERIES: Final = ("site", "sku", "segment", "scale", "unit_cost", "unit_loss", "currency")
FORECASTS: Final = (
    *("series", "origin", "step", "actual", "forecast", "seasonal_naive"),
    *LEVEL_COLUMNS,
    BELOW,
)
DECISIONS: Final = ("series", "origin", "demand", "order_up_to")
WARNINGS: Final = ("series", "origin", "event", "probability", "by_cover")
RUPTURES: Final = ("series", "period", "lead_days")


class BadEvidence(VigistockError):
    code = "bad_evidence"
    title = "The evidence of a training cannot be read"


@dataclass(frozen=True)
class Facts:
    """What the tables alone do not tell."""

    frequency: Frequency
    origin: int  # period up to which was learned
    main_horizon: int  # periods: of a decision, and of a warning
    horizon_days: float
    holding_rate: float  # share of the unit cost a year


@dataclass(frozen=True)
class Evidence:
    """Tables without rows where nothing was tested."""

    facts: Facts
    series: pd.DataFrame  # SERIES; scale: of RMSSE; unit_loss: of a unit not served; NaN unknown
    forecasts: pd.DataFrame  # FORECASTS: `forecasting.out_of_fold.forecasts_of`
    decisions: pd.DataFrame  # DECISIONS: `forecasting.out_of_fold.decisions_of`
    warnings: pd.DataFrame  # WARNINGS: series that could run out; event: 1 or 0, known
    ruptures: pd.DataFrame  # RUPTURES: days from the first warning; 0: none was alive

    def to_files(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        told = {"format": FORMAT, **asdict(self.facts)}
        (folder / FACTS).write_text(json.dumps(told, indent=1, sort_keys=True))
        for name in TABLES:
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)

    @classmethod
    def from_files(cls, folder: Path) -> Evidence:
        """Raises BadEvidence for what `to_files` did not write."""
        try:
            told = json.loads((folder / FACTS).read_text())
            if told.pop("format") != FORMAT:
                raise ValueError("it was kept by another version of Vigistock")
            facts = Facts(**{**told, "frequency": Frequency(told["frequency"])})
            tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
            for name, wanted in TABLES.items():
                tables[name] = tables[name][list(wanted)]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadEvidence(
                f"The evidence in {folder.name} cannot be read: {error}.",
                next_step="Train again: each training keeps its own.",
            ) from error
        return cls(facts, **tables)


TABLES: Final = dict(
    zip(
        (one.name for one in fields(Evidence)[1:]),
        (SERIES, FORECASTS, DECISIONS, WARNINGS, RUPTURES),
        strict=True,
    )
)


def evidence_of(
    panel: Panel, report: BacktestReport, scorecard: Scorecard | None, options: Options
) -> Evidence:
    """`report`: of the training; `scorecard`: of the warnings of past origins
    (`models.pipelines.rehearsal`), None where no stock is known."""
    days = panel.frequency.days * options.main_horizon
    rate = HOLDING_RATE if options.holding_rate is None else options.holding_rate
    facts = Facts(panel.frequency, panel.origin, options.main_horizon, float(days), rate)
    return Evidence(
        facts,
        series=_series(panel, report),
        forecasts=_table(report.out_of_fold, FORECASTS),
        decisions=_table(report.decisions, DECISIONS),
        warnings=_warnings(panel, scorecard),
        ruptures=_ruptures(scorecard),
    )


def _series(panel: Panel, report: BacktestReport) -> pd.DataFrame:
    table = panel.series[["site", "sku"]].astype(str).reset_index(drop=True)
    judged = report.by_series
    table["segment"] = judged["abc"] + " / " + judged["demand_class"] if len(judged) else ""
    table["scale"] = report.scale if len(report.scale) else np.nan
    table["unit_cost"] = panel.series["unit_cost"].to_numpy(np.float64)
    table["unit_loss"] = unit_loss(panel)[0]
    table["currency"] = panel.series["currency"].astype(str).to_numpy()
    return table


def _warnings(panel: Panel, scorecard: Scorecard | None) -> pd.DataFrame:
    if scorecard is None:
        return _table(pd.DataFrame(), WARNINGS)
    rows = scorecard.rows
    known = rows[rows["event"].notna() & rows["probability"].notna()]
    return _table(known.rename(columns={"row": "series"}), WARNINGS)


def _ruptures(scorecard: Scorecard | None) -> pd.DataFrame:
    if scorecard is None:
        return _table(pd.DataFrame(), RUPTURES)
    return _table(scorecard.ruptures.rename(columns={"row": "series"}), RUPTURES)


def _table(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Those columns alone, as numbers; no rows where there are none."""
    whole = ("series", "origin", "step", "period")
    return pd.DataFrame(
        {
            name: np.asarray(frame.get(name, []), np.float64).astype(
                np.int32 if name in whole else np.float32
            )
            for name in columns
        }
    )

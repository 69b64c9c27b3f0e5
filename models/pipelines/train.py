"""Learn from the record as of an origin: one MLflow run, two new versions, and a publication when
they become champions."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forecasting.accuracy import BacktestReport
from forecasting.calendar import label
from forecasting.forecaster import DemandForecaster
from models.accuracy_words import losing
from models.ledger import DEMAND, RISK
from models.pipelines.publish import load_champions, publish_panel
from models.pipelines.report import training_run
from models.pipelines.steps import Progress, open_record, panel_as_of, silent
from models.provenance import code_version
from models.registry import Registry
from models.risk.past import learned_from
from models.risk_parameters import RiskParameters
from models.workspace import Workspace

FIRST: Final = "first version"


@dataclass(frozen=True)
class TrainOutcome:
    """What was learned, and whether it is in use."""

    origin: str
    series: int
    demand_version: int
    risk_version: int
    run_id: str
    demand_digest: str
    data_digest: str
    champion: bool
    publication: int | None
    metrics: Mapping[str, float]
    losing: list[str]  # where something simpler was better in the backtest, in words
    seconds: float


def train(
    workspace: Workspace,
    as_of: dt.date | None = None,
    *,
    promote: str = "",
    progress: Progress = silent,
) -> TrainOutcome:
    """Train as of a date (default: the last complete period of the sales).

    The first versions become champions; later ones are challengers, unless `promote` gives a
    reason. New champions are published at once. Raises NotReady where there is no data.
    """
    begun = time.monotonic()
    now = dt.datetime.now(dt.UTC)
    with open_record(workspace) as record, tempfile.TemporaryDirectory() as folder:
        snapshot, panel = panel_as_of(record, workspace, as_of, progress)
        origin = label(panel.origin, panel.frequency)
        progress(f"learning from {len(panel.series)} series up to {origin}")
        fitted = DemandForecaster(workspace.options).fit(panel)
        files = {DEMAND: Path(folder) / DEMAND, RISK: Path(folder) / RISK}
        fitted.to_files(files[DEMAND])
        RiskParameters.of(workspace.options).to_files(files[RISK])
        hazard = learned_from(snapshot, panel, fitted, workspace.options, progress)
        if hazard is not None:
            hazard.to_files(files[RISK])

        report = fitted.report or BacktestReport()
        progress("versions in the registry")
        registry = Registry(workspace, record.engine)
        versions = registry.log_training(
            training_run(workspace, panel, report, files),
            files,
            origin_label=origin,
            code_version=code_version(),
            at=now,
        )
        why = promote or ("" if registry.ledger.has_champion(DEMAND) else FIRST)
        publication = None
        if why:
            for version in versions.values():
                registry.promote(version.ref, why=why, at=now)
            champions = load_champions(workspace, record.engine)
            outcome = publish_panel(workspace, record.engine, panel, champions, progress)
            publication = outcome.publication
    return TrainOutcome(
        origin=origin,
        series=len(panel.series),
        demand_version=versions[DEMAND].version,
        risk_version=versions[RISK].version,
        run_id=versions[DEMAND].run_id,
        demand_digest=versions[DEMAND].digest,
        data_digest=panel.digest,
        champion=bool(why),
        publication=publication,
        metrics=versions[DEMAND].metrics,
        losing=losing(report),
        seconds=round(time.monotonic() - begun, 1),
    )

"""Learn from the record as of an origin: one MLflow run, two new versions, and a publication when
they become champions.

One trainer at a time; one that was killed is resumed by the next, part by part, with the same
numbers. Nothing that fails on the way changes a champion.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
import sqlalchemy as sa

from forecasting.accuracy import BacktestReport
from forecasting.calendar import label, parse_as_of
from forecasting.forecaster import DemandForecaster
from forecasting.panel import Panel
from forecasting.snapshot import Snapshot
from models.accuracy_words import losing
from models.evidence import Evidence, evidence_of
from models.lease import lease
from models.ledger import DEMAND, RISK, Action, Entry, Version
from models.pipelines.promotion import verdict_on
from models.pipelines.publish import load_champions, moment_of, publish_panel
from models.pipelines.rehearsal import rehearse
from models.pipelines.report import training_run
from models.pipelines.steps import Progress, open_record, panel_as_of, silent
from models.provenance import code_version
from models.publication import list_publications
from models.registry import EVIDENCE, Registry, whoami
from models.risk.effects import effects_of
from models.risk.past import hazard_from, lessons_of
from models.risk_parameters import RiskParameters
from models.scorecard import Scorecard
from models.unfinished import Unfinished, training_key
from models.verdict import OTHER_PERIODS, Verdict
from models.workspace import Workspace

FIRST: Final = "first version"
TRAINING: Final = "training"  # the lease


@dataclass(frozen=True)
class TrainOutcome:
    """What was learned, and whether it is in use. `verdicts`: of the gate by model, where it was
    asked."""

    origin: str
    series: int
    demand_version: int
    risk_version: int
    run_id: str
    demand_digest: str
    data_digest: str
    champion: bool
    why: str  # champion or not
    publication: int | None
    metrics: Mapping[str, float]
    losing: list[str]  # where something simpler was better in the backtest, in words
    verdicts: Mapping[str, Verdict]
    seconds: float


def train(
    workspace: Workspace,
    as_of: dt.date | None = None,
    *,
    promote: str = "",
    hold: bool = False,
    by: str = "",
    progress: Progress = silent,
) -> TrainOutcome:
    """Train as of a date (default: the last complete period of the sales).

    The first versions become champions; later ones where the gate has no objection, or by force
    where `promote` gives a reason; with `hold` never. New champions are published at once.

    Raises NotReady where there is no data, UnderWay where somebody else trains, TrackingUnavailable
    where MLflow is away (which is asked first), LeaseLost.
    """
    begun = time.monotonic()
    who = by or whoami()
    holder = f"{who} on {socket.gethostname()} (process {os.getpid()})"
    with open_record(workspace) as record, lease(record.engine, TRAINING, holder) as check:
        registry = Registry(workspace, record.engine)
        progress("MLflow")
        registry.tracking.end_abandoned()
        snapshot, panel = panel_as_of(record, workspace, as_of, progress)
        parts = Unfinished(
            record.engine,
            workspace.unfinished,
            training_key(panel, workspace.options),
            progress,
        )
        parts.begin()
        with tempfile.TemporaryDirectory() as folder:
            made = _learned(workspace, snapshot, panel, parts, Path(folder), progress)
            check()
            progress("versions in the registry")
            versions = registry.log_training(
                training_run(
                    workspace,
                    panel,
                    made.report,
                    made.files,
                    rehearsed=made.rehearsed,
                    effects=made.effects,
                    rows=snapshot.row_counts,
                ),
                made.files,
                origin_label=label(panel.origin, panel.frequency),
                code_version=code_version(),
                at=dt.datetime.now(dt.UTC),
                evidence=made.evidence,
            )
        check()
        decided = _decided(registry, versions, promote, hold, workspace.options.seed, progress)
        publication = None
        if decided.entries:
            registry.install(decided.entries, at=dt.datetime.now(dt.UTC), by=who)
        if decided.entries or _is_unpublished(registry, versions, panel, record.engine):
            champions = load_champions(workspace, record.engine)
            publication = publish_panel(
                workspace,
                record.engine,
                snapshot,
                panel,
                champions,
                progress,
                moment=moment_of(as_of, panel),
            ).publication
        parts.end()
    return TrainOutcome(
        origin=label(panel.origin, panel.frequency),
        series=len(panel.series),
        demand_version=versions[DEMAND].version,
        risk_version=versions[RISK].version,
        run_id=versions[DEMAND].run_id,
        demand_digest=versions[DEMAND].digest,
        data_digest=panel.digest,
        champion=bool(decided.entries),
        why=decided.why,
        publication=publication,
        metrics=versions[DEMAND].metrics,
        losing=losing(made.report),
        verdicts=decided.verdicts,
        seconds=round(time.monotonic() - begun, 1),
    )


@dataclass(frozen=True)
class _Learned:
    files: dict[str, Path]  # model name -> folder
    evidence: Path
    report: BacktestReport
    rehearsed: Scorecard | None
    effects: pd.Series | None  # of features on the risk


def _learned(
    workspace: Workspace,
    snapshot: Snapshot,
    panel: Panel,
    keep: Unfinished,
    folder: Path,
    progress: Progress,
) -> _Learned:
    """Everything that takes time, part by part, and its files in a folder."""
    options = workspace.options
    origin = label(panel.origin, panel.frequency)
    progress(f"learning from {len(panel.series)} series up to {origin}")
    fitted = DemandForecaster(options).fit(panel, keep)
    lessons = keep("lessons", partial(lessons_of, snapshot, panel, fitted, options, progress))
    hazard = keep("hazard", partial(hazard_from, lessons, options, progress))
    rehearsed = keep(
        "rehearsal", partial(rehearse, snapshot, panel, fitted, lessons, options, progress)
    )
    files = {DEMAND: folder / DEMAND, RISK: folder / RISK}
    fitted.to_files(files[DEMAND])
    RiskParameters.of(options).to_files(files[RISK])
    if hazard is not None:
        hazard.to_files(files[RISK])
    report = fitted.report or BacktestReport()
    evidence: Evidence = evidence_of(panel, report, rehearsed, options)
    evidence.to_files(folder / EVIDENCE)
    effects = None
    if hazard is not None and lessons is not None:
        effects = effects_of(hazard, lessons, options.seed)
    return _Learned(files, folder / EVIDENCE, report, rehearsed, effects)


@dataclass(frozen=True)
class _Decided:
    entries: list[Entry]  # none: the champions stay
    why: str
    verdicts: Mapping[str, Verdict]


def _decided(
    registry: Registry,
    versions: Mapping[str, Version],
    promote: str,
    hold: bool,
    seed: int,
    progress: Progress,
) -> _Decided:
    """Who becomes champion. The two models of a training stand or fall together: each was judged
    with the other."""
    if not all(registry.has(name) for name in versions):
        first = [
            Entry(
                made.ref,
                registry.ledger.champion(name).version if registry.has(name) else None,
                promote or FIRST,
            )
            for name, made in versions.items()
        ]
        return _Decided(first, promote or FIRST, {})
    champions = {name: registry.ledger.champion(name) for name in versions}
    if hold and not promote:
        return _Decided([], "held back, as asked", {})
    if not promote and all(
        made.digest == champions[name].digest for name, made in versions.items()
    ):
        return _Decided([], "the same as the champions", {})
    demand, champion = versions[DEMAND], champions[DEMAND]
    if not promote and parse_as_of(demand.origin_label) < parse_as_of(champion.origin_label):
        why = f"it learned up to {demand.origin_label}, the champion to {champion.origin_label}"
        return _Decided([], why, {})
    progress("the gate")
    verdicts = {
        name: verdict_on(registry, name, made, champions[name], seed)
        for name, made in versions.items()
    }
    # a champion of another frequency than the workspace's has nothing to say any more
    passed = all(one.passed or one.reason == OTHER_PERIODS for one in verdicts.values())
    if not passed and not promote:
        why = next(one.summary() for one in verdicts.values() if not one.passed)
        return _Decided([], why, verdicts)
    entries = [
        Entry(
            made.ref,
            champions[name].version,
            promote or verdicts[name].summary(),
            Action.PROMOTED if passed else Action.FORCED,
            verdicts[name].facts(),
        )
        for name, made in versions.items()
    ]
    return _Decided(entries, entries[0].why, verdicts)


def _is_unpublished(
    registry: Registry, versions: Mapping[str, Version], panel: Panel, engine: sa.Engine
) -> bool:
    """Whether the champions are what was learned just now, and were never published as of this
    origin: a training was killed after its promotion."""
    champions = {name: registry.ledger.champion(name) for name in versions}
    if any(made.digest != champions[name].digest for name, made in versions.items()):
        return False
    return not any(
        one.provenance.origin == panel.origin
        and one.provenance.demand_version == champions[DEMAND].version
        and one.provenance.risk_version == champions[RISK].version
        for one in list_publications(engine)
    )

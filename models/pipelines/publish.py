"""Roll the champions to an origin and publish: states move with the data, parameters stay."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import sqlalchemy as sa

from forecasting.calendar import label
from forecasting.errors import NotReady
from forecasting.forecaster import DemandForecast, FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel
from models import bundles
from models.ledger import DEMAND, RISK, Ledger
from models.pipelines.steps import Progress, open_record, panel_as_of, plain, silent
from models.provenance import code_version
from models.publication import (
    Damaged,
    Move,
    Provenance,
    current,
    make_parts,
    measure_moves,
    publish_parts,
)
from models.publication.contracts import PROPOSALS
from models.publication.episodes import OUT
from models.publication.ledger import episodes_of
from models.publication.recognition import recognise
from models.risk.hazard import RuptureHazard
from models.risk_parameters import RiskParameters
from models.scenarios.base import keep_base
from models.workspace import Workspace

if TYPE_CHECKING:
    from forecasting.forecaster import DemandForecast
    from models.lead_time import LeadTimes


@dataclass(frozen=True)
class PublishOutcome:
    """What was published."""

    publication: int
    origin: str
    series: int
    warnings: int  # series with a warning number, those that ran out meanwhile included
    out: int  # series out of stock at the origin
    demand_version: int
    risk_version: int
    seconds: float
    recognised: int = 0  # order lines that answer proposals of earlier publications
    moved: tuple[Move, ...] = ()  # since the publication of the origin before, by grain


@dataclass(frozen=True)
class Champions:
    """The two champions, loaded from their kept and verified files."""

    demand: FittedDemand
    demand_version: int
    risk: RiskParameters
    hazard: RuptureHazard | None
    risk_version: int


def publish(
    workspace: Workspace, as_of: dt.date | None = None, *, progress: Progress = silent
) -> PublishOutcome:
    """Publish the champions' forecasts and risks as of a date (default: the last complete period).

    Raises NotReady without champions or data, BundleChanged where a champion's files have changed.
    """
    begun = time.monotonic()
    with open_record(workspace) as record:
        champions = load_champions(workspace, record.engine)
        _, panel = panel_as_of(record, workspace, as_of, progress)
        outcome = publish_panel(workspace, record.engine, panel, champions, progress)
    return replace(outcome, seconds=round(time.monotonic() - begun, 1))


def load_champions(workspace: Workspace, engine: sa.Engine) -> Champions:
    """Raises NotReady where there is no champion, or one of another frequency."""
    ledger = Ledger(engine)
    demand, risk = ledger.champion(DEMAND).ref, ledger.champion(RISK).ref
    fitted = FittedDemand.from_files(bundles.kept(demand, workspace.bundles))
    wanted = workspace.options.frequency
    if fitted.options.frequency != wanted:
        raise NotReady(
            f"The champion {DEMAND} {demand.version} forecasts by "
            f"{fitted.options.frequency.grain}, the workspace by {wanted.grain}.",
            next_step="Run `vigistock train`.",
        )
    files = bundles.kept(risk, workspace.bundles)
    return Champions(
        demand=fitted,
        demand_version=demand.version,
        risk=RiskParameters.from_files(files),
        hazard=RuptureHazard.from_files(files),
        risk_version=risk.version,
    )


def publish_panel(
    workspace: Workspace,
    engine: sa.Engine,
    panel: Panel,
    champions: Champions,
    progress: Progress,
) -> PublishOutcome:
    """Forecast, assess, write and commit, from a panel on."""
    begun = time.monotonic()
    from models.lead_time import fit_lead_times
    from models.risk import assess

    options = champions.risk.applied_to(workspace.options)
    progress(f"demand forecasts as of {label(panel.origin, panel.frequency)}")
    forecast = champions.demand.forecast(panel)
    progress("lead times and risk of stockout")
    lead_times = fit_lead_times(panel, options)
    assessment = assess(panel, forecast, lead_times, options, champions.hazard)
    progress("supplier orders")
    proposed = _proposals(panel, forecast, lead_times, options)
    progress("publication")
    made = publish_parts(
        engine,
        workspace.publications,
        make_parts(panel, forecast, assessment, {PROPOSALS: proposed}),
        _provenance(panel, champions, options),
        created_at=dt.datetime.now(dt.UTC),
    )
    try:
        moved = tuple(measure_moves(engine, workspace.publications, made))
    except Damaged as error:  # the earlier one; this one is published all the same
        progress(f"stability not measured: {error.message}")
        moved = ()
    try:
        answered = recognise(
            engine, workspace.publications, made, _order_lines(panel), at=made.created_at
        )
    except Damaged as error:
        progress(f"orders not recognised: {error.message}")
        answered = []
    _keep_base(workspace, engine, made.number, panel, forecast, progress)
    return PublishOutcome(
        publication=made.number,
        origin=made.provenance.origin_label,
        series=len(panel.series),
        warnings=len(episodes_of(engine, made.number)),
        out=int((assessment.warnings["state"] == OUT).sum()),
        demand_version=champions.demand_version,
        risk_version=champions.risk_version,
        seconds=round(time.monotonic() - begun, 1),
        recognised=len(answered),
        moved=moved,
    )


def _order_lines(panel: Panel) -> pd.DataFrame:
    """Every line placed up to the origin, with the codes of its series."""
    lines = panel.order_history
    codes = panel.series[["site", "sku"]].iloc[lines["series"].to_numpy()]
    return lines.assign(site=codes["site"].to_numpy(), sku=codes["sku"].to_numpy())


def _proposals(
    panel: Panel, forecast: DemandForecast, lead_times: LeadTimes, options: Options
) -> pd.DataFrame:
    """Orders of the next two weeks, by the forecasts of the workspace's own grain."""
    from models.projection import supply_of
    from models.risk.proposals import proposals

    grain = forecast.grains[panel.frequency]
    supply = supply_of(panel, lead_times, grain.mean.mean(axis=1), grain.horizon, options)
    return proposals(panel, supply, grain, lead_times, options)


def _keep_base(
    workspace: Workspace,
    engine: sa.Engine,
    number: int,
    panel: Panel,
    forecast: DemandForecast,
    progress: Progress,
) -> None:
    """What scenarios on the current publication start from; without it they only take longer."""
    if current(engine).number != number:
        return
    try:
        keep_base(workspace.bases, number, panel, forecast)
    except OSError as error:
        progress(f"no base for scenarios kept: {error.strerror}")


def _provenance(panel: Panel, champions: Champions, options: Options) -> Provenance:
    return Provenance(
        origin=panel.origin,
        frequency=panel.frequency,
        demand_version=champions.demand_version,
        risk_version=champions.risk_version,
        data_digest=panel.digest,
        data_cut={feed: day.isoformat() for feed, day in panel.watermarks.items()},
        options=plain(options),
        code_version=code_version(),
    )

"""Roll the champions to an origin and publish: states move with the data, parameters stay."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from forecasting.calendar import label
from forecasting.errors import NotReady
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel
from models.last_good import last_good
from models.ledger import DEMAND, RISK
from models.pipelines.steps import Progress, open_record, panel_as_of, plain, silent
from models.provenance import code_version
from models.publication import Damaged, Move, Provenance, make_parts, measure_moves, publish_parts
from models.publication.episodes import OUT
from models.publication.ledger import episodes_of
from models.risk.hazard import RuptureHazard
from models.risk_parameters import RiskParameters
from models.workspace import Workspace

if TYPE_CHECKING:
    from forecasting.forecaster import DemandForecast
    from models.risk import RiskAssessment


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
    moved: tuple[Move, ...] = ()  # since the publication of the origin before, by grain
    degraded: str = ""  # which champion could not be loaded, and what spoke instead


@dataclass(frozen=True)
class Champions:
    """The two champions, loaded from their kept and verified files."""

    demand: FittedDemand
    demand_version: int
    risk: RiskParameters
    hazard: RuptureHazard | None
    risk_version: int
    degraded: str = ""  # which champion could not be loaded, and what speaks instead


def publish(
    workspace: Workspace, as_of: dt.date | None = None, *, progress: Progress = silent
) -> PublishOutcome:
    """Publish the champions' forecasts and risks as of a date (default: the last complete period).

    Raises NotReady without champions or data, BundleChanged where a champion's files have changed.
    """
    begun = time.monotonic()
    with open_record(workspace) as record:
        champions = load_champions(workspace, record.engine)
        snapshot, panel = panel_as_of(record, workspace, as_of, progress)
        outcome = publish_panel(
            workspace, record.engine, panel, champions, progress, delivery=snapshot.delivery
        )
    return replace(outcome, seconds=round(time.monotonic() - begun, 1))


def load_champions(workspace: Workspace, engine: sa.Engine) -> Champions:
    """The champions; where one's files are damaged here and in MLflow, the last good one before it,
    told in `degraded`.

    Raises NotReady where there is no champion, or one of another frequency, and BundleChanged where
    none can be loaded.
    """
    demand = last_good(workspace, engine, DEMAND, FittedDemand.from_files)
    wanted = workspace.options.frequency
    if demand.made.options.frequency != wanted:
        raise NotReady(
            f"The champion {DEMAND} {demand.version} forecasts by "
            f"{demand.made.options.frequency.grain}, the workspace by {wanted.grain}.",
            next_step="Run `vigistock train`.",
        )
    risk = last_good(workspace, engine, RISK, _risk_from)
    return Champions(
        demand=demand.made,
        demand_version=demand.version,
        risk=risk.made[0],
        hazard=risk.made[1],
        risk_version=risk.version,
        degraded=" ".join(one.trouble for one in (demand, risk) if one.trouble),
    )


def _risk_from(folder: Path) -> tuple[RiskParameters, RuptureHazard | None]:
    return RiskParameters.from_files(folder), RuptureHazard.from_files(folder)


def publish_panel(
    workspace: Workspace,
    engine: sa.Engine,
    panel: Panel,
    champions: Champions,
    progress: Progress,
    *,
    delivery: int,
) -> PublishOutcome:
    """Forecast, assess, write and commit, from a panel on. `delivery`: the last that the panel's
    snapshot knew."""
    begun = time.monotonic()
    options = champions.risk.applied_to(workspace.options)
    if champions.degraded:
        progress(champions.degraded)
    progress(f"demand forecasts as of {label(panel.origin, panel.frequency)}")
    forecast, assessment = speak(panel, champions, options, progress)
    progress("publication")
    made = publish_parts(
        engine,
        workspace.publications,
        make_parts(panel, forecast, assessment),
        _provenance(panel, champions, options, delivery),
        created_at=dt.datetime.now(dt.UTC),
    )
    try:
        moved = tuple(measure_moves(engine, workspace.publications, made))
    except Damaged as error:  # the earlier one; this one is published all the same
        progress(f"stability not measured: {error.message}")
        moved = ()
    return PublishOutcome(
        publication=made.number,
        origin=made.provenance.origin_label,
        series=len(panel.series),
        warnings=len(episodes_of(engine, made.number)),
        out=int((assessment.warnings["state"] == OUT).sum()),
        demand_version=champions.demand_version,
        risk_version=champions.risk_version,
        seconds=round(time.monotonic() - begun, 1),
        moved=moved,
        degraded=champions.degraded,
    )


def speak(
    panel: Panel, champions: Champions, options: Options, progress: Progress
) -> tuple[DemandForecast, RiskAssessment]:
    """What the champions say of a panel; `options`: with the parameters of the risk."""
    from models.lead_time import fit_lead_times
    from models.risk import assess

    forecast = champions.demand.forecast(panel)
    progress("lead times and risk of stockout")
    lead_times = fit_lead_times(panel, options)
    return forecast, assess(panel, forecast, lead_times, options, champions.hazard)


def _provenance(panel: Panel, champions: Champions, options: Options, delivery: int) -> Provenance:
    return Provenance(
        origin=panel.origin,
        frequency=panel.frequency,
        demand_version=champions.demand_version,
        risk_version=champions.risk_version,
        data_digest=panel.digest,
        data_cut={feed: day.isoformat() for feed, day in panel.watermarks.items()},
        options=plain(options),
        code_version=code_version(),
        delivery=delivery,
        degraded=champions.degraded,
    )

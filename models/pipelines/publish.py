"""Roll the champions to an origin and publish: states move with the data, parameters stay."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import sqlalchemy as sa

from forecasting.calendar import end_date, label
from forecasting.demand_forecast import DemandForecast
from forecasting.errors import NotReady
from forecasting.forecaster import FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.snapshot import Snapshot
from models.health import Alarm, alarms_of, english
from models.health.promises import promises
from models.last_good import last_good
from models.ledger import DEMAND, RISK
from models.overrides.ledger import Override, alive_at, ending
from models.pipelines.steps import Progress, open_record, panel_as_of, plain, silent
from models.provenance import code_version
from models.publication import (
    Damaged,
    Gone,
    Move,
    Provenance,
    Publication,
    current,
    make_parts,
    measure_moves,
    publish_parts,
)
from models.publication.build import HISTORY_PERIODS
from models.publication.contracts import KPI_FEEDS, KPIS, OVERRIDDEN, PROPOSALS
from models.publication.episodes import OUT
from models.publication.ledger import episodes_of
from models.publication.recognition import recognise
from models.risk.hazard import RuptureHazard
from models.risk_parameters import RiskParameters
from models.scenarios.base import Base, keep_base
from models.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

    from forecasting.demand import Corrections, LatentDemand
    from forecasting.windows import RowSource
    from models.risk import RiskAssessment


@dataclass(frozen=True)
class PublishOutcome:
    """What was published."""

    publication: int
    origin: str
    series: int
    warnings: int  # series with a warning number that are not out: as the planner's list counts
    out: int  # series out of stock at the origin
    demand_version: int
    risk_version: int
    seconds: float
    recognised: int = 0  # order lines that answer proposals of earlier publications
    moved: tuple[Move, ...] = ()  # since the publication of the origin before, by grain
    degraded: str = ""  # which champion could not be loaded, and what spoke instead
    alarms: tuple[str, ...] = ()  # what looks wrong, in words
    overrides: tuple[int, ...] = ()  # numbers of those alive
    ending: tuple[str, ...] = ()  # of them, those that end soon, in words


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
            workspace,
            record.engine,
            snapshot,
            panel,
            champions,
            progress,
            moment=moment_of(as_of, panel),
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
    snapshot: Snapshot,
    panel: Panel,
    champions: Champions,
    progress: Progress,
    *,
    moment: dt.datetime,
) -> PublishOutcome:
    """Forecast, assess, write and commit, from a panel of the snapshot on. `moment`: overrides that
    were alive then count."""
    begun = time.monotonic()
    known = alive_at(engine, moment, panel.origin_date)
    options = champions.risk.applied_to(workspace.options)
    if champions.degraded:
        progress(champions.degraded)
    progress(f"demand forecasts as of {label(panel.origin, panel.frequency)}")
    spoken = speak(panel, snapshot, champions, options, progress, known)
    alarms = alarms_of(panel, promises(engine, workspace.publications, panel))
    progress("publication")
    made = publish_parts(
        engine,
        workspace.publications,
        spoken.parts(),
        _provenance(panel, champions, options, snapshot.delivery, alarms, known),
        created_at=dt.datetime.now(dt.UTC),
    )
    try:
        moved = tuple(measure_moves(engine, workspace.publications, made))
    except (Damaged, Gone) as error:  # the earlier one; this one is published all the same
        progress(f"stability not measured: {error.message}")
        moved = ()
    try:
        answered = recognise(
            engine, workspace.publications, made, _order_lines(panel), at=made.created_at
        )
    except Damaged as error:
        progress(f"orders not recognised: {error.message}")
        answered = []
    _keep_base(workspace, engine, made, spoken, progress)
    told = spoken.assessment.warnings
    out = told.loc[told["state"] == OUT, ["site", "sku"]]
    return PublishOutcome(
        publication=made.number,
        origin=made.provenance.origin_label,
        series=len(panel.series),
        warnings=_still_in_stock(episodes_of(engine, made.number), out),
        out=len(out),
        demand_version=champions.demand_version,
        risk_version=champions.risk_version,
        seconds=round(time.monotonic() - begun, 1),
        recognised=len(answered),
        moved=moved,
        degraded=champions.degraded,
        alarms=tuple(map(english, alarms)),
        overrides=tuple(one.number for one in known),
        ending=tuple(
            f"override {one.number} ({one.figure}) ends on {one.end}"
            for one in ending(known, moment.date())
        ),
    )


def moment_of(as_of: dt.date | None, panel: Panel) -> dt.datetime:
    """Until when somebody may have said what a publication knows: now; as of a day of the past,
    until the end of the next period, when other data came."""
    now = dt.datetime.now(dt.UTC)
    if as_of is None:
        return now
    over = end_date(panel.origin + 1, panel.frequency) + dt.timedelta(days=1)
    return min(now, dt.datetime.combine(over, dt.time(), dt.UTC))


def _order_lines(panel: Panel) -> pd.DataFrame:
    """Every line placed up to the origin, with the codes of its series."""
    lines = panel.order_history
    codes = panel.series[["site", "sku"]].iloc[lines["series"].to_numpy()]
    return lines.assign(site=codes["site"].to_numpy(), sku=codes["sku"].to_numpy())


def _keep_base(
    workspace: Workspace,
    engine: sa.Engine,
    made: Publication,
    spoken: Spoken,
    progress: Progress,
) -> None:
    """What scenarios on the current publication start from; without it they only take longer."""
    if current(engine).number != made.number:
        return
    digest = made.provenance.data_digest
    try:
        keep_base(workspace.bases, made.number, spoken.base, digest=digest)
    except OSError as error:
        progress(f"no base for scenarios kept: {error.strerror}")


@dataclass(frozen=True)
class Spoken:
    """What the champions say of a panel, as people know it."""

    panel: Panel
    forecast: DemandForecast
    assessment: RiskAssessment
    proposals: pd.DataFrame
    overridden: pd.DataFrame  # models.overrides.effects.COLUMNS
    kpis: pd.DataFrame
    kpi_feeds: pd.DataFrame
    latent: LatentDemand  # of the last periods
    corrections: Corrections  # of all periods

    @property
    def base(self) -> Base:
        """What scenarios start from."""
        return Base(self.panel, self.forecast, self.corrections, self.forecast.levels)

    def parts(self) -> dict[str, pa.Table]:
        """Those of a publication."""
        ragged = {PROPOSALS: self.proposals, KPIS: self.kpis, KPI_FEEDS: self.kpi_feeds}
        if len(self.overridden):
            ragged[OVERRIDDEN] = self.overridden
        return make_parts(self.panel, self.forecast, self.assessment, ragged, self.latent)


def speak(
    panel: Panel,
    source: RowSource,
    champions: Champions,
    options: Options,
    progress: Progress,
    known: Sequence[Override] = (),
) -> Spoken:
    """What the champions say, and the KPIs; `options`: with the parameters of the risk; `source`:
    the rows that the panel was built from; `known`: overrides, of which the KPIs know nothing."""
    from forecasting.demand import recover
    from models.kpis import measured
    from models.lead_time import fit_lead_times
    from models.overrides.effects import overridden
    from models.risk import assess
    from models.risk.supplier_orders.advice import advice_of
    from models.risk.supplier_orders.proposals import proposals

    latent = recover(panel, champions.demand.options)
    alone = champions.demand.forecast(panel, demand=latent.demand)
    told = overridden(known, panel, alone)
    progress("lead times and risk of stockout")
    lead_times = fit_lead_times(told.panel, options)
    assessment = assess(told.panel, told.forecast, lead_times, options, champions.hazard)
    if told.touched.any():
        progress("risk without overrides")
        same = np.ones_like(alone.mean)
        before = assess(
            panel,
            alone.moved(same, told.touched),
            lead_times,
            options,
            champions.hazard,
            way_out="none",
        )
        assessment = replace(assessment, warnings=told.explained(assessment.warnings))
        told = told.with_risk(before.warnings["probability"], assessment.warnings["probability"])
    progress("supplier orders")
    grain = told.forecast.grains[panel.frequency]
    advice = advice_of(assessment.warnings, assessment.options)
    proposed = proposals(told.panel, assessment.supply, grain, lead_times, options, advice)
    progress("KPIs")
    return Spoken(
        told.panel,
        told.forecast,
        assessment,
        proposed,
        told.figures,
        *measured(panel, source, options, progress, latent.demand),
        latent.last(HISTORY_PERIODS),
        latent.corrections(),
    )


def _still_in_stock(said: pd.DataFrame, out: pd.DataFrame) -> int:
    """Warnings of series that have not run out yet; both name site and sku."""
    codes = pd.MultiIndex.from_frame(said[["site", "sku"]])
    return int((~codes.isin(pd.MultiIndex.from_frame(out))).sum())


def _provenance(
    panel: Panel,
    champions: Champions,
    options: Options,
    delivery: int,
    alarms: Sequence[Alarm],
    known: Sequence[Override],
) -> Provenance:
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
        alarms=tuple(alarm.plain() for alarm in alarms),
        overrides=tuple(one.number for one in known),
    )

"""What if? From a publication and a declaration to a numbered plan."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray

from forecasting.errors import Refused
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.record import Record
from models import bundles
from models.ledger import DEMAND, RISK, Ledger
from models.pipelines.steps import Progress, open_record, options_of, panel_as_of, silent
from models.publication import Publication, open_publication
from models.publication.contracts import PROJECTION, WARNINGS
from models.risk.hazard import RuptureHazard
from models.scenarios.base import Base, keep_base, kept_base
from models.scenarios.declaration import Scenario
from models.scenarios.effects import Uplift
from models.scenarios.plans import Plan, keep_plan
from models.scenarios.run import PROJECTED, Result, Said, run_scenario
from models.workspace import Workspace

SAID = ("state", "unit_loss", "value_basis", "currency", "actions")


@dataclass(frozen=True)
class ScenarioOutcome:
    """The plan, its tables, and how long it took."""

    plan: Plan
    result: Result
    seconds: float


def scenario(
    workspace: Workspace,
    asked: Scenario,
    *,
    publication: int | None = None,
    who: str = "",
    progress: Progress = silent,
) -> ScenarioOutcome:
    """Run a scenario on a publication (default: the current one) and keep it as the next plan.

    Raises UnknownName for a code or a publication that is not there, Refused where the data of the
    publication are no longer those it was made from.
    """
    begun = time.monotonic()
    with open_record(workspace) as record:
        reader = open_publication(record.engine, workspace.publications, publication)
        made = reader.publication
        options = options_of(made.provenance.options)
        base = _base(workspace, record, made, options, progress)
        progress("what the scenario changes")
        hazard = RuptureHazard.from_files(_bundle(workspace, record.engine, RISK, made))
        result = run_scenario(
            asked,
            base,
            _said(reader.part(WARNINGS), reader.part(PROJECTION)),
            options,
            hazard,
            _uplift(workspace, record.engine, made, base),
        )
        plan = keep_plan(
            record.engine,
            workspace.scenarios,
            asked,
            made.number,
            result,
            who=who,
            created_at=dt.datetime.now(dt.UTC),
        )
    return ScenarioOutcome(plan, result, round(time.monotonic() - begun, 1))


def _said(warnings: pa.Table, projection: pa.Table) -> Said:
    count = warnings.num_rows
    return Said(
        warnings=warnings.select(SAID).to_pandas(),
        projection={
            name: projection.column(name).to_numpy().reshape(count, -1) for name in PROJECTED
        },
    )


def _bundle(workspace: Workspace, engine: sa.Engine, name: str, made: Publication) -> Any:
    version = made.provenance.demand_version if name == DEMAND else made.provenance.risk_version
    return bundles.kept(Ledger(engine).version(name, version).ref, workspace.bundles)


def _base(
    workspace: Workspace, record: Record, made: Publication, options: Options, progress: Progress
) -> Base:
    """What is kept of the publication, else the same made again."""
    digest = made.provenance.data_digest
    kept = kept_base(workspace.bases, made.number, digest)
    if kept is not None:
        return kept
    _, panel = panel_as_of(record, workspace, made.provenance.origin_end, progress)
    if panel.digest != digest:
        raise Refused(
            f"The data of publication {made.number} were corrected since: its numbers can no "
            "longer be reproduced.",
            next_step="Run `vigistock publish`, and the scenario on the new publication.",
            publication=made.number,
        )
    from forecasting.demand import recover
    from forecasting.forecaster import FittedDemand
    from models.overrides.effects import overridden
    from models.overrides.ledger import numbered

    progress("demand forecasts of the publication")
    demand = FittedDemand.from_files(_bundle(workspace, record.engine, DEMAND, made))
    known = numbered(record.engine, made.provenance.overrides)
    latent = recover(panel, demand.options)
    told = overridden(known, panel, demand.forecast(panel, demand=latent.demand))
    made_again = Base(told.panel, told.forecast, latent.corrections(), told.forecast.levels)
    with suppress(OSError):  # a publication keeps its own at this moment, or there is no room
        keep_base(workspace.bases, made.number, made_again, digest=digest)
    return kept_base(workspace.bases, made.number, digest) or made_again


def _uplift(workspace: Workspace, engine: sa.Engine, made: Publication, base: Base) -> Uplift:
    """What the demand model makes of promotions, by forecasting anew with them."""

    def uplift(panel: Panel, rows: NDArray[np.bool_]) -> NDArray[np.float64] | None:
        from forecasting.forecaster import FittedDemand

        demand = FittedDemand.from_files(_bundle(workspace, engine, DEMAND, made))
        latent = base.corrections.onto(panel.units)
        mean = demand.means(panel, demand=latent, levels=base.levels, asked=rows)
        before = base.forecast.scatter.mean
        factor = np.divide(mean, before, out=np.ones_like(mean), where=before > 0)
        return None if np.array_equal(mean[rows], before[rows]) else factor

    return uplift

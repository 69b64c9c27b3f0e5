"""A past publication made again from what was known then, and compared with what was published.

Data: the record as it was after the last delivery that the publication knew (rows are only ever
added). Models: the very versions, their files verified. Settings: those that it keeps. Overrides:
those alive then, revoked since or not.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from forecasting.forecaster import FittedDemand
from forecasting.panel import Panel, build_panel
from forecasting.record.database import reading
from forecasting.record.schema import deliveries
from models.ledger import DEMAND, RISK, Ledger
from models.overrides.ledger import numbered
from models.pipelines.publish import Champions, speak
from models.pipelines.steps import Progress, open_record, options_of, silent
from models.provenance import code_version
from models.publication import Damaged, Gone, Publication, publication
from models.publication.parts import map_part, write_parts
from models.registry import Registry
from models.risk.hazard import RuptureHazard
from models.risk_parameters import RiskParameters
from models.workspace import Workspace


@dataclass(frozen=True)
class ReproduceOutcome:
    """`differs`: what is not the same, in words; none: every byte is."""

    publication: int
    origin: str
    same: bool
    differs: list[str]
    parts: list[str]  # compared
    delivery: int  # the last that it knew
    demand_version: int
    risk_version: int
    code_then: str
    code_now: str
    seconds: float


def reproduce(
    workspace: Workspace, number: int, *, progress: Progress = silent
) -> ReproduceOutcome:
    """Make publication `number` again; nothing is written to the record.

    Raises UnknownName, Gone where its files are no longer kept, and BundleChanged or
    TrackingUnavailable where the files of its versions cannot be had.
    """
    begun = time.monotonic()
    with open_record(workspace) as record:
        found = publication(record.engine, number)
        if found.pruned_at is not None:
            raise Gone(found)
        made = found.provenance
        delivery = made.delivery or _last_delivery(record.engine, found.created_at)
        progress(f"versions: {DEMAND} {made.demand_version}, {RISK} {made.risk_version}")
        champions = _versions(workspace, record.engine, found)
        options = options_of(made.options)
        progress(f"data as of {made.origin_label}, up to delivery {delivery}")
        source = record.as_known(delivery)
        panel = build_panel(source, made.origin, options)
        progress("forecasts and risks")
        known = numbered(record.engine, made.overrides)
        parts = speak(panel, source, champions, options, progress, known).parts()
        progress("comparison")
        differs = list(_differences(workspace.publications / found.folder, found, panel, parts))
    return ReproduceOutcome(
        publication=number,
        origin=made.origin_label,
        same=not differs,
        differs=differs,
        parts=sorted(found.parts),
        delivery=delivery,
        demand_version=made.demand_version,
        risk_version=made.risk_version,
        code_then=made.code_version,
        code_now=code_version(),
        seconds=round(time.monotonic() - begun, 1),
    )


def _versions(workspace: Workspace, engine: sa.Engine, found: Publication) -> Champions:
    """The versions that made a publication, whoever is champion now."""
    ledger, registry = Ledger(engine), Registry(workspace, engine)
    demand = ledger.version(DEMAND, found.provenance.demand_version)
    risk = ledger.version(RISK, found.provenance.risk_version)
    files = registry.fetch(risk.ref)
    return Champions(
        demand=FittedDemand.from_files(registry.fetch(demand.ref)),
        demand_version=demand.version,
        risk=RiskParameters.from_files(files),
        hazard=RuptureHazard.from_files(files),
        risk_version=risk.version,
    )


def _last_delivery(engine: sa.Engine, at: dt.datetime) -> int:
    """Of a publication that did not say: the last delivery received before it."""
    query = sa.select(sa.func.max(deliveries.c.number)).where(deliveries.c.received_at <= at)
    with reading(engine) as connection:
        return int(connection.scalar(query) or 0)


def _differences(
    folder: Path, found: Publication, panel: Panel, parts: Mapping[str, pa.Table]
) -> Iterator[str]:
    if panel.digest != found.provenance.data_digest:
        yield "data: rows of the record, or how they are read, are not those of then"
    for name in sorted({*found.parts} ^ {*parts}):
        yield f"{name}: only {'published' if name in found.parts else 'made now'}"
    with tempfile.TemporaryDirectory() as aside:
        again = write_parts(Path(aside), "again", parts, {}).parts
        for name in sorted({*found.parts} & {*parts}):
            if again[name].sha256 != found.parts[name].sha256:
                try:
                    then = map_part(folder, found.parts[name])
                except Damaged as error:
                    yield f"{name}: what was published cannot be read: {error.message}"
                else:
                    yield f"{name}: {_how(then, parts[name])}"


def _how(then: pa.Table, now: pa.Table) -> str:
    """How two tables of a part differ."""
    if then.column_names != now.column_names:
        names = ", ".join(sorted({*then.column_names} ^ {*now.column_names})) or "their order"
        return f"columns: {names}"
    if then.num_rows != now.num_rows:
        return f"{then.num_rows:,} rows were published, {now.num_rows:,} are made now"
    told = []
    for name in then.column_names:
        old, new = (table.column(name).to_pandas() for table in (then, now))
        other = ~((old == new) | (old.isna() & new.isna())).to_numpy()
        if not other.any():
            continue
        words = f"{name} in {other.sum():,} rows"
        if np.issubdtype(np.asarray(old).dtype, np.floating):
            words += f" (by {np.nanmax(np.abs(old - new)):.3g} at most)"
        told.append(words)
    return "; ".join(told) or "the same values, otherwise stored"

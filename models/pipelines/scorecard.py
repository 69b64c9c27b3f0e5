"""The scorecard of past publications: what was announced against the record as of now."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from forecasting.calendar import label, parse_as_of
from forecasting.panel import build_panel
from forecasting.snapshot import refresh
from models.lead_time import Floats
from models.ledger import DEMAND, RISK, Ledger
from models.overrides.value import value_added
from models.pipelines.steps import Progress, open_record, origin_as_of, silent
from models.publication import Damaged, Publication, list_publications
from models.publication.contracts import (
    OVERRIDDEN,
    SERIES,
    WARNINGS,
    forecasts_part,
    quantile_column,
)
from models.publication.ledger import episodes_of
from models.publication.lives import acted_on
from models.publication.parts import map_part
from models.scorecard import Said, Scorecard, said_by, scorecard_of, truth_of
from models.scorecard.said import ACTED, HIGH
from models.workspace import Workspace


@dataclass(frozen=True)
class ScorecardOutcome:
    """The scorecard, and which publications it leaves out."""

    scorecard: Scorecard
    publications: int  # judged
    replaced: int  # another of the same origin came later: that one counts
    learned_later: int  # made by a version that had learned from what came after their origin
    pruned: int  # no longer kept
    unreadable: int  # their files are missing or not those committed
    seconds: float
    overrides: dict[str, Any] | None = None  # models.overrides.value.value_added

    def facts(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        own = {name: value for name, value in vars(self).items() if name != "scorecard"}
        return {**own, **self.scorecard.facts()}


def scorecard(
    workspace: Workspace, as_of: dt.date | None = None, *, progress: Progress = silent
) -> ScorecardOutcome:
    """Judge every publication on hand by the record up to a date (default: the last complete
    period). Raises NotReady where there is no data."""
    begun = time.monotonic()
    options = workspace.options
    with open_record(workspace) as record:
        progress("snapshot of the record")
        snapshot = refresh(record, workspace.snapshots)
        last = origin_as_of(snapshot, as_of, options)
        known = [
            one
            for one in list_publications(record.engine)
            if one.provenance.origin < last and one.provenance.frequency is options.frequency
        ]
        pruned = sum(one.pruned_at is not None for one in known)
        known = [one for one in known if one.pruned_at is None]
        latest = _latest_of_each_origin(known)
        honest = _learned_before(latest, record.engine)
        progress(f"what past publications said ({len(honest)})")
        said = list(_said(honest, record.engine, workspace.publications))
    progress(f"what came, up to {label(last, options.frequency)}")
    panel = build_panel(snapshot, last, options)
    since = min((one.origin for one in said), default=last)
    truth = truth_of(snapshot, panel, options, since)
    progress("outcomes")
    return ScorecardOutcome(
        scorecard=scorecard_of(said, truth, options.unmet),
        publications=len(said),
        replaced=len(known) - len(latest),
        learned_later=len(latest) - len(honest),
        pruned=pruned,
        unreadable=len(honest) - len(said),
        seconds=round(time.monotonic() - begun, 1),
        overrides=value_added(_overridden(honest, workspace.publications), truth),
    )


def _overridden(publications: Sequence[Publication], root: Path) -> Iterator[pd.DataFrame]:
    """The figures that people moved, of each publication where they did."""
    for one in publications:
        if OVERRIDDEN in one.parts:
            with suppress(Damaged):
                table = map_part(root / one.folder, one.parts[OVERRIDDEN])
                yield table.to_pandas(date_as_object=False)


def _latest_of_each_origin(publications: Sequence[Publication]) -> list[Publication]:
    """`publications`: the latest number of each origin first, as `list_publications` gives them."""
    first: dict[int, Publication] = {}
    for one in publications:
        first.setdefault(one.provenance.origin, one)
    return list(first.values())


def _learned_before(publications: Sequence[Publication], engine: sa.Engine) -> list[Publication]:
    """Without those whose models had learned from what came after the origin."""
    ledger = Ledger(engine).versions()
    learned = {
        (name, version): parse_as_of(origin)
        for name, version, origin in zip(
            ledger["name"], ledger["version"], ledger["origin_label"], strict=True
        )
    }

    def is_honest(one: Publication) -> bool:
        made = one.provenance
        versions = ((DEMAND, made.demand_version), (RISK, made.risk_version))
        return all(learned.get(key, dt.date.min) <= made.origin_end for key in versions)

    return [one for one in publications if is_honest(one)]


def _said(publications: Sequence[Publication], engine: sa.Engine, root: Path) -> Iterator[Said]:
    """What those can be read said; a publication whose files are gone judges nobody."""
    for one in publications:
        folder = root / one.folder
        try:
            table = map_part(folder, one.parts[WARNINGS])
        except Damaged:
            continue
        warnings = table.to_pandas(date_as_object=False)
        warnings = warnings.astype(dict.fromkeys(warnings.select_dtypes("category"), object))
        numbers = episodes_of(engine, one.number)[["site", "sku", "episode"]]
        numbers = numbers.rename(columns={"episode": "warning"})
        told = warnings.merge(numbers, on=["site", "sku"], how="left")
        end = one.provenance.origin_end + dt.timedelta(days=float(told["horizon_days"].iloc[0]))
        acted = acted_on(engine, one.provenance.origin_end, end)
        yield said_by(
            one.number,
            one.provenance.origin,
            one.provenance.frequency,
            told.assign(**{ACTED: told["warning"].isin(acted)}),
            partial(_high, one, folder),
        )


def _high(publication: Publication, folder: Path) -> Floats | None:
    """[n, H] the P90 of demand of the own grain; None where it was not made or is gone."""
    name = forecasts_part(publication.provenance.frequency.grain)
    try:
        table = map_part(folder, publication.parts[name])
    except Damaged:
        return None
    column = quantile_column(HIGH)
    if column not in table.column_names:
        return None
    count = publication.parts[SERIES].rows
    return np.asarray(table.column(column).to_numpy()).reshape(count, -1)

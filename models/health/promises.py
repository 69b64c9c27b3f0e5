"""What earlier publications said, read back to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from forecasting.panel import Panel
from models.health.inputs import CYCLE
from models.health.outcomes import ORIGINS, Promise
from models.publication.contracts import SERIES, forecasts_part, quantile_column
from models.publication.ledger import Publication, list_publications
from models.publication.parts import Damaged, map_part

HIGH = quantile_column(0.9)


def promises(engine: sa.Engine, root: Path, panel: Panel) -> list[Promise]:
    """Of publications whose next cycle is over at the panel's origin: the latest first, at least a
    cycle apart. Those pruned, withdrawn or damaged judge nobody."""
    found: list[Promise] = []
    for one in _apart(list_publications(engine), panel):
        promise = _promise(one, root)
        if promise is not None:
            found.append(promise)
        if len(found) == ORIGINS:
            break
    return found


def _apart(publications: list[Publication], panel: Panel) -> Iterator[Publication]:
    cycle = CYCLE[panel.frequency]
    most = panel.origin - cycle
    for one in sorted(publications, key=lambda one: (-one.provenance.origin, -one.number)):
        made = one.provenance
        kept = one.pruned_at is None and one.withdrawn_at is None
        if kept and made.frequency is panel.frequency and made.origin <= most:
            most = made.origin - cycle
            yield one


def _promise(one: Publication, root: Path) -> Promise | None:
    grain = forecasts_part(one.provenance.frequency.grain)
    if grain not in one.parts:
        return None
    try:
        said = map_part(root / one.folder, one.parts[grain])
        series = map_part(root / one.folder, one.parts[SERIES]).select(["site", "sku"])
    except Damaged:
        return None
    if HIGH not in said.column_names or not series.num_rows:
        return None
    codes = series.to_pandas().astype(str)
    mean, high = (
        np.asarray(said.column(name).to_numpy()).reshape(series.num_rows, -1)
        for name in ("mean_units", HIGH)
    )
    return Promise(one.provenance.origin, pd.MultiIndex.from_frame(codes), mean, high)

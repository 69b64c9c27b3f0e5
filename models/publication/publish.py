"""Parts to publication: lease, write, commit. Killed anywhere, the old one stays or the new one is
whole; what a killed run left is removed by the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from models.publication.contracts import WARNINGS
from models.publication.episodes import MIN_PROBABILITY
from models.publication.ledger import Provenance, Publication, commit, is_committed
from models.publication.parts import lease, remove_orphans, write_parts


def publish_parts(
    engine: sa.Engine,
    root: Path,
    parts: Mapping[str, pa.Table],
    provenance: Provenance,
    *,
    created_at: dt.datetime,
    min_probability: float = MIN_PROBABILITY,
) -> Publication:
    """Write the parts under `root` (`Workspace.publications`) and commit them."""
    root.mkdir(parents=True, exist_ok=True)
    remove_orphans(root, lambda folder: is_committed(engine, folder))
    with lease(root, provenance.origin_label) as name:
        written = write_parts(root, name, parts, {"provenance": asdict(provenance)})
        return commit(
            engine,
            written,
            provenance,
            watch_of(parts[WARNINGS]),
            created_at=created_at,
            min_probability=min_probability,
        )


def watch_of(warnings: pa.Table) -> pd.DataFrame:
    """What tells the warnings of one publication from the next: site, sku, probability, out."""
    frame = warnings.select(["site", "sku", "probability", "state"]).to_pandas()
    watch = frame[["site", "sku"]].astype(str)
    return watch.assign(probability=frame["probability"], out=frame["state"].astype(str) == "out")

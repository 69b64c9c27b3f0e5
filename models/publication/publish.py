"""Parts to publication: lease, write, commit. Killed anywhere, the old one stays or the new one is
whole; what a killed run left is removed by the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pyarrow as pa
import sqlalchemy as sa

from models.publication.contracts import WARNINGS
from models.publication.ledger import Provenance, Publication, commit, is_committed
from models.publication.parts import lease, remove_orphans, write_parts

STATES: Final = ["site", "sku", "state", "probability"]


def publish_parts(
    engine: sa.Engine,
    root: Path,
    parts: Mapping[str, pa.Table],
    provenance: Provenance,
    *,
    created_at: dt.datetime,
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
            parts[WARNINGS].select(STATES).to_pandas().astype(dict.fromkeys(STATES[:3], str)),
            created_at=created_at,
        )

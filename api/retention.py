"""Retention of publications as the settings of a workspace say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from api.settings import Settings
from api.workspaces import Opened
from forecasting.record.database import connect
from models.publication import Publication, list_publications
from models.publication.receipts import held
from models.publication.retention import Keep, Verdict, judge, prune


def verdicts(opened: Opened, now: dt.datetime) -> list[Verdict]:
    """What stays and what would go now, the current publication first."""
    workspace = opened.workspace
    longest = max(workspace.options.risk_horizons)
    with _engine(opened) as engine:
        found, builds_on = list_publications(engine), held(engine)
    keep = _keep(opened.loaded.settings)
    return judge(found, keep, longest=longest, now=now, held=builds_on)


def prune_now(opened: Opened, now: dt.datetime) -> list[Publication]:
    """Removes the files of what would go; gives those publications."""
    workspace = opened.workspace
    longest = max(workspace.options.risk_horizons)
    keep = _keep(opened.loaded.settings)
    with _engine(opened) as engine:
        return prune(
            engine, workspace.publications, keep, longest=longest, now=now, held=held(engine)
        )


def size_of(publication: Publication) -> int:
    """Bytes of its parts."""
    return sum(part.bytes for part in publication.parts.values())


def _keep(settings: Settings) -> Keep:
    return Keep(newest=settings.keep_publications, months=settings.keep_months)


@contextmanager
def _engine(opened: Opened) -> Iterator[sa.Engine]:
    engine = connect(opened.workspace.database_url, schema=opened.workspace.schema)
    try:
        yield engine
    finally:
        engine.dispose()

"""Why to train before the schedule does, of a workspace; and what looked wrong lately."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from api import scorecards
from api.database import newest, version
from forecasting.errors import VigistockError
from forecasting.record.database import connect
from models.triggers import reasons, standing
from models.workspace import Workspace


def reasons_of(workspace: Workspace, engine: sa.Engine) -> list[str]:
    """NotReady where nothing is published yet."""
    return reasons(standing(engine, workspace.publications, _overall(workspace)))


def reasons_if_any(workspace: Workspace) -> list[str]:
    """None where the record cannot be asked: `doctor` says why."""
    try:
        if version(workspace.database_url, schema=workspace.schema) != newest():
            return []
        engine = connect(workspace.database_url, schema=workspace.schema)
    except (VigistockError, sa.exc.SQLAlchemyError, OSError):
        return []
    try:
        return reasons_of(workspace, engine)
    except (VigistockError, sa.exc.SQLAlchemyError, OSError):
        return []
    finally:
        engine.dispose()


def _overall(workspace: Workspace) -> dict[str, Any]:
    """Of the scorecard last computed; empty where there is none, or one of an earlier version."""
    kept = scorecards.kept(workspace)
    return dict(json.loads(kept).get("overall", {})) if kept else {}

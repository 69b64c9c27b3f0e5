"""The scorecard last computed, kept in the workspace so that serving computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.plain import to_json
from models.publication.parts import sync_folder, write_synced
from models.workspace import Workspace


def keep(workspace: Workspace, facts: Mapping[str, Any]) -> None:
    """In place of the one before; a reader sees one of them, whole."""
    path = workspace.scorecard
    aside = path.with_name(f".{path.name}.unfinished")
    write_synced(aside, to_json(facts))
    aside.replace(path)
    sync_folder(path.parent)


def kept(workspace: Workspace) -> bytes | None:
    """As JSON; None where there is none."""
    try:
        return workspace.scorecard.read_bytes()
    except FileNotFoundError:
        return None

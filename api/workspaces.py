"""Make a workspace folder, or open one: settings read, the record brought to this version."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.settings import TOML_NAME, Loaded, hide_password, load_settings
from forecasting.errors import NotReady, Refused
from models.workspace import Workspace

DEFAULT_FOLDER: Final = Path("vigistock-workspace")
VARIABLE: Final = "VIGISTOCK_WORKSPACE"


@dataclass(frozen=True)
class Opened:
    """A workspace, and where each of its settings came from."""

    workspace: Workspace
    loaded: Loaded


def folder_of(flag: Path | None) -> Path:
    """`--workspace`, else `VIGISTOCK_WORKSPACE`, else `./vigistock-workspace`."""
    return flag or Path(os.environ.get(VARIABLE) or DEFAULT_FOLDER)


def is_workspace(folder: Path) -> bool:
    return (folder / TOML_NAME).is_file()


def read_workspace(folder: Path, flags: Mapping[str, Any] | None = None) -> Opened:
    """The workspace of a folder with its settings; touches no database."""
    if not is_workspace(folder):
        raise NotReady(
            f"{folder} is not a Vigistock workspace: it has no {TOML_NAME}.",
            next_step=f"Make one: vigistock --workspace {folder} init; or name another folder "
            f"with --workspace or {VARIABLE}.",
            folder=str(folder),
        )
    loaded = load_settings(folder, flags)
    settings = loaded.settings
    return Opened(
        Workspace(
            folder=folder.resolve(),
            options=settings.options,
            database=settings.database,
            tracking=settings.tracking,
            schema=settings.schema_,
        ),
        loaded,
    )


def open_workspace(folder: Path, flags: Mapping[str, Any] | None = None) -> Workspace:
    """As `read_workspace`, with the record's tables brought to this version."""
    from api.database import upgrade

    workspace = read_workspace(folder, flags).workspace
    upgrade(workspace.database_url, schema=workspace.schema)
    return workspace


def init_workspace(folder: Path, *, frequency: str | None, database: str | None) -> Workspace:
    """Make the folder, its settings file and the record's tables.

    Asked again with the same answers it changes nothing; with others it raises Refused: what the
    record holds was counted in the first frequency.
    """
    answers = {"frequency": frequency, "database": database}
    asked = {key: value for key, value in answers.items() if value}
    if is_workspace(folder):
        settings = load_settings(folder).settings
        for key, value in asked.items():
            if str(getattr(settings, key)) != value:
                raise Refused(
                    f"{folder} is already a workspace, with {key} = "
                    f"{hide_password(str(getattr(settings, key)))!r}.",
                    next_step=f"Choose another folder, or change {folder / TOML_NAME} yourself.",
                    folder=str(folder),
                    key=key,
                )
        return open_workspace(folder)
    load_settings(folder, asked)  # refuses a wrong value before anything is made
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TOML_NAME).write_text(_first_toml(asked), encoding="utf-8")
    return open_workspace(folder)


def _first_toml(asked: Mapping[str, str]) -> str:
    chosen = {"frequency": "D"} | dict(asked)
    lines = [
        "# Vigistock's settings, one key a line; `vigistock doctor` shows every key and its value.",
        *(
            f"{key} = {json.dumps(value)}" for key, value in chosen.items()
        ),  # JSON text is TOML text
    ]
    return "\n".join(lines) + "\n"

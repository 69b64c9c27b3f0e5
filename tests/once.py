"""What is dear to make and the same for all: made once a run, whichever of pytest's workers asks
first, and copied by tests that change it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.tracking import move_artifacts
from models.workspace import Workspace


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, as `make` filled it; nobody changes what is in it."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # each worker has its own in that of the run
    folder, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)  # let go with the file, or with its process
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def copy_of(workspace: Workspace, folder: Path) -> Workspace:
    """The same on SQLite, in a folder of its own, the artifacts of its MLflow store too."""
    shutil.copytree(workspace.folder, folder)
    copied = replace(workspace, folder=folder)
    old, new = (one.artifacts.resolve().as_uri() for one in (workspace, copied))
    move_artifacts(folder / "mlflow.db", old, new)
    return copied

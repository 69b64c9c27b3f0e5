"""A restore that is killed (-9) at any moment: the old workspace or the new one, whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from models.workspace import Workspace
from tests.api.published import workspace_in
from tests.backups.conftest import publish_as_of
from tests.backups.test_backup import answers_of, make, put

TIMES = 5
PROGRAM = """
import datetime as dt
import sys
from pathlib import Path
from api.backups.restore import restore
print("ready", flush=True)
at = dt.datetime.now(dt.UTC)
restore(Path(sys.argv[1]), Path(sys.argv[2]), force=True, at=at, progress=lambda step: None)
"""


def test_killed_restores_leave_one_of_the_two(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    publish_as_of(workspace, "2026-11-21")
    make(workspace, tmp_path / "backup")
    publish_as_of(workspace, "2026-11-22")
    # the last instants are the interesting ones: how long does a whole one take?
    begun = time.perf_counter()
    put(tmp_path / "backup", tmp_path / "measured")
    seconds = time.perf_counter() - begun
    luck, found = random.Random(1), []
    for _ in range(TIMES):
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "backup"), str(workspace.folder)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(luck.uniform(0.2, 1.5) * seconds)
        child.kill()
        child.wait()
        child.stdout.close()
        found.append(is_new(workspace))
        time.sleep(1)  # the names of old workspaces have a second in them
    assert put(tmp_path / "backup", workspace.folder, force=True)
    assert is_new(workspace)
    kept = [path for path in tmp_path.glob("w.before-*") if path.is_dir()]
    assert any(not is_new(Workspace(path, workspace.options)) for path in kept)


def is_new(workspace: Workspace) -> bool:
    """Whether it is the backup's; every publication of it is opened and verified."""
    numbers = sorted(answers_of(workspace))
    assert numbers in ([1], [1, 2])
    return numbers == [1]

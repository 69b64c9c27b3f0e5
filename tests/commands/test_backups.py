"""`backup` and `restore` as an administrator types them."""

from __future__ import annotations

from pathlib import Path

from api.workspaces import read_workspace
from tests.api.published import publish
from tests.commands.conftest import Vigistock


def test_lost_and_back_again(ready: Vigistock, folder: Path, tmp_path: Path) -> None:
    publish(read_workspace(folder).workspace)
    before = ready("export", "forecasts").out
    assert ready("doctor", "--json").code == 0
    file = tmp_path / "2026-11-23.backup"

    told = ready("backup", file)
    assert told.code == 0, told.err
    assert "the record, 1 publication" in told.out
    refused = ready("backup", file)
    assert (refused.code, "exists already" in refused.err) == (4, True)

    folder.rename(tmp_path / "lost")
    back = ready("restore", file)
    assert back.code == 0, back.err
    assert "doctor" in back.out
    assert ready("doctor", "--json").json["problems"] == []
    assert ready("export", "forecasts").out == before

    again = ready("restore", file)
    assert (again.code, "--force" in again.err) == (4, True)
    done = ready("restore", file, "--force", "--json").json
    assert Path(done["old_folder"]).is_dir()
    assert done["publications"] == [1]
    assert ready("export", "forecasts").out == before


def test_a_bad_archive_is_one_short_message(ready: Vigistock, tmp_path: Path) -> None:
    file = tmp_path / "bad"
    file.write_bytes(b"no archive")
    answer = ready("restore", file, "--force")
    assert answer.code == 1
    assert "cannot be opened" in answer.err
    assert "Traceback" not in answer.err

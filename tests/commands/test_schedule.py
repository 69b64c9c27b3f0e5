"""`schedule`: its lines are ones that cron, the shell and systemd understand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from api.schedule import cron, plan, units
from tests.commands.conftest import Vigistock

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # crontab(5)
AWKWARD = Path("/srv/L'Été 50% $HOME/w")


def split(line: str) -> tuple[list[str], str]:
    """Time and command as crontab(5) reads a line; \\% is a percent sign, a bare % ends it."""
    *time, command = line.split(maxsplit=5)
    assert not re.search(r"(?<!\\)%", command), line
    return time, command.replace(r"\%", "%")


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_cron_takes_the_lines(ready: Vigistock, folder: Path) -> None:
    for feed in ("sales", "stock", "nothing"):
        (folder / "drop" / feed).mkdir(parents=True)
    lines = lines_of(ready("schedule", "--only", "cron").out)
    assert len(lines) == 4
    for line in lines:
        time, command = split(line)
        for field, (least, most) in zip(time, FIELDS, strict=True):
            assert field == "*" or least <= int(field) <= most
        assert subprocess.run(["/bin/sh", "-n", "-c", command]).returncode == 0
    text = "\n".join(lines)
    for words in ("train", "publish", "scorecard", "publications prune", "ingest sales"):
        assert words in text
    assert "ingest stock" in text
    assert "ingest nothing" not in text
    trainings = [split(line)[0] for line in lines if line.endswith(" train")]
    assert [time[4] for time in trainings] == ["0"]


def test_without_a_drop_folder_nothing_is_taken_in(ready: Vigistock) -> None:
    assert "ingest" not in ready("schedule").out


def test_the_shell_runs_the_lines_as_meant(tmp_path: Path) -> None:
    """An awkward folder; a `vigistock` that writes down what it was asked."""
    folder = tmp_path / AWKWARD.relative_to("/")
    (folder / "drop" / "sales").mkdir(parents=True)
    (folder / "drop" / "sales" / "a b.csv").touch()
    program = folder / "vigistock"
    program.write_text(
        f'#!/bin/sh\nprintf "%s|" "$@" >> "{tmp_path}/said"; echo >> "{tmp_path}/said"\n'
    )
    program.chmod(0o755)
    jobs = plan([str(program)], folder, folder / "drop", ["sales"])
    for line in lines_of(cron(jobs)):
        _, command = split(line)
        subprocess.run(["/bin/sh", "-c", command], check=True)
    backup, *rest = (tmp_path / "said").read_text().splitlines()
    assert re.fullmatch(rf"backup\|{re.escape(str(folder))}/\d{{4}}-\d\d-\d\d\.backup\|", backup)
    assert rest == [
        "publications|prune|",
        "train|",
        f"ingest|sales|{folder}/drop/sales/a b.csv|",
        "publish|",
        "scorecard|",
    ]


def test_files_are_taken_in_by_name_however_they_lie_in_their_folder(tmp_path: Path) -> None:
    """An older file that comes in last would correct a newer one."""
    names = [f"orders-2026-11-{day:02d}.csv" for day in range(1, 29)]
    (tmp_path / "drop" / "orders").mkdir(parents=True)
    for name in sorted(names, key=lambda name: name[::-1]):
        (tmp_path / "drop" / "orders" / name).touch()
    program = tmp_path / "vigistock"
    program.write_text('#!/bin/sh\n[ "$1" = ingest ] || exit 0\nprintf "%s\\n" "$@"\nexit 3\n')
    program.chmod(0o755)
    (*_, line) = lines_of(cron(plan([str(program)], tmp_path, tmp_path / "drop", ["orders"])))
    done = subprocess.run(["/bin/sh", "-c", split(line)[1]], capture_output=True, text=True)
    assert [Path(one).name for one in done.stdout.splitlines()] == ["ingest", "orders", *names]
    assert done.returncode != 0, "nothing follows what failed"


def test_the_morning_lists_go_out_last_where_a_mail_server_is_set(
    ready: Vigistock, folder: Path
) -> None:
    assert "digest" not in ready("schedule").out
    with (folder / "vigistock.toml").open("a") as file:
        file.write('smtp_host = "mail.example.com"\n')
    (line,) = [one for one in lines_of(ready("schedule", "--only", "cron").out) if "digest" in one]
    assert line.endswith(" digest --send")
    assert "publish" in line


@pytest.fixture
def systemd_analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("no systemd-analyze (Debian's package systemd): the units were not verified")
    return found


def test_systemd_takes_the_units(systemd_analyze: str, tmp_path: Path) -> None:
    jobs = plan(["/bin/true", "--workspace", str(AWKWARD)], AWKWARD, AWKWARD / "drop", ["sales"])
    files = units(jobs, ["/bin/true", "serve"], user="root", writes=[AWKWARD, Path("/srv")])
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [systemd_analyze, "verify", "--man=no", *(str(tmp_path / name) for name in files)],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in done.stderr.splitlines() if "vigistock" in line]
    assert not ours, done.stderr
    for job in jobs:
        subprocess.run([systemd_analyze, "calendar", job.calendar], check=True, capture_output=True)


def test_a_unit_with_a_fault_is_found(systemd_analyze: str, tmp_path: Path) -> None:
    """The test above can fail."""
    jobs = plan(["true"], AWKWARD, AWKWARD, [])
    text = units(jobs, ["/no/such/program"], user="root", writes=[AWKWARD])["vigistock.service"]
    (tmp_path / "vigistock.service").write_text(text)
    done = subprocess.run(
        [systemd_analyze, "verify", "--man=no", str(tmp_path / "vigistock.service")],
        capture_output=True,
        text=True,
    )
    assert "/no/such/program" in done.stderr


def test_units_are_written_as_files(ready: Vigistock, tmp_path: Path, folder: Path) -> None:
    assert ready("schedule", "--write", tmp_path / "units", "--user", "stock").code == 0
    names = {path.name for path in (tmp_path / "units").iterdir()}
    assert "vigistock.service" in names
    assert {name for name in names if name.endswith(".timer")} == {
        f"vigistock-{job}.timer" for job in ("backup", "prune", "train", "publish")
    }
    service = (tmp_path / "units" / "vigistock.service").read_text()
    assert "User=stock" in service
    assert f"ReadWritePaths={folder} " in service
    told = ready("schedule", "--json").json
    assert set(told["systemd"]) == names

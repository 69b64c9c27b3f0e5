"""A backup brings everything back, made while writers run; a bad one changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.backups import archive as archives
from api.backups import postgres
from api.backups import restore as module
from api.backups.archive import MANIFEST, BadBackup
from api.backups.make import back_up
from api.backups.restore import restore
from api.database import all_tables
from api.diagnosis import diagnose
from api.workspaces import init_workspace, read_workspace
from forecasting.errors import NotReady, Refused
from forecasting.record import Record
from forecasting.record.database import connect, reading
from models import bundles
from models.ledger import DEMAND, RISK, Ledger
from models.publication import Damaged, list_publications, open_publication
from models.publication.retention import Keep, prune
from models.registry import Registry
from models.workspace import Workspace
from tests.api.published import workspace_in
from tests.backups.conftest import client_tools, deliver, drop_record, publish_as_of
from tests.record.readings_by_hand import batch_of, reading_of, sale

NOW = dt.datetime(2026, 11, 23, 5, 0, tzinfo=dt.UTC)


def quiet(_step: str) -> None:
    """Nobody watches."""


def make(workspace: Workspace, target: Path) -> dict[str, Any]:
    return back_up(workspace, target, at=NOW, progress=quiet)


def put(source: Path, folder: Path, *, force: bool = False) -> module.Restored:
    return restore(source, folder, force=force, at=NOW, progress=quiet)


def rows_of(workspace: Workspace) -> dict[str, list[Any]]:
    """Every row of every table."""
    engine = connect(workspace.database_url)
    try:
        with reading(engine) as connection:
            return {
                name: sorted(map(repr, connection.execute(sa.select(table))))
                for name, table in all_tables().tables.items()
            }
    finally:
        engine.dispose()


def answers_of(workspace: Workspace) -> dict[int, dict[str, Any]]:
    """Every export of every publication, opened and verified."""
    engine = connect(workspace.database_url)
    try:
        found = {}
        for one in list_publications(engine):
            reader = open_publication(engine, workspace.publications, one.number)
            found[one.number] = {
                "forecasts": reader.export_table("forecasts"),
                "warnings": reader.export_table("warnings", every_series=True),
                "series": reader.export_table("series"),
                "sha256": {name: part.sha256 for name, part in one.parts.items()},
            }
        return found
    finally:
        engine.dispose()


def test_what_comes_back_is_what_was_there(company: Workspace, tmp_path: Path) -> None:
    """Another folder, the old one and its database lost."""
    rows, answers = rows_of(company), answers_of(company)
    made = make(company, tmp_path / "backup")
    assert (made["record"], made["publications"], made["notes"]) == (True, [1, 2], [])
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    kept = {name.partition("/")[0] for name in made["files"]}
    assert not kept & {"snapshot", "incoming"}
    drop_record(company)
    company.folder.rename(tmp_path / "lost")
    shutil.rmtree(tmp_path / "lost")

    done = put(tmp_path / "backup", tmp_path / "elsewhere" / "new")

    assert (done.old_folder, done.old_schema, done.notes) == ("", "", [])
    back = read_workspace(tmp_path / "elsewhere" / "new").workspace
    assert rows_of(back) == rows
    assert answers_of(back) == answers
    assert diagnose(back.folder)["problems"] == []
    assert (back.folder / "profiles" / "ours.toml").read_text() == 'base = "generic-fr"\n'
    engine = connect(back.database_url)
    for name in (DEMAND, RISK):
        version = Ledger(engine).champion(name)
        assert bundles.kept(version.ref, back.bundles).is_dir()
        assert Registry(back, engine).text(version.run_id, "model_card.md") == "# Café"
    engine.dispose()
    deliver(back, "after")  # the append-only tables and keys work on
    assert publish_as_of(back, "2026-11-23") == 3
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        change_promotions(back)
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["new"]


def change_promotions(workspace: Workspace) -> None:
    engine = connect(workspace.database_url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE promotions SET why = 'changed'"))
    finally:
        engine.dispose()


def test_a_publication_made_meanwhile_is_whole_or_absent(
    company: Workspace, tmp_path: Path
) -> None:
    """Three writers go on while backups are made, one after the other."""
    stop = threading.Event()
    done: list[str] = []

    def go_on(work: Callable[[int], object], name: str) -> None:
        number = 0
        while not stop.is_set():
            work(number)
            number += 1
            done.append(name)
            time.sleep(0.1)  # hundreds of publications prove no more than some

    def publish(number: int) -> object:
        return publish_as_of(company, "2026-11-22", mean=float(number + 1))

    works: dict[str, Callable[[int], object]] = {
        "delivery": lambda number: deliver(company, f"S-{number}"),
        "publication": publish,
        "training file": lambda number: write_artifact(company, number),
    }
    threads = [threading.Thread(target=go_on, args=[works[name], name]) for name in works]
    for thread in threads:
        thread.start()
    try:
        made = [make(company, tmp_path / "backup-0")]
        while len(made) < 3 or len(made[-1]["publications"]) == len(made[0]["publications"]):
            made.append(make(company, tmp_path / f"backup-{len(made)}"))
            assert len(made) < 50
            time.sleep(0.1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(done) == set(works)
    truth = answers_of(company)
    drop_record(company)
    for turn, facts in [(0, made[0]), (len(made) - 1, made[-1])]:
        assert facts["notes"] == []
        put(tmp_path / f"backup-{turn}", tmp_path / f"r{turn}")
        back = read_workspace(tmp_path / f"r{turn}").workspace
        answers = answers_of(back)
        assert sorted(answers) == facts["publications"]
        for number in answers:
            assert answers[number]["sha256"] == truth[number]["sha256"]
        deliveries = rows_of(back)
        assert len(deliveries["sales"]) == 7 * len(deliveries["deliveries"])
        drop_record(company)


def write_artifact(workspace: Workspace, number: int) -> None:
    path = workspace.artifacts / "another" / f"{number}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x" * 1000)


def test_a_workspace_is_replaced_only_if_told_and_the_old_one_kept(
    company: Workspace, tmp_path: Path
) -> None:
    before = answers_of(company)
    make(company, tmp_path / "backup")
    publish_as_of(company, "2026-11-23")
    later = rows_of(company)
    (company.folder / "drop" / "sales").mkdir(parents=True)

    with pytest.raises(Refused, match="not empty"):
        put(tmp_path / "backup", company.folder)
    assert rows_of(company) == later
    done = put(tmp_path / "backup", company.folder, force=True)

    assert answers_of(company) == before
    old = Path(done.old_folder)
    assert old.parent == company.folder.parent
    assert (old / "incoming" / "push-1").exists()
    assert done.notes == [f"In no backup, and still in {old}: drop."]
    if done.old_schema:
        engine = connect(company.database_url)
        with engine.connect() as connection:
            count = sa.text(f'SELECT count(*) FROM "{done.old_schema}".publications')
            assert connection.scalar(count) == 3
            connection.rollback()
            connection.execute(sa.text(f'DROP SCHEMA "{done.old_schema}" CASCADE'))
            connection.commit()
        engine.dispose()
    else:
        assert sorted(answers_of(read_workspace(old).workspace)) == [1, 2, 3]


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that bad archives must not touch."""
    workspace = workspace_in(tmp_path_factory.mktemp("good") / "w")
    deliver(workspace, "COFFEE")
    publish_as_of(workspace, "2026-11-22")
    return workspace


@pytest.fixture(scope="module")
def good(standing: Workspace) -> Path:
    target = standing.folder.parent / "backup"
    make(standing, target)
    return target


@pytest.fixture
def bad(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(good, tmp_path / "bad"))


def is_intact(bad: Path, good: Path, name: str) -> bool:
    """Whether the same bytes come out all the same."""
    try:
        with zipfile.ZipFile(bad) as one, zipfile.ZipFile(good) as other:
            return one.read(name) == other.read(name)
    except (zipfile.BadZipFile, zlib.error):
        return False


class TestBadArchives:
    """Refused by name; the workspace that stands there is not touched."""

    def refused(self, bad: Path, standing: Workspace, kind: type[Exception], words: str) -> None:
        before = {path: path.stat() for path in standing.folder.rglob("*") if path.is_file()}
        for folder, force in ((standing.folder, True), (bad.parent / "new", False)):
            with pytest.raises(kind, match=words):
                put(bad, folder, force=force)
        assert not (bad.parent / "new").exists()
        assert {path.name for path in bad.parent.iterdir()} == {"bad"}
        for path, stat in before.items():
            assert path.stat().st_ino == stat.st_ino
        assert answers_of(standing)

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
    def test_cut_short(self, bad: Path, standing: Workspace, share: float) -> None:
        content = bad.read_bytes()
        bad.write_bytes(content[: int(len(content) * share)])
        self.refused(bad, standing, BadBackup, "cannot be opened")

    def test_any_file_damaged(self, good: Path, bad: Path) -> None:
        with zipfile.ZipFile(good) as archive:
            members = archive.infolist()
        assert len(members) > 8
        harmed = 0
        for member in members:
            content = bytearray(good.read_bytes())
            name, extra = struct.unpack_from("<HH", content, member.header_offset + 26)
            place = member.header_offset + 30 + name + extra + member.compress_size // 2
            content[place] ^= 0x10
            bad.write_bytes(content)
            if is_intact(bad, good, member.filename):  # a run of zeros, copied from elsewhere
                continue
            harmed += 1
            with pytest.raises(BadBackup):
                put(bad, bad.parent / "new")
            assert not (bad.parent / "new").exists(), member.filename
        assert harmed > len(members) / 2

    def rewrite(
        self, good: Path, bad: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]
    ) -> None:
        with zipfile.ZipFile(good) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        about = json.loads(files.pop(MANIFEST))
        change(about, files)
        with zipfile.ZipFile(bad, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
            archive.writestr(MANIFEST, json.dumps(about))

    @pytest.mark.parametrize(
        ("what", "kind", "words"),
        [
            ("a file too many", BadBackup, "are not those"),
            ("a file too few", BadBackup, "are not those"),
            ("other bytes", BadBackup, "bytes of profiles"),
            ("a newer format", Refused, "newer Vigistock"),
            ("a newer record", Refused, "newer Vigistock"),
            ("no settings", BadBackup, "vigistock.toml"),
            ("no manifest of ours", BadBackup, "does not say"),
            *(
                (f"path {name}", BadBackup, "does not belong")
                for name in (
                    *("../evil", "/etc/evil", "publications/../../evil", "bundles\\..\\evil"),
                    *("crontab", "publications", "./vigistock.toml", "bundles/"),
                )
            ),
        ],
    )
    def test_not_ours(
        self,
        good: Path,
        bad: Path,
        standing: Workspace,
        what: str,
        kind: type[Exception],
        words: str,
    ) -> None:
        content = b"x = 1\n"
        entry = {"bytes": len(content), "sha256": archives.hashlib.sha256(content).hexdigest()}

        def change(about: dict[str, Any], files: dict[str, bytes]) -> None:
            name = what.removeprefix("path ") if what.startswith("path ") else "profiles/x.toml"
            if what != "a file too many":
                about["files"][name] = dict(entry)
            if what != "a file too few":
                files[name] = b"x = 2\n" if what == "other bytes" else content
            if what == "a newer format":
                about["format"] = 2
            elif what == "a newer record":
                about["database_version"] = "9999"
            elif what == "no settings":
                del about["files"]["vigistock.toml"], files["vigistock.toml"]
            elif what == "no manifest of ours":
                del about["made_at"]

        self.rewrite(good, bad, change)
        self.refused(bad, standing, kind, words)

    def test_something_else(self, bad: Path, standing: Workspace) -> None:
        bad.write_bytes(b"a dump of something else" * 50)
        self.refused(bad, standing, BadBackup, "cannot be opened")
        with pytest.raises(BadBackup, match="no such file"):
            put(bad.parent / "nothing", bad.parent / "new")


@pytest.mark.parametrize("moment", ["unpacking", "before the exchange", "after the exchange"])
def test_a_killed_restore_leaves_the_old_workspace_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    workspace = workspace_in(tmp_path / "w")
    publish_as_of(workspace, "2026-11-21")
    make(workspace, tmp_path / "backup")
    publish_as_of(workspace, "2026-11-22")
    really = module._exchange

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    def exchange_and_die(one: Path, other: Path) -> None:
        really(one, other)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "rmtree", quiet)  # a killed process cleans nothing up
        if moment == "unpacking":
            patch.setattr(module, "_move_tracking", die)
        else:
            patch.setattr(module, "_exchange", die if moment[0] == "b" else exchange_and_die)
        with pytest.raises(Killed):
            put(tmp_path / "backup", workspace.folder, force=True)

    assert sorted(answers_of(workspace)) == ([1] if moment[0] == "a" else [1, 2])
    later = dt.timedelta(seconds=1)
    restore(tmp_path / "backup", workspace.folder, force=True, at=NOW + later, progress=quiet)
    assert sorted(answers_of(workspace)) == [1]
    assert not list(tmp_path.glob(f"*{module.UNPACKING}*"))
    kept = [read_workspace(path).workspace for path in tmp_path.glob("w.before-*")]
    assert any(sorted(answers_of(one)) == [1, 2] for one in kept)


def test_where_the_system_cannot_exchange_folders_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        """A C library without renameat2."""

    monkeypatch.setattr(module.ctypes, "CDLL", lambda *_, **__: Old())
    workspace = workspace_in(tmp_path / "w")
    publish_as_of(workspace, "2026-11-21")
    make(workspace, tmp_path / "backup")
    publish_as_of(workspace, "2026-11-22")
    done = put(tmp_path / "backup", workspace.folder, force=True)
    assert sorted(answers_of(workspace)) == [1]
    assert sorted(answers_of(read_workspace(Path(done.old_folder)).workspace)) == [1, 2]


def test_a_workspace_in_use_is_not_replaced(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    make(workspace, tmp_path / "backup")
    engine = connect(workspace.database_url)
    with reading(engine) as connection:
        connection.execute(sa.text("SELECT count(*) FROM sales")).scalar()
    with pytest.raises(Refused, match="in use"):  # idle, in the pool of a service
        put(tmp_path / "backup", workspace.folder, force=True)
    engine.dispose()
    put(tmp_path / "backup", workspace.folder, force=True)


def test_an_earlier_backup_is_not_overwritten(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    make(workspace, tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()
    with pytest.raises(Refused, match="exists already"):
        make(workspace, tmp_path / "backup")
    with pytest.raises(NotReady, match="There is no folder"):
        make(workspace, tmp_path / "none" / "backup")
    assert (tmp_path / "backup").read_bytes() == before


def test_a_backup_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_in(tmp_path / "w")
    (tmp_path / "kept").mkdir()
    (workspace.folder / "vigistock.toml").rename(workspace.folder / "gone")
    with pytest.raises(FileNotFoundError):
        make(workspace, tmp_path / "kept" / "backup")
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        publish_as_of(workspace, day)
    oldest, middle, _ = sorted(path for path in workspace.publications.glob("2026*"))
    (oldest / "warnings.arrow").unlink()
    (middle / "series.arrow").write_bytes(b"no series")
    notes = make(workspace, tmp_path / "backup")["notes"]
    assert notes == [
        "Publication 2 has a damaged series.arrow, kept as it is.",
        "Publication 1 has lost its warnings.arrow.",
    ]


def test_a_damaged_record_is_not_backed_up_as_if_it_were_good(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    for number in range(40):
        deliver(workspace, f"SKU-{number}")
    path = workspace.folder / "record.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sales'"
        ).fetchone()
    connection.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 + 8 : root * 4096] = b"\x77" * 4088
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"record\.db"):
        make(workspace, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_pruned_publications_are_not_in_it_and_stay_gone(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    publish_as_of(workspace, "2026-07-01")
    publish_as_of(workspace, "2026-11-22")
    engine = connect(workspace.database_url)
    later = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    assert prune(engine, workspace.publications, Keep(1, 0), longest=28, now=later)
    engine.dispose()
    made = make(workspace, tmp_path / "backup")
    assert (made["publications"], made["notes"]) == ([2], [])
    put(tmp_path / "backup", tmp_path / "new")
    engine = connect(read_workspace(tmp_path / "new").workspace.database_url)
    assert [one.pruned_at for one in list_publications(engine)] == [None, later]
    engine.dispose()


def test_a_record_outside_of_the_workspace_goes_back_there(tmp_path: Path) -> None:
    place = tmp_path / "disk" / "stock.db"
    place.parent.mkdir()
    workspace = init_workspace(tmp_path / "w", frequency="D", database=f"sqlite:///{place}")
    publish_as_of(workspace, "2026-11-22")
    answers = answers_of(workspace)
    make(workspace, tmp_path / "backup")
    with pytest.raises(Refused, match=r"stock\.db"):
        put(tmp_path / "backup", tmp_path / "new")
    place.unlink()
    put(tmp_path / "backup", tmp_path / "new")
    assert answers_of(read_workspace(tmp_path / "new").workspace) == answers


def test_of_another_kind_of_database_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_in(tmp_path / "w")
    make(workspace, tmp_path / "backup")
    monkeypatch.setenv("VIGISTOCK_DATABASE", "postgresql://nobody@localhost:1/none")
    with pytest.raises(Refused, match="of sqlite"):
        put(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.postgres
class TestPostgres:
    """Without its tools, with a wrong one, and with a password."""

    @pytest.fixture
    def workspace(self, tmp_path: Path, postgres_url: str) -> Workspace:
        workspace = init_workspace(tmp_path / "w", frequency="D", database=postgres_url)
        publish_as_of(workspace, "2026-11-22")
        return workspace

    def test_without_pg_dump_the_rest_is_kept_and_the_command_told(
        self, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "")
        made = make(workspace, tmp_path / "backup")
        assert not made["record"]
        assert made["publications"] == [1]
        (note,) = made["notes"]
        assert "pg_dump '--dbname=postgresql://" in note
        assert f'--schema="{made["schema"]}"' in note
        answers = answers_of(workspace)
        done = put(tmp_path / "backup", tmp_path / "new")
        assert "load your own dump" in done.notes[-1]
        assert answers_of(read_workspace(tmp_path / "new").workspace) == answers

    def test_a_schema_of_its_own_keeps_its_name(
        self, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client_tools(monkeypatch)
        monkeypatch.setenv("VIGISTOCK_SCHEMA", "north")
        workspace = init_workspace(tmp_path / "w", frequency="D", database=postgres_url)
        with Record.open(workspace.database_url, schema="north") as record:
            batch = batch_of("sales", sale("03-01", "TEA", 1))
            record.deliver(reading_of(batch), received_at=NOW)
        assert make(workspace, tmp_path / "backup")["schema"] == "north"
        engine = connect(postgres_url)
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA north CASCADE"))
        monkeypatch.setenv("VIGISTOCK_SCHEMA", "south")
        with pytest.raises(Refused, match="schema north; the settings name south"):
            put(tmp_path / "backup", tmp_path / "new")
        monkeypatch.setenv("VIGISTOCK_SCHEMA", "north")
        put(tmp_path / "backup", tmp_path / "new")
        with Record.open(workspace.database_url, schema="north") as record:
            assert record.rows("sales").num_rows == 1
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA north CASCADE"))
        engine.dispose()

    def test_a_pg_dump_that_fails_is_told_and_leaves_nothing(
        self, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        fake = folder / "pg_dump"
        fake.write_text("#!/bin/sh\necho 'server version mismatch' >&2\nexit 1\n")
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
        with pytest.raises(Refused, match="server version mismatch"):
            make(workspace, tmp_path / "backup")
        assert not (tmp_path / "backup").exists()
        made = back_up(workspace, tmp_path / "backup", at=NOW, progress=quiet, without_record=True)
        assert not made["record"]


def test_a_password_is_never_an_argument() -> None:
    url = "postgresql+psycopg://erp:s3cr%40t@db.example.com/stock?options=-csearch_path%3Dx"
    command = postgres.in_words(postgres.dump_command(url, "x", "f"))
    assert "s3cr" not in command
    assert "erp@db.example.com/stock?options=" in command
    assert postgres._environment(url)["PGPASSWORD"] == "s3cr@t"

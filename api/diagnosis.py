"""How a workspace is, read without changing anything: what `doctor` says."""

from __future__ import annotations

import datetime as dt
import platform
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from api.clock import today
from api.database import newest, version
from api.retention import size_of, verdicts
from api.retraining import reasons_of
from api.settings import hide_password
from api.workspaces import Opened, read_workspace
from forecasting.errors import NotReady, VigistockError
from forecasting.record.database import connect
from models.ledger import DEMAND, RISK, Ledger
from models.overrides.ledger import ending, list_overrides
from models.publication import current, open_publication
from models.publication.contracts import SERIES
from models.workspace import Workspace

PACKAGES: Final = (
    "vigistock",
    "pandas",
    "numpy",
    "pyarrow",
    "statsforecast",
    "lightgbm",
    "scikit-learn",
    "mlflow",
    "SQLAlchemy",
    "fastapi",
)
FLAT_HOURS: Final = (
    "Availability is read as a share of time over flat hours: an empty evening counts like an "
    "empty noon. Set shop_hours, or availability_basis if it is weighted by sales."
)
OTHER_VERSION: Final = (
    "The record has version {schema_version}, this Vigistock {newest}: the next command that opens "
    "the workspace brings it up to date (or refuses it, if it is newer)."
)
NO_HOLIDAYS: Final = (
    "No public holiday is known of {}: none counts there. A country is two letters of ISO 3166-1, "
    "such as FR or CI, in the setting `country` or in the feed `sites`."
)
IN_PERCENT: Final = (
    "holding_rate is {rate:g}, which is {rate:.0%} of the unit cost a year. If percent are meant, "
    "it is {share:g}."
)
OTHER_GRAIN: Final = (
    "What is published counts by {published}, the settings by {asked}. Set `frequency` back to "
    "{published}, or `vigistock train` by {asked}."
)
LEAST_FREE_BYTES: Final = 1 << 30  # a publication at M5 size and its snapshot need about half of it


def diagnose(folder: Path) -> dict[str, Any]:
    """Facts by topic, `notes` worth knowing and `problems` that stop work.

    Raises what reading the settings raises; everything after that becomes a problem.
    """
    opened = read_workspace(folder)
    workspace = opened.workspace
    problems: list[str] = []
    notes = [
        f"{name} is set but names no setting: it changes nothing."
        for name in opened.loaded.unused_variables
    ]

    def ask(question: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return question()
        except NotReady as error:
            notes.append(str(error))
        except VigistockError as error:
            problems.append(str(error))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            problems.append(hide_password(str(error).splitlines()[0]))
        return {}

    if (rate := workspace.options.holding_rate or 0.0) > 1.0:
        notes.append(IN_PERCENT.format(rate=rate, share=rate / 100))
    database = ask(lambda: _database(workspace))
    found = {
        "workspace": str(workspace.folder),
        "python": platform.python_version(),
        "packages": _packages(),
        "settings": _settings(opened),
        "database": database,
        "data": {},
        "champions": {},
        "publication": {},
        "alarms": [],
        "retrain": [],
        "tracking": ask(lambda: _tracking(workspace)),
        "disk": ask(lambda: _disk(workspace, notes)),
    }
    if database.get("reachable") and database["schema_version"] != database["newest"]:
        notes.append(OTHER_VERSION.format(**database))
    elif database.get("reachable"):
        engine = connect(workspace.database_url, schema=workspace.schema)
        try:
            found["data"] = ask(lambda: _watermarks(workspace, notes))
            found["champions"] = ask(lambda: _champions(engine))
            found["publication"] = ask(lambda: _publication(engine, workspace, notes))
            found |= ask(lambda: _health(engine, workspace))
            ask(lambda: _old_publications(opened, notes))
            ask(lambda: _ending(engine, notes))
        finally:
            engine.dispose()
    return found | {"notes": list(dict.fromkeys(notes)), "problems": list(dict.fromkeys(problems))}


def _packages() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _settings(opened: Opened) -> dict[str, Any]:
    shown = {}
    for key, value in opened.loaded.settings.model_dump(by_alias=True, mode="json").items():
        text = hide_password(value) if isinstance(value, str) else value
        shown[key] = {"value": text, "source": opened.loaded.sources[key]}
    return shown


def _database(workspace: Workspace) -> dict[str, Any]:
    url = sa.make_url(workspace.database_url)
    address = hide_password(url.render_as_string(hide_password=True))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise NotReady(
            f"The record {address} does not exist yet.", next_step="Run `vigistock init`."
        )
    found = version(workspace.database_url, schema=workspace.schema)
    return {"url": address, "reachable": True, "schema_version": found, "newest": newest()}


def _watermarks(workspace: Workspace, notes: list[str]) -> dict[str, Any]:
    from forecasting.drivers import without_holidays
    from forecasting.empty_shelf import assumes_flat_hours
    from forecasting.record import Record

    with Record.open(workspace.database_url, schema=workspace.schema) as record:
        watermarks = record.watermarks()
        if "stock" in watermarks and assumes_flat_hours(workspace.options):
            last = record.rows("stock", since=watermarks["stock"]).column("availability")
            if last.null_count < len(last):
                notes.append(FLAT_HOURS)
        of_sites = record.rows("sites").column("country").drop_null().to_pylist()
        if unknown := without_holidays({workspace.options.country, *of_sites}):
            notes.append(NO_HOLIDAYS.format(", ".join(unknown)))
    return {feed: day.isoformat() for feed, day in sorted(watermarks.items())}


def _champions(engine: sa.Engine) -> dict[str, Any]:
    ledger = Ledger(engine)
    return {name: ledger.champion(name).version for name in (DEMAND, RISK)}


def _publication(engine: sa.Engine, workspace: Workspace, notes: list[str]) -> dict[str, Any]:
    reader = open_publication(engine, workspace.publications)
    found = reader.publication
    _rebuilt(reader.part(SERIES), notes)
    if reader.frequency is not (wanted := workspace.options.frequency):
        grains = {"published": reader.frequency.grain, "asked": wanted.grain}
        notes.append(OTHER_GRAIN.format(**grains))
    age = dt.datetime.now(dt.UTC) - found.created_at
    return {
        "number": found.number,
        "origin": found.provenance.origin_label,
        "created_at": found.created_at.isoformat(timespec="seconds"),
        "age_hours": round(age.total_seconds() / 3600, 1),
    }


def _health(engine: sa.Engine, workspace: Workspace) -> dict[str, Any]:
    """What looked wrong when the current publication was made, and why to train now."""
    from models.health import Alarm, english

    made = current(engine).provenance
    return {
        "alarms": [english(Alarm.of(kept)) for kept in made.alarms],
        "retrain": reasons_of(workspace, engine),
    }


def _rebuilt(series: pa.Table, notes: list[str]) -> None:
    """What the current publication knew of past stock that no picture showed."""
    if "rebuilt_periods" not in series.column_names:  # published by an earlier version
        return
    periods, checked, off = (
        pc.sum(series[name]).as_py() or 0
        for name in ("rebuilt_periods", "pictures_checked", "pictures_off")
    )
    if periods:
        count = pc.sum(pc.greater(series["rebuilt_periods"], 0)).as_py()
        notes.append(
            f"Past stock was rebuilt from a later picture and the bookings since: {periods:,}"
            f" period(s) of {count:,} series."
        )
    if off:
        notes.append(
            f"{off:,} of {checked:,} stock pictures are not what the bookings up to the next one"
            " say: a receipt, a sale or a correction is missing there. Nothing was rebuilt between"
            " such pictures; `export series` names the series (pictures_off)."
        )


def _ending(engine: sa.Engine, notes: list[str]) -> dict[str, Any]:
    """Overrides that hold, and those that soon do no longer."""
    holding = [one for one in list_overrides(engine) if one.is_alive(today())]
    notes += [
        f"Override {one.number} ({one.figure}) ends on {one.end}: `vigistock overrides list`."
        for one in ending(holding, today())
    ]
    return {"holding": len(holding)}


def _old_publications(opened: Opened, notes: list[str]) -> dict[str, Any]:
    going = [one.publication for one in verdicts(opened, dt.datetime.now(dt.UTC)) if one.goes]
    if going:
        size = sum(map(size_of, going)) / 1e6
        notes.append(
            f"{len(going)} old publication(s) take {size:,.0f} MB that `vigistock publications "
            "prune` gives back."
        )
    return {"old": len(going)}


def _tracking(workspace: Workspace) -> dict[str, Any]:
    """Where MLflow's store is; a server is not called: nothing but training needs it."""
    address = hide_password(workspace.tracking_url)
    path = urlsplit(workspace.tracking_url).path.removeprefix("/")
    exists = Path("/" + path.lstrip("/")).is_file() if address.startswith("sqlite") else None
    state = {True: "present", False: "made by the first training", None: "not called"}[exists]
    return {"url": address, "state": state}


def _disk(workspace: Workspace, notes: list[str]) -> dict[str, Any]:
    usage = shutil.disk_usage(workspace.folder)
    if usage.free < LEAST_FREE_BYTES:
        notes.append(f"Only {usage.free / 1e9:.1f} GB are free on the workspace's disk.")
    return {"free_gb": round(usage.free / 1e9, 1), "total_gb": round(usage.total / 1e9, 1)}

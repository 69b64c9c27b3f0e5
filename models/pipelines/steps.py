"""What the pipelines share: the open record, the source of rows, the origin."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from forecasting.calendar import Frequency, end_date, origin_of
from forecasting.options import Options
from forecasting.panel import Panel, RowSource, build_panel, default_origin
from forecasting.record import Record
from forecasting.snapshot import Snapshot, refresh
from models.clock import today
from models.workspace import Workspace

Progress = Callable[[str], None]


def silent(_step: str) -> None:
    """Progress that nobody watches."""


def open_record(workspace: Workspace) -> Record:
    return Record.open(workspace.database_url, schema=workspace.schema)


def panel_as_of(
    record: Record, workspace: Workspace, as_of: dt.date | None, progress: Progress
) -> tuple[Snapshot, Panel]:
    """A fresh snapshot, and its panel as of a date; without one, of the last complete period.

    Raises NotReady where there is no data up to it.
    """
    progress("snapshot of the record")
    snapshot = refresh(record, workspace.snapshots)
    origin = origin_as_of(snapshot, as_of, workspace.options)
    day = end_date(origin, workspace.options.frequency) + dt.timedelta(days=1)
    daily = workspace.options.frequency is Frequency.DAY
    if as_of is None and daily and day == today() == snapshot.watermarks().get("sales"):
        progress(f"sales of {day} are still coming in: they count from tomorrow on")
    progress("histories as of the origin")
    return snapshot, build_panel(snapshot, origin, workspace.options)


def origin_as_of(source: RowSource, as_of: dt.date | None, options: Options) -> int:
    """The last complete period on or before a date, or of the sales up to today; NotReady without
    any."""
    if as_of is None:
        return default_origin(source, options, today())
    return origin_of(as_of, options.frequency)


def plain(options: Options) -> dict[str, Any]:
    """Options as values that JSON keeps."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(options).items()
    }


def options_of(kept: Mapping[str, Any]) -> Options:
    """Options from what `plain` made of them: one that was not kept has its default, and one that
    is no longer known says nothing."""
    known = {name: kept[name] for name in vars(Options()) if name in kept}
    known = {name: tuple(one) if isinstance(one, list) else one for name, one in known.items()}
    return Options(**{**known, "frequency": Frequency(kept["frequency"])})

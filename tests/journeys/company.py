"""A small company as deliveries, and what a workspace made of them: train, publish, parts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from forecasting.feeds.reading import Batch, Reading
from forecasting.options import Options
from forecasting.record import Record
from models.ledger import DEMAND, RISK, Ledger
from models.pipelines.publish import publish
from models.pipelines.train import train
from models.publication import Publication, PublicationReader, current, open_publication
from models.workspace import Workspace

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ORIGIN = dt.date(2026, 10, 31)  # three weeks before the end of the company's data
MOMENT = pd.Timestamp(ORIGIN)

Feeds = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Rooms:
    """Workspaces, each in a folder of its own."""

    folder: Path

    def furnish(self, name: str, options: Options, database: str = "") -> Workspace:
        folder = self.folder / name
        folder.mkdir()
        return Workspace(folder, options, database=database)


@dataclass(frozen=True)
class Outcome:
    """What must not change: the digests of both bundles, of the data, and of every part."""

    bundles: dict[str, str]
    data_digest: str
    data_cut: dict[str, str]
    parts: dict[str, str]  # name -> sha256


def deliver(workspace: Workspace, readings: Iterable[Reading]) -> None:
    record = Record.open(workspace.database_url)
    record.create()
    for reading in readings:
        record.deliver(reading, received_at=NOON)
    record.close()


def trained(workspace: Workspace, as_of: dt.date = ORIGIN) -> Outcome:
    train(workspace, as_of)
    return outcome_of(workspace)


def published(workspace: Workspace, as_of: dt.date = ORIGIN) -> Outcome:
    publish(workspace, as_of)
    return outcome_of(workspace)


def outcome_of(workspace: Workspace) -> Outcome:
    """Of the current publication and the champions."""
    record = Record.open(workspace.database_url)
    made: Publication = current(record.engine)
    ledger = Ledger(record.engine)
    bundles = {name: ledger.champion(name).ref.digest for name in (DEMAND, RISK)}
    record.close()
    return Outcome(
        bundles=bundles,
        data_digest=made.provenance.data_digest,
        data_cut=dict(made.provenance.data_cut),
        parts={name: part.sha256 for name, part in made.parts.items()},
    )


def reader_of(workspace: Workspace) -> PublicationReader:
    record = Record.open(workspace.database_url)
    reader = open_publication(record.engine, workspace.publications)
    record.close()
    return reader


def tables_of(workspace: Workspace) -> dict[str, pd.DataFrame]:
    """The exports of the current publication, every series, without what names the publication."""
    reader = reader_of(workspace)
    tables = {grain: reader.export_table("forecasts", grain) for grain in reader.grains}
    tables["warnings"] = reader.export_table("warnings", every_series=True)
    constant = ["publication", "warning", "model_version"]
    return {
        name: frame_of(table).drop(columns=constant, errors="ignore")
        for name, table in tables.items()
    }


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Text as text, dates as timestamps (blank NaT)."""
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), object))


def feeds_of(readings: Iterable[Reading]) -> dict[str, pa.Table]:
    """All rows of each feed, whatever file they came in."""
    found: dict[str, list[pa.Table]] = {}
    for reading in readings:
        for batch in reading.batches:
            found.setdefault(batch.feed, []).append(batch.rows)
    return {feed: pa.concat_tables(tables).unify_dictionaries() for feed, tables in found.items()}


def readings_of(feeds: Feeds, *, complete: bool = False) -> list[Reading]:
    """One delivery a feed. `complete`: stock pictures are whole."""
    return [reading_of(feed, rows, complete and feed == "stock") for feed, rows in feeds.items()]


def reading_of(feed: str, rows: pa.Table, complete: bool = False, *, name: str = "") -> Reading:
    """Rows as a delivery of their own; `name` makes the same rows another delivery."""
    told = rows.to_pandas().to_csv(index=False)
    return Reading(
        source=name or feed,
        feed=feed,
        profile="generic",
        digest=hashlib.sha256(f"{name}\0{feed}\0{told}".encode()).hexdigest(),
        read=rows.num_rows,
        accepted=rows.num_rows,
        rejected=0,
        duplicates=0,
        units_read=None,
        units_accepted=None,
        units_rejected=None,
        units_duplicates=None,
        batches=(Batch(feed, rows, complete),),
        rejects=pd.DataFrame(columns=["line", "column", "code", "message", "raw"]),
        notes=(),
    )


def rows_like(rows: pa.Table, frame: pd.DataFrame) -> pa.Table:
    """A changed frame with the schema of the rows it came from."""
    columns = []
    for field in rows.schema:
        if pa.types.is_date(field.type):
            days = pd.to_datetime(frame[field.name]).dt.date
            values = pa.array([None if pd.isna(day) else day for day in days], field.type)
        elif pa.types.is_dictionary(field.type):
            texts = frame[field.name].fillna("").astype(str)
            values = pa.array(texts, pa.string()).dictionary_encode().cast(field.type)
        else:
            values = pa.array(frame[field.name], field.type, from_pandas=True)
        columns.append(values)
    return pa.table(columns, schema=rows.schema)

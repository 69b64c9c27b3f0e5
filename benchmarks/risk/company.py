"""A company that uses the product: the functions behind `ingest`, `train`, `publish`, `export`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from api.workspaces import init_workspace
from forecasting.feeds import load_profile, read
from forecasting.record import Record
from models.pipelines.publish import publish
from models.pipelines.train import TrainOutcome, train
from models.publication import open_publication


class Company:
    """A workspace of days in a folder, with the files of its ERP taken in."""

    def __init__(self, folder: Path, files: Mapping[str, Path]) -> None:
        self.workspace = init_workspace(folder, frequency="D", database=None)
        profile = load_profile("generic")
        with Record.open(self.workspace.database_url) as record:
            for feed, path in files.items():
                reading = read(path, feed, profile)
                if reading.rejected:
                    raise ValueError(f"{feed}: {reading.rejects.iloc[0].to_dict()}")
                record.deliver(reading, received_at=dt.datetime.now(dt.UTC))

    def train(self, as_of: dt.date) -> TrainOutcome:
        return train(self.workspace, as_of)

    def warnings(self, as_of: dt.date) -> pd.DataFrame:
        """Publish as of a day; `export warnings --all`, a row a series."""
        number = publish(self.workspace, as_of).publication
        with Record.open(self.workspace.database_url) as record:
            reader = open_publication(record.engine, self.workspace.publications, number)
            return reader.export_table("warnings", every_series=True).to_pandas()

"""A company that uses the product: the functions behind `ingest`, `train`, `publish`, `export`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.workspaces import init_workspace
from forecasting.feeds import load_profile, read
from forecasting.record import Record
from models.pipelines.publish import publish
from models.pipelines.train import TrainOutcome, train
from models.publication import open_publication


class Company:
    """A workspace in a folder, with the files of its ERP taken in.

    `horizons`: of the risk, in periods; empty: the usual ones.
    """

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, Path],
        *,
        frequency: str = "D",
        profile: str = "generic",
        horizons: tuple[int, ...] = (),
    ) -> None:
        made = init_workspace(folder, frequency=frequency, database=None)
        self.workspace = replace(made, options=replace(made.options, horizons=horizons))
        spoken = load_profile(profile)
        with Record.open(self.workspace.database_url) as record:
            for feed, path in files.items():
                reading = read(path, feed, spoken)
                if reading.rejected:
                    raise ValueError(f"{feed}: {reading.rejects.iloc[0].to_dict()}")
                record.deliver(reading, received_at=dt.datetime.now(dt.UTC))

    def train(self, as_of: dt.date, *, promote: str = "") -> TrainOutcome:
        return train(self.workspace, as_of, promote=promote)

    def warnings(self, as_of: dt.date) -> pd.DataFrame:
        """Publish as of a day; `export warnings --all`, a row a series."""
        return self.said(as_of)[0]

    def said(self, as_of: dt.date) -> tuple[pd.DataFrame, NDArray[np.float64]]:
        """The same, and the structural chance [n, H] to run out within each period's horizon."""
        number = publish(self.workspace, as_of).publication
        with Record.open(self.workspace.database_url) as record:
            reader = open_publication(record.engine, self.workspace.publications, number)
            warnings = reader.export_table("warnings", every_series=True).to_pandas()
            first = reader.part("projection").column("p_first_structural").to_numpy()
        return warnings, first.reshape(len(warnings), -1).cumsum(axis=1)

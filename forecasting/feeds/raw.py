"""A file as a table of cells, each row with its line, before anything is understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import DeliveryRefused
from forecasting.feeds.cells import Cells
from forecasting.tables import Kind

FILE_LINE: Final = "file_line"  # the line of a row, beside the canonical columns
MOST_CELLS: Final = 200_000_000
"""Rows × columns of one file: 40 M sales rows. A Parquet of 1.4 MB can unfold to ten times that."""

MOST_PARQUET_CELLS: Final = 400_000_000
"""Of a Parquet file, whose values need no text: 80 M sales rows, taken in with 5 GB."""

Choose = Callable[[Sequence[str]], Mapping[str, Kind]]
"""Told all headers of a file, answers with those to read and the kind of their values."""


@dataclass(frozen=True)
class RawTable:
    """`line`: the line of the file where a row starts (row of the sheet, number of the record).

    `broken` rows could not be cut into fields; they are read and rejected (line, column, code,
    message, raw). `raw` gives the text of rows by number, for those that are rejected later.
    """

    columns: Mapping[str, Cells]
    line: NDArray[np.int64]
    raw: Callable[[NDArray[np.int64]], list[str]]
    broken: pd.DataFrame
    notes: tuple[str, ...] = ()


def refuse_giant(source: str, rows: int, columns: int, most_cells: int) -> None:
    """Raises DeliveryRefused before a file that would fill the memory is read."""
    if rows * max(columns, 1) > most_cells:
        raise DeliveryRefused(
            source,
            f"{rows:,} rows × {columns} columns is more than {most_cells:,} cells",
            next_step="Deliver it in parts, by month for example.",
            rows=rows,
            columns=columns,
        )

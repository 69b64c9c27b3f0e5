"""A data set as a task: rows with features, what the rule of an ERP says, and what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """n rows of a file, in its order."""

    sku: NDArray[np.object_]  # as written; rows of one SKU are drawn together
    raw: pd.DataFrame  # [n, R] columns as they came
    engineered: pd.DataFrame  # [n, F] raw and what follows from it
    rule: Vector  # what the ERP sorts by, larger is riskier; no probability
    at_risk: Flags  # not out already
    event: Flags | None = None  # what came; None: nobody says

    def __len__(self) -> int:
        return len(self.sku)

    def labels(self) -> Flags:
        """What came, of rows that are learned from or scored."""
        if self.event is None:
            raise ValueError("these rows have no labels")
        return self.event


@dataclass(frozen=True)
class Task:
    train: Rows
    test: Rows
    events_are: str  # words for the report
    at_risk_are: str
    settings: Mapping[str, Any]  # of RuptureRiskClassifier, chosen on slices of training rows
    configurations_tried: int  # by the authors, all on slices of training rows


SUBSETS: Final = ("all rows", "at risk")


def subset(rows: Rows, name: str) -> Flags:
    """[n] which rows are judged."""
    return rows.at_risk if name == "at risk" else np.ones(len(rows), bool)

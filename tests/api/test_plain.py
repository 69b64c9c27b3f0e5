"""Whatever an answer holds becomes valid JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from api.plain import to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float64("nan"), None),
        (np.array([1.5, np.nan]), [1.5, None]),
        (np.int64(7), 7),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2026-11-22"), "2026-11-22T00:00:00"),
        (dt.date(2026, 11, 22), "2026-11-22"),
        (np.datetime64("2026-11-22"), "2026-11-22T00:00:00"),
        ({"A"}, ["A"]),
        (10**30, str(10**30)),
        ("A\ud800", "A?"),
        ({"\ud800": ["\ud800", (10**30,)]}, {"?": ["?", [str(10**30)]]}),
        ({3: "three"}, {"3": "three"}),
        (ValueError("odd"), "odd"),
    ],
    ids=repr,
)
def test_as_json(value: Any, expected: Any) -> None:
    assert json.loads(to_json({"value": value}))["value"] == expected

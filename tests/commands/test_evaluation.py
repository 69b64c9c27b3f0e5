"""`vigistock evaluate`: a table that a planner reads, one object for a program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands.conftest import Vigistock


@pytest.fixture
def warehouse(vigistock: Vigistock, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Vigistock:
    """Thirty months of three items; what sells is seasonal, so that the mean is easily beaten."""
    assert vigistock("init", "--frequency", "M").code == 0
    monkeypatch.setenv("VIGISTOCK_FORECAST_HORIZONS", "month=3")
    luck = np.random.default_rng(1)
    dates = pd.date_range("2024-01-31", periods=30, freq="ME")
    frames = [
        pd.DataFrame(
            {
                "date": dates.date,
                "site": "LYON",
                "sku": sku,
                "units": luck.poisson(rate * (1 + 0.5 * np.sin(dates.month / 2)), len(dates)),
            }
        )
        for sku, rate in {"CAFE": 60, "THE": 9, "RARE": 0.4}.items()
    ]
    path = folder / "sales.csv"
    pd.concat(frames).to_csv(path, index=False)
    assert vigistock("ingest", "sales", path).code == 0
    return vigistock


def test_it_tells_what_was_done_and_names_losses_before_the_tables(warehouse: Vigistock) -> None:
    answer = warehouse("evaluate", "--windows", "1")
    assert answer.code == 0, answer.err
    assert "Learned from nothing at 1 origin (2026-03), each judged on the 3 months" in answer.out
    assert "learning from nothing up to 2026-03" in answer.err
    first = min(answer.out.find(words) for words in ("We lose", "Nowhere") if words in answer.out)
    assert first < answer.out.index("last season", first + 200)
    for words in ("month RMSSE", "total of 3 months WAPE", "A / smooth", "below q90", "strict"):
        assert words in answer.out, words


def test_warnings_are_judged_where_stock_is_known(warehouse: Vigistock, folder: Path) -> None:
    assert "No stock is known" in warehouse("evaluate", "--windows", "1").out
    dates = pd.date_range("2024-01-31", periods=30, freq="ME").date
    frames = [
        pd.DataFrame({"date": dates, "site": "LYON", "sku": sku, "on_hand": on_hand})
        for sku, on_hand in {"CAFE": [90.0, 90.0, 0.0] * 10, "THE": 90.0, "RARE": 5.0}.items()
    ]
    path = folder / "stock.csv"
    pd.concat(frames).to_csv(path, index=False)
    assert warehouse("ingest", "stock", path).code == 0
    answer = warehouse("evaluate", "--as-of", "2026-05", "--windows", "1")
    assert answer.code == 0, answer.err
    for words in ("said anew at 1 origin", "ruptures", "named by", "days of cover"):
        assert words in answer.out, words
    found = warehouse("evaluate", "--as-of", "2026-05", "--windows", "1", "--json").json["warnings"]
    assert found["origins"] == ["2026-02"]
    assert {"method", "precision", "recall", "average_precision"} <= set(found["methods"][0])
    assert found["overall"]["ruptures"] == 1


def test_json_is_one_object(warehouse: Vigistock) -> None:
    found = warehouse("evaluate", "--as-of", "2026-05", "--json").json
    assert found["origins"] == ["2025-11", "2026-02"]
    assert found["judged_up_to"] == "2026-05"
    assert found["metrics"]["month/origins"] == 2
    assert {"abc", "loses_to_naive", "value_added"} <= set(found["by_segment"][0])
    assert {"of", "level", "below", "closed", "strict"} <= set(found["by_quantile"][0])
    losers = [one for one in found["by_segment"] if one["loses_to_naive"] or one["loses_to_mean"]]
    assert found["by_segment"][: len(losers)] == losers
    assert len([one for one in found["losing"] if not one.startswith("all series")]) == len(losers)


def test_too_short_a_history_says_what_to_do(warehouse: Vigistock) -> None:
    answer = warehouse("evaluate", "--windows", "9")
    assert answer.code == 1
    assert "need 39 months of history; there are 30" in answer.err
    assert "evaluate --windows 6" in answer.err
    assert warehouse("evaluate", "--windows", "0").code == 2

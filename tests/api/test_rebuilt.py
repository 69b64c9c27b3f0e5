"""Past stock that was rebuilt is told: by `doctor`, and in the history of a series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.app import create_app
from api.diagnosis import diagnose
from api.schemas.series import SeriesAnswer
from models.publication.build import _history, _stock_columns, table_of
from tests.api import published
from tests.api.published import PAST, publish, workspace_in
from tests.api.serving import serving_app
from tests.forecasting.test_rebuilt import ledger, picture, source
from tests.forecasting.warehouse import LAST, panel_of


def test_a_publication_tells_which_past_stock_is_rebuilt() -> None:
    feeds, truth = ledger(5, 40, own="receipts")
    panel = panel_of(source(feeds, stock=[picture(LAST, truth[-1])]))
    rows = _history(panel)
    assert rows["rebuilt"].to_pylist() == [True] * 39 + [False]
    assert rows["on_hand"].to_pylist() == truth.tolist()
    assert _stock_columns(panel)["rebuilt_periods"].tolist() == [39]


def test_doctor_and_the_history_tell_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = published.parts

    def with_rebuilt(*asked: Any) -> dict[str, object]:
        made = plain(*asked)
        history, series = made["history"].to_pandas(), made["series"].to_pandas()
        history["rebuilt"] = np.arange(len(history)) % PAST < 2
        series = series.assign(rebuilt_periods=2, pictures_checked=1, pictures_off=0)
        series.loc[0, "pictures_off"] = 1
        return made | {"history": table_of(history), "series": table_of(series)}

    monkeypatch.setattr(published, "parts", with_rebuilt)
    workspace = workspace_in(tmp_path / "w")
    publish(workspace)
    found = diagnose(workspace.folder)
    count = len(published.SERIES)
    assert found["problems"] == []
    assert any(f"{2 * count} period(s) of {count} series" in note for note in found["notes"])
    assert any(f"1 of {count} stock pictures are not what" in note for note in found["notes"])
    with serving_app(create_app(workspace)) as client:
        answer = SeriesAnswer.model_validate(client.get("/v1/series/LYON/00123").json())
    assert [row.rebuilt for row in answer.history] == [True, True] + [False] * (PAST - 2)


def test_publications_of_before_say_nothing_of_it(tmp_path: Path) -> None:
    workspace = workspace_in(tmp_path / "w")
    publish(workspace)
    assert not any("rebuilt" in note for note in diagnose(workspace.folder)["notes"])

"""Past origins of a small warehouse by month, forecast anew and judged; the record stays as is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.calendar import Frequency
from forecasting.errors import NotReady
from forecasting.forecaster import DemandForecaster, FittedDemand
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.record import Record
from models.ledger import Ledger
from models.pipelines.evaluate import evaluate, may_leak
from models.publication import list_publications
from models.risk import RiskAssessment, assess
from models.workspace import Workspace
from tests.forecasting.warehouse import Rows
from tests.models.test_pipelines import ITEMS, OCTOBER, SITES, deliver, months, opened
from tests.record.readings_by_hand import NOON, batch_of, reading_of

HORIZONS = {"day": 28, "week": 13, "month": 3}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    options = Options(frequency=Frequency.MONTH, paths=50, forecast_horizons=HORIZONS)
    return Workspace(tmp_path, options)


@pytest.fixture
def company(workspace: Workspace) -> Iterator[Record]:
    """34 months of four items at two sites, up to October 2026."""
    record = opened(workspace)
    deliver(record, 0, 34, ITEMS)
    yield record
    record.close()


def test_origins_stand_a_horizon_apart_and_all_that_came_is_judged(
    workspace: Workspace, company: Record
) -> None:
    outcome = evaluate(workspace, windows=2)

    assert outcome.origins == ["2026-04", "2026-07"]
    assert (outcome.judged_up_to, outcome.horizon, outcome.series) == ("2026-10", 3, 8)
    metrics = outcome.report.metrics
    assert metrics["month/origins"] == 2
    for name in ("rmsse", "wape", "bias", "pinball", "below_q900", "total3_wape", "value_added"):
        assert np.isfinite(metrics[f"month/{name}"]), name
    table = outcome.report.by_series
    assert (table["known"] == 6).all()
    sales = company.rows("sales", since=dt.date(2026, 5, 1)).column("units").to_numpy().sum()
    assert table["actual"].sum() == pytest.approx(sales)


def test_warnings_are_said_anew_every_main_horizon_and_judged_beside_the_rules(
    workspace: Workspace, company: Record
) -> None:
    card = evaluate(workspace, windows=2).warnings

    assert card is not None
    assert card.origins == ["2026-04", "2026-07"], "two more months would pass the horizon"
    assert (card.horizon_days, card.judged_up_to) == (61, "2026-10")
    assert card.overall["open"] == 0
    assert card.overall["judged"] == 2 * 6, "sugar is out already"
    assert card.methods["method"].tolist()[:2] == ["Vigistock", "days of cover"]
    assert (card.methods["named"] == card.rows["announced"].sum()).all()


def test_the_hazard_too_is_learned_from_nothing_and_speaks_in_the_replay(
    workspace: Workspace, company: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = object()
    taught: list[dt.date] = []
    spoke: list[Any] = []

    def watched(source: Any, panel: Panel, *_: Any) -> object:
        taught.append(panel.origin_date)
        return learned

    def heard(*given: Any, **asked: Any) -> RiskAssessment:
        spoke.append(given[4])
        return assess(*given[:4], **asked)

    monkeypatch.setattr("models.pipelines.evaluate.learned_from", watched)
    monkeypatch.setattr("models.pipelines.replay.assess", heard)
    evaluate(workspace, windows=2)
    assert taught == [dt.date(2026, 4, 30), dt.date(2026, 7, 31)]
    assert spoke == [learned, learned]


def test_without_stock_warnings_are_not_judged(workspace: Workspace) -> None:
    record = opened(workspace)
    rows = [
        {"date": date, "site": "Abidjan", "sku": item, "units": 20.0}
        for date in months(0, 34)
        for item in ITEMS
    ]
    record.deliver(reading_of(batch_of("sales", *rows)), received_at=NOON)
    record.close()
    assert evaluate(workspace, windows=1).warnings is None


def test_nothing_is_fitted_on_what_it_is_judged_by(
    workspace: Workspace, company: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[Panel] = []
    fit = DemandForecaster.fit

    def watched(self: DemandForecaster, panel: Panel) -> FittedDemand:
        taught.append(panel)
        return fit(self, panel)

    monkeypatch.setattr(DemandForecaster, "fit", watched)
    before = evaluate(workspace, windows=2)
    assert [panel.origin_date for panel in taught] == [dt.date(2026, 4, 30), dt.date(2026, 7, 31)]
    for panel in taught:
        assert panel.start + panel.units.shape[1] - 1 == panel.origin
        assert max(panel.watermarks.values()) <= panel.origin_date

    wild = [
        {"date": date, "site": site, "sku": item, "units": 900.0}
        for date in months(31, 34)
        for site in SITES
        for item in ITEMS
    ]
    company.deliver(reading_of(batch_of("sales", *wild), source="wild"), received_at=NOON)
    after = evaluate(workspace, windows=2)
    assert [one.digest for one in taught[2:]] == [one.digest for one in taught[:2]]
    assert forecast(after) == pytest.approx(forecast(before)), "the same forecasts"
    assert after.report.metrics["month/bias"] < -0.5, "and misses that nobody could avoid"


def forecast(outcome: Any) -> float:
    table = outcome.report.by_series
    return float((table["error"] + table["actual"]).sum())


def test_it_writes_nothing_to_the_record(workspace: Workspace, company: Record) -> None:
    rows, deliveries = company.rows("sales").num_rows, len(company.deliveries())
    evaluate(workspace, OCTOBER, windows=1)
    assert (company.rows("sales").num_rows, len(company.deliveries())) == (rows, deliveries)
    assert not len(Ledger(company.engine).versions())
    assert not list_publications(company.engine)
    assert {path.name.partition(".db")[0] for path in workspace.folder.iterdir()} == {
        "record",
        "snapshot",
    }


def test_too_little_history_names_what_is_possible(workspace: Workspace, company: Record) -> None:
    with pytest.raises(NotReady, match="need 42 months of history; there are 34") as caught:
        evaluate(workspace, windows=10)
    assert caught.value.next_step == "Try `vigistock evaluate --windows 7`."
    year = replace(workspace.options, forecast_horizons={**HORIZONS, "month": 30})
    with pytest.raises(NotReady, match=r"Load older sales, or shorten forecast_horizons\.month"):
        evaluate(replace(workspace, options=year))


def test_what_may_leak_is_said() -> None:
    day = dt.date(2026, 10, 1)
    event = {"kind": "promotion", "start": day}
    rows = Rows(
        items=[{"sku": "TEA"}, {"sku": "MILK", "valid_from": dt.date(2026, 1, 1)}],
        sites=[{"site": "Abidjan"}],
        events=[
            event | {"name": "fair"},
            event | {"name": "told", "known_on": dt.date(2026, 9, 1)},
            event | {"name": "rain", "kind": "weather"},
            event | {"name": "old", "start": dt.date(2026, 1, 1)},
        ],
    )
    assert may_leak(rows, dt.date(2026, 8, 31), dt.date(2026, 10, 31)) == [
        "Rows of items without valid_from: 1 of 2. They count at every origin as they are today.",
        "The sites carry no valid_from: every origin sees them as they are today.",
        "Events of the judged periods without known_on: 1. They count as known in advance.",
    ]
    assert may_leak(Rows(), day, day) == []

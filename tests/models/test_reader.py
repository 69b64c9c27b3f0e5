"""What readers answer: one series at once, lists, and exports in the promised column order."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from forecasting.errors import UnknownName
from forecasting.record import Record
from models.publication import PublicationReader, open_publication
from tests.models.published import publish_by_hand

COFFEE, TEA, MILK = ("Abidjan", "COFFEE"), ("Abidjan", "TEA"), ("Bouaké", "COFFEE")

FORECASTS = [
    "publication",
    "site",
    "sku",
    "period",
    "period_start",
    "mean",
    "q005",
    "q025",
    "q050",
    "q100",
    "q165",
    "q250",
    "q500",
    "q750",
    "q835",
    "q900",
    "q950",
    "q975",
    "q995",
    "method",
    "origin",
    "model_version",
    "mean_units",
    "reason",
]
WARNINGS = [
    "publication",
    "warning",
    "site",
    "sku",
    "probability",
    "horizon_days",
    "p_1m",
    "p_2m",
    "p_3m",
    "stockout_on",
    "stockout_on_p10",
    "stockout_on_p90",
    "days_of_cover",
    "units_short",
    "value_at_risk",
    "currency",
    "causes",
    "act_by",
    "actions",
    "method",
    "origin",
    "model_version",
    "state",
    "p_no_order",
    "p_before_next_receipt",
    "back_on",
]


@pytest.fixture
def reader(sqlite_url: str, tmp_path: Path) -> PublicationReader:
    record = Record.open(sqlite_url)
    record.create()
    risk = {COFFEE: 0.8, TEA: 0.1, MILK: 0.9}
    publish_by_hand(record.engine, tmp_path, risk, out=[MILK])
    opened = open_publication(record.engine, tmp_path)
    record.close()
    return opened


def test_forecasts_have_the_columns_of_the_contract(reader: PublicationReader) -> None:
    table = reader.export_table("forecasts", "month")

    assert table.column_names == FORECASTS
    assert table.num_rows == 9
    first = table.slice(0, 1).to_pylist()[0]
    assert first["period"] == "2018-12"
    assert first["period_start"] == dt.date(2018, 12, 1)
    assert (first["publication"], first["origin"], first["model_version"]) == (1, "2018-11", 1)


def test_warnings_have_the_columns_of_the_contract_first(reader: PublicationReader) -> None:
    table = reader.export_table("warnings", every_series=True)

    assert table.column_names == [*WARNINGS, "evidence"]
    assert table.column("sku").to_pylist() == ["COFFEE", "TEA", "COFFEE"]
    assert table.column("warning").to_pylist() == [1, None, 2]
    assert table.column("state").to_pylist() == ["new", "none", "out"]
    assert table.schema.field("stockout_on").type == pa.date32()


def test_an_export_of_warnings_says_what_is_warned_and_what_is_out(
    reader: PublicationReader,
) -> None:
    table = reader.export_table("warnings")
    assert table.column("state").to_pylist() == ["new", "out"]


def test_one_series_has_everything_of_its_own_and_nothing_of_others(
    reader: PublicationReader,
) -> None:
    view = reader.series(*TEA)

    assert view.master["description"] == "Café moulu"
    assert view.warning["probability"] == 0.1
    held = {"history": view.history, "projection": view.projection}
    for part, rows in {**held, "forecasts_month": view.forecasts["month"]}.items():
        frame = reader.part(part).to_pandas()
        mine = frame[(frame["site"] == TEA[0]) & (frame["sku"] == TEA[1])]
        number = mine.select_dtypes("number").columns[0]
        assert [row[number] for row in rows] == mine[number].tolist()
        assert not {"site", "sku"} & rows[0].keys(), "they are said once, above"
    assert [row["period"] for row in view.history] == ["2018-10", "2018-11"]
    assert [row["period"] for row in view.forecasts["month"]] == ["2018-12", "2019-01", "2019-02"]


def test_the_list_ranks_limits_and_filters(reader: PublicationReader) -> None:
    assert reader.warnings()["sku"].tolist() == ["COFFEE", "COFFEE"]
    assert reader.warnings(every_series=True)["probability"].tolist() == [0.9, 0.8, 0.1]
    assert reader.warnings(every_series=True)["site"].iloc[0] == "Bouaké"
    assert reader.warnings(every_series=True, site="Bouaké")["state"].tolist() == ["out"]


def test_a_warning_is_found_by_its_number(reader: PublicationReader) -> None:
    assert (reader.warning(1)["site"], reader.warning(1)["sku"]) == COFFEE


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.series("Abidjan", "COFEE"),
        lambda reader: reader.forecasts("hour"),
        lambda reader: reader.export_table("flows"),
        lambda reader: reader.warning(99),
        lambda reader: reader.warnings(by="colour"),
    ],
    ids=["series", "grain", "export", "warning", "column"],
)
def test_unknown_names_are_refused(reader: PublicationReader, ask: object) -> None:
    with pytest.raises(UnknownName):
        ask(reader)  # type: ignore[operator]


def test_parts_are_mapped_not_read(reader: PublicationReader) -> None:
    before = pa.total_allocated_bytes()
    view = reader.part("forecasts_month").slice(3, 3)
    assert view.column("mean").to_pylist() == [10.0] * 3
    assert pa.total_allocated_bytes() - before < 4096


def test_reading_loads_no_model_library() -> None:
    script = (
        "import sys, models.publication; "
        "bad = {'mlflow', 'statsforecast', 'lightgbm', 'numba', 'sklearn', 'scipy'} "
        "& set(sys.modules); sys.exit(str(sorted(bad)) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

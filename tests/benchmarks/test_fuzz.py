"""`benchmarks.fuzz` counts what schemathesis finds, and finds what is wrong."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from benchmarks.fuzz import Found, fuzz
from tests.api.serving import serving_app

REPORT = {
    "running_time": 12.4,
    "complete": True,
    "operations": {"selected": 16, "tested": 16},
    "test_cases": {"generated": 1200},
    "failures": [],
    "errors": [],
    "valid_rates": {"GET /a": {"fuzzing": {"accepted": 7}, "coverage": {"accepted": 2}}},
}


def test_a_clean_run_is_one_line() -> None:
    found = Found.of(REPORT)
    assert found.is_clean
    assert str(found) == (
        "16 of 16 operations, 1,200 cases in 12 s, 9 of them answered in full: 0 server errors, "
        "0 undocumented statuses, 0 non-problem errors"
    )


def test_an_operation_left_out_or_a_run_cut_short_is_not_clean() -> None:
    assert not Found.of(REPORT | {"operations": {"selected": 16, "tested": 15}}).is_clean
    assert not Found.of(REPORT | {"complete": False}).is_clean


def test_faults_are_found(tmp_path: Path) -> None:
    app = FastAPI()

    @app.get("/broken")
    def broken(number: int) -> int:
        return 1 // (number - number)

    @app.get("/bare")
    def bare() -> PlainTextResponse:
        return PlainTextResponse("no problem", 404)

    with serving_app(app) as client:
        found = fuzz(str(client.base_url), 5, tmp_path)
    assert not found.is_clean
    assert found.failures["ServerError"]
    assert found.failures["UndefinedStatusCode"]
    assert "0 non-problem errors" not in str(found)

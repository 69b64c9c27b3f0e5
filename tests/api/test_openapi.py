"""The OpenAPI document, and a fuzzer that holds the service against it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from httpx import Client
from hypothesis import Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import (
    MISSING_REQUIRED_HEADER_EXPECTED_STATUSES as MISSING,
)
from schemathesis.config._checks import (
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES as POSITIVE,
)
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema

from api import jobs
from models.workspace import Workspace

EXAMPLES = 25  # an operation and mode; `python -m benchmarks.fuzz` draws more
CONFIG = Path(__file__).parents[2] / "schemathesis.toml"

OPERATIONS = {
    "getLiveness",
    "getReadiness",
    "getMetrics",
    "listWarnings",
    "getWarning",
    "getSeries",
    "getSeriesByQuery",
    "listForecasts",
    "listGroups",
    "getGroup",
    "listProposals",
    "listPublications",
    "getPublication",
    "postReceipt",
    "getScorecard",
    "listKpis",
    "pushFeed",
    "listDeliveries",
    "getDelivery",
    "listRejects",
    "createPublication",
    "changeWarning",
    "createJob",
    "getJob",
    "listModels",
    "listScenarios",
    "createScenario",
    "getScenario",
    "getFlow",
    "listOverrides",
    "createOverride",
    "getOverride",
    "revokeOverride",
    "promoteModel",
    "rollbackModel",
}
WITHOUT_PARAMETERS = {
    "getLiveness",
    "getReadiness",
    "getMetrics",
    "listModels",
    "getScorecard",
}  # nothing of them can be sent wrong


@pytest.fixture(scope="module")
def document(client: Client) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def test_operation_ids_are_stable(document: dict[str, Any]) -> None:
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert {operation["operationId"] for operation in operations} == OPERATIONS
    assert all(operation["description"] for operation in operations)


def test_every_failure_is_documented_as_a_problem(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], path
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert names <= set(document["components"]["schemas"])


def test_only_statuses_with_a_reason_are_added_to_the_checks_own() -> None:
    told = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert set(told) == {"seed", "checks"}
    for name, own, added in (
        ("positive_data_acceptance", POSITIVE, {"412", "413", "422", "428"}),
        ("missing_required_header", MISSING, {"428"}),
    ):
        check = told["checks"].pop(name)
        assert {str(one) for one in check.pop("expected-statuses")} == {*own} | added
        assert not check
    assert not told["checks"]


@pytest.fixture(scope="module")
def schema(client: Client) -> Iterator[BaseSchema]:
    """Of the service, whose jobs are done as soon as they are asked for: what they do, in a process
    of its own each, is for the tests of jobs, and twenty that wait would refuse all others."""
    config = SchemathesisConfig.from_path(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "_start", _done_at_once)
        yield schemathesis.openapi.from_url(f"{client.base_url}/openapi.json", config=config)


def _done_at_once(workspace: Workspace, number: int) -> None:
    run = jobs._Run(workspace, number)
    run._end(jobs.DONE)
    run.engine.dispose()


@pytest.mark.parametrize(
    ("operation_id", "mode"),
    [
        (operation_id, mode)
        for operation_id in sorted(OPERATIONS)
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or operation_id not in WITHOUT_PARAMETERS
    ],
)
def test_the_service_keeps_its_document(
    schema: BaseSchema, operation_id: str, mode: GenerationMode
) -> None:
    """No 5xx; documented statuses, media types, bodies and headers only; what keeps the schema is
    taken and what breaks it refused, but for the statuses that schemathesis.toml gives reasons for.
    """
    operation = schema.find_operation_by_id(operation_id)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate()

    holds()

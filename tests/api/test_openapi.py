"""The OpenAPI document, and a fuzzer that holds the service against it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from httpx import Client
from hypothesis import Phase, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

OPERATIONS = {
    "getLiveness",
    "getReadiness",
    "getMetrics",
    "listWarnings",
    "getWarning",
    "getSeries",
    "getSeriesByQuery",
    "listForecasts",
    "listPublications",
    "getPublication",
    "postReceipt",
    "getScorecard",
    "pushFeed",
    "listDeliveries",
    "getDelivery",
    "listRejects",
    "createPublication",
    "getJob",
}
WITHOUT_PARAMETERS = {
    "getLiveness",
    "getReadiness",
    "getMetrics",
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
    client: Client, operation_id: str, mode: GenerationMode
) -> None:
    """No 5xx; documented statuses, media types and bodies only."""
    schema = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
    operation = schema.find_operation_by_id(operation_id)

    @settings(
        max_examples=20, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance])  # a cursor is ours

    holds()

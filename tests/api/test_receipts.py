"""The ERP says what it holds; the service tells whether that is what it gave, and remembers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client, Response

from api.bounded import MOST_BYTES
from api.negotiation import CSV, NDJSON, PARQUET
from api.schemas.pulls import PublicationDetail, ReceiptAnswer
from models.publication import receipts
from models.workspace import Workspace
from tests.api.published import SERIES, publish
from tests.api.serving import serving
from tests.api.test_bulk import raw

RECEIPT = "/v1/publications/2/receipt"
ROWS = len(SERIES) * 13


@pytest.fixture
def erp(own_workspace: Workspace) -> Iterator[Client]:
    """Publications 1 and 2, a week apart, as an ERP sees them."""
    publish(own_workspace, as_of="2026-11-15")
    publish(own_workspace, as_of="2026-11-22", mean=2.5)
    with serving(own_workspace) as client:
        yield client


def pulled(
    erp: Client, media: str = CSV, encoding: str = "identity", **asked: Any
) -> dict[str, Any]:
    """A complete pull of the weeks of publication 2, as a receipt states it."""
    headers = {"Accept": media, "Accept-Encoding": encoding}
    query = "".join(f"&{name}={value}" for name, value in asked.items())
    response = raw(erp, f"/v1/forecasts?grain=week&publication=2{query}", headers)
    form = {CSV: "csv", NDJSON: "ndjson", PARQUET: "parquet"}[media]
    return {
        "grain": "week",
        "format": form,
        "rows": int(response.headers["vigistock-rows"]),
        "sha256": hashlib.sha256(response.content).hexdigest(),
        **asked,
    }


def told(erp: Client, *files: dict[str, Any], holder: str = "SAP") -> ReceiptAnswer:
    response = erp.post(RECEIPT, json={"holder": holder, "files": list(files)})
    assert response.status_code == 200, response.text
    return ReceiptAnswer.model_validate(response.json())


@pytest.mark.parametrize("media", [CSV, NDJSON, PARQUET])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("asked", [{}, {"quantiles": "q050,q500,q950"}, {"changed_since": 1}])
def test_what_was_pulled_whole_matches(
    erp: Client, media: str, encoding: str, asked: dict[str, Any]
) -> None:
    said = told(erp, pulled(erp, media, encoding, **asked))
    assert said.matches
    assert (said.files[0].rows_missing, said.files[0].problem, said.files[0].pull) == (0, "", None)
    assert said.grains_not_named == ["day"]


def test_what_is_missing_is_told_with_where_to_get_it(erp: Client) -> None:
    good = pulled(erp, quantiles="q500")
    said = told(erp, {**good, "rows": ROWS - 12, "sha256": "0" * 64}, pulled(erp, NDJSON))
    assert not said.matches
    assert [file.matches for file in said.files] == [False, True]
    assert (said.files[0].rows_missing, said.files[0].problem) == (12, "12 rows are missing")
    assert said.files[0].sha256_expected == good["sha256"]
    assert said.files[0].pull is not None
    again = raw(erp, said.files[0].pull, {"Accept": CSV, "Accept-Encoding": "identity"})
    assert hashlib.sha256(again.content).hexdigest() == good["sha256"]


def test_as_many_rows_with_other_bytes_are_no_match(erp: Client) -> None:
    said = told(erp, {**pulled(erp), "sha256": "f" * 64})
    assert said.files[0].problem == "as many rows, but not the same bytes"


def test_the_same_receipt_again_changes_nothing(erp: Client) -> None:
    file = pulled(erp)
    assert not told(erp, file).repeated
    before = erp.get("/v1/publications/2").json()["receipts"]
    assert told(erp, file).repeated
    assert erp.get("/v1/publications/2").json()["receipts"] == before
    assert not told(erp, file, holder="WMS").repeated


def test_the_publication_shows_its_receipts_and_how_far_it_moved(erp: Client) -> None:
    told(erp, {**pulled(erp), "rows": 3})
    told(erp, pulled(erp, changed_since=1))
    one = PublicationDetail.model_validate(erp.get("/v1/publications/2").json())
    assert [(receipt.matches, receipt.changed_since) for receipt in one.receipts] == [
        (True, 1),
        (False, None),
    ]
    assert {receipt.holder for receipt in one.receipts} == {"SAP"}
    assert erp.get("/v1/publications/1").json()["receipts"] == []


def post(erp: Client, content: bytes) -> Response:
    return erp.post(RECEIPT, content=content, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"files": []}, 422, "invalid"),
        ({"files": [{"grain": "week", "rows": 1, "sha256": "xyz"}]}, 422, "invalid"),
        ({"files": [{"grain": "week", "rows": -1, "sha256": "0" * 64}]}, 422, "invalid"),
        ({"files": [{"grain": "week", "rows": False, "sha256": "0" * 64}]}, 422, "invalid"),
        ({"files": [{"grain": "week", "row": 1, "sha256": "0" * 64}]}, 422, "invalid"),
        ({"files": [{"grain": "month", "rows": 1, "sha256": "0" * 64}]}, 404, "unknown_name"),
        (
            {"files": [{"grain": "week", "rows": 1, "sha256": "0" * 64, "quantiles": "q51"}]},
            422,
            "invalid",
        ),
        (
            {"files": [{"grain": "week", "rows": 1, "sha256": "0" * 64, "changed_since": 9}]},
            404,
            "not_found",
        ),
        ({"holder": "a\u0000b", "files": [{"grain": "week"}]}, 422, "invalid"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_receipt_that_cannot_be_read(
    erp: Client, body: dict[str, Any], status: int, code: str
) -> None:
    response = post(erp, json.dumps(body).encode())
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


def test_bodies_are_bounded(erp: Client) -> None:
    assert post(erp, b"{").status_code == 422
    response = post(erp, b'{"holder": "' + b"a" * MOST_BYTES + b'"}')
    assert (response.status_code, response.json()["status"]) == (413, 413)
    pieces = (b" " * 1_000 for _ in range(100))  # of unknown length
    response = erp.post(RECEIPT, content=pieces, headers={"Content-Type": "application/json"})
    assert response.status_code == 413


def test_receipts_are_bounded(erp: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MOST_RECEIPTS", 2)
    file = pulled(erp)
    told(erp, file, {**file, "rows": 1})
    response = erp.post(RECEIPT, json={"files": [{**file, "rows": 2}]})
    assert (response.status_code, response.json()["code"]) == (409, "refused")
    assert told(erp, file).repeated


def test_a_publication_that_is_not_there(erp: Client) -> None:
    response = erp.post("/v1/publications/9/receipt", json={"files": [pulled(erp)]})
    assert response.status_code == 404

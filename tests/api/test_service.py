"""The service as a whole: health, errors, caching, pages, and what it must never import."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from api.app import create_app
from api.schemas.health import Readiness
from api.schemas.problems import Problem
from api.schemas.publications import PublicationPage
from api.schemas.pulls import PublicationDetail
from models.workspace import Workspace
from tests.api.published import publish
from tests.api.serving import serving, serving_app

ADDRESSES = [
    "/v1/warnings",
    "/v1/warnings/1",
    "/v1/series/LYON/00123",
    "/v1/series?site=LYON&sku=00123",
    "/v1/forecasts",
    "/v1/forecasts?grain=week",
]


def test_alive_without_touching_anything(tmp_path: Path, own_workspace: Workspace) -> None:
    with serving(own_workspace) as client:
        Path(own_workspace.folder / "record.db").rename(tmp_path / "gone")
        assert client.get("/health/live").json() == {"status": "ok"}


def test_without_a_publication_everything_says_503_and_what_to_do(
    own_workspace: Workspace,
) -> None:
    with serving(own_workspace) as client:
        for address in ("/health/ready", *ADDRESSES):
            response = client.get(address)
            assert response.status_code == 503, address
            assert "train" in response.json()["next_step"]
            assert response.headers["retry-after"]
        assert "Premiers pas" in client.get("/").text


def test_a_new_publication_is_picked_up_without_restart(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dependencies.LOOK_SECONDS", 0.0)
    with serving(own_workspace) as client:
        assert client.get("/health/ready").status_code == 503
        for number, as_of in ((1, "2026-11-22"), (2, "2026-11-23")):
            publish(own_workspace, as_of=as_of)
            ready = Readiness.model_validate(client.get("/health/ready").json())
            assert (ready.publication, ready.origin, ready.trouble) == (number, as_of, "")
        older = client.get("/v1/warnings?publication=1").json()
        assert older["provenance"]["origin"] == "2026-11-22"


def test_the_ledger_is_looked_at_once_a_second_at_most(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    publish(own_workspace)
    app = create_app(own_workspace)
    monkeypatch.setattr("api.dependencies.LOOK_SECONDS", 3600.0)
    app.state.publications._looked_at = -3600.0
    look = app.state.publications._look
    monkeypatch.setattr(app.state.publications, "_look", lambda: looks.append(1) or look())
    with serving_app(app) as client:
        for _ in range(5):
            assert client.get("/health/ready").status_code == 200
    assert len(looks) == 1


def test_a_damaged_publication_leaves_the_last_good_one_in_service(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dependencies.LOOK_SECONDS", 0.0)
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert client.get("/health/ready").status_code == 200
        newer = publish(own_workspace, as_of="2026-11-23")
        part = own_workspace.publications / newer.folder / "warnings.arrow"
        part.write_bytes(part.read_bytes()[:-1])
        ready = client.get("/health/ready").json()
        assert ready["publication"] == 1
        assert "warnings.arrow" in ready["trouble"]


def test_a_damaged_newest_publication_does_not_keep_the_service_from_starting(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.dependencies.LOOK_SECONDS", 0.0)
    publish(own_workspace)
    newer = publish(own_workspace, as_of="2026-11-23")
    part = own_workspace.publications / newer.folder / "warnings.arrow"
    whole = part.read_bytes()
    part.write_bytes(whole[:-1])
    app = create_app(own_workspace)
    tried: list[int] = []
    open_one = app.state.publications._open
    monkeypatch.setattr(
        app.state.publications, "_open", lambda number: tried.append(number) or open_one(number)
    )
    with serving_app(app) as client:
        for _ in range(5):
            ready = client.get("/health/ready")
            assert (ready.status_code, ready.json()["publication"]) == (200, 1)
            assert "warnings.arrow" in ready.json()["trouble"]
            assert str(own_workspace.folder) not in ready.text
        answer = client.get("/v1/warnings")
        assert answer.headers["vigistock-degraded"] == "last-good-publication"
        assert answer.json()["provenance"]["publication"] == 1
        assert tried == [2, 1], "files of that size are not hashed again at every look"
        assert "vigistock_degraded 1.0" in client.get("/metrics").text

        part.write_bytes(whole)
        monkeypatch.setattr("api.dependencies.DAMAGED_SECONDS", 0.0)
        app.state.publications._damaged.clear()
        mended = client.get("/health/ready")
        assert (mended.json()["publication"], mended.json()["trouble"]) == (2, "")
        assert "vigistock-degraded" not in mended.headers


def test_once_a_stop_was_asked_for_nothing_is_ready_and_everything_is_answered(
    own_workspace: Workspace,
) -> None:
    publish(own_workspace)
    app = create_app(own_workspace)
    with serving_app(app) as client:
        assert client.get("/health/ready").status_code == 200
        app.state.stopping.begun = True
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert client.get("/v1/warnings").status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_unchanged_answers_are_not_sent_twice(client: Client, address: str) -> None:
    first = client.get(address)
    assert first.status_code == 200
    again = client.get(address, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(address, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_tags_differ_by_format_and_question(client: Client) -> None:
    tags = {
        client.get(address, headers={"Accept": accept}).headers["etag"]
        for address in ("/v1/forecasts", "/v1/forecasts?site=LYON")
        for accept in ("application/json", "text/csv")
    }
    assert len(tags) == 4


def test_large_answers_are_compressed(client: Client) -> None:
    with client.stream("GET", "/v1/forecasts", headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["content-encoding"] == "gzip"
        raw = b"".join(response.iter_raw())
    assert b'"provenance"' in gzip.decompress(raw)


SENT_BY_CLIENTS: list[tuple[str, int]] = [
    ("/v1/nothing", 404),
    ("/v1/warnings/abc", 422),
    ("/v1/warnings/0", 422),
    ("/v1/warnings/" + "9" * 40, 422),
    ("/v1/warnings?publication=" + "9" * 40, 422),
    ("/v1/warnings?publication=7", 404),
    ("/v1/warnings?limit=0", 422),
    ("/v1/warnings?limit=501", 422),
    ("/v1/warnings?limit=1e3", 422),
    ("/v1/warnings?min_probability=nan", 422),
    ("/v1/warnings?min_probability=-0.1", 422),
    ("/v1/warnings?sort=state", 422),
    ("/v1/warnings?sort=__class__", 422),
    ("/v1/warnings?cursor=%00", 422),
    ("/v1/warnings?cursor=bnVsbA==", 422),
    ("/v1/warnings?cursor=é", 422),
    ("/v1/warnings?cursor=WzEsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OSwieCJd", 422),
    ("/v1/warnings?site=%ED%A0%80", 200),
    ("/v1/warnings?site=%00", 200),
    ("/v1/series/%00/%ED%A0%80", 404),
    ("/v1/series?site=%ED%A0%80&sku=%F0%9F%92%A9", 404),
    ("/v1/series?site=&sku=x", 422),
    ("/v1/series?sku=x", 422),
    ("/v1/forecasts?grain=year", 422),
    ("/v1/forecasts?site=" + "x" * 201, 422),
    ("/v1/publications/0", 422),
    ("/v1/publications/99", 404),
    ("/static/%00", 404),
    ("/static/../settings.py", 404),
]


@pytest.mark.parametrize(("address", "status"), SENT_BY_CLIENTS)
def test_whatever_a_client_sends_is_its_own_fault(
    client: Client, address: str, status: int
) -> None:
    response = client.get(address)
    assert response.status_code == status
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        problem = Problem.model_validate(response.json())
        assert (problem.status, problem.type) == (status, f"urn:vigistock:problem:{problem.code}")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods(client: Client, method: str) -> None:
    response = client.request(method, "/v1/warnings", content=b'{"a": NaN}')
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/v1/publications", "GET, POST"),
        ("/v1/feeds/deliveries", "GET"),
        ("/v1/feeds/sales", "POST"),
        ("/v1/series/LYON/00123", "GET"),
    ],
)
def test_allow_names_every_method_of_an_address(client: Client, address: str, allowed: str) -> None:
    assert client.request("OPTIONS", address).headers["allow"] == allowed


def test_the_list_of_deliveries_is_no_feed(client: Client) -> None:
    response = client.post("/v1/feeds/deliveries")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_a_body_that_is_no_text_is_refused_as_any_other(client: Client) -> None:
    response = client.post(
        "/v1/publications", content=b"\xff\x01", headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()["code"]) == (422, "unprocessable")


def test_publications(client: Client) -> None:
    page = PublicationPage.model_validate(client.get("/v1/publications").json())
    assert [one.publication for one in page.items] == [1]
    one = PublicationDetail.model_validate(client.get("/v1/publications/1").json())
    assert one.stability is None
    assert one.current
    assert one.parts["forecasts_day"].rows == one.series * 28


def test_publications_are_paged(own_workspace: Workspace) -> None:
    for as_of in ("2026-11-21", "2026-11-23", "2026-11-22"):
        publish(own_workspace, as_of=as_of)
    with serving(own_workspace) as client:
        first = client.get("/v1/publications?limit=2").json()
        assert [item["publication"] for item in first["items"]] == [2, 3]
        second = client.get(first["next"]).json()
        assert [item["publication"] for item in second["items"]] == [1]
        assert second["next"] is None


def test_every_answer_forbids_scripts_and_frames(client: Client) -> None:
    for address in ("/", "/docs", "/v1/warnings", "/nothing"):
        policy = client.get(address).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")


def test_docs_list_every_operation_without_outside_help(client: Client) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    text = client.get("/docs").text
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text
            assert path in text
    assert "<script" not in text
    assert "://" not in text.replace("http://testserver", "")
    assert "<strong>Publication</strong>" in text
    assert "**" not in text
    assert "`" not in text


def test_the_service_never_imports_a_model_library(company: Workspace) -> None:
    program = f"""
import sys
from pathlib import Path
from api.app import create_app
from api.workspaces import read_workspace
from tests.api.serving import serving
with serving(read_workspace(Path({str(company.folder)!r})).workspace) as client:
    for address in {ADDRESSES!r} + ["/", "/docs", "/openapi.json"]:
        assert client.get(address).status_code == 200, address
heavy = {{"statsforecast", "lightgbm", "mlflow", "numba", "sklearn", "matplotlib", "scipy"}}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"

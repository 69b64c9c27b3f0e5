"""Around every request: hosts, limits, deadlines, ids, headers, the log and the metrics."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.doorkeeper import _is_loopback
from api.logs import JsonLine
from api.schemas.problems import Problem
from api.settings import Service
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import publish
from tests.api.serving import serving, serving_app


def problem_of(response: httpx.Response, status: int, code: str) -> Problem:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    told = Problem.model_validate(response.json())
    assert (told.status, told.code) == (status, code)
    assert told.request_id == response.headers["x-request-id"]
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    return told


def test_requests_are_counted_by_key(own_workspace: Workspace) -> None:
    publish(own_workspace)
    one, other = key(own_workspace, "planner"), key(own_workspace, "planner")
    with serving(own_workspace, Service(rate_limit="5/hour")) as client:
        for _ in range(5):
            assert client.get("/v1/warnings", headers=bearer(one)).status_code == 200
        refused = client.get("/v1/warnings", headers=bearer(one))
        problem_of(refused, 429, "too_many_requests")
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert client.get("/v1/warnings", headers=bearer(other)).status_code == 200
        statuses = [client.get("/v1/warnings").status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429], "who has no key is counted by address"
        assert client.get("/docs").status_code == 429
        assert client.get("/health/ready").status_code == 200


def test_nobody_is_counted_while_the_service_is_open(own_workspace: Workspace) -> None:
    publish(own_workspace)
    with serving(own_workspace, Service(rate_limit="1/hour")) as client:
        assert {client.get("/v1/warnings").status_code for _ in range(5)} == {200}


def test_a_limit_ends(own_workspace: Workspace) -> None:
    publish(own_workspace)
    text = key(own_workspace)
    with serving(own_workspace, Service(rate_limit="1/second")) as client:
        for _ in range(2):
            while client.get("/v1/warnings", headers=bearer(text)).status_code != 200:
                pass
        refused = client.get("/v1/warnings", headers=bearer(text))
        assert refused.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("erp.example.com", True),
        ("ERP.example.com:8000", True),
        ("a.stock.example.com", True),
        ("evil.com", False),
        ("example.com.evil.com", False),
        ("", False),
    ],
)
def test_hosts(own_workspace: Workspace, host: str, known: bool) -> None:
    publish(own_workspace)
    service = Service(hosts=("erp.example.com", "*.stock.example.com"))
    with serving(own_workspace, service) as client:
        response = client.get("/v1/warnings", headers={"Host": host})
        if known:
            assert response.status_code == 200
        else:
            told = problem_of(response, 400, "bad_request")
            assert "hosts" in told.next_step


def slow_app(workspace: Workspace, seconds: float = 1) -> FastAPI:
    app = create_app(workspace, Service(request_seconds=seconds))

    async def waits() -> None:
        await asyncio.sleep(30)

    def blocks() -> None:
        time.sleep(4)

    async def trickles() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b"piece\n"
                await asyncio.sleep(0.4)

        return StreamingResponse(pieces())

    def breaks() -> None:
        raise ZeroDivisionError("secret=vgs_0a1b2c3d_SECRET")

    for route in (waits, blocks, trickles, breaks):
        app.add_api_route(f"/v1/{route.__name__}", route)
    return app


def test_a_request_without_an_answer_ends(own_workspace: Workspace) -> None:
    with serving_app(slow_app(own_workspace)) as client:
        for address in ("/v1/waits", "/v1/blocks"):
            began = time.monotonic()
            problem_of(client.get(address), 504, "too_slow")
            assert time.monotonic() - began < 3
        assert client.get("/v1/trickles").text == "piece\n" * 4, "what has begun is finished"


def test_whatever_breaks_is_logged_and_told_without_a_detail(
    own_workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_app(slow_app(own_workspace, seconds=60)) as client:
        response = client.get("/v1/breaks", headers={"X-Request-ID": "order-7"})
        told = problem_of(response, 500, "unexpected")
        assert told.request_id == "order-7"
        assert "secret" not in response.text
        assert client.get("/health/live").status_code == 200
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    line = JsonLine().format(record)
    assert "ZeroDivisionError" in line
    assert "SECRET" not in line


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("order-7", True),
        ("0b4d2f1e-6f0b-4a3c-9a51-7f1b2c3d4e5f", True),
        ("a:b.c_d", True),
        ("", False),
        ("two words", False),
        ('"},{"', False),
        ("x" * 65, False),
        ("é".encode().decode("latin-1"), False),
    ],
)
def test_request_ids(client: httpx.Client, sent: str, kept: bool) -> None:
    headers = [(b"X-Request-ID", sent.encode("latin-1"))]
    got = client.get("/health/live", headers=headers).headers["x-request-id"]
    assert (got == sent) == kept
    assert re.fullmatch(r"[\w.:-]{1,64}", got)
    other = client.get("/health/live", headers=headers).headers["x-request-id"]
    assert (other == got) == kept, "ours never repeat"


def test_transport_security_is_asked_for_behind_tls_only(own_workspace: Workspace) -> None:
    for https in (False, True):
        with serving(own_workspace, Service(https=https)) as client:
            headers = client.get("/health/live").headers
            assert ("strict-transport-security" in headers) == https
            assert "access-control-allow-origin" not in headers


def test_no_other_origin_may_read(client: httpx.Client) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/v1/warnings", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_one_line_a_request_holds_what_was_asked_and_nothing_that_was_sent(
    own_workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    publish(own_workspace)
    text = key(own_workspace, "planner", "LYON")
    with (
        caplog.at_level(logging.INFO, logger="vigistock.access"),
        serving(own_workspace) as client,
    ):
        answers = [
            client.get(
                "/v1/series/LYON/00123?lang=fr-SECRET",
                headers={**bearer(text), "X-Request-ID": "one", "Cookie": "SECRET"},
            ),
            client.request("PROPFIND", "/v1/SECRET", content=b"SECRET"),
            client.get("/openapi.json"),
        ]
    records = [record for record in caplog.records if record.name == "vigistock.access"]
    lines = [json.loads(JsonLine().format(record)) for record in records]
    words = "at level logger request method route status ms bytes key"
    assert [" ".join(line) for line in lines] == [words] * 3
    assert [(line["method"], line["route"], line["status"], line["key"]) for line in lines] == [
        ("GET", "/v1/series/{site:path}/{sku:path}", 422, text.split("_")[1]),
        ("OTHER", "none", 401, ""),
        ("GET", "/openapi.json", 200, ""),
    ]
    assert lines[0]["request"] == "one"
    assert lines[1]["request"] == answers[1].headers["x-request-id"]
    assert lines[1]["bytes"] == len(answers[1].content)
    assert "SECRET" not in str(lines)


def test_metrics(own_workspace: Workspace) -> None:
    publish(own_workspace)
    with serving(own_workspace) as client:
        for address in ("/v1/warnings", "/v1/warnings?limit=1", "/v1/warnings?limit=0", "/v1/x"):
            client.get(address)
        response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["vigistock_requests_total", "/v1/warnings", "200", "GET"] == 2
    assert samples["vigistock_requests_total", "/v1/warnings", "422", "GET"] == 1
    assert samples["vigistock_requests_total", "404", "GET", "none"] == 1
    assert samples["vigistock_request_seconds_count", "/v1/warnings", "GET"] == 3
    assert samples["vigistock_publication",] == 1
    assert samples["vigistock_degraded",] == 0
    assert "limit" not in response.text


def test_no_answer_names_more_routes_than_there_are(own_workspace: Workspace) -> None:
    """Labels of the metrics are ours: a client cannot make as many as it likes."""
    with serving(own_workspace) as client:
        for method in ("PROPFIND", "SEARCH", "GET"):
            client.request(method, f"/v1/nothing/{method}")
        text = client.get("/metrics").text
    assert "nothing" not in text
    assert 'method="OTHER"' in text
    assert "PROPFIND" not in text


def test_a_socket_that_nobody_declared_is_shut(own_workspace: Workspace) -> None:
    app = create_app(own_workspace)

    @app.websocket("/v1/new")
    async def new(socket: WebSocket) -> None:
        await socket.accept()

    sent: list[str] = []

    async def ask() -> None:
        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message["type"])

        scope = {"type": "websocket", "path": "/v1/new", "headers": [], "query_string": b""}
        await app(scope, receive, send)

    asyncio.run(ask())
    assert sent == ["websocket.close"]


@pytest.mark.parametrize(
    ("server", "loopback"),
    [
        (("127.0.0.1", 8000), True),
        (("::1", 8000), True),
        (("192.168.1.4", 8000), False),
        (("stock.example.com", 80), False),
        (None, False),
    ],
)
def test_what_is_open_is_open_to_this_machine_alone(
    server: tuple[str, int] | None, loopback: bool
) -> None:
    assert _is_loopback({"server": server}) is loopback


def test_the_loopback_check_decides(own_workspace: Workspace) -> None:
    """A request that came in by another address finds the open service shut."""
    publish(own_workspace)

    async def ask(host: str) -> int:
        transport = httpx.ASGITransport(create_app(own_workspace))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return (await client.get("/v1/warnings")).status_code

    assert asyncio.run(ask("127.0.0.1")) == 200
    assert asyncio.run(ask("192.168.1.4")) == 401

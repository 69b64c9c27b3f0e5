"""Deliveries over HTTP: one durable effect, however often and however parallel they are sent."""

from __future__ import annotations

import gzip
import io
import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api import intake
from api.app import create_app
from api.intake import Push
from api.pushing import LEFT_SECONDS, Body, Bounds, Intakes
from api.routes import feeds
from api.workspaces import init_workspace
from forecasting.errors import NotReady
from forecasting.record import Record
from forecasting.record.database import connect
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import workspace_in
from tests.api.serving import serving, serving_app

HEADER = "date,site,sku,units\n"
GOOD = HEADER + "2026-11-20,LYON,00123,4\n2026-11-21,LYON,00123,2\n"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return workspace_in(tmp_path_factory.mktemp("push") / "w")


@pytest.fixture(scope="module")
def erp(workspace: Workspace) -> Iterator[httpx.Client]:
    with serving(workspace) as client:
        yield client


def push(
    erp: httpx.Client, body: str | bytes, key: str, *, feed: str = "sales", **more: Any
) -> httpx.Response:
    headers = {**CSV, "Idempotency-Key": key, **more.pop("headers", {})}
    return erp.post(f"/v1/feeds/{feed}", content=body, headers=headers, params=more)


def deliveries(workspace: Workspace) -> int:
    with Record.open(workspace.database_url) as record:
        return len(record.deliveries(limit=10_000))


def test_a_delivery_is_counted_and_kept(erp: httpx.Client, workspace: Workspace) -> None:
    body = HEADER + "2026-10-01,LYON,00123,4\n2026-02-30,LYON,00123,1\n2026-10-02,NANTES,NA,-1\n"
    told = push(erp, body, "first", name="october.csv")
    assert told.status_code == 201
    receipt = told.json()
    assert [receipt[name] for name in ("read", "accepted", "rejected", "duplicates")] == [
        3,
        2,
        1,
        0,
    ]
    assert (receipt["units_read"], receipt["units_accepted"]) == (4.0, 3.0)
    assert receipt["examples"] == [
        {
            "line": 3,
            "column": "date",
            "code": "not_a_date",
            "message": receipt["examples"][0]["message"],
            "raw": "2026-02-30,LYON,00123,1",
        }
    ]
    place = told.headers["Location"]
    kept = erp.get(place).json()
    assert {name: kept[name] for name in ("read", "accepted", "rejected", "source")} == {
        "read": 3,
        "accepted": 2,
        "rejected": 1,
        "source": "october.csv",
    }
    with Record.open(workspace.database_url) as record:
        rows = record.rows("sales").to_pandas()
    assert rows[["site", "sku", "units"]].values.tolist() == [
        ["LYON", "00123", 4.0],
        ["NANTES", "NA", -1.0],
    ]


def test_a_delivery_without_a_key_is_told_what_a_key_is(erp: httpx.Client) -> None:
    for name in ({}, {"Idempotency-Key": "k" * 201}):
        told = erp.post("/v1/feeds/sales", content=HEADER, headers=CSV | name)
        assert (told.status_code, told.json()["code"]) == (422, "invalid")
        assert told.json()["next_step"].startswith("Send the header Idempotency-Key: any text")
    other = push(erp, HEADER, "key", profile="p" * 999)
    assert (other.status_code, "header" in other.json().get("next_step", "")) == (422, False)


def test_a_key_of_one_site_takes_no_order_line_away_from_another(own_workspace: Workspace) -> None:
    keys = {site: bearer(key(own_workspace, "erp", *site.split())) for site in ("", "LYON")}
    head = "order_id,line,site,sku,units_ordered,ordered_on\n"
    came = "order_id,line,site,sku,received_on,units\n"
    refused = {
        "orders": head + "PO-1,1,LYON,00123,2,2026-11-21\n",
        "customer_orders": head + "PO-1,1,LYON,00123,2,2026-11-21\n",
        "receipts": came + "PO-1,1,LYON,00123,2026-11-21,9\nPO-1,,LYON,,2026-11-21,9\n",
    }
    with serving(own_workspace) as client:
        for feed in ("orders", "customer_orders"):
            both = head + "PO-1,1,PARIS,00123,9,2026-11-20\nPO-1,2,LYON,00123,9,2026-11-20\n"
            assert push(client, both, feed, feed=feed, headers=keys[""]).status_code == 201
        for feed, body in refused.items():
            for check in ("true", "false"):
                told = push(client, body, "theirs", feed=feed, check=check, headers=keys["LYON"])
                assert (told.status_code, told.json()["code"]) == (403, "forbidden")
                assert "'PO-1'" in told.json()["detail"]
                assert "PARIS" not in told.text
        mine = head + "PO-1,2,LYON,00123,2,2026-11-21\nPO-1,3,LYON,00123,5,2026-11-21\n"
        own = push(client, mine, "mine", feed="orders", headers=keys["LYON"])
        assert own.status_code == 201
        arrived = came + "PO-1,2,LYON,00123,2026-11-21,2\n"
        assert push(client, arrived, "in", feed="receipts", headers=keys["LYON"]).is_success
    with Record.open(own_workspace.database_url) as record:
        rows = record.rows("orders").to_pandas()
        assert record.rows("receipts").num_rows == 1
    assert rows[["line", "site", "units_ordered"]].values.tolist() == [
        ["1", "PARIS", 9.0],
        ["2", "LYON", 2.0],
        ["3", "LYON", 5.0],
    ]


def test_keys_of_one_name_and_other_sites_are_not_the_same_sender(own_workspace: Workspace) -> None:
    """`keys create` without --name calls each by its scope."""
    asked = {
        site: bearer(key(own_workspace, "erp", *site.split())) for site in ("", "LYON", "METZ")
    }
    again = bearer(key(own_workspace, "erp", "LYON"))  # a rotation
    with serving(own_workspace) as client:
        for site, who in asked.items():
            body = HEADER + f"2026-11-20,{site or 'PARIS'},00123,4\n2026-11-31,{site},secret,1\n"
            told = push(client, body, "sales-2026-11-20", headers=who)
            assert told.status_code == 201, "the same key of somebody else is another one"
        for who in (asked["LYON"], again):
            seen = client.get("/v1/feeds/deliveries", headers=who).json()["items"]
            assert [one["delivery"] for one in seen] == [2]
            for theirs in (1, 3):
                for more in ("", "/rejects"):
                    address = f"/v1/feeds/deliveries/{theirs}{more}"
                    assert client.get(address, headers=who).status_code == 404
        body = HEADER + "2026-11-20,LYON,00123,4\n2026-11-31,LYON,secret,1\n"
        told = push(client, body, "sales-2026-11-20", headers=again)
        assert (told.status_code, told.json()["delivery"]) == (201, 2), "the same answer for good"


def test_rejects_are_fetched_corrected_and_sent_again(
    erp: httpx.Client, workspace: Workspace
) -> None:
    body = HEADER + "2026-09-31,METZ,7,1\n2026-09-30,METZ,7,x\n2026-09-29,METZ,7,3\n"
    first = push(erp, body, "september").json()
    page = erp.get(first["links"]["rejects"], params={"limit": 1}).json()
    assert (page["count"], len(page["items"])) == (2, 1)
    rest = erp.get(page["next"]).json()
    assert rest["next"] is None
    rows = [one["raw"] for one in (*page["items"], *rest["items"])]
    assert rows == ["2026-09-31,METZ,7,1", "2026-09-30,METZ,7,x"]
    table = erp.get(first["links"]["rejects"], headers={"Accept": "text/csv"}).text
    assert table.splitlines()[0] == "line,column,code,message,raw,settled_by"
    assert len(table.splitlines()) == 3
    mended = HEADER + "\n".join(rows).replace("09-31", "09-28").replace("x", "5") + "\n"
    again = push(erp, mended, "september, mended").json()
    assert (again["read"], again["accepted"]) == (2, 2)
    with Record.open(workspace.database_url) as record:
        sold = record.rows("sales").to_pandas().query("site == 'METZ'")
    assert sorted(sold["units"]) == [1.0, 3.0, 5.0]
    known = erp.get(first["links"]["rejects"]).json()["items"]
    assert known[1]["settled_by"] == again["delivery"], "its key came again"


@pytest.mark.parametrize("count", [1, 4, 5])
def test_a_file_of_rejects_is_read_a_part_at_a_time(
    erp: httpx.Client, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """A large file of another format is nothing but rejects: they must not fill the memory."""
    days = [f"2026-08-3{day},OUX,{count},1" for day in range(2, 2 + count)]
    told = push(erp, HEADER + "\n".join(days) + "\n", f"august {count}").json()
    read, rows = [], feeds._rows

    def counted(*asked: Any, **more: Any) -> list[dict[str, Any]]:
        found = rows(*asked, **more)
        read.append(len(found))
        return found

    monkeypatch.setattr(feeds, "CSV_ROWS", 2, raising=False)
    monkeypatch.setattr(feeds, "_rows", counted)
    table = erp.get(told["links"]["rejects"], headers={"Accept": "text/csv"}).text
    assert [line.split('"')[-2] for line in table.splitlines()[1:]] == days
    assert max(read) <= 2


@pytest.mark.parametrize(
    "where", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def test_the_same_key_fifty_times_in_parallel_is_one_effect(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = None if where == "sqlite" else request.getfixturevalue("postgres_url")
    workspace = init_workspace(tmp_path / "w", frequency="D", database=url)
    with serving(workspace) as erp:
        before = deliveries(workspace)
        with ThreadPoolExecutor(25) as crowd:
            told = list(crowd.map(lambda _: push(erp, GOOD, "fifty"), range(50)))
        assert {(one.status_code, one.text) for one in told} == {(201, told[0].text)}
        assert deliveries(workspace) == before + 1
    with serving(workspace) as erp:  # after a restart
        again = push(erp, GOOD, "fifty")
        assert (again.status_code, again.text) == (201, told[0].text)
    assert deliveries(workspace) == before + 1


def test_another_body_under_the_same_key_is_refused(
    erp: httpx.Client, workspace: Workspace
) -> None:
    first = push(erp, HEADER + "2026-08-01,LYON,1,1\n", "mine").json()
    before = deliveries(workspace)
    for other in (
        push(erp, HEADER + "2026-08-01,LYON,1,2\n", "mine"),
        push(erp, HEADER + "2026-08-01,LYON,1,1\n", "mine", feed="movements"),
    ):
        assert other.status_code == 422
        assert other.json()["facts"]["delivery"] == first["delivery"]
    assert deliveries(workspace) == before


def test_an_array_without_rows_is_a_delivery_of_zero_rows(erp: httpx.Client) -> None:
    for body, rejected in ((b"[]", 0), (b"[1, null]", 2)):
        told = push(erp, body, f"none {rejected}", headers={"Content-Type": "application/json"})
        assert told.status_code == 201, told.text
        receipt = told.json()
        assert (receipt["read"], receipt["accepted"], receipt["rejected"]) == (
            rejected,
            0,
            rejected,
        )


def test_what_is_refused_does_not_take_its_key(erp: httpx.Client) -> None:
    refused = push(erp, "day,shop\n1,2\n", "mended later")
    assert refused.status_code == 422
    problem = refused.json()
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem["facts"]["missing"]) == (
        "missing_columns",
        ["date", "site", "sku", "units"],
    )
    assert push(erp, HEADER + "2026-07-01,LYON,1,1\n", "mended later").status_code == 201


def test_the_same_rows_under_another_key_change_nothing(
    erp: httpx.Client, workspace: Workspace
) -> None:
    body = HEADER + "2026-06-01,LYON,1,1\n"
    first, again = push(erp, body, "one"), push(erp, body, "two")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["repeated"]
    assert again.json()["delivery"] == first.json()["delivery"]


def test_a_check_keeps_nothing(erp: httpx.Client, workspace: Workspace) -> None:
    before = deliveries(workspace)
    told = push(erp, HEADER + "2026-05-01,LYON,1,1\n2026-05-01,LYON,,1\n", "c", check=True)
    assert told.status_code == 200
    assert (told.json()["delivery"], told.json()["accepted"]) == (None, 1)
    assert deliveries(workspace) == before
    assert push(erp, HEADER + "2026-05-01,LYON,1,1\n", "c").status_code == 201, "the key is free"


ROWS = [{"date": "2026-04-01", "site": "BREST", "sku": "9", "units": 2}]


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(ROWS), sink)
    return sink.getvalue().to_pybytes()


def xlsx() -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (list(ROWS[0]), list(ROWS[0].values())):
        sheet.append(row)
    book.save(sink)
    return sink.getvalue()


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps(ROWS).encode(), {"Content-Type": "application/json"}),
        (json.dumps(ROWS[0]).encode(), {"Content-Type": "application/x-ndjson"}),
        (parquet(), {"Content-Type": "application/vnd.apache.parquet"}),
        (xlsx(), {"Content-Type": XLSX}),
        (gzip.compress(GOOD.encode(), mtime=0), {"Content-Encoding": "gzip"}),
        (GOOD.encode(), {"Content-Type": "text/csv; charset=utf-8"}),
    ],
    ids=["json", "ndjson", "parquet", "xlsx", "csv, gzip", "csv with a charset"],
)
def test_each_form_is_read(erp: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
    told = push(erp, body, "form", headers=headers, check=True)
    assert told.status_code == 200, told.text
    assert told.json()["rejected"] == 0
    assert told.json()["accepted"] > 0


@pytest.mark.parametrize("charset", ["iso-8859-1", "WINDOWS-1252", '"latin-1"', "utf-16"])
def test_a_text_is_read_in_the_charset_that_it_tells(
    own_workspace: Workspace, charset: str
) -> None:
    body = "supplier,name\nP-1,Pâtisserie Élysée\n".encode(charset.strip('"'))
    headers = {"Content-Type": f"text/csv; charset={charset}"}
    with serving(own_workspace) as erp:
        told = push(erp, body, "accents", feed="suppliers", headers=headers)
        assert told.status_code == 201, told.text
        again = push(erp, body, "accents", feed="suppliers", headers=headers)
        assert again.json() == told.json()
    with Record.open(own_workspace.database_url) as record:
        names = record.rows("suppliers").column("name").to_pylist()
    assert names == ["Pâtisserie Élysée"]


def test_a_profile_knows_better_than_the_charset_that_a_library_adds(
    own_workspace: Workspace,
) -> None:
    body = "Fournisseur;Raison sociale\nP-1;Pâtisserie Élysée\n".encode("cp1252")
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    with serving(own_workspace) as erp:
        told = push(erp, body, "1", feed="suppliers", profile="generic-fr", headers=headers)
        assert told.status_code == 201, told.text
    with Record.open(own_workspace.database_url) as record:
        assert record.rows("suppliers").column("name").to_pylist() == ["Pâtisserie Élysée"]


def test_a_profile_that_says_utf_8_knows_better_too(own_workspace: Workspace) -> None:
    profile = own_workspace.folder / "profiles" / "own.toml"
    profile.parent.mkdir(exist_ok=True)
    profile.write_text('encoding = "utf-8"\n')
    body = "supplier,name\nP-1,Pâtisserie Élysée\n".encode()
    headers = {"Content-Type": "text/csv; charset=iso-8859-1"}
    with serving(own_workspace) as erp:
        refused = push(erp, body, "1", feed="suppliers", headers=headers)
        assert refused.status_code == 422
        assert "charset=utf-8" in refused.json()["next_step"]
        told = push(erp, body, "1", feed="suppliers", profile="own", headers=headers)
        assert told.status_code == 201, told.text


def test_a_delivery_that_says_utf_8_is_the_one_that_did_not(erp: httpx.Client) -> None:
    first = push(erp, HEADER + "2026-08-02,LYON,1,1\n", "said")
    headers = {"Content-Type": "text/csv; charset=UTF-8"}
    again = push(erp, HEADER + "2026-08-02,LYON,1,1\n", "said", headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()


@pytest.mark.parametrize(
    ("status", "body", "more"),
    [
        (404, GOOD, {"feed": "sale"}),
        (415, GOOD, {"headers": {"Content-Type": "application/pdf"}}),
        (415, GOOD, {"headers": {"Content-Encoding": "br"}}),
        (415, GOOD, {"headers": {"Content-Type": "text/csv; charset=utf-9"}}),
        (415, GOOD, {"headers": {"Content-Type": "text/csv; charset=hex"}}),
        (415, "[]", {"headers": {"Content-Type": "application/json; charset=latin-1"}}),
        (422, GOOD, {"profile": "../../etc/passwd"}),
        (422, GOOD, {"profile": "generic-de"}),
        (422, b"", {}),
        (422, b"\xff\xfe\x00", {}),
        (422, b"PAR1garbagePAR1", {"headers": {"Content-Type": "application/vnd.apache.parquet"}}),
        (422, b"PK garbage", {"headers": {"Content-Type": XLSX}}),
        (422, xlsx()[:300], {"headers": {"Content-Type": XLSX}}),
        (422, "{" * 5_000, {"headers": {"Content-Type": "application/json"}}),
        (
            422,
            gzip.compress(GOOD.encode(), mtime=0)[:40],
            {"headers": {"Content-Encoding": "gzip"}},
        ),
    ],
    ids=[
        *(
            "no such feed",
            "PDF",
            "brotli",
            "an unknown charset",
            "a charset that is none of text",
            "JSON in Latin-1",
            "a path as profile",
            "no such profile",
            "empty",
            "binary",
        ),
        *("no Parquet", "no workbook", "half a workbook", "no JSON", "a cut gzip"),
    ],
)
def test_a_bad_push_is_told_as_a_problem(
    erp: httpx.Client, workspace: Workspace, status: int, body: bytes, more: dict[str, Any]
) -> None:
    before = deliveries(workspace)
    told = push(erp, body, "bad", **more)
    assert (told.status_code, told.headers["Content-Type"]) == (status, "application/problem+json")
    assert told.json()["next_step"]
    assert deliveries(workspace) == before


def test_a_push_needs_a_key_of_its_own(erp: httpx.Client) -> None:
    assert erp.post("/v1/feeds/sales", content=GOOD, headers=CSV).status_code == 422


def test_a_profile_of_the_workspace_has_a_name(erp: httpx.Client, workspace: Workspace) -> None:
    folder = workspace.folder / "profiles"
    folder.mkdir(exist_ok=True)
    (folder / "our-erp.toml").write_text('extends = "generic-fr"\nencoding = "utf-8"\n')
    body = "Date;Magasin;Article;Quantité\n21/03/2026;LYON;00123;1,5\n"
    told = push(erp, body.encode(), "fr", profile="our-erp")
    assert told.json()["units_accepted"] == 1.5
    (folder / "broken.toml").write_text("decimals = 1\n")
    assert push(erp, body.encode(), "fr 2", profile="broken").json()["code"] == "bad_profile"


def bounded(workspace: Workspace, **bounds: Any) -> Any:
    app = create_app(workspace)
    app.state.intakes.bounds = Bounds(**bounds)
    return serving_app(app)


def long_body(rows: int) -> str:
    return HEADER + "".join(f"2026-01-01,LYON,{row},1\n" for row in range(rows))


def test_a_body_beyond_bounds_is_refused_before_it_is_read(workspace: Workspace) -> None:
    """By its length, and in chunks that tell none; a smaller one goes in afterwards."""
    body = long_body(60_000)
    assert len(body) > 2**20
    before = deliveries(workspace)
    with bounded(workspace, body_mib=1) as erp:
        whole = push(erp, body, "large")
        pieces = (body[at : at + 9_999].encode() for at in range(0, len(body), 9_999))
        chunked = push(erp, pieces, "large")  # type: ignore[arg-type]
        for told in (whole, chunked):
            assert (told.status_code, told.json()["code"]) == (413, "too_large")
        assert (
            push(
                erp,
                gzip.compress(body.encode()),
                "small",
                check=True,
                headers={"Content-Encoding": "gzip"},
            ).status_code
            == 200
        )
    assert deliveries(workspace) == before
    assert not list((workspace.folder / "incoming").iterdir()), "nothing is left behind"


def test_what_unfolds_to_too_much_is_refused(workspace: Workspace) -> None:
    """Cells are bounded before a Parquet is read, and bytes while a gzip unfolds."""
    table = pa.table({name: pa.array([""] * 200_000) for name in ("date", "site", "sku", "units")})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    bomb = gzip.compress(b"a" * 40_000_000)
    with bounded(workspace, cells=500_000) as erp:
        kind = {"Content-Type": "application/vnd.apache.parquet"}
        wide = push(erp, sink.getvalue().to_pybytes(), "wide", headers=kind)
        deep = push(erp, bomb, "deep", headers={"Content-Encoding": "gzip"})
        assert (wide.status_code, deep.status_code) == (422, 422)
        assert "more than 500,000 cells" in wide.json()["detail"]
        assert "unfolds to more than" in deep.json()["detail"]


def test_a_body_that_needs_too_much_memory_takes_down_its_own_process_only(
    workspace: Workspace,
) -> None:
    body = long_body(400_000)
    with bounded(workspace, memory_mib=24) as erp:
        told = push(erp, body, "hungry")
        assert (told.status_code, told.json()["code"]) == (413, "too_large"), told.text
        assert erp.get("/health/live").status_code == 200


def _full(*_: object, **__: object) -> None:
    Path("/dev/full").write_text("a row")


def test_a_full_disk_is_507_with_what_makes_room(
    workspace: Workspace, erp: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = deliveries(workspace)
    url, body = workspace.database_url, tmp_path / "body"
    body.write_text(GOOD)
    asked = Push("sales", "generic", "a.csv", "0", "", "k", None, check=False, most_cells=9)
    given = (url, workspace.schema, asked, body, tmp_path / "answer", 2**40)
    with monkeypatch.context() as patched:  # in the process that reads
        patched.setattr(intake, "take", _full)
        reader = multiprocessing.get_context("fork").Process(target=intake.run, args=given)
        reader.start()
        reader.join(60)
    assert reader.exitcode == intake.FULL_DISK

    def fallen(self: Intakes, push: Push, _: object) -> None:
        raise self._fallen(push, intake.FULL_DISK)

    for method, stop in (("_in_a_process", fallen), ("_spool", _full)):  # and in the service
        with monkeypatch.context() as patched:
            patched.setattr(Intakes, method, stop)
            told = push(erp, GOOD, f"full {method}")
        assert (told.status_code, told.json()["code"]) == (507, "no_room"), told.text
        assert "publications prune" in told.json()["next_step"]
    assert deliveries(workspace) == before
    assert push(erp, GOOD, "full _spool").status_code in (200, 201)


def test_a_push_that_takes_too_long_keeps_nothing(workspace: Workspace) -> None:
    before = deliveries(workspace)
    with bounded(workspace, seconds=0.0) as erp:
        told = push(erp, GOOD.replace("LYON", "SLOW"), "slow")
        assert told.status_code == 503
        assert told.headers["Retry-After"]
    with serving(workspace) as erp:
        assert push(erp, GOOD.replace("LYON", "SLOW"), "slow").status_code == 201
    assert deliveries(workspace) == before + 1


def test_a_push_while_the_record_is_away_is_to_be_sent_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    """It is no fault of whoever sends it."""
    away = replace(workspace, database=f"sqlite:///{tmp_path / 'no' / 'record.db'}")
    engine = connect(away.database_url)
    body = tmp_path / "body.csv"
    body.write_text(GOOD)
    pushed = Push("sales", "generic", "push.csv", "", "", "key", None, check=False, most_cells=99)
    with pytest.raises(NotReady):
        Intakes(away, engine, Bounds())._known(pushed)
    with pytest.raises(NotReady):
        Intakes(away, engine, Bounds())._in_a_process(pushed, Body(body, ""))


def test_what_a_killed_service_left_behind_goes_a_day_later(workspace: Workspace) -> None:
    folder = workspace.folder / "incoming"
    folder.mkdir(exist_ok=True)
    old, fresh = folder / "push-old", folder / "push-fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    yesterday = time.time() - LEFT_SECONDS - 60
    os.utime(old, (yesterday, yesterday))
    with serving(workspace):
        assert [old.exists(), fresh.exists()] == [False, True]
    fresh.unlink()

"""The weekly pull: whole files in every form, resumed, checked by their sums, and deltas."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from httpx import Client, Response

from api import prepared
from api.negotiation import CSV, JSON, NDJSON, PARQUET
from api.prepared import Shelf
from api.tabular import WRITERS
from forecasting.record.database import connect
from models.publication import open_publication
from models.publication.changes import CHANGE, GONE
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import SERIES, publish
from tests.api.serving import serving
from tests.api.test_forecasts import read_csv

WEEKS = "/v1/forecasts?grain=week"
ROWS = len(SERIES) * 13
FORMS = {CSV: "csv", NDJSON: "ndjson", PARQUET: "parquet"}
PLAIN = {"Accept": CSV, "Accept-Encoding": "identity"}


def raw(client: Client, address: str, headers: dict[str, str], method: str = "GET") -> Response:
    """An answer whose `content` is as it was sent: nothing is decompressed."""
    with client.stream(method, address, headers=headers) as response:
        response._content = b"".join(response.iter_raw())
    return response


def sum_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@pytest.mark.parametrize(("media", "form"), FORMS.items())
def test_a_file_is_the_export(client: Client, company: Workspace, media: str, form: str) -> None:
    engine = connect(company.database_url)
    table = open_publication(engine, company.publications).export_table("forecasts", "week")
    engine.dispose()
    out = io.BytesIO()
    WRITERS[form](table, out)
    response = raw(client, WEEKS, {"Accept": media, "Accept-Encoding": "identity"})
    assert response.content == out.getvalue()
    assert response.headers["content-type"].split(";")[0] == media
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["vigistock-rows"] == str(ROWS)
    assert response.headers["vigistock-publication"] == "1"


@pytest.mark.parametrize("media", FORMS)
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br", "gzip;q=0"])
def test_sums_are_those_of_the_bytes_sent(client: Client, media: str, encoding: str) -> None:
    headers = {"Accept": media, "Accept-Encoding": encoding}
    response = raw(client, WEEKS, headers)
    assert response.headers["repr-digest"] == sum_of(response.content)
    assert response.headers["content-digest"] == sum_of(response.content)
    packed = response.headers.get("content-encoding") == "gzip"
    assert packed == (encoding == "gzip" and media != PARQUET)
    if packed:
        plain = raw(client, WEEKS, {**headers, "Accept-Encoding": "identity"})
        assert gzip.decompress(response.content) == plain.content


def test_every_representation_has_a_tag_of_its_own(client: Client) -> None:
    questions = ["", "&quantiles=q500", "&site=LYON", "&sku=00123", "&changed_since=1"]
    answers = [
        raw(client, WEEKS + question, {"Accept": media, "Accept-Encoding": encoding})
        for question in questions
        for media in FORMS
        for encoding in ("identity", "gzip")
        if media != PARQUET or encoding == "identity"
    ]
    tags = {response.headers["etag"] for response in answers}
    assert len(tags) == len(answers)
    assert not any(tag.startswith("W/") for tag in tags)


@pytest.mark.parametrize("media", FORMS)
def test_what_is_not_changed_is_not_sent(client: Client, media: str) -> None:
    tag = client.head(WEEKS, headers={"Accept": media}).headers["etag"]
    again = client.get(WEEKS, headers={"Accept": media, "If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize("address", [WEEKS, WEEKS + "&limit=3", "/v1/warnings"])
@pytest.mark.parametrize("media", [*FORMS, "application/json"])
def test_a_head_says_what_a_get_would(client: Client, address: str, media: str) -> None:
    headers = {"Accept": media, "Accept-Encoding": "identity"}
    head, get = raw(client, address, headers, "HEAD"), raw(client, address, headers)
    assert head.content == b""
    told = [name for name in get.headers if name not in ("date", "vary", "x-request-id")]
    assert {name: head.headers[name] for name in told} == {name: get.headers[name] for name in told}


@pytest.mark.parametrize("media", FORMS)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_pull_that_breaks_is_resumed(client: Client, media: str, encoding: str) -> None:
    """Twenty connections, each broken somewhere: all together they bring the whole file."""
    luck = random.Random(7)
    headers = {"Accept": media, "Accept-Encoding": encoding}
    whole = raw(client, WEEKS, headers)
    size, held, breaks = len(whole.content), b"", 0
    while len(held) < size:
        resume = {"Range": f"bytes={len(held)}-", "If-Range": whole.headers["etag"]}
        with client.stream("GET", WEEKS, headers=headers | (resume if held else {})) as response:
            assert response.status_code == (206 if held else 200)
            if held:
                expected = f"bytes {len(held)}-{size - 1}/{size}"
                assert response.headers["content-range"] == expected
                assert response.headers["repr-digest"] == whole.headers["repr-digest"]
                assert "content-digest" not in response.headers
            most = luck.randint(1, size // 10)
            for piece in response.iter_raw(16):
                held += piece[:most]
                most -= len(piece)
                if most <= 0:
                    breaks += 1
                    break
    assert held == whole.content
    assert breaks >= 10


@pytest.mark.parametrize(
    ("asked", "status", "wanted"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=10-99999999", 206, slice(10, None)),
        ("bytes=0-0,5-6", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=9-3", 200, slice(None)),
        ("bytes=" + "9" * 5_000 + "-", 200, slice(None)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_ranges(client: Client, asked: str, status: int, wanted: slice) -> None:
    whole = raw(client, WEEKS, PLAIN).content
    response = raw(client, WEEKS, PLAIN | {"Range": asked})
    assert (response.status_code, response.content) == (status, whole[wanted])


def test_a_range_behind_the_end_is_a_problem(client: Client) -> None:
    size = len(raw(client, WEEKS, PLAIN).content)
    response = client.get(WEEKS, headers=PLAIN | {"Range": f"bytes={size}-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{size}"
    assert response.json()["code"] == "range_not_satisfiable"


def test_a_range_of_another_file_brings_the_whole_new_one(client: Client) -> None:
    response = raw(client, WEEKS, PLAIN | {"Range": "bytes=5-", "If-Range": '"another"'})
    assert (response.status_code, response.content) == (200, raw(client, WEEKS, PLAIN).content)


def test_quantiles_are_chosen(client: Client) -> None:
    header = client.get(WEEKS + "&quantiles=q950,q050", headers=PLAIN).text.splitlines()[0]
    assert header.startswith("publication,site,sku,period,period_start,mean,q050,q950,method,")
    item = client.get(WEEKS + "&quantiles=q500&limit=1").json()["items"][0]
    assert list(item["quantiles"]) == ["q500"]
    assert client.get(WEEKS + "&quantiles=&limit=1").json()["items"][0]["quantiles"] == {}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (WEEKS + "&quantile=q500", "Did you mean 'quantiles'?"),
        (WEEKS + "&quantiles=q950,q51", "no quantile of this publication called 'q51'"),
        (WEEKS + "&site=LYON&site=PARIS", "'site' stands there twice"),
        ("/v1/scorecard?segment=A", "no query parameter 'segment'"),
        ("/v1/warnings?state=lost", "query.state: Input should be 'new', 'acknowledged'"),
        ("/v1/warnings?min_probabilty=0.2", "Did you mean 'min_probability'?"),
        ("/v1/series/LYON/00123?grain=week", "no query parameter 'grain'"),
    ],
)
def test_nothing_asked_is_silently_ignored(client: Client, address: str, words: str) -> None:
    response = client.get(address, headers={"Accept": f"{CSV}, */*;q=0.1"})
    assert response.status_code == 422
    assert words in response.json()["detail"]


@pytest.mark.parametrize(("media", "form"), FORMS.items())
def test_warnings_are_pulled_too(client: Client, media: str, form: str) -> None:
    response = client.get("/v1/warnings?sort=site", headers={"Accept": media})
    rows = rows_in(response.content, form)
    assert len(rows) == client.get("/v1/warnings").json()["count"] == 3
    assert [row["site"] for row in rows] == sorted(row["site"] for row in rows)


def rows_in(content: bytes, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        return list(read_csv(content.decode()))
    if form == "ndjson":
        return [json.loads(line) for line in content.splitlines()]
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
    return rows


@pytest.fixture(scope="module")
def two_weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Publications 1 and 2, a week apart; and 3, that of 2 made again."""
    from tests.api.published import workspace_in

    workspace = workspace_in(tmp_path_factory.mktemp("weeks") / "w")
    publish(workspace, as_of="2026-11-15")
    publish(workspace, as_of="2026-11-22", mean=2.5)
    publish(workspace, as_of="2026-11-22", mean=2.5)
    with serving(workspace) as client:
        yield client


@pytest.mark.parametrize(("media", "form"), FORMS.items())
def test_a_delta_leads_from_one_publication_to_the_next(
    two_weeks: Client, media: str, form: str
) -> None:
    def pull(question: str) -> list[dict[str, Any]]:
        content = two_weeks.get(WEEKS + question, headers={"Accept": media}).content
        return rows_in(content, form)

    held = {(row["site"], row["sku"], row["period"]): row for row in pull("&publication=1")}
    delta = pull("&publication=2&changed_since=1")
    for row in delta:
        key = (row["site"], row["sku"], row["period"])
        if row.pop(CHANGE) == GONE:
            del held[key]
        else:
            held[key] = row
    assert sorted(held.values(), key=str) == sorted(pull("&publication=2"), key=str)
    assert len(delta) == len(SERIES) * 14  # the first week of each is gone


def test_a_delta_in_pages_is_the_delta_at_once(two_weeks: Client) -> None:
    address: str | None = WEEKS + "&publication=2&changed_since=1&limit=17"
    rows: list[dict[str, Any]] = []
    while address:
        page = two_weeks.get(address).json()
        rows += page["items"]
        address = page["next"]
    assert page["count"] == len(rows) == len(SERIES) * 14
    keys = [(row["site"], row["sku"], row["period"]) for row in rows]
    assert keys == sorted(keys)
    stone = next(row for row in rows if row[CHANGE] == GONE)
    assert set(stone) == {"site", "sku", "period", "period_start", "change"}


def test_nothing_changed_is_an_empty_delta(two_weeks: Client) -> None:
    response = two_weeks.get(WEEKS + "&publication=3&changed_since=2", headers=PLAIN)
    assert response.headers["vigistock-rows"] == "0"
    assert response.text.count("\n") == 1
    filtered = two_weeks.get(WEEKS + "&publication=2&changed_since=1&site=LYON&sku=00123")
    assert filtered.json()["count"] == 14
    assert two_weeks.get(WEEKS + "&changed_since=99").status_code == 404


@pytest.mark.parametrize("media", [JSON, CSV])
def test_a_key_of_one_site_gets_the_delta_since_what_it_holds(
    own_workspace: Workspace, media: str
) -> None:
    """Whichever it asked for before: to it, all publications have the same blank digest."""
    for day, mean in (("08", 2.0), ("15", 2.0), ("22", 2.5)):
        publish(own_workspace, as_of=f"2026-11-{day}", mean=mean)
    limited, whole = (bearer(key(own_workspace, "erp", *sites)) for sites in (("LYON",), ()))
    with serving(own_workspace) as client:
        answers = []
        for since in (1, 2):
            asked = f"{WEEKS}&changed_since={since}"
            mine = client.get(asked, headers={"Accept": media, **limited})
            alone = client.get(f"{asked}&site=LYON", headers={"Accept": media, **whole})
            if media == JSON:
                assert mine.json()["items"] == alone.json()["items"]
            else:
                assert mine.text == alone.text
            answers.append(mine.text)
    assert answers[0] != answers[1]


class TestShelf:
    """Prepared files are made once, whole, and found again by whoever asks."""

    QUESTION: ClassVar[dict[str, object]] = {"of": "test"}

    @pytest.fixture
    def shelf(self, tmp_path: Any) -> Shelf:
        return Shelf(tmp_path / "pulls")

    @staticmethod
    def table() -> pa.Table:
        return pa.table({"sku": ["A", "B"], "mean": [1.5, None]})

    def never(self) -> pa.Table:
        raise AssertionError("it was there")

    @pytest.mark.parametrize("zipped", [False, True])
    def test_another_process_finds_it(self, shelf: Shelf, zipped: bool) -> None:
        made = shelf.get(self.QUESTION, "csv", self.table, zipped=zipped)
        found = Shelf(shelf.folder).get(self.QUESTION, "csv", self.never, zipped=zipped)
        assert found == made
        assert (made.rows, made.bytes) == (2, made.path.stat().st_size)
        assert hashlib.sha256(made.path.read_bytes()).hexdigest() == made.sha256

    def test_a_changed_file_is_made_again(self, shelf: Shelf) -> None:
        made = shelf.get(self.QUESTION, "csv", self.table, zipped=False)
        made.path.write_bytes(b"sku,mean\nA,9\n")
        again = Shelf(shelf.folder).get(self.QUESTION, "csv", self.table, zipped=False)
        assert again == made
        assert again.path.read_bytes() == b"sku,mean\nA,1.5\nB,\n"

    def test_a_maker_that_fails_leaves_nothing(self, shelf: Shelf) -> None:
        with pytest.raises(AssertionError):
            shelf.get(self.QUESTION, "csv", self.never, zipped=False)
        assert [path for path in shelf.folder.iterdir() if path.suffix != ".lock"] == []

    def test_many_who_ask_at_once_get_the_same(self, shelf: Shelf) -> None:
        made = []

        def ask() -> None:
            other = Shelf(shelf.folder)
            made.append(other.get(self.QUESTION, "ndjson", self.table, zipped=True))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(made)) == 1
        assert len(list(shelf.folder.glob("[!.]*"))) == 2

    def test_the_oldest_make_room(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(prepared, "MOST_FILES", 3)
        for number in range(6):
            shelf.get({"number": number}, "csv", self.table, zipped=False)
        assert len(list(shelf.folder.glob("[!.]*"))) == 3
        assert shelf.get({"number": 0}, "csv", self.table, zipped=False).path.exists()

"""Every route × every kind of key × own and foreign site: who is answered, and that nothing leaks.

The routes are discovered from the application. A new one fails here until `ROUTES` says what it is,
and is refused to all but administrators until `api.security.RULES` does.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from fastapi.routing import iter_route_contexts
from httpx import Client, Response

from api.app import create_app
from api.clock import today
from api.pages import assets, is_page
from api.schemas.problems import Problem
from api.scorecards import keep
from api.security import ADMIN_ALONE, RULES, rule_of
from api.tables import jobs, pushes
from forecasting.feeds import load_profile, read
from forecasting.record import Record
from models.overrides.declaration import override_of, settled
from models.overrides.ledger import add, revoke
from models.workspace import Workspace
from tests.api.keyed import NOW, bearer, key
from tests.api.planned import kept_scenario
from tests.api.published import AWKWARD, publish, workspace_in
from tests.api.serving import serving, serving_app
from tests.api.test_scorecard import outcome

OWN, FOREIGN = "LYON", "PARIS"
FOREIGN_WORDS: Final = ("PARIS", "Dépôt", "A&B", quote(AWKWARD[0]))
ALL: Final = frozenset({"planner", "erp", "scientist", "admin"})
READERS: Final = frozenset({"planner", "scientist", "admin"})
ADMIN: Final = frozenset({"admin"})
ERPS: Final = frozenset({"erp", "admin"})
TRAINING: Final = json.dumps({"kind": "train", "as_of": "2026-11-22"})
SALES: Final = "date,site,sku,units\n2026-11-20,{},00123,4\n"
RECEIPT: Final = json.dumps({"files": [{"grain": "week", "rows": 1, "sha256": "0" * 64}]})
OVERRIDE: Final = {
    **{"kind": "demand", "site": OWN, "sku": "00123", "factor": 2.0, "reason": "told"},
    "end": (today() + dt.timedelta(days=30)).isoformat(),
}
NOBODY: Final = ("none", "unknown", "expired", "revoked", "another scheme")


@dataclass(frozen=True)
class Route:
    """Who may use a route; `limited`: what a key of some sites gets of it."""

    scopes: frozenset[str]
    limited: Literal["its rows", "refused", "the same"]
    own: str  # an address that is answered
    foreign: str = ""  # the same of another site
    nothing: str = ""  # the same of no site at all
    foreign_status: int = 200
    content: str = ""  # of the body, where there is one
    status: int = 200  # of an answer

    @property
    def is_read(self) -> bool:
        return not self.content


def series(site: str, sku: str) -> str:
    return f"/v1/series/{quote(site, safe='')}/{quote(sku, safe='')}"


ROUTES: Final = {
    "GET /": Route(READERS, "its rows", "/?state=all"),
    "GET /changes": Route(READERS, "its rows", "/changes"),
    "GET /series": Route(
        READERS,
        "its rows",
        "/series?site=LYON&sku=00123",
        "/series?site=PARIS&sku=00123",
        "/series?site=NO1&sku=00123",
        404,
    ),
    "GET /flow": Route(READERS, "its rows", "/flow"),
    "GET /plans": Route(READERS, "its rows", "/plans"),
    "GET /plans/compare": Route(
        READERS,
        "its rows",
        "/plans/compare?a=1&b=1",
        "/plans/compare?a=1&b=2",
        "/plans/compare?a=1&b=99",
        404,
    ),
    "GET /plans/{number}": Route(READERS, "its rows", "/plans/1", "/plans/2", "/plans/99", 404),
    "GET /orders": Route(frozenset({"planner", "erp", "admin"}), "its rows", "/orders"),
    "GET /monday": Route(READERS, "refused", "/monday"),
    "GET /data": Route(ALL, "its rows", "/data"),
    "GET /data/{number}": Route(ERPS, "its rows", "/data/1", "/data/2", "/data/99", 404),
    "GET /sign-in": Route(ALL, "the same", "/sign-in"),
    "POST /sign-in": Route(ALL, "the same", "/sign-in", content="back=/", status=422),
    "POST /sign-out": Route(ALL, "its rows", "/sign-out", content="csrf=", status=303),
    "GET /static/{version}/{name}": Route(ALL, "the same", assets.address("vigistock.css")),
    "GET /docs": Route(ALL, "the same", "/docs"),
    "GET /openapi.json": Route(ALL, "the same", "/openapi.json"),
    "GET /health/live": Route(ALL, "the same", "/health/live"),
    "GET /health/ready": Route(ALL, "the same", "/health/ready"),
    "GET /metrics": Route(ADMIN, "refused", "/metrics"),
    "GET /v1/warnings": Route(
        READERS,
        "its rows",
        "/v1/warnings?sort=sku&state=none",
        "/v1/warnings?state=none&site=PARIS",
        "/v1/warnings?state=none&site=NO1",
    ),
    "GET /v1/warnings/{warning}": Route(
        READERS, "its rows", "/v1/warnings/{own}", "/v1/warnings/{foreign}", "/v1/warnings/99", 404
    ),
    "PATCH /v1/warnings/{warning}": Route(
        frozenset({"planner", "admin"}),
        "its rows",
        "/v1/warnings/{own}",
        "/v1/warnings/{foreign}",
        "/v1/warnings/99",
        404,
        content="{}",
    ),
    "GET /v1/series": Route(
        READERS,
        "its rows",
        "/v1/series?site=LYON&sku=00123",
        "/v1/series?site=PARIS&sku=00123",
        "/v1/series?site=NO1&sku=00123",
        404,
    ),
    "GET /v1/series/{site:path}/{sku:path}": Route(
        READERS,
        "its rows",
        series("LYON", "00123"),
        series("PARIS", "00123"),
        series("NO1", "00123"),
        404,
    ),
    "GET /v1/forecasts": Route(
        ALL,
        "its rows",
        "/v1/forecasts?limit=40",
        "/v1/forecasts?site=PARIS",
        "/v1/forecasts?site=NO1",
    ),
    "GET /v1/groups": Route(
        READERS, "its rows", "/v1/groups", "/v1/groups?site=PARIS", "/v1/groups?site=NO1"
    ),
    "GET /v1/groups/{group}": Route(
        READERS, "its rows", "/v1/groups/1", "/v1/groups/2", "/v1/groups/99", 404
    ),
    "GET /v1/proposals": Route(
        frozenset({"planner", "erp", "admin"}),
        "its rows",
        "/v1/proposals",
        "/v1/proposals?site=PARIS",
        "/v1/proposals?site=NO1",
    ),
    "GET /v1/publications": Route(ALL, "its rows", "/v1/publications"),
    "GET /v1/publications/{number}": Route(ALL, "its rows", "/v1/publications/1"),
    "POST /v1/publications": Route(
        ALL, "refused", "/v1/publications", content='{"as_of": "2026-11-22"}', status=202
    ),
    "POST /v1/publications/{number}/receipt": Route(
        ERPS, "refused", "/v1/publications/1/receipt", content=RECEIPT
    ),
    "GET /v1/models": Route(READERS, "refused", "/v1/models"),
    "POST /v1/models/{name}/promote": Route(
        frozenset({"scientist", "admin"}),
        "refused",
        "/v1/models/demand-forecast/promote",
        content='{"version": 2}',
        status=404,
    ),
    "POST /v1/models/{name}/rollback": Route(
        frozenset({"scientist", "admin"}),
        "refused",
        "/v1/models/demand-forecast/rollback",
        content="{}",
        status=409,
    ),
    "POST /v1/jobs": Route(
        frozenset({"scientist", "admin"}), "refused", "/v1/jobs", content=TRAINING, status=202
    ),
    "GET /v1/jobs/{number}": Route(ALL, "refused", "/v1/jobs/1"),
    "POST /v1/feeds/{feed}": Route(
        ERPS, "its rows", "/v1/feeds/sales?check=true", content=SALES.format(OWN)
    ),
    "GET /v1/feeds/deliveries": Route(ERPS, "its rows", "/v1/feeds/deliveries"),
    "GET /v1/feeds/deliveries/{number}": Route(
        ERPS,
        "its rows",
        "/v1/feeds/deliveries/1",
        "/v1/feeds/deliveries/2",
        "/v1/feeds/deliveries/99",
        404,
    ),
    "GET /v1/feeds/deliveries/{number}/rejects": Route(
        ERPS,
        "its rows",
        "/v1/feeds/deliveries/1/rejects",
        "/v1/feeds/deliveries/2/rejects",
        "/v1/feeds/deliveries/99/rejects",
        404,
    ),
    "GET /v1/scenarios": Route(READERS, "its rows", "/v1/scenarios"),
    "GET /v1/scenarios/{number}": Route(
        READERS, "its rows", "/v1/scenarios/1", "/v1/scenarios/2", "/v1/scenarios/99", 404
    ),
    "POST /v1/scenarios": Route(
        READERS, "refused", "/v1/scenarios", content='{"changes": []}', status=202
    ),
    "GET /v1/flow": Route(
        READERS, "its rows", "/v1/flow", "/v1/flow?site=PARIS", "/v1/flow?site=NO1"
    ),
    "GET /v1/kpis": Route(
        ALL, "its rows", "/v1/kpis?by=site", "/v1/kpis?site=PARIS", "/v1/kpis?site=NO1"
    ),
    "GET /v1/scorecard": Route(READERS, "refused", "/v1/scorecard"),
    "GET /v1/overrides": Route(READERS, "its rows", "/v1/overrides"),
    "GET /v1/overrides/{number}": Route(
        READERS, "its rows", "/v1/overrides/1", "/v1/overrides/6", "/v1/overrides/99", 404
    ),
    "POST /v1/overrides": Route(
        frozenset({"planner", "admin"}), "its rows", "/v1/overrides", content=json.dumps(OVERRIDE)
    ),
    "DELETE /v1/overrides/{number}": Route(
        frozenset({"planner", "admin"}),
        "its rows",
        "/v1/overrides/1?reason=over",
        "/v1/overrides/6?reason=over",
        "/v1/overrides/99?reason=over",
        404,
        content="{}",
    ),
}
OPEN: Final = {
    name for name, one in ROUTES.items() if one.scopes == ALL and one.limited == "the same"
}


def test_every_route_of_the_application_is_in_the_matrix(own_workspace: Workspace) -> None:
    found = {
        f"{method} {route.path}"
        for route in iter_route_contexts(create_app(own_workspace).routes)
        for method in (route.methods or {"ANY"}) - {"HEAD"}
    }
    found -= {"POST /v1/feeds/deliveries"}  # there to say 405: no feed has this name
    assert found == set(ROUTES), "say in ROUTES who may use a new route, and in api.security.RULES"
    assert set(RULES) <= found, "a rule for a route that does not exist"
    assert set(RULES) == found - OPEN


@dataclass(frozen=True)
class Company:
    """A served company with a key of every kind."""

    client: Client
    keys: dict[str, str]
    own_warning: int
    foreign_warning: int

    def send(self, name: str, address: str, who: str) -> Response:
        """As the route is used."""
        route = ROUTES[name]
        if route.is_read:
            return self.ask(address, who)
        kind = "text/csv" if "/feeds/" in name else "application/json"
        headers = bearer(self.keys.get(who, "")) | {"Content-Type": kind, "Idempotency-Key": who}
        if who == "another scheme":
            headers["Authorization"] = f"Basic {self.keys[who]}"
        headers["If-Match"] = "*"
        path = address.format(own=self.own_warning, foreign=self.foreign_warning)
        method = name.split()[0]
        return self.client.request(method, path, content=route.content, headers=headers)

    def ask(self, address: str, who: str, **headers: str) -> Response:
        path = address.format(own=self.own_warning, foreign=self.foreign_warning)
        offered = self.keys.get(who, "")
        sent = {"Authorization": f"Basic {offered}"} if who == "another scheme" else bearer(offered)
        return self.client.get(path, headers={**sent, **headers})


def made(workspace: Workspace, *sites: str) -> dict[str, str]:
    publish(workspace, sites=sites)
    keep(workspace, outcome().facts())
    _deliver(workspace, OWN, f"erp's program\n{OWN}", f"admin's program\n{OWN}")
    kept_scenario(workspace, STOP, name="PARIS" if not sites else "", sites=sites)
    _override(workspace, OWN, "nobody", "planner's program", "admin's program")
    if not sites:
        _override(workspace, FOREIGN, "nobody")
        _deliver(workspace, FOREIGN)
        kept_scenario(workspace, {"kind": "site_closed", "site": FOREIGN})
    return {
        **{scope: key(workspace, scope) for scope in ALL},
        **{f"{scope} of {OWN}": key(workspace, scope, OWN) for scope in ALL},
        "planner of nothing": key(workspace, "planner", "NO1"),
        "expired": key(workspace, "admin", expires_at=NOW),
        "revoked": key(workspace, "admin", revoked=True),
        "unknown": "vgs_00000000_" + "x" * 43,
        "another scheme": key(workspace, "admin"),
    }


def _deliver(workspace: Workspace, site: str, *callers: str) -> None:
    """A delivery of a site's rows that these callers pushed."""
    body = SALES.format(site).encode()
    reading = read(body, "sales", load_profile("generic"), name="sales.csv")
    with Record.open(workspace.database_url) as record:
        number = record.deliver(reading, received_at=NOW).delivery
        row = {"key": site, "digest": "", "delivery": number, "status": 201, "answer": {}}
        with record.writing() as connection:
            for caller in callers:
                connection.execute(sa.insert(pushes), row | {"caller": caller, "at": NOW})
            if not connection.execute(sa.select(jobs.c.id)).first():
                connection.execute(sa.insert(jobs), [JOB, TRAIN, WHAT_IF])


def _override(workspace: Workspace, site: str, revoked: str, *callers: str) -> None:
    """One that was revoked, and what these callers will say again, for a site."""
    with Record.open(workspace.database_url) as record:
        declared = settled(override_of(OVERRIDE | {"site": site}), today())
        gone, _ = add(record.engine, declared, who=revoked, at=NOW)
        revoke(record.engine, gone.number, who=revoked, reason="over", at=NOW)
        for caller in callers:
            add(record.engine, declared, who=caller, at=NOW)
            add(record.engine, declared, who=f"another than {caller}", at=NOW)


JOB: Final = {
    **{"id": 1, "kind": "publish", "asked": {"as_of": "2026-11-22"}, "caller": ""},
    **{"state": "running", "step": "", "result": {}, "error": {}},
    **{"asked_at": NOW, "started_at": NOW, "seen_at": NOW + dt.timedelta(days=1)},
}
WHAT_IF: Final = JOB | {"id": 2, "kind": "scenario", "asked": {"changes": [], "publication": 1}}
TRAIN: Final = JOB | {"id": 3, "kind": "train"}
"""Under way: whoever asks for the same gets these."""
STOP: Final = {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 6}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    workspace = workspace_in(tmp_path_factory.mktemp("whole") / "w")
    keys = made(workspace)
    with serving(workspace) as client:
        items = client.get("/v1/warnings", headers=bearer(keys["admin"])).json()["items"]
        numbers = {item["site"]: item["warning"] for item in items if item["state"] == "new"}
        yield Company(client, keys, numbers[OWN], numbers[AWKWARD[0]])


@pytest.fixture(scope="module")
def only_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The same company as if the own site were all that there is."""
    workspace = workspace_in(tmp_path_factory.mktemp("own") / "w")
    keys = made(workspace, OWN)
    with serving(workspace) as client:
        yield Company(client, keys, 1, 99)


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("who", [*NOBODY, *sorted(ALL)])
def test_who_is_answered(whole: Company, name: str, who: str) -> None:
    route = ROUTES[name]
    for address in filter(None, (route.own, route.foreign)):
        response = whole.send(name, address, who)
        if name in OPEN:
            assert response.status_code == route.status
        elif who in NOBODY:
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
            _is_refusal(response, name)
        elif who in route.scopes:
            assert response.status_code == route.status
        else:
            assert response.status_code == 403
            _is_refusal(response, name)


def _is_refusal(response: Response, name: str) -> None:
    """It names no site and no figure; as a page where a page was asked for."""
    asked = str(response.request.url)
    assert not any(word in response.text for word in (OWN, *FOREIGN_WORDS) if word not in asked)
    if is_page(response.request.url.path):
        assert response.headers["content-type"].startswith("text/html")
    else:
        assert response.headers["content-type"] == "application/problem+json"
        assert Problem.model_validate(response.json()).request_id


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("scope", sorted(ALL))
def test_what_a_key_of_one_site_gets(whole: Company, name: str, scope: str) -> None:
    route, who = ROUTES[name], f"{scope} of {OWN}"
    own = whole.send(name, route.own, who)
    if scope not in route.scopes or route.limited == "refused":
        assert own.status_code == 403
        _is_refusal(own, name)
        return
    assert own.status_code == route.status
    assert not any(word in own.text for word in FOREIGN_WORDS if name not in OPEN)
    if route.foreign:
        foreign, nothing = (whole.send(name, one, who) for one in (route.foreign, route.nothing))
        assert foreign.status_code == nothing.status_code == route.foreign_status
        assert _told(foreign) == _told(nothing)
        assert whole.send(name, route.foreign, scope).status_code == 200, "and it does exist"


def _told(response: Response) -> tuple[str, dict[str, str]]:
    """What an answer says, but the words of the question itself and its own id."""
    text = re.sub(r'"request_id":"\w+"', "", response.text)
    text = re.sub(r"PARIS|NO1", "…", text)
    text = re.sub(r"((?:warnings?|groups?|deliver\w+|scenarios|overrides)[/ ])\d+", r"\1…", text)
    text = re.sub(r"\b(b(?:=|%3D))\d+", r"\1…", text)
    text = re.sub(r"((?:warning|scenario|override) '|scenario &#39;|\"name\":\")\d+", r"\1…", text)
    ignored = ("x-request-id", "date", "etag", "content-length")
    return text, {name: value for name, value in response.headers.items() if name not in ignored}


COMPARED: Final = [
    name for name, one in ROUTES.items() if one.limited == "its rows" and one.is_read
]


@pytest.mark.parametrize("accept", ["application/json", "text/csv;q=1, application/json;q=0.5"])
@pytest.mark.parametrize("name", COMPARED)
def test_other_sites_change_no_byte_of_an_answer(
    whole: Company, only_own: Company, name: str, accept: str
) -> None:
    """Counts, order, pages, tags: as if the other sites had never been published."""
    who = f"admin of {OWN}"
    address = ROUTES[name].own
    seen = 0
    while address:
        answers = [one.ask(address, who, Accept=accept) for one in (whole, only_own)]
        assert _without_numbers(answers[0]) == _without_numbers(answers[1])
        if "{" not in address:
            assert answers[0].headers.get("etag") == answers[1].headers.get("etag")
        address = answers[0].links.get("next", {}).get("url", "")
        seen += 1
    assert seen == (3 if name == "GET /v1/forecasts" else 1)


def _without_numbers(response: Response) -> str:
    """Warnings are numbered across the sites."""
    assert response.status_code == 200
    text = re.sub(r'"warning":\d+', '"warning":…', response.text)
    return re.sub(r'(data-acknowledge|data-warning|name="warning" value)="\d+"', r"\1", text)


TAGGED: Final = [
    name
    for name in COMPARED
    if not any(part in name for part in ("publications", "deliveries", "scenarios"))
]


@pytest.mark.parametrize("name", TAGGED)
def test_tags_differ_by_what_is_seen(whole: Company, name: str) -> None:
    address = ROUTES[name].own
    if is_page(name.split()[1]) or name.startswith(("GET /data/", "GET /plans/")):
        return  # never kept by a browser
    tags = {who: whole.ask(address, who).headers["etag"] for who in ("admin", f"admin of {OWN}")}
    assert len(set(tags.values())) == 2
    for who, other in (("admin", f"admin of {OWN}"), (f"admin of {OWN}", "admin")):
        again = whole.ask(address, who, **{"If-None-Match": tags[other]})
        assert again.status_code == 200, "what another key was told is not what this one has"
    assert "Authorization" in whole.ask(address, "admin").headers["vary"]


@pytest.mark.parametrize("accept", ["text/csv", "application/x-ndjson"])
@pytest.mark.parametrize("address", ["/v1/forecasts?grain=week", "/v1/warnings?state=none"])
def test_a_whole_file_is_cut_to_the_sites_of_its_key(
    whole: Company, only_own: Company, address: str, accept: str
) -> None:
    """Kept files too: whoever pulled before, nobody gets the file of another."""
    everything = whole.ask(address, "erp" if "forecasts" in address else "planner", Accept=accept)
    assert any(word in everything.text for word in FOREIGN_WORDS)
    for _ in range(2):
        mine = whole.ask(address, f"admin of {OWN}", Accept=accept)
        assert OWN in mine.text
        assert not any(word in mine.text for word in FOREIGN_WORDS)
        alone = only_own.ask(address, f"admin of {OWN}", Accept=accept)
        assert _without_numbers(mine) == _without_numbers(alone)
    again = whole.ask(address, "admin", Accept=accept)
    assert again.text == everything.text


def test_a_key_of_one_site_may_not_speak_for_another(whole: Company) -> None:
    for feed, body, problem in (
        ("sales", SALES.format(FOREIGN), "'PARIS'"),
        ("sales", SALES.format(OWN) + f"2026-11-21,{FOREIGN},1,1\n", "'PARIS'"),
        ("items", "sku\n00123\n", "speaks for all"),
    ):
        headers = {"Content-Type": "text/csv", "Idempotency-Key": problem}
        headers |= bearer(whole.keys[f"erp of {OWN}"])
        told = whole.client.post(f"/v1/feeds/{feed}", content=body, headers=headers)
        assert (told.status_code, told.json()["code"]) == (403, "forbidden")
        assert problem in told.json()["detail"]
    kept = whole.ask("/v1/feeds/deliveries", "admin").json()["items"]
    assert len(kept) == 2, "nothing of it was taken"


def test_a_cursor_belongs_to_what_its_key_sees(whole: Company) -> None:
    following = whole.ask("/v1/forecasts?limit=40", "admin").json()["next"]
    refused = whole.ask(following, f"admin of {OWN}")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_cursor")


def test_a_key_of_a_site_without_series_sees_empty_lists(whole: Company) -> None:
    for address in ("/v1/warnings", "/v1/warnings?state=none"):
        answer = whole.ask(address, "planner of nothing").json()
        assert (answer["count"], answer["items"]) == (0, [])
    assert whole.ask("/v1/forecasts", "planner of nothing").json()["count"] == 0
    csv = whole.ask("/v1/forecasts", "planner of nothing", Accept="text/csv").text
    assert csv.count("\n") == 1
    assert whole.ask("/", "planner of nothing").status_code == 200


def test_totals_of_a_publication_are_not_told(whole: Company) -> None:
    told: dict[str, Any] = whole.ask("/v1/publications/1", f"erp of {OWN}").json()
    assert (told["series"], told["parts"], told["manifest_sha256"]) == (None, {}, "")
    assert told["data_digest"] == ""
    assert whole.ask("/v1/publications/1", "erp").json()["series"] == 5


def test_a_route_that_nobody_declared_is_for_administrators_of_every_site(
    own_workspace: Workspace,
) -> None:
    assert rule_of("POST", "/v1/new") == ADMIN_ALONE
    app = create_app(own_workspace)
    app.add_api_route("/v1/new", lambda: "done", methods=["POST"])
    statuses = {}
    keys = {
        "planner": key(own_workspace, "planner"),
        "erp": key(own_workspace, "erp"),
        "scientist": key(own_workspace, "scientist"),
        "admin": key(own_workspace, "admin"),
        "admin of one site": key(own_workspace, "admin", OWN),
    }
    with serving_app(app) as client:
        for who, text in keys.items():
            statuses[who] = client.post("/v1/new", headers=bearer(text)).status_code
    assert statuses == {
        "planner": 403,
        "erp": 403,
        "scientist": 403,
        "admin": 200,
        "admin of one site": 403,
    }


def test_paths_that_do_not_exist_are_not_told_apart_without_a_key(whole: Company) -> None:
    for address in ("/v1/nothing", "/nothing", "/static/nothing", "/openapi.json/"):
        assert whole.ask(address, "none").status_code == 401
        assert whole.ask(address, "planner").status_code == 404

"""The list behind the page: filters, counts, what changed; and the states that are not a list."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from httpx import Client
from markupsafe import escape

from api.app import create_app
from api.pages.actions import actions_of
from api.pages.board import Board, Question, changes_between, value_of
from api.pages.frame import freshness_of
from api.pages.monday import accuracy_of, out_of_ten
from api.pages.orders import HEAD, LINE, days_of, totals_of
from api.planner_groups import grouped
from api.planner_list import old_data
from api.scorecards import keep
from api.served import Served
from forecasting.feeds import load_profile, read
from forecasting.record import Record
from forecasting.record.database import connect
from models.ledger import DEMAND
from models.publication import open_publication
from models.publication.build import table_of
from models.workspace import Workspace
from tests.api import published
from tests.api.planned import kept_scenario
from tests.api.published import AWKWARD, publish, workspace_in
from tests.api.serving import serving, serving_app
from tests.api.test_scorecard import outcome


def served_of(workspace: Workspace, number: int | None = None) -> Served:
    engine = connect(workspace.database_url)
    try:
        return Served(open_publication(engine, workspace.publications, number))
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def board(company: Workspace) -> Board:
    return Board(served_of(company))


def names(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["site"], rows["sku"], strict=True))


OUT, WORST, NEXT = ("LYON", "00124"), ("LYON", "00123"), AWKWARD


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [OUT, WORST, NEXT]),
        ({"site": "LYON"}, [OUT, WORST]),
        ({"supplier": "Novapack"}, [WORST, NEXT]),
        ({"category": "thé"}, [OUT]),
        ({"buyer": "nobody"}, []),
        ({"within": 7}, [OUT]),
        ({"within": 14}, [OUT, WORST, NEXT]),
        ({"state": "new"}, [OUT, WORST, NEXT]),
        ({"state": "snoozed"}, []),
        ({"state": "all"}, [OUT, WORST, NEXT]),
        ({"search": "CAFÉ lyon"}, [OUT, WORST]),
        ({"search": "50%/x"}, [NEXT]),
        ({"search": ".*"}, []),
    ],
    ids=str,
)
def test_filters(board: Board, asked: dict[str, str | int], found: list[tuple[str, str]]) -> None:
    question = dataclasses.replace(Question(), **asked)  # type: ignore[arg-type]
    assert names(board.asked(question)) == found
    assert question.is_narrow == bool(asked)


def test_what_the_filters_offer(board: Board) -> None:
    assert board.facets() == {
        "site": ["Dépôt/Nord 1", "LYON"],
        "supplier": ["Novapack"],
        "category": ["café", "thé"],
        "buyer": ["A. Benali", "C. Morel"],
    }
    assert board.horizons == [3, 7, 14]
    assert value_of(board.rows) == {"EUR": pytest.approx(420 * 10 * (0.62 + 0.85 + 0.10))}


def test_what_changed(own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(own_workspace, as_of="2026-11-21")
    after = published.SERIES.copy()
    after.loc[1, "out"] = True  # LYON 00123 runs out
    after.loc[2, ["chance", "out"]] = [0.05, False]  # LYON 00124 is back
    after.loc[0, "chance"] = 0.1  # the awkward one is calm
    after.loc[4, "chance"] = 0.7  # PARIS is warned of
    monkeypatch.setattr(published, "SERIES", after)
    publish(own_workspace, as_of="2026-11-22")
    now, then = (Board(served_of(own_workspace, number)) for number in (2, 1))
    found = changes_between(now, then)
    assert {kind: [(one["site"], one["sku"]) for one in rows] for kind, rows in found.items()} == {
        "out": [("LYON", "00123")],
        "warned": [("PARIS", "00123")],
        "back": [("LYON", "00124")],
        "calm": [AWKWARD],
    }
    with serving(own_workspace) as client:
        text = client.get("/changes").text
        assert "Depuis le sam. 21 nov." in text
        assert re.search(r"<strong>1</strong> nouvelle alerte<", text)
        assert "site=PARIS&amp;sku=00123" in text
        unchanged = changes_between(now, now)
        assert not any(unchanged.values())


def test_without_an_earlier_publication_nothing_is_said_of_changes(client: Client) -> None:
    assert client.get("/changes").text.strip() == ""


def test_a_quiet_company(own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "SERIES", published.SERIES.assign(chance=0.01, out=False))
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert "Rien à signaler" in client.get("/").text
        assert "Pas d’alerte" in client.get("/series?site=LYON&sku=00123").text
        assert "Rien n’a encore été jugé" in client.get("/monday").text


def test_where_nothing_is_announced_no_moment_is_marked(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for chance, breaks in ((0.15, ""), (0.9, "2026-12-01")):
        monkeypatch.setattr(published, "SERIES", published.SERIES.assign(chance=chance, out=False))
        publish(own_workspace)
        with serving(own_workspace) as client:
            page = client.get("/series?site=LYON&sku=00123").text
            assert ("Pas d’alerte" in page) == (breaks == "")
            assert f'data-breaks="{breaks}' in page
            assert ('data-breaks=""' in page) == (breaks == "")


def test_rows_that_came_again_are_hidden_until_asked_for(own_workspace: Workspace) -> None:
    publish(own_workspace)
    head = "date,site,sku,units\n"
    wrong = f"{head}2026-11-02,LYON,00123,x\n2026-11-03,LYON,00123,y\n"
    with Record.open(own_workspace.database_url) as record:
        for text in (wrong, f"{head}2026-11-02,LYON,00123,3\n"):
            reading = read(text.encode(), "sales", load_profile("generic"), name="ventes.csv")
            number = record.deliver(reading, received_at=dt.datetime.now(dt.UTC)).delivery
    with serving(own_workspace) as client:
        assert "dont 1 revenue juste" in client.get("/data").text
        page = client.get(f"/data/{number - 1}").text
        assert "1 ligne est revenue depuis" in page
        assert "2026-11-03,LYON,00123,y" in page
        assert "2026-11-02,LYON,00123,x" not in page
        shown = client.get(f"/data/{number - 1}?settled=1").text
        assert "2026-11-02,LYON,00123,x" in shown
        assert f"revenue avec la livraison {number}" in shown


def test_the_last_good_one_is_shown_as_such(own_workspace: Workspace) -> None:
    publish(own_workspace, as_of="2026-11-21")
    app = create_app(own_workspace)
    with serving_app(app) as client:
        assert "dernière bonne" not in client.get("/").text
        newest = publish(own_workspace, as_of="2026-11-22")
        (own_workspace.publications / newest.folder / "warnings.arrow").write_bytes(b"x")
        app.state.publications.look_again()
        page = client.get("/")
        assert page.status_code == 200
        assert "dernière bonne" in page.text


@pytest.mark.parametrize(
    ("day", "is_stale"), [("2026-11-22", False), ("2026-11-24", False), ("2026-11-25", True)]
)
def test_old_data_are_told(
    client: Client, monkeypatch: pytest.MonkeyPatch, day: str, is_stale: bool
) -> None:
    for module in ("clock", "pages.data"):
        monkeypatch.setattr(f"api.{module}.today", lambda: pd.Timestamp(day).date())
    assert ("Les données s’arrêtent au 22" in client.get("/").text) == is_stale
    assert ("en retard" in client.get("/data").text) == is_stale


def test_a_monthly_list_says_that_some_of_its_dates_may_have_passed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as nothing is late; whoever publishes by the day is told that news are missing."""
    monkeypatch.setattr("api.clock.LATE_DAYS", 31)
    for day, is_old in (("2026-11-29", False), ("2026-11-30", True)):
        monkeypatch.setattr("api.clock.today", lambda told=day: pd.Timestamp(told).date())
        page = client.get("/").text.replace("\xa0", " ")
        assert ("il y a 8 jours : ce qui suit date de là" in page) == is_old
        assert "ne sont pas arrivés" not in page


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-07", ""),
        ("2026-11-27", "The data end Sat 31 Oct, 27 days ago: what follows is as of then."),
    ],
)
def test_a_monthly_list_in_a_mail_tells_its_age(
    monkeypatch: pytest.MonkeyPatch, day: str, said: str
) -> None:
    monkeypatch.setattr("api.clock.today", lambda: pd.Timestamp(day).date())
    made = {"origin_end": pd.Timestamp("2026-10-31").date(), "frequency": "M"}
    assert old_data(made, "en") == said


def test_orders_by_the_month_are_those_of_two_months(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "dans les deux semaines" in client.get("/orders").text
    monkeypatch.setattr(
        "api.pages.orders.freshness_of", lambda served: freshness_of(served) | {"frequency": "M"}
    )
    assert "dans les deux mois" in client.get("/orders").text


def test_a_code_that_nothing_has_is_not_all_clear(client: Client) -> None:
    told = "ni site, ni fournisseur, ni famille"
    assert told in client.get("/", params={"site": "PARI"}).text
    assert told not in client.get("/", params={"site": "PARIS", "supplier": "Novapack"}).text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/?within=x", 422),
        ("/?state=nothing", 422),
        ("/series", 422),
        ("/series?site=LYON&sku=no", 404),
        ("/data/7", 404),
        ("/data/x", 422),
    ],
)
def test_what_cannot_be_shown_is_a_page_too(client: Client, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "Retour à la liste du matin" in answer.text


def test_what_nobody_foresaw_is_a_page_without_a_detail(company: Workspace) -> None:
    app = create_app(company)

    def broken() -> None:
        raise ZeroDivisionError("secret")

    with serving_app(app) as client:
        app.state.publications.current = broken
        answer = client.get("/")
        assert answer.status_code == 500
        assert answer.headers["content-type"].startswith("text/html")
        assert "secret" not in answer.text
        assert answer.headers["x-request-id"] in answer.text


def test_files_are_kept_for_good_and_old_addresses_are_not(client: Client) -> None:
    page = client.get("/").text
    style = re.search(r'href="(/static/[0-9a-f]{12}/vigistock\.css)"', page)
    assert style
    answer = client.get(style[1])
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert client.get("/static/000000000000/vigistock.css").status_code == 404
    plotly = client.get(style[1].replace("vigistock.css", "plotly.min.js"))
    assert plotly.headers["content-encoding"] == "gzip"
    assert int(plotly.headers["content-length"]) < 2_000_000
    plain = client.get(style[1], headers={"Accept-Encoding": "identity"})
    assert plain.text == answer.text


def test_monday_in_plain_words(own_workspace: Workspace) -> None:
    publish(own_workspace)
    keep(own_workspace, outcome("CLOCK").facts())
    with serving(own_workspace) as client:
        text = client.get("/monday").text
    assert "Annoncé" in text
    assert "Trop peu de cas pour le dire." in text
    assert not re.search(r"\b(ECE|quantile|Brier|WAPE|P90)\b", text)


def test_monday_says_that_weeks_are_left_out_and_what_found_stockouts_count(
    own_workspace: Workspace,
) -> None:
    publish(own_workspace)
    facts = outcome("CLOCK").facts()
    week = facts["by_period"][0]
    facts["methods"] = [{"method": "Vigistock", "precision": 0.5, "recall": 0.67}]
    with serving(own_workspace) as client:
        for count, is_cut in ((8, False), (9, True)):
            keep(own_workspace, facts | {"by_period": [week] * count})
            text = client.get("/monday").text
            assert ("Les dernières seulement" in text) == is_cut
            assert text.count('<tr><th scope="row">2026-W') == 8
            assert "à portée de plusieurs compte une fois pour chacune" in text


def test_warnings_by_the_month_are_judged_month_by_month(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(own_workspace)
    keep(own_workspace, outcome("CLOCK").facts())
    with serving(own_workspace) as client:
        by_week = client.get("/monday").text
        monkeypatch.setattr(
            "api.pages.monday.freshness_of",
            lambda served: freshness_of(served) | {"frequency": "M"},
        )
        by_month = client.get("/monday").text
    assert "<h2>Semaine par semaine</h2>" in by_week
    assert "<h2>Mois par mois</h2>" in by_month
    assert "Semaine" not in by_month


def lines(**columns: object) -> pd.DataFrame:
    usual = dict.fromkeys((*HEAD, *LINE), "") | {"excess_value": 1.5, "order_on": "2026-11-23"}
    return pd.DataFrame(usual | columns)


def test_orders_by_day() -> None:
    days = ["2026-11-23", "2026-11-23", "2026-11-23", "2026-11-24"]
    table = lines(proposal=[1, 1, 2, 3], order_on=days, sku=["A", "B", "C", "D"])
    found = days_of(table)
    assert [one["day"] for one in found] == ["2026-11-23", "2026-11-24"]
    assert [[line["sku"] for line in order["lines"]] for order in found[0]["orders"]] == [
        ["A", "B"],
        ["C"],
    ]
    assert found[0]["orders"][0]["excess_value"] == 3.0
    assert days_of(table.head(0)) == []
    day = dt.date(2026, 11, 2)
    silences = table.assign(silent_since=[None, None, pd.NaT, day])
    told = [order["silent_since"] for one in days_of(silences) for order in one["orders"]]
    assert told == [None, None, day]


def test_orders_summed_by_supplier() -> None:
    table = lines(
        proposal=[1, 1, 2, 3], supplier=["NOVA", "NOVA", "NOVA", ""], value=[5.0, 5.0, 1.0, 40.0]
    )
    found = totals_of(table.assign(source_site=["", "", "", "DEPOT"], currency="EUR"))
    assert [(one["supplier"], one["orders"], one["value"]) for one in found] == [
        ("", 1, 40.0),
        ("NOVA", 2, 11.0),
    ]
    assert totals_of(table.head(0)) == []


def test_what_the_budget_left_out_is_told(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = published.parts

    def beyond(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        groups = parts["groups"].to_pandas().assign(attention="left_out")
        return parts | {"groups": table_of(groups)}

    monkeypatch.setattr(published, "parts", beyond)
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert "2 actions au-delà du budget du jour" in client.get("/").text
        assert "2 actions beyond the budget of the day" in client.get("/?lang=en").text


@pytest.mark.parametrize(
    ("cost", "told"), [(50.0, True), (0.0, False), (np.nan, False)], ids=["costed", "free", "not"]
)
def test_what_an_action_costs_stands_beside_what_it_avoids(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, cost: float, told: bool
) -> None:
    made = published.parts

    def costed(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        return parts | {"groups": table_of(parts["groups"].to_pandas().assign(cost=cost))}

    monkeypatch.setattr(published, "parts", costed)
    publish(own_workspace)
    with serving(own_workspace) as client:
        french, english = client.get("/").text, client.get("/?lang=en").text
    assert ("coûte 50\xa0€" in french, "costs €50" in english) == (told, told)
    actions = grouped(served_of(own_workspace).reader, "en", limit=1)
    assert ("costs €50" in actions.today[0].effect) == told
    assert any("Not costed" in said for said in actions.closing) == np.isnan(cost)


def test_a_publication_without_proposals_says_so(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = published.parts

    def older(*asked: Any) -> dict[str, Any]:
        return {name: part for name, part in made(*asked).items() if name != "proposals"}

    monkeypatch.setattr(published, "parts", older)
    publish(own_workspace)
    with serving(own_workspace) as client:
        assert "ne propose pas de commandes" in client.get("/orders?buyer=nobody").text


def test_chances_out_of_ten() -> None:
    few = {"rows": 5, "chance": 0.9, "rate": 1.0}
    rare = {"rows": 50, "chance": 0.06, "rate": 0.04}
    assert out_of_ten([rare, few]) == [{"chance": 0.1, "ran_out": 0, "rows": 50}]
    assert out_of_ten([]) == []


def test_accuracy_where_the_naive_wins() -> None:
    metrics = {"week/wape": 0.4, "week/wape_naive": 0.3, "month/wape": 0.2}
    found = accuracy_of([{"name": DEMAND, "champion": True, "metrics": metrics}], "week")
    assert found is not None
    assert found["rows"] == [{"grain": "week", "own": 0.4, "naive": 0.3, "naive_wins": True}]
    assert accuracy_of([{"name": DEMAND, "champion": True, "metrics": {}}], "week") is None
    assert accuracy_of([{"name": DEMAND, "champion": False, "metrics": metrics}], "week") is None


def test_actions_stand_above_the_list(client: Client, company: Workspace) -> None:
    served = served_of(company)
    every = actions_of(served, "fr", Question())
    told = [one for found in every.values() for one in found]
    assert told, "the published company has actions"
    page = client.get("/").text
    first = told[0]
    assert escape(first["headline"]) in page
    numbers = [one["group"] for one in told]
    alone = actions_of(served, "fr", Question(group=numbers[0]))
    assert [one["group"] for found in alone.values() for one in found] == numbers[:1]
    shown = Board(served).asked(Question(group=numbers[0], state="all"))
    assert 0 < len(shown) <= first["series"]
    assert not any(actions_of(served, "en", Question(search="x")).values())
    assert not any(actions_of(served, "en", Question(buyer="nobody at all")).values())
    assert "2026-11-23" not in str(every)


def test_a_plan_says_what_actions_are_worth_where_a_price_is_known(tmp_path: Path) -> None:
    company = workspace_in(tmp_path / "w")
    publish(company)
    stop = {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 6}
    kept_scenario(company, stop)
    kept_scenario(company, stop, currency="")
    with serving(company) as client:
        priced, unpriced = (
            client.get(f"/plans/{number}", headers={"Accept-Language": "en"}) for number in (1, 2)
        )
    assert (priced.status_code, unpriced.status_code) == (200, 200)
    assert "the loss it adds there" in priced.text
    assert "the loss it adds there" not in unpriced.text
    assert "Find 4 units" in unpriced.text
    assert ("Added loss</dt>" in priced.text, "Added loss</dt>" in unpriced.text) == (True, False)
    tables = (one.text.count("Added loss</th>") for one in (priced, unpriced))
    assert tuple(tables) == (2, 0)
    assert unpriced.text.count("Units missed besides</th>") == 2
    assert '<td class="number">4</td>' in unpriced.text


def test_two_plans_stand_beside_each_other(tmp_path: Path) -> None:
    company = workspace_in(tmp_path / "w")
    publish(company)
    stop = {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 6}
    kept_scenario(company, stop, name="Novapack stops")
    kept_scenario(company, {"kind": "demand", "percent": 30, "category": "café"}, sites=("LYON",))
    with serving(company) as client:
        assert 'action="/plans/compare"' in client.get("/plans").text
        page = client.get("/plans/compare?a=1&b=2", headers={"Accept-Language": "en"}).text
        told = {row[0]: row[1:] for row in map(cells, re.findall(r"<tr>(.*?)</tr>", page, re.S))}
        assert told["Series that break"] == ["5", "3"]
        assert told["First"] == ["27 Nov", "27 Nov"]
        assert told["Units missed besides"] == ["20", "12"]
        assert told["Added loss"] == ["€60", "€36"]
        assert told["00123 00123"] == ["PARIS", "breaks 27 Nov", "90%", "same", "20%", "-4", "-€12"]
        same = client.get("/plans/compare?a=1&b=1", headers={"Accept-Language": "en"}).text
        assert "Both say the same of every series." in same
        assert client.get("/plans/compare?a=1&b=3").status_code == 404
        assert client.get("/plans/compare?a=1").status_code == 422


def cells(row: str) -> list[str]:
    """The words of each cell of a row of a table."""
    found = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
    return [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in found]


def test_what_is_out_is_put_off_and_leaves_the_list(tmp_path: Path) -> None:
    company = workspace_in(tmp_path / "w")
    publish(company)
    with serving(company) as client:
        page = client.get("/").text
        warning = re.search(r'name="warning" value="(\d+)"[^>]*00124', page)
        assert warning, "the row of what is out can be chosen"
        address = f"/v1/warnings/{warning[1]}"
        wish = {"snoozed_until": "2099-01-01", "comment": "the supplier stands still"}
        changed = client.patch(address, headers={"If-Match": "*"}, json=wish)
        assert changed.json()["life"]["state"] == "snoozed"
        assert client.get(address).json()["warning"]["state"] == "out", "it is out all the same"
        assert "00124" not in client.get("/").text, "nor does the running service show it"
        assert "00124" in client.get("/?state=snoozed").text
        assert OUT not in names(Board(served_of(company)).asked(Question()))
        aside = Board(served_of(company)).asked(Question(state="snoozed"))
        assert names(aside) == [OUT]

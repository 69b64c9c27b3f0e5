"""The KPIs of Monday's page, in both languages, with what cannot be computed; and the segments."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from api.kpi_board import headlines, shown_of
from api.pages.monday_kpis import segments_of
from forecasting.record.database import connect
from models.kpis import KPIS
from models.kpis.figures import Question
from models.ledger import DEMAND
from models.publication import open_publication
from models.workspace import Workspace
from tests.api import published
from tests.api.published import publish
from tests.api.serving import serving


def plain(text: str) -> str:
    return re.sub(r"[\u00a0\u202f]", " ", re.sub(r"<[^>]+>", " ", text))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fr",
            [
                "Fiabilité fournisseurs : à l’heure et complet",
                "90,0 %",
                "octobre 2026",
                "le mois d’avant : 70,0 %",
                "mois en cours, à ce jour : 40,0 %",
                "non calculable : flux « costs » absent depuis le 3 mars 2026",
                "non calculable : flux « incidents » absent",
            ],
        ),
        (
            "en",
            [
                "Supplier reliability: on time, in full",
                "90.0%",
                "October 2026",
                "the month before: 70.0%",
                "this month so far: 40.0%",
                "cannot be computed: no feed “costs” since March 3, 2026",
                "cannot be computed: there is no feed “incidents”",
            ],
        ),
    ],
)
def test_key_figures(own_workspace: Workspace, language: str, said: list[str]) -> None:
    publish(own_workspace)
    with serving(own_workspace) as client:
        page = client.get("/monday", params={"lang": language}).text
    text = plain(page)
    for words in said:
        assert words in text, words
    assert page.count("<polyline") >= 2, "the past of what has one"
    assert "style=" not in page
    titles = [one.titles[language].split(" :")[0].split(":")[0] for one in KPIS]
    assert all(title.replace("'", "&#39;") in text for title in titles)


def test_a_publication_of_an_earlier_version_says_so(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = published.parts

    def older(*asked: Any) -> dict[str, Any]:
        return {name: part for name, part in made(*asked).items() if not name.startswith("kpi")}

    monkeypatch.setattr(published, "parts", older)
    publish(own_workspace)
    with serving(own_workspace) as client:
        answer = client.get("/monday")
    assert answer.status_code == 200
    assert "n’a pas de chiffres clés" in answer.text


def test_the_five_and_what_stands_in(own_workspace: Workspace) -> None:
    publish(own_workspace)
    engine = connect(own_workspace.database_url)
    reader = open_publication(engine, own_workspace.publications)
    engine.dispose()
    shown = shown_of(reader.kpis([Question()]))
    five = headlines(shown, "EUR")
    assert [one.kpi.name for one in five] == [
        *("customer_otif", "stockout_rate", "stock_cover", "supplier_otif", "cost_share")
    ]
    suppliers = five[3]
    assert (suppliers.latest["period"], suppliers.latest["value"]) == ("2026-10", 0.9)
    assert suppliers.now is not None
    assert suppliers.now["period"] == "2026-11"
    assert suppliers.past[-2:] == [("2026-09", 0.7), ("2026-10", 0.9)]
    assert not five[4].is_known


def test_a_figure_of_several_currencies_names_its_own(own_workspace: Workspace) -> None:
    publish(own_workspace)
    engine = connect(own_workspace.database_url)
    figures = open_publication(engine, own_workspace.publications).kpis([Question()]).to_pandas()
    engine.dispose()
    value = figures[figures["kpi"] == "stock_value"]
    dollars = pd.concat([figures, value.assign(currency="USD")], ignore_index=True)
    once, twice = (shown_of(pa.Table.from_pandas(one)) for one in (figures, dollars))
    assert [one.title("en") for one in once if one.kpi.name == "stock_value"] == ["Stock value"]
    titles = [one.title("fr") for one in twice]
    assert [title for title in titles if "(" in title and "estimé" not in title] == [
        *("Valeur du stock (EUR)", "Valeur du stock (USD)")
    ]


def test_before_anything_was_judged_it_says_when_and_what_was_rehearsed(
    own_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"warnings": 517, "ruptured": 1, "averted": 211, "false_alarm": 28}
    counts |= {"not_attributable": 0, "ruptures": 410, "announced": 230, "missed": 180}
    used = {
        **{"name": "rupture-risk", "version": 1, "champion": True, "origin_label": "2026-11-22"},
        "metrics": {f"warnings/{name}": float(count) for name, count in counts.items()},
    }
    monkeypatch.setattr("api.pages.monday._models", lambda _engine: ([used], {}))
    publish(own_workspace)
    with serving(own_workspace) as client:
        text = plain(client.get("/monday").text)
    assert "Rien n’a encore été jugé." in text
    assert "La publication 1 parle des jours du 23 nov. au 6 décembre 2026." in text
    assert "517 alertes annoncées : réalisées 1, évitées par ce qui a été fait ensuite 211" in text
    assert "410 ruptures sont arrivées : annoncées 230, non annoncées 180" in text
    used["metrics"] = {}
    with serving(own_workspace) as client:
        assert "Répétition" not in client.get("/monday").text


def test_segments_where_the_past_wins_come_first() -> None:
    facts = {"series": 12.0, "share_of_demand": 0.4, "rmsse_naive": 1.0}
    told = {"A / smooth": (0.7, 0.8), "C / lumpy": (1.2, 0.3), "B / erratic": (1.05, 0.45)}
    metrics = {"day/wape": 0.2}
    for segment, (rmsse, closer) in told.items():
        mine = {**facts, "rmsse": rmsse, "closer": closer}
        metrics |= {f"segment/{segment}/{name}": value for name, value in mine.items()}
    found = segments_of([{"name": DEMAND, "champion": True, "metrics": metrics}])
    assert [(one["abc"], one["naive_wins"], one["closer"]) for one in found] == [
        ("C", True, 3),
        ("B", True, 4),
        ("A", False, 8),
    ]
    assert segments_of([{"name": DEMAND, "champion": True, "metrics": {}}]) == []

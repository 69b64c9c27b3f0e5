"""`scenario` as a planner types it, and `export flow`."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pytest

from api.commands.scenarios import _by_flags
from api.scenario_words import at_stake, described, summary, to_do
from models.scenarios.declaration import scenario_of
from models.workspace import Workspace
from tests.api.planned import kept_scenario
from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock

NEAR = dt.date(2026, 12, 20)
STOP = {"kind": "supplier_stop", "supplier": "Novapack", "weeks": 6.0}


@pytest.fixture
def company(folder: Path) -> Workspace:
    made = workspace_in(folder)
    publish(made)
    return made


@pytest.fixture
def planned(vigistock: Vigistock, company: Workspace) -> Vigistock:
    kept_scenario(company, STOP, name="Novapack s’arrête")
    kept_scenario(company, {"kind": "demand", "percent": 20.0, "site": "PARIS"}, sites=["PARIS"])
    return vigistock


def test_plans_are_listed_in_words_and_as_json(planned: Vigistock) -> None:
    told = planned("scenario", "list").out.replace("\xa0", " ")
    assert "Novapack s’arrête" in told
    assert "demande +20 % (PARIS)" in told, "a plan without a name is named by what it supposes"
    assert "5 références rompent (la première ven. 27 nov.)." in told
    listed = planned("scenario", "list", "--json").json["scenarios"]
    assert [one["scenario"] for one in listed] == [2, 1]
    assert listed[1]["changes"] == [STOP]


def test_a_plan_is_shown_against_its_base_in_both_languages(
    planned: Vigistock, folder: Path
) -> None:
    french = planned("scenario", "compare", 1).out.replace("\xa0", " ")
    for words in (
        *("Novapack s’arrête 6 semaines", "vu jusqu’au dim. 20 déc. 2026", "LYON · 00123"),
        *("20 % → 90 %", "LYON"),
        "Perte attendue sur 5 références concernées : 15 € → 75 € (+60 €) ; "
        "20 unités de plus manquent.",
        *("Trouver 8 unités de 00123 ailleurs au plus tard le ven. 27 nov., pour LYON, PARIS",),
    ):
        assert words in french, french
    with (folder / "vigistock.toml").open("a") as file:
        file.write('language = "en"\n')
    english = planned("scenario", "compare", 1).out
    for words in ("Novapack stops for 6 weeks", "5 series break", "concerned: €15 → €75 (+€60)"):
        assert words in english, english


@pytest.mark.parametrize("name", ["x" * 201, "two\nlines"])
def test_a_name_that_no_plan_can_have_is_refused_before_anything_is_kept(
    planned: Vigistock, name: str
) -> None:
    """A plan that cannot be read again would take the list of all, and every backup, with it."""
    told = planned("scenario", "run", "--demand", 10, "--name", name)
    assert (told.code, "This is no scenario: name" in told.err) == (2, True)


def test_two_plans_side_by_side(planned: Vigistock) -> None:
    told = planned("scenario", "compare", 1, 2).out
    assert "Plan 1 contre plan 2" in told
    found = planned("scenario", "compare", 1, 2, "--json").json
    assert found["differences"] == 4, "PARIS breaks in both"
    assert found["same_publication"]
    assert all(one["verdict_b"] == "same" for one in found["series"])
    missing = planned("scenario", "compare", 7, "--json")
    assert (missing.code, missing.json["error"]["code"]) == (2, "unknown_name")


@pytest.mark.parametrize(
    ("flags", "change"),
    [
        ({"stop": 6.0, "supplier": "N"}, {"kind": "supplier_stop", "supplier": "N", "weeks": 6.0}),
        ({"late": 4, "order": "PO-1"}, {"kind": "order_late", "order": "PO-1", "days": 4}),
        ({"closed": True, "site": "S"}, {"kind": "site_closed", "site": "S"}),
        ({"promotion": 0.2, "sku": "A"}, {"kind": "promotion", "sku": "A", "depth": 0.2}),
        ({"demand": -10.0}, {"kind": "demand", "percent": -10.0}),
    ],
)
def test_flags_are_one_change(flags: dict[str, object], change: dict[str, object]) -> None:
    names = ("site", "category", "supplier", "sku")
    asked = dict.fromkeys(("demand", "stop", "late", "closed", "lead_time", "promotion"))
    found = _by_flags(
        selection={name: str(flags.get(name, "")) for name in names},
        span={"start": None, "end": None},
        order=str(flags.get("order", "")),
        uplift=None,
        **(asked | {name: value for name, value in flags.items() if name in asked}),
    )
    assert found == [change]
    assert scenario_of({"changes": found}).plain()["changes"] == [change]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name a file"),
        (("--demand", 5, "--stop", 2, "--supplier", "N"), "one change at a time"),
        (("--supplier", "N"), "say what changes"),
        (("--demand", "5", "--from", "yesterday"), "yesterday"),
        (("--demand", "5", "--to", "10/12/2026"), "Did you mean 2026-12-10 (10 December)?"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    vigistock: Vigistock, company: Workspace, words: tuple[object, ...], told: str
) -> None:
    answer = vigistock("scenario", "run", *words)
    assert answer.code == 2
    assert told in " ".join(answer.err.replace("│", "").split())


def test_a_flag_that_the_change_does_not_take_is_named(
    vigistock: Vigistock, company: Workspace
) -> None:
    answer = vigistock("scenario", "run", "--stop", 2, "--sku", "A", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "bad_scenario")
    assert "supplier" in answer.json["error"]["message"]


def test_every_change_and_action_has_words_in_both_languages() -> None:
    changes = [
        STOP,
        {"kind": "demand", "percent": 5.0, "start": "2026-12-01", "end": "2026-12-02"},
        {"kind": "order_late", "order": "PO-1", "days": 2},
        {"kind": "order_late", "supplier": "N", "days": 2},
        {"kind": "site_closed", "site": "S", "end": "2026-12-02"},
        {"kind": "lead_time", "supplier": "N", "factor": 1.5},
        {"kind": "promotion", "depth": 0.25, "category": "thé"},
    ]
    scenario = scenario_of({"changes": changes})
    for language, joint, factor in (("fr", "\xa0; ", "1,5"), ("en", "; ", "1.5")):
        told = described(scenario, language)
        assert told.count(joint) == len(changes) - 1
        for word in ("+5", "PO-1", factor, "25", "thé"):
            assert word in told

        for action in ("find", "order", "transfer", "expedite", "substitute"):
            row = {"action": action, "source": "X", "order_id": "PO-1", "sku": "A", "units": 3.0}
            row |= {"description": "Thé vert", "uom": "PCE", "item": ""}
            words = to_do(row | {"by": "2026-11-23 11:00", "sites": "S"}, language, NEAR)
            assert "A Thé vert" in words
            assert "{" not in words
            assert not words.startswith(action), "a code is no word"
            other = to_do(row | {"item": "CUP", "by": "", "sites": "S"}, language, NEAR)
            assert ("CUP" in other) == (action == "substitute")
            once = to_do(row | {"by": "", "sites": "S", "units": 1.2}, language, NEAR)
            assert ("1 unité" if language == "fr" else "1 unit") in once
            assert "1 unités" not in once
            assert "1 units" not in once
            heavy = to_do(
                row | {"by": "", "sites": "S", "units": 12.5, "uom": "kg"}, language, NEAR
            )
            assert ("12,5\xa0kg" if language == "fr" else "12.5\xa0kg") in heavy
            assert "unit" not in heavy


def test_what_an_item_without_a_price_loses_is_not_said_to_be_nothing() -> None:
    assert at_stake({"value": 0.0, "currency": ""}, "en") == ""
    assert at_stake({"value": 12.0, "currency": "EUR"}, "en") == "+€12"
    none = dict.fromkeys(("value_base", "value_scenario", "value_added", "value_turned_away"), 0.0)
    rows = [none | {"currency": "", "units_short_added": 9.0, "units_turned_away": 4.0}]
    counts = dict.fromkeys(("sooner", "relieved", "better", "worse"), 0)
    totals = counts | {"series": 2, "broken": 2, "first_break": None, "by_currency": rows}
    assert summary(totals, "en", dt.date(2026, 12, 20))[1:] == [
        "Items without a price: 9 more units short.",
        "Demand that finds a site closed: 4 units.",
    ]


def test_without_prices_there_is_no_column_of_losses(
    vigistock: Vigistock, company: Workspace
) -> None:
    priced = kept_scenario(company, STOP)
    unpriced = kept_scenario(company, STOP, currency="")
    for plan, columns in ((priced, 4), (unpriced, 0)):
        told = vigistock("scenario", "compare", plan.number).out
        heads = [line.split() for line in told.splitlines()]
        assert sum("Perte" in head[-1:] for head in heads) == columns, told
    assert "Perte" not in vigistock("scenario", "compare", unpriced.number, unpriced.number).out


def test_one_is_not_written_as_several() -> None:
    scenario = scenario_of({"changes": [STOP | {"weeks": 1.0}]})
    assert described(scenario, "fr") == "Novapack s’arrête 1 semaine"
    assert described(scenario, "en") == "Novapack stops for 1 week"
    once = dict.fromkeys(("sooner", "relieved", "better"), 0)
    money = {"currency": "EUR", "value_base": 5.0, "value_scenario": 8.0, "value_added": 3.0}
    rows = [money | {"units_short_added": 1.0, "units_turned_away": 0.0}]
    totals = once | {"series": 1, "broken": 1, "worse": 1, "first_break": None, "by_currency": rows}
    broken, loss = summary(totals, "fr", dt.date(2026, 12, 20))
    assert broken == "1 référence rompt, 1 aggravée."
    assert loss.replace("\xa0", " ") == (
        "Perte attendue sur 1 référence concernée : 5 € → 8 € (+3 €) ; 1 unité de plus manque."
    )


def test_the_flow_is_an_export(vigistock: Vigistock, company: Workspace, folder: Path) -> None:
    told = vigistock("export", "flow").out
    rows = list(csv.DictReader(io.StringIO(told)))
    assert list(rows[0]) == ["currency", "from_node", "to_node", "value", "units", "series"]
    assert {row["to_node"] for row in rows} >= {"customers:"}

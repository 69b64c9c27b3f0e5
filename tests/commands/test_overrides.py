"""`overrides` as a planner types it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from api.clock import today
from tests.api.published import publish, workspace_in
from tests.commands.conftest import Vigistock

LATER, SOON = (today() + dt.timedelta(days=days) for days in (20, 2))
DOUBLE = ("--factor", 2, "--sku", "00123", "--reason", "promotion [red]")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGISTOCK_LANGUAGE", "en")


def test_said_listed_and_revoked(ready: Vigistock) -> None:
    assert "no override holds" in ready("overrides", "list").out
    made = ready("overrides", "add", "demand", *DOUBLE, "--until", SOON)
    assert (made.code, made.err) == (0, "")
    assert "Override 1 (demand × 2; 00123) holds until" in made.out
    assert "held already" in ready("overrides", "add", "demand", *DOUBLE, "--until", SOON).out
    count = ready(
        *("overrides", "add", "stock", "--units", 12, "--site", "LYON", "--sku", "00123"),
        *("--until", LATER, "--reason", "counted", "--json"),
    )
    assert (count.json["override"], count.json["units"], count.json["alive"]) == (2, 12.0, True)
    order = ("overrides", "add", "order", "--order", "PO-1", "--expected-on", LATER, "--factor")
    assert ready(*order, 0.6, "--until", LATER, "--reason", "Novapack").code == 0

    listed = ready("overrides", "list").out
    for words in ("demand × 2", "promotion [red]", f"{SOON}, soon", "stock = 12", "order × 0.6"):
        assert words in " ".join(listed.split()), listed
    notes = ready("doctor", "--json").json["notes"]
    assert f"Override 1 (demand × 2) ends on {SOON}: `vigistock overrides list`." in notes
    gone = ready("overrides", "revoke", 1, "--reason", "cancelled")
    assert "Override 1 (demand × 2) is revoked" in " ".join(gone.out.split())
    assert [one["override"] for one in ready("overrides", "list", "--json").json["overrides"]] == [
        3,
        2,
    ]
    first = ready("overrides", "list", "--all", "--json").json["overrides"][-1]
    assert (first["revoked_because"], first["alive"]) == ("cancelled", False)


def test_a_french_planner_reads_french(ready: Vigistock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGISTOCK_LANGUAGE", "fr")
    assert "aucune correction n’est en cours" in ready("overrides", "list").out
    made = ready("overrides", "add", "demand", "--factor", 1.5, *DOUBLE[2:], "--until", SOON)
    day = f"{SOON:%d/%m/%Y}"
    assert f"La correction 1 (demande × 1,5\xa0; 00123) vaut jusqu’au {day}" in made.out
    order = ("overrides", "add", "order", "--order", "PO-1", "--expected-on", LATER)
    assert ready(*order, "--until", LATER, "--reason", "Novapack").code == 0
    listed = " ".join(ready("overrides", "list").out.split())
    for words in ("parce que", f"{day}, bientôt", f"commande le {LATER:%d/%m/%Y}"):
        assert words in listed, listed
    assert "est annulée" in ready("overrides", "revoke", 1, "--reason", "fini").out


def test_an_override_of_nothing_is_refused(vigistock: Vigistock, folder: Path) -> None:
    publish(workspace_in(folder))
    counted = ("overrides", "add", "stock", "--units", 12, "--until", LATER, "--reason", "counted")
    lost_zeros = vigistock(*counted, "--site", "LYON", "--sku", "123")
    assert lost_zeros.code == 2
    assert "There is no sku '123'. Did you mean '00123'?" in " ".join(lost_zeros.err.split())
    elsewhere = vigistock(*counted, "--site", "PARIS", "--sku", "00124")
    assert (elsewhere.code, "PARIS/00124" in elsewhere.err) == (2, True)
    assert vigistock(*counted, "--site", "LYON", "--sku", "00123").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "demand", *DOUBLE), "--until"),
        (("add", "demand", "--factor", 2, "--sku", "A", "--until", LATER), "--reason"),
        (("add", "demand", "--until", LATER, "--reason", "why", "--factor", 2), "name a site"),
        (("add", "demand", *DOUBLE, "--until", "2001-01-01"), "before"),
        (("add", "demand", *DOUBLE, "--order", "PO-1", "--until", LATER), "order"),
        (("add", "hope", *DOUBLE, "--until", LATER), "hope"),
        (("revoke", 9, "--reason", "none"), "no override '9'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    ready: Vigistock, words: tuple[object, ...], told: str
) -> None:
    answer = ready("overrides", *words)
    assert answer.code in (1, 2)
    assert told in " ".join((answer.out + answer.err).split())
    assert "no override holds" in ready("overrides", "list").out

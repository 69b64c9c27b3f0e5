"""What is to be done and why, in both languages: one unit is not written as several."""

from __future__ import annotations

import datetime as dt

import pytest

from models.quantities import Language
from models.risk.way_out.causes import Cause
from models.risk.way_out.options import Option

BY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("units", "language", "told"),
    [
        (1.0, "fr", "commander 1 unité chez NOVA au plus tard le 23/11/2026"),
        (2.0, "fr", "commander 2 unités chez NOVA au plus tard le 23/11/2026"),
        (1.5, "fr", "commander 1,5 unité chez NOVA au plus tard le 23/11/2026"),
        (1.0, "en", "order 1 unit from NOVA by 2026-11-23"),
        (1.5, "en", "order 1.5 units from NOVA by 2026-11-23"),
    ],
)
def test_units_of_an_option(units: float, language: Language, told: str) -> None:
    assert Option("order", units=units, by=BY, source="NOVA").sentence(language) == told


@pytest.mark.parametrize("code", ["blocked_stock", "expiry", "order_too_small"])
def test_units_of_a_cause(code: str) -> None:
    for units, french, english in ((1.0, "1 unité", "1 unit"), (3.0, "3 unités", "3 units")):
        cause = Cause(code, {"units": units, "demand": 4.0})
        assert cause.sentence("fr").startswith(french)
        assert cause.sentence("en").startswith(english)


@pytest.mark.parametrize(
    ("code", "french", "english"),
    [
        ("order", "commander 12,5 kg ", "order 12.5 kg "),
        ("transfer", "demander 12,5 kg au", "12.5 kg by"),
        ("expedite", "(12,5 kg)", "(12.5 kg)"),
        ("count", "(12,5 kg au stock enregistré)", "(12.5 kg on record)"),
        ("substitute", "(12,5 kg en stock)", "(12.5 kg on hand)"),
    ],
)
def test_an_option_is_told_in_the_items_own_unit(code: str, french: str, english: str) -> None:
    option = Option(code, units=12.5, by=BY, source="NOVA", item="TEA")
    said: dict[Language, str] = {"fr": french, "en": english}
    for language, told in said.items():
        sentence = option.sentence(language, "kg").replace("\N{NO-BREAK SPACE}", " ")
        assert told in sentence
        assert "unit" not in sentence


@pytest.mark.parametrize(
    "code",
    [
        *("blocked_stock", "expiry", "order_too_small", "reserved_stock"),
        *("customer_order", "customer_order_due"),
    ],
)
def test_a_cause_is_told_in_the_items_own_unit(code: str) -> None:
    facts = {"units": 1.25, "demand": 4.0, "order_id": "C-1", "customer": "", "due_on": BY}
    said: dict[Language, str] = {"fr": "1,25 L", "en": "1.25 L"}
    for language, told in said.items():
        sentence = Cause(code, facts).sentence(language, "L").replace("\N{NO-BREAK SPACE}", " ")
        assert told in sentence
        assert "unit" not in sentence

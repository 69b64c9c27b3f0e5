"""What is to be done and why, in both languages: one unit is not written as several."""

from __future__ import annotations

import datetime as dt

import pytest

from models.risk.way_out.causes import Cause, Language
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
    for units, french, english in ((1.0, "1 unité ", "1 unit "), (3.0, "3 unités ", "3 units ")):
        cause = Cause(code, {"units": units, "demand": 4.0})
        assert cause.sentence("fr").startswith(french)
        assert cause.sentence("en").startswith(english)

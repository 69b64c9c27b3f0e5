"""Overrides in the words of a test."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models.overrides.ledger import Override
from tests.risk.warehouse import TODAY

MADE = dt.datetime(2026, 11, 22, 18, tzinfo=dt.UTC)
TOMORROW = TODAY + dt.timedelta(days=1)


def in_days(days: int) -> dt.date:
    """Days after the origin."""
    return TODAY + dt.timedelta(days=days)


def said(kind: str = "demand", number: int = 1, **facts: Any) -> Override:
    """By default of everything, over the first week after the origin."""
    blank = dict.fromkeys(("site", "sku", "category", "supplier", "order"), "")
    usual: dict[str, Any] = {
        **blank,
        **dict.fromkeys(("factor", "units", "expected_on")),
        **{"start": TOMORROW, "end": in_days(7), "at": MADE, "who": "Claire", "reason": "told"},
    }
    return Override(number=number, kind=kind, **(usual | facts))  # type: ignore[arg-type]

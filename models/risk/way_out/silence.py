"""Suppliers from whom nothing has come for long while their orders are overdue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from forecasting.panel import Panel

QUIET_DAYS: Final = 14  # without a receipt, from which a supplier's silence is told
OVERDUE_ORDERS: Final = 2  # that are late besides: one alone may be lost on its way


@dataclass(frozen=True)
class Silence:
    """Of one supplier."""

    since: dt.date  # the day of its last receipt
    overdue: int  # orders promised before the origin and not in
    oldest: dt.date  # the first promise among them


def last_receipts(panel: Panel) -> dict[str, dt.date]:
    """The day on which something last came from each supplier that ever delivered."""
    came = panel.order_history.groupby("supplier")["last_received_on"].max().dropna()
    return {str(supplier): day.date() for supplier, day in came.items() if supplier}


def silences(panel: Panel) -> Mapping[str, Silence]:
    """By supplier, of those that are silent. One that never delivered is no news."""
    today, orders = panel.origin_date, panel.orders
    late = orders[orders["promised_on"] < pd.Timestamp(today)]
    found = {}
    came = last_receipts(panel)
    for supplier, mine in late.groupby(late["supplier"].fillna("").astype(str)):
        since = came.get(str(supplier))
        count = int(mine["order_id"].nunique())
        if since and count >= OVERDUE_ORDERS and (today - since).days >= QUIET_DAYS:
            found[str(supplier)] = Silence(since, count, mine["promised_on"].min().date())
    return found

"""What logistics cost, as its accounts book it month by month, and what went wrong with orders."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.demo.coding import Coding
from api.demo.company import Company
from api.demo.demand import Demand
from api.demo.operations import Ledger

KINDS: Final = {"transport": 0.031, "entreposage": 0.022, "préparation": 0.018}
"""Of what is sold at list price; a third of it is paid whether anything is sold or not."""
FIXED: Final = 1 / 3
FUEL_A_YEAR: Final = 0.06  # by which transport grows dearer
SUPPLIER_INCIDENTS: Final = {"manquant": 0.010, "casse": 0.006, "mauvais article": 0.003}
CUSTOMER_INCIDENTS: Final = {"erreur de préparation": 0.011, "casse": 0.005, "litige": 0.003}
"""Share of the lines received, and of those shipped to professional customers."""


def costs(company: Company, demand: Demand, ledger: Ledger) -> pd.DataFrame:
    """A row a closed month, site and kind; the month of the end is not booked yet."""
    rng = company.rng("costs")
    days = slice(0, company.days)
    worth = np.einsum("dsk,dk->ds", ledger.sold[days].astype(float), demand.price[days])
    worth[:, 0] += (ledger.transferred[days] * demand.price[days] * 0.5).sum(axis=1)
    months = company.dates[days].astype("datetime64[M]")
    rows = []
    usual = worth.mean(axis=0)
    for month in np.unique(months)[:-1]:
        inside = months == month
        for s, site in enumerate(company.sites):
            fixed = usual[s] * inside.sum()
            base = FIXED * fixed + (1 - FIXED) * worth[inside, s].sum()
            for kind, share in KINDS.items():
                years = (month - months[0]).astype(int) / 12
                dearer = 1 + FUEL_A_YEAR * years if kind == "transport" else 1.0
                amount = base * share * dearer * rng.lognormal(0.0, 0.05)
                rows.append((month, month + 1, site.code, kind, round(float(amount), 2)))
    frame = pd.DataFrame(rows, columns=["month", "next", "site", "kind", "amount"])
    frame = frame[frame["amount"] > 0]
    return pd.DataFrame(
        {
            "period_start": frame["month"].to_numpy().astype("datetime64[s]"),
            "site": frame["site"],
            "kind": frame["kind"],
            "amount": frame["amount"],
            "period_end": _last_days(frame["next"]),
            "currency": "EUR",
        }
    )


def incidents(company: Company, demand: Demand, ledger: Ledger) -> pd.DataFrame:
    """One in some fifty lines: short, broken or wrong, found on the day it came or went."""
    rng = company.rng("incidents")
    coding = Coding(company)
    orders = ledger.orders.set_index(["order", "line"])["supplier"]
    received = ledger.receipts[ledger.receipts["day"] <= company.end]
    supplier = orders.loc[pd.MultiIndex.from_frame(received[["order", "line"]])].to_numpy()
    bought = received[supplier >= 0].assign(supplier=supplier[supplier >= 0])
    sent = ledger.shipments[
        (ledger.shipments["day"] <= company.end) & (ledger.shipments["units"] > 0)
    ]
    sold = sent.assign(k=demand.professional["k"].loc[sent["row"]].to_numpy(), site=0, supplier=-1)
    parts = [
        _drawn(bought, "supplier", SUPPLIER_INCIDENTS, rng),
        _drawn(sold, "customer", CUSTOMER_INCIDENTS, rng),
    ]
    found = pd.concat(parts, ignore_index=True).sort_values(["day", "side"], kind="stable")
    codes = np.array([*(one.code for one in company.suppliers), ""], object)
    return pd.DataFrame(
        {
            "occurred_on": coding.dates(found["day"].to_numpy()),
            **coding.named(found["site"].to_numpy(), found["k"].to_numpy()),
            "side": found["side"].to_numpy(),
            "incident_id": [f"INC-{number:05d}" for number in range(1, len(found) + 1)],
            "kind": found["kind"].to_numpy(),
            "supplier": codes[found["supplier"].to_numpy(np.int64)],
            "units": np.maximum(1, found["units"].to_numpy() // 6),
        }
    )


def _drawn(
    lines: pd.DataFrame, side: str, shares: dict[str, float], rng: np.random.Generator
) -> pd.DataFrame:
    kinds = np.array([*shares, ""], object)
    chances = [*shares.values(), 1.0 - sum(shares.values())]
    kind = kinds[rng.choice(len(kinds), len(lines), p=chances)]
    return lines.assign(side=side, kind=kind)[kind != ""]


def _last_days(following: pd.Series) -> NDArray[np.datetime64]:
    days = following.to_numpy().astype("datetime64[M]").astype("datetime64[D]")
    return (days - np.timedelta64(1, "D")).astype("datetime64[s]")

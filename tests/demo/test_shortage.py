"""What the warehouse of the demo's company lacks, its stores lack a little later."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from api.demo import happenings, masters
from forecasting.options import Options
from forecasting.panel import Panel
from models.lead_time import fit_lead_times
from models.risk import assess
from tests.demo.conftest import Played
from tests.forecasting.warehouse import Rows, panel_of
from tests.risk.warehouse import GivenForecast

HUB = "FR-DEP0"
USUAL_DAYS = 56
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
WEEKDAYS = {day: str(number) for number, day in enumerate(DAYS)}


def panel_from(played: Played) -> Panel:
    company, demand, ledger = played.company, played.demand, played.ledger
    return panel_of(
        Rows(
            items=masters.items(company, demand),
            sites=masters.sites(company),
            suppliers=masters.suppliers(company).replace(WEEKDAYS, regex=True),
            assortment=masters.assortment(company),
            policies=masters.policies(company, ledger),
            events=masters.events(company, demand),
            sales=happenings.sales(company, demand, ledger),
            stock=happenings.stock(company, ledger),
            orders=happenings.orders(company, ledger),
            receipts=happenings.receipts(company, ledger),
        )
    )


def chances(panel: Panel) -> pd.Series:
    """By site and sku: of a stockout within the main horizon, demand as of late."""
    usual = np.nan_to_num(np.nanmean(panel.units[:, -USUAL_DAYS:], axis=1)).clip(0)
    luck = np.random.default_rng(1)
    paths = luck.poisson(usual[:, None, None], (len(panel), 200, 28)).astype(np.float32)
    forecast: Any = GivenForecast(panel, paths)
    found = assess(panel, forecast, fit_lead_times(panel, Options()), Options()).warnings
    return found.set_index(["site", "sku"])["probability"]


def test_the_warehouses_shortage_is_passed_on_to_its_stores(small: Played) -> None:
    panel = panel_from(small)
    at_hub = (panel.series["site"] == HUB).to_numpy()
    drawing = ~at_hub & (panel.policies["source"] == HUB).to_numpy()
    stock, on_hand = panel.stock.copy(), panel.on_hand.copy()
    stock.loc[at_hub, ["on_hand", "blocked", "sellable"]] = 0.0
    on_hand[at_hub, -1] = 0.0
    inbound = panel.orders[~at_hub[panel.orders["series"].to_numpy()]]
    emptied = replace(panel, stock=stock, on_hand=on_hand, orders=inbound)
    before, after = chances(panel)[drawing], chances(emptied)[drawing]
    assert drawing.sum() >= 10
    assert (after >= before).mean() > 0.8  # not all: an empty warehouse orders at once
    assert after.mean() > before.mean() + 0.2

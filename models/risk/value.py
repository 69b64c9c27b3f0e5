"""What a unit not served costs, and on what that is based."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.panel import Panel
from models.lead_time import Floats


def unit_loss(panel: Panel) -> tuple[Floats, NDArray[np.object_]]:
    """Currency lost for a unit not served [n], NaN unknown, and its basis.

    `stockout_cost` where stated; else `margin`, price − cost; else `category_margin`, price × the
    median margin share of the category (of all items where the category has none); else "".
    The price is the last one seen in the sales, else the item's. A loss is never negative.
    """
    series = panel.series
    stated = series["stockout_cost"].to_numpy(dtype=np.float64)
    cost = series["unit_cost"].to_numpy(dtype=np.float64)
    price = last_price(panel)
    margin = price - cost
    with np.errstate(invalid="ignore", divide="ignore"):
        share = pd.Series(np.where(price > 0, margin / price, np.nan))
    typical = share.groupby(series["category"].to_numpy(dtype=object)).transform("median")
    typical = typical.fillna(share.median() if share.notna().any() else np.nan)
    by_category = price * typical.to_numpy()
    chosen = [np.isfinite(stated), np.isfinite(margin), np.isfinite(by_category)]
    loss = np.select(chosen, [stated, margin, by_category], np.nan)
    basis = np.select(chosen, ["stockout_cost", "margin", "category_margin"], "").astype(object)
    return np.maximum(loss, 0.0), basis


def last_price(panel: Panel) -> Floats:
    """[n] the last price of the sales, else the item's price; NaN unknown."""
    known = np.isfinite(panel.price)
    width = panel.price.shape[1]
    last = width - 1 - known[:, ::-1].argmax(axis=1)
    seen = panel.price[np.arange(len(panel)), last]
    return np.where(known.any(axis=1), seen, panel.series["unit_price"].to_numpy(dtype=np.float64))


def loss_of_units(
    panel: Panel, lost_share: float, loss: Floats, basis: NDArray[np.object_]
) -> Floats:
    """[n] currency lost for an expected unit not served: what a customer or a consumer misses.

    Backordered units are not lost, but a stated stockout cost is due for every unit not served on
    time. What a site passes on to others counts where it is wanted, once.
    """
    consumed = 1.0 - panel.series["passed_on"].to_numpy(dtype=np.float64)
    return value_at_risk(consumed, lost_share, loss, basis)


def value_at_risk(
    units_short: Floats, lost_share: float, loss: Floats, basis: NDArray[np.object_]
) -> Floats:
    """Currency lost with units that customers and consumption miss, of any period."""
    lost = np.where(basis == "stockout_cost", units_short, units_short * lost_share)
    return lost * loss

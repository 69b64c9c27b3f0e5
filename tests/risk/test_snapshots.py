"""Features of a stock card, computed by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import BadValues, MissingColumns
from models.risk.snapshots import (
    COLUMNS,
    FLAGS,
    LONGEST_COVER_MONTHS,
    raw_inputs,
    snapshot_features,
)


def cards(**changed: list[object]) -> pd.DataFrame:
    """A: sells and is short of its lead time; B: a slow mover which nobody expects to sell."""
    values = {
        "national_inv": [10.0, 5.0],
        "in_transit_qty": [2.0, 0.0],
        "forecast_3_month": [12.0, 0.0],
        "forecast_6_month": [30.0, 0.0],
        "forecast_9_month": [45.0, 0.0],
        "sales_1_month": [6.0, 0.0],
        "sales_3_month": [15.0, 0.0],
        "sales_6_month": [30.0, 0.0],
        "sales_9_month": [36.0, 9.0],
        "min_bank": [4.0, 0.0],
        "pieces_past_due": [1.0, 0.0],
        "local_bo_qty": [3.0, 0.0],
        "lead_time": [19.5, np.nan],  # 4.5 months
        "perf_6_month_avg": [0.7, -99.0],
        "perf_12_month_avg": [0.9, 0.5],
        **{name: ["Yes", "No"] for name in FLAGS},
    }
    return pd.DataFrame(values | changed)[list(COLUMNS)]


BY_HAND = {  # A, B
    "avail": (12, 5),
    "lead_months": (4.5, np.nan),
    "forecast_over_lead": (21, 0),  # 12 + half of the 18 of months 4 to 6
    "sales_over_lead": (22.5, 0),  # 5 a month
    "inv_less_forecast_6": (-20, 5),
    "avail_less_forecast_3": (0, 5),
    "inv_less_sales_1": (4, 5),
    "inv_less_lead_forecast": (-11, 5),
    "avail_less_lead_forecast": (-9, 5),
    "avail_less_lead_sales": (-10.5, 5),
    "inv_less_min_bank": (6, 5),
    "inv_less_owed": (7, 5),
    "avail_less_past_due": (11, 5),
    "monthly_demand": (6, 1),  # the largest of 4, 5, 6 and 4; of 0, 0, 0 and 1
    "inv_less_min_bank_months": (1, 5),
    "avail_less_lead_forecast_months": (-1.5, 5),
    "inv_cover_forecast_months": (2.5, LONGEST_COVER_MONTHS),
    "avail_cover_forecast_months": (3, LONGEST_COVER_MONTHS),
    "inv_cover_sales_3_months": (2, np.nan),
    "inv_cover_sales_9_months": (2.5, 5),
    "cover_less_lead_months": (-1.5, LONGEST_COVER_MONTHS - 8 * 12 / 52),
    "lead_forecast_deviate": (-9 / np.sqrt(22), 5),
    "forecast_step_6": (6, 0),
    "forecast_step_9": (5, 0),
    "sales_step_3": (4.5, 0),
    "sales_step_9": (2, 3),
    "forecast_to_sales": (np.log(5 / 6), 0),
    "sales_1_to_3": (np.log(7 / 6), 0),
    "sales_3_to_9": (np.log(6 / 5), -np.log(2)),
    "past_due_share_of_transit": (0.5, np.nan),
    "owed_months": (0.5, 0),
    "transit_months": (1 / 3, 0),
    "perf_change": (-0.2, np.nan),
    "perf_6_month_avg": (0.7, np.nan),
    "deck_risk": (1, 0),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_features_by_hand(name: str) -> None:
    given = cards()
    before = given.copy(deep=True)
    found = snapshot_features(given)
    assert found[name].tolist() == pytest.approx(list(BY_HAND[name]), nan_ok=True)
    pd.testing.assert_frame_equal(given, before)


def test_every_feature_is_a_number_or_not_known() -> None:
    odd = cards(national_inv=[-3.0, 0.0], in_transit_qty=[0.0, 1e6], lead_time=[0.0, 520.0])
    found = snapshot_features(odd)
    assert all(pd.api.types.is_float_dtype(one) for one in found.dtypes)
    assert not np.isinf(found.to_numpy()).any()
    assert found["inv_cover_forecast_months"].tolist() == [0, 0]


def test_a_sku_does_not_depend_on_its_neighbours() -> None:
    both = snapshot_features(cards())
    pd.testing.assert_frame_equal(snapshot_features(cards().iloc[[1]]), both.iloc[[1]])


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(MissingColumns, match=r"missing column.s. 'lead_time'"):
        raw_inputs(cards().drop(columns="lead_time"))
    with pytest.raises(BadValues, match=r"snapshots.rev_stop: 1 value.s. are not Yes or No: 'oui'"):
        raw_inputs(cards(rev_stop=["oui", "No"]))

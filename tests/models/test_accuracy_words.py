"""Where we lose is said in words, before anything else."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from forecasting.accuracy import BacktestReport
from models.accuracy_words import kept_of_segments, losing, segments_in
from models.model_card import CardFacts, markdown
from models.plots import charts


def segment(abc: str, ours: float, naive: float, mean: float) -> dict[str, object]:
    return {
        **{"abc": abc, "demand_class": "lumpy", "series": 12, "share_of_demand": 0.031},
        **{"loses_to_naive": ours > naive, "loses_to_mean": ours > mean},
        **{"rmsse": ours, "rmsse_naive": naive, "rmsse_mean": mean},
    }


REPORT = BacktestReport(
    metrics={
        **{"day/origins": 13.0, "day/rmsse": 0.7, "day/rmsse_naive": 0.9, "day/rmsse_mean": 0.8},
        **{"day/value_added": 0.2, "day/value_added_mean": 0.1},
        **{"week/rmsse": 0.9, "week/rmsse_naive": 1.2, "week/rmsse_mean": 0.85},
        **{"week/total_wape": 0.31, "week/total_wape_naive": 0.3, "week/total_wape_mean": 0.4},
        **{"day/total28_wape": 0.21, "day/total28_wape_naive": 0.3, "day/total28_wape_mean": 0.2},
        **{"week/value_added": 0.25, "week/value_added_mean": -0.06},
    },
    by_segment=pd.DataFrame([segment("C", 1.1, 1.0, 1.05), segment("A", 0.6, 0.9, 0.7)]),
    by_quantile=pd.DataFrame(
        {
            **{"grain": ["day", "day"], "of": ["period", "period"], "level": [0.5, 0.9]},
            **{"outcomes": [9, 9], "pinball": [0.2, 0.1], "below": [0.52, 0.88]},
            **{"closed": [0.6, 0.9], "strict": [0.4, 0.85]},
        }
    ),
)


def test_segments_first_then_grains_with_both_figures() -> None:
    assert losing(REPORT) == [
        "C / lumpy (12 series, 3.1% of the demand): our RMSSE is 1.100, repeating the last season "
        "has 1.000 and the plain mean has 1.050.",
        "all series by day: total of 28 days: our WAPE is 0.210, the plain mean has 0.200.",
        "all series by week: our RMSSE is 0.900, the plain mean has 0.850; total of all weeks: our "
        "WAPE is 0.310, repeating the last season has 0.300.",
    ]


def test_a_version_keeps_where_repeating_the_past_is_closer() -> None:
    series = pd.DataFrame(
        {
            **{"abc": ["C", "C", "A", "A"], "demand_class": "lumpy"},
            **{"rmsse": [1.2, 0.9, 0.5, np.nan], "rmsse_naive": [1.0, 0.9, 0.9, 1.0]},
        }
    )
    kept = kept_of_segments(replace(REPORT, by_series=series))
    found = segments_in({**REPORT.metrics, **kept})
    assert {name: facts["closer"] for name, facts in found.items()} == {
        "C / lumpy": 0.25,
        "A / lumpy": 1.0,
    }
    assert found["C / lumpy"]["rmsse"] == 1.1
    assert kept_of_segments(BacktestReport(metrics={})) == {}


def test_the_card_says_it_before_the_tables() -> None:
    card = markdown(
        CardFacts(
            **{"title": "T", "origin_label": "2026-10", "data": {}, "metrics": REPORT.metrics},
            **{"segments": REPORT.by_segment, "settings": {}, "code_version": "0", "digests": {}},
            losing=losing(REPORT),
            quantiles=REPORT.by_quantile,
        )
    )
    heads = [line for line in card.splitlines() if line.startswith("###")]
    assert heads == ["### Where we lose", "### By segment", "### By quantile", "### All measures"]
    assert "- C / lumpy (12 series" in card
    assert "| day | period | 0.9 | 9 | 0.1 | 0.88 | 0.9 | 0.85 |" in card


def test_without_a_loss_the_card_says_against_what() -> None:
    card = markdown(CardFacts("T", "2026-10", {}, {"day/wape": 0.4}, pd.DataFrame(), {}, "0", {}))
    assert "Nowhere, against repeating the last season and the plain mean." in card


@pytest.mark.usefixtures("drawn")
def test_charts_are_pictures_that_show_something_and_small() -> None:
    pictures = charts(REPORT)
    assert {"calibration", "rmsse_by_segment"} <= set(pictures)
    for name, png in pictures.items():
        seen = imread(BytesIO(png))
        assert min(seen.shape[:2]) > 100, name
        assert seen[..., :3].std() > 0.05, name
        assert len(png) < 60_000, name

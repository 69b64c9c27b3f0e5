"""The plain LightGBM of the field takes what real histories are: short, and with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.demand import boosting
from benchmarks.demand.peers import Setting

needs = pytest.mark.skipif(
    bool(boosting.missing()), reason=f"not installed: {', '.join(boosting.missing())}"
)


@needs
@pytest.mark.parametrize(
    ("periods", "season"), [(120, 7), (33, 12), (39, 12)], ids=["days", "health", "parts"]
)
def test_short_histories_with_gaps_are_forecast(periods: int, season: int) -> None:
    luck = np.random.default_rng(1)
    history = luck.poisson(np.array([[2.0], [9.0], [30.0]] * 4), (12, periods)).astype(float)
    history[0, :5] = history[1, 8] = history[2, -1] = history[3, 5:] = np.nan
    found = boosting.lightgbm(history, Setting(3, season, None))
    assert found.mean.shape == (12, 3)
    assert np.isfinite(found.mean).all()
    assert found.mean[2::3].mean() > found.mean[::3].mean()
    assert found.mean[3] == pytest.approx(np.nanmean(history[3])), "too short: its mean"

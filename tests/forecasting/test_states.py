"""What is said of each series does not hang on who works beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from forecasting import engine, states
from forecasting.calendar import Frequency


def demand_of(count: int, periods: int) -> np.ndarray:
    """Smooth, rare, fractional and silent series, some closed on a weekday, one with an outlier."""
    luck = np.random.default_rng(5)
    units = luck.poisson(luck.lognormal(0.5, 1.0, (count, 1)), (count, periods)).astype(float)
    units[::3] *= luck.random((len(units[::3]), periods)) < 0.1
    units[1::5] *= 0.25
    units[2::7, : periods // 2] = np.nan
    units[: count // 2, 3::7] = 0.0
    units[4, 40] = 9_000.0
    units[5] = np.nan
    return units


@pytest.mark.parametrize("frequency", list(Frequency))
def test_copies_of_this_process_say_what_it_says_alone(
    frequency: Frequency, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand = demand_of(23, 160)
    sites = np.array(["SUNDAYS OFF"] * 11 + ["ALWAYS"] * 12, dtype=object)
    alone = states.states_at(demand, 600, frequency, sites)
    jobs_seen = []

    def in_copies(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
        jobs_seen.append(len(jobs))
        return engine.in_copies(jobs)

    monkeypatch.setattr(states, "in_copies", in_copies)
    monkeypatch.setattr(engine, "usable_cores", lambda: 3)
    monkeypatch.setattr(states, "LEAST_APART", 5)
    monkeypatch.setattr(states, "ROWS_TOGETHER", 4)
    apart = states.states_at(demand, 600, frequency, sites)
    assert jobs_seen == [3]
    for field in fields(alone):
        np.testing.assert_array_equal(getattr(apart, field.name), getattr(alone, field.name))

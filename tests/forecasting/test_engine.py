"""Work done in copies of this process."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

import numpy as np
import pytest

from forecasting import engine
from forecasting.engine import copies_for, in_copies, run_all


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")
def test_each_copy_has_the_memory_of_this_process_and_changes_nothing_in_it() -> None:
    shelf = [3.0]

    def sold() -> tuple[float, int]:
        shelf[0] -= 1.0
        return shelf[0], os.getpid()

    told = in_copies([sold, sold, sold])
    assert [left for left, _ in told] == [2.0, 2.0, 2.0]
    assert shelf == [2.0]
    assert len({process for _, process in told}) == 3
    assert told[0][1] == os.getpid()


def test_what_a_copy_raises_is_raised_here() -> None:
    def empty() -> int:
        raise LookupError("no shelf of that name")

    with pytest.raises(LookupError, match="no shelf of that name"):
        in_copies([lambda: 1, empty])


def test_the_job_of_a_copy_that_is_killed_is_done_here() -> None:
    here = os.getpid()

    def killed() -> str:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    assert in_copies([lambda: "first", killed]) == ["first", "done"]


def test_a_copy_waits_for_no_thread_that_it_does_not_have() -> None:
    """OpenMP's, of which it has not one, though this process has used them."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    inputs = np.random.default_rng(1).random((20_000, 4))
    model = HistGradientBoostingClassifier(max_iter=3).fit(inputs, inputs[:, 0] > 0.5)
    usual = model.predict(inputs)
    for told in in_copies([lambda: model.predict(inputs)] * 2):
        np.testing.assert_array_equal(told, usual)


def test_a_worker_makes_no_copies_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "usable_cores", lambda: 2)
    assert [copies_for(rows, 10) for rows in (0, 19, 20, 90)] == [1, 1, 2, 2]
    assert run_all([partial(copies_for, 90, 10)] * 2, 2) == [1, 1]

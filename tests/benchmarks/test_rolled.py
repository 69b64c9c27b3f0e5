"""What counts as a rupture on real records, and what a question must show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.risk import __main__ as command
from benchmarks.risk.rolled import COVER, FINAL, FRESH, LEDGER, STRUCTURAL, Ledger, Shown

MONTHS = pd.period_range("2017-09", "2018-03", freq="M")
SHELVES = pd.MultiIndex.from_tuples([("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")])


def ledger() -> Ledger:
    stock = [[9, 9, 9, 9, 0, 4, 4], [5, 5, 5, 0, 0, 3, 3], [7, 7, 7, 7, 7, 7, 0], [2] * 7]
    used = [[1.0] * 7, [1.0] * 7, [1.0] * 7, [0.0] * 7]
    return Ledger(*(pd.DataFrame(one, SHELVES, MONTHS) for one in (stock, used)))


def test_rows_are_used_and_in_stock_and_their_end_is_known() -> None:
    chosen, event = ledger().truth(pd.Period("2017-12", "M"), 1)
    assert chosen.tolist() == [True, False, True, False], "one is out already, one is never used"
    assert event[chosen].tolist() == [True, False]
    chosen, event = ledger().truth(pd.Period("2017-12", "M"), 3)
    assert event[chosen].tolist() == [True, True]
    assert not ledger().truth(pd.Period("2018-02", "M"), 3)[0].any(), "the end is not known yet"


def test_only_months_after_the_learned_ones_are_judged() -> None:
    assert [str(one) for one in ledger().origins] == ["2017-12", "2018-01", "2018-02"]


def test_each_chance_meets_its_own_series() -> None:
    """The export's order is not the file's."""
    keys = SHELVES[::-1].to_frame(index=False).set_axis(["site", "sku"], axis=1)
    warnings = keys.assign(days_of_cover=30.0, p_1m=[0.2, 0.3, 0.4, 0.5])
    structural = np.array([[0.1], [0.2], [0.3], [0.4]])
    shown = ledger().shown({pd.Period("2017-12", "M"): (warnings, structural)}, 1)
    assert shown.rows[FINAL].tolist() == [0.5, 0.3]
    assert shown.rows[STRUCTURAL].tolist() == [0.4, 0.2]
    assert shown.base == pytest.approx(1 / 9)


def test_the_gain_over_a_rule_is_found_and_has_an_interval(capsys) -> None:
    luck = np.random.default_rng(1)
    truth = luck.random(2_000) ** 3
    rows = pd.DataFrame(
        {
            "event": luck.random(2_000) < truth,
            "group": np.arange(2_000) % 50,
            "when": "x",
            COVER: luck.random(2_000),
            STRUCTURAL: truth**0.5,
            FINAL: truth,
        }
    )
    shown = Shown("next month", rows, 0.25, COVER)
    low, high = shown.gain()
    assert 0.2 < low < high
    assert shown.measured(FINAL)["ECE"] < shown.measured(STRUCTURAL)["ECE"]
    shown.show()
    assert "gain over days of cover" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "year,month\n2016,1\n"])
@pytest.mark.parametrize(("data", "name"), [("usaid", LEDGER), ("freshretail", FRESH)])
def test_a_file_of_something_else_is_refused_by_name(
    data: str, name: str, content: str, tmp_path, capsys
) -> None:
    (tmp_path / name).write_text(content)
    assert command.main(["--data", data, "--dir", str(tmp_path)]) == 2
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("data", ["usaid", "freshretail"])
def test_without_the_data_it_says_so_and_passes(data: str, tmp_path, capsys) -> None:
    assert command.main(["--data", data, "--dir", str(tmp_path)]) == 0
    assert "SKIPPED" in capsys.readouterr().out

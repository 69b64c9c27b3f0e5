"""What counts as a rupture on real records, and what a question must show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.risk import __main__ as command
from benchmarks.risk.ledger import LEDGER, Ledger, Window
from benchmarks.risk.ledger_boosting import Months
from benchmarks.risk.rolled import FRESH
from benchmarks.risk.shown import BOOSTING, COVER, FINAL, STRUCTURAL, Shown

MONTHS = pd.period_range("2017-09", "2018-03", freq="M")
SHELVES = pd.MultiIndex.from_tuples([("A", "1"), ("A", "2"), ("B", "1"), ("B", "2")])


def ledger() -> Ledger:
    stock = [[9, 9, 9, 9, 0, 4, 4], [5, 5, 5, 0, 0, 3, 3], [7, 7, 7, 7, 7, 7, 0], [2] * 7]
    used = [[1.0] * 7, [1.0] * 7, [1.0] * 7, [0.0] * 7]
    tables = {"stock": stock, "issued": used}
    return Ledger({name: pd.DataFrame(one, SHELVES, MONTHS) for name, one in tables.items()})


def test_rows_are_used_and_in_stock_and_their_end_is_known() -> None:
    chosen, event = ledger().truth(pd.Period("2017-12", "M"), 1)
    assert chosen.tolist() == [True, False, True, False], "one is out already, one is never used"
    assert event[chosen].tolist() == [True, False]
    chosen, event = ledger().truth(pd.Period("2017-12", "M"), 3)
    assert event[chosen].tolist() == [True, True]
    assert not ledger().truth(pd.Period("2018-02", "M"), 3)[0].any(), "the end is not known yet"


def test_only_months_after_the_learned_ones_are_judged() -> None:
    assert [str(one) for one in ledger().origins] == ["2017-12", "2018-01", "2018-02"]


def many_months() -> pd.DataFrame:
    """Rows of a ledger of 40 shelves × 18 months, some empty, in the file's words."""
    luck = np.random.default_rng(7)
    keys = [(f"S{k % 8}", f"P{k // 8}") for k in range(40)]
    months = pd.period_range("2016-01", "2017-06", freq="M")
    rows = [
        {"year": one.year, "month": one.month, "site_code": site, "product_code": product}
        for one in months
        for site, product in keys
    ]
    table = pd.DataFrame(rows)
    for column in Months.COLUMNS.values():
        table[column] = luck.integers(0, 8, len(table))
    return table


def test_boosting_does_not_see_what_comes_after_the_origin() -> None:
    table, window = many_months(), Window.parse("2017-02:2017-06")
    told = Ledger.of(table, window).boosted(1)
    later = (table["year"] == 2017) & (table["month"] > 3)
    changed = table.copy()
    changed.loc[later, list(Months.COLUMNS.values())] += 5
    again = Ledger.of(changed, window).boosted(1)
    for origin, same in (("2017-02", True), ("2017-03", True), ("2017-04", False)):
        month = pd.Period(origin, "M")
        assert np.array_equal(told[month], again[month]) == same


def test_a_shorter_window_leaves_later_months_out() -> None:
    ledger = Ledger.of(many_months(), Window.parse("2016-12:2017-03"))
    assert [str(one) for one in ledger.origins] == ["2016-12", "2017-01", "2017-02"]
    assert str(ledger.taught(3)[-1]) == "2016-09"


@pytest.mark.parametrize("words", ["2017-12", "2017-12:2017-12", "2018-01:2017-01", "x:y"])
def test_a_window_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(SystemExit):
        command.arguments(["--data", "usaid", "--window", words])


def test_a_window_is_of_usaid_alone() -> None:
    with pytest.raises(SystemExit):
        command.arguments(["--data", "freshretail", "--window", "2016-12:2017-12"])


def test_each_chance_meets_its_own_series() -> None:
    """The export's order is not the file's."""
    keys = SHELVES[::-1].to_frame(index=False).set_axis(["site", "sku"], axis=1)
    warnings = keys.assign(days_of_cover=30.0, p_1m=[0.2, 0.3, 0.4, 0.5])
    structural = np.array([[0.1], [0.2], [0.3], [0.4]])
    december = pd.Period("2017-12", "M")
    plain = {december: np.array([0.6, 0.7, 0.8, 0.9])}
    shown = ledger().shown({december: (warnings, structural)}, 1, plain)
    assert shown.rows[FINAL].tolist() == [0.5, 0.3]
    assert shown.rows[STRUCTURAL].tolist() == [0.4, 0.2]
    assert shown.rows[BOOSTING].tolist() == [0.6, 0.8]
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
    shown = Shown("next month", rows, 0.25, (COVER, STRUCTURAL))
    low, high = shown.gain(COVER)
    assert 0.2 < low < high
    assert shown.measured(FINAL)["ECE"] < shown.measured(STRUCTURAL)["ECE"]
    shown.show()
    printed = capsys.readouterr().out
    assert "gain over days of cover" in printed
    assert "gain over structural alone" in printed


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

"""Alarms of what comes in: at once where something is wrong, none where nothing is."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from models.health import Sign, alarms_of, codes, english, french
from tests.forecasting.warehouse import LAST
from tests.health.company import FEEDS, SKUS, Change, panel, since


def factor(times: float, days: int = 7, site: str = "", sku: str = "") -> Change:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        hit = rows["date"] >= since(days)
        hit &= (rows["site"] == site) if site else True
        hit &= (rows["sku"] == sku) if sku else True
        amount = rows.columns[-1]
        return rows.assign(**{amount: rows[amount].where(~hit, rows[amount] * times)})

    return change


def without(share: float, days: int = 7) -> Change:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        lost = np.random.default_rng(3).random(len(rows)) < share
        return rows[~(lost & (rows["date"] >= since(days)))]

    return change


def closed(days: int, site: str) -> Change:
    return lambda rows: rows[~((rows["date"] >= since(days)) & (rows["site"] == site))]


def renamed(days: int) -> Change:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        hit = (rows["date"] >= since(days)) & (rows["sku"] == "SKU-07")
        return rows.assign(sku=rows["sku"].where(~hit, "7000007"))

    return change


def test_clean_weeks_are_quiet() -> None:
    for week in range(6):
        assert alarms_of(panel(as_of=LAST - dt.timedelta(weeks=week))) == []


ONE = ("LYON/SKU-03",)
FAULTS = {
    "sales in another unit": ({"sales": factor(10)}, Sign.LEVEL, "sales", ()),
    "sales in boxes": ({"sales": factor(0.1)}, Sign.LEVEL, "sales", ()),
    "stock in another unit": ({"stock": factor(10)}, Sign.LEVEL, "stock", ()),
    "sales of yesterday in another unit": ({"sales": factor(10, 2)}, Sign.LEVEL, "sales", ()),
    "one series × 10": (
        {"sales": factor(10, site="LYON", sku="SKU-03")},
        Sign.SCALE,
        "sales",
        ONE,
    ),
    "a fifth of the sales missing": ({"sales": without(0.2)}, Sign.ROWS, "sales", ()),
    "a fifth of the stock missing": ({"stock": without(0.2)}, Sign.ROWS, "stock", ()),
    "a fifth of today's stock missing": ({"stock": without(0.2, 1)}, Sign.ROWS, "stock", ()),
    "a shop sends no sales": ({"sales": closed(4, "NICE")}, Sign.SILENT, "sales", ("NICE",)),
    "a shop sends no stock": ({"stock": closed(2, "NICE")}, Sign.SILENT, "stock", ("NICE",)),
    "no stock at all": ({"stock": without(1.0, 3)}, Sign.SILENT, "stock", ()),
    "an item re-encoded": (
        {"sales": renamed(7), "stock": renamed(7)},
        Sign.CODE,
        "sales",
        ("SKU-07 → 7000007",),
    ),
    "an item re-encoded, seen by its sales alone": (
        {"sales": renamed(7), "stock": lambda rows: rows[:0]},
        Sign.CODE,
        "sales",
        ("SKU-07 → 7000007",),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_the_first_run(fault: str) -> None:
    changes, sign, feed, subjects = FAULTS[fault]
    told = [(one.sign, one.feed, one.subjects) for one in alarms_of(panel(changes))]
    assert (sign, feed, subjects) in told


def test_a_site_whose_sales_ended_long_ago_is_told_while_its_stock_comes() -> None:
    told = alarms_of(panel({"sales": closed(70, "NICE")}))
    sold = FEEDS["sales"]["date"]
    last = sold[sold < since(70)].max().date()
    assert [(one.sign, one.subjects) for one in told] == [(Sign.SILENT, ("NICE",))]
    assert told[0].about == {"since": last.isoformat(), "forecasts": "fall"}
    assert "NICE since 20" in english(told[0])
    assert "fall to nothing" in english(told[0])
    assert f"NICE depuis le {last:%d/%m/%Y}" in french(told[0])
    assert "tombent à zéro" in french(told[0])
    closed_down = {name: closed(70, "NICE") for name in ("sales", "stock")}
    assert alarms_of(panel(closed_down)) == [], "nothing comes from there any more"


def test_where_pictures_hardly_come_its_forecasts_go_on() -> None:
    def rarely(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[
            (rows["site"] != "NICE") | (rows["date"] < since(70)) | (rows["date"] >= since(3))
        ]

    told = alarms_of(panel({"sales": closed(70, "NICE"), "stock": rarely}))
    mine = [one for one in told if one.feed == "sales" and one.subjects == ("NICE",)]
    assert [one.about["forecasts"] for one in mine] == ["stay"]
    assert "the level of old" in english(mine[0])
    assert "au niveau d'avant" in french(mine[0])


def test_forecasts_of_a_few_weeks_that_are_all_known_fall() -> None:
    told = alarms_of(panel({"sales": closed(49, "NICE")}, frequency=Frequency.WEEK))
    assert [(one.found, one.about["forecasts"]) for one in told] == [(7.0, "fall")]


@pytest.mark.parametrize("days", [4, 14, 28, 35, 39, 42, 49, 63, 100])
def test_a_silent_site_is_told_once_however_long_it_lasts(days: int) -> None:
    told = alarms_of(panel({"sales": closed(days, "NICE")}))
    assert [(one.sign, one.subjects) for one in told] == [(Sign.SILENT, ("NICE",))]


def test_a_company_without_a_known_sale_is_told() -> None:
    told = alarms_of(panel({"sales": lambda rows: rows[:0]}))
    assert [(one.sign, one.feed, one.subjects) for one in told] == [(Sign.SILENT, "sales", ())]
    assert "none is known" in english(told[0])
    assert "aucune n'est connue" in french(told[0])


def test_a_site_that_was_silent_for_as_long_before_is_seasonal() -> None:
    def winters(rows: pd.DataFrame) -> pd.DataFrame:
        rows = closed(70, "NICE")(rows)
        away = (rows["date"] < since(106)) & (rows["date"] >= since(180)) & (rows["site"] == "NICE")
        return rows[~away]

    assert alarms_of(panel({"sales": winters})) == []


def test_a_holiday_is_no_fault() -> None:
    def holiday(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["date"] != since(5)]

    assert alarms_of(panel({"sales": holiday})) == []


def test_an_item_that_a_master_says_replaces_another_is_no_fault() -> None:
    found = panel({"sales": renamed(7), "stock": renamed(7)})
    said = np.where(found.series["sku"] == "7000007", "SKU-07", "")
    announced = dataclasses.replace(found, series=found.series.assign(replaces=said))
    assert Sign.CODE not in [one.sign for one in alarms_of(announced)]


def test_a_catalogue_re_encoded_as_a_whole_is_not_compared_code_by_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each new code was held against each old one: hours for some thousands of either."""

    def anew(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(sku=rows["sku"].where(rows["date"] < since(7), "NEW-" + rows["sku"]))

    looked, edge = [], codes._edge

    def counted(values: codes.Matrix, *, last: bool) -> codes.Matrix:
        looked.append(last)
        return edge(values, last=last)

    monkeypatch.setattr(codes, "_edge", counted)
    told = codes.code_alarms(panel({"sales": anew, "stock": anew}))
    assert [one.count for one in told] == [SKUS]
    assert len(looked) <= 2 * SKUS


def test_weeks_are_judged_like_days() -> None:
    assert alarms_of(panel(frequency=Frequency.WEEK)) == []
    told = alarms_of(panel({"sales": factor(10)}, frequency=Frequency.WEEK))
    assert (Sign.LEVEL, "sales") in [(one.sign, one.feed) for one in told]


def test_a_short_history_is_not_judged() -> None:
    changes = {name: (lambda rows: rows[rows["date"] >= since(60)]) for name in ("sales", "stock")}
    assert alarms_of(panel(changes)) == []


def test_a_panel_comes_back_unchanged() -> None:
    found = panel({"sales": factor(10), "stock": renamed(7)})
    before = dataclasses.replace(found).digest
    alarms_of(found)
    assert dataclasses.replace(found).digest == before

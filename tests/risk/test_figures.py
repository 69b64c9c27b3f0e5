"""Every figure of ten warnings, recomputed by hand (tests.risk.by_hand)."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.options import Options
from models.lead_time import LeadTimes
from models.risk import RiskAssessment, assess
from tests.risk.by_hand import (
    AS_IT_IS,
    LATE_DAYS,
    MAIN,
    SHARE,
    Change,
    Company,
    NewOrder,
    Walked,
    weighted_quantile,
)
from tests.risk.warehouse import TODAY, Order, Shelf, forecast_of, panel_of, shelf

TAKES = {"": 4, "NOVA": 4, "HUB": 2}
ONCE = {"expedite": 0.03, "order": 0.04, "transfer": 0.02}  # currency, for all its lines
HOLDING = 0.2  # share of the cost a year
OPTIONS = Options(
    unmet=0.6, holding_rate=HOLDING, **{f"{code}_cost": cost for code, cost in ONCE.items()}
)
ORDER_DAYS = (0, 1, 2, 3, 4, 7)  # Monday to Friday, and the Monday after
NOTICE = {"expedite": 2, "transfer": 3}  # days from a call, or from leaving a site, to the arrival
PRICED = {"unit_price": 10.0, "unit_cost": 6.0, "buyer": "C. Morel"}
NOVA = {"supplier": "NOVA", "order_days": "0,1,2,3,4", "cutoff_time": "11:00"}


def shelves() -> list[Shelf]:
    """Three items at a warehouse and three stores that draw from it, eight that stand alone, and
    one that another site could send to."""
    found = []
    for number, (stock, promised) in enumerate([(0.0, -5), (30.0, -2), (25.0, None)]):
        item = {**PRICED, "unit_price": 9.0 + number}
        order = Order(units=150, placed=-20, promised=promised, order_id=f"PO-{number}")
        found.append(
            shelf(
                site="HUB",
                sku=f"ITEM-{number}",
                on_hand=stock,
                demand=6.0,
                orders=() if promised is None else (order,),
                item={**item, "passed_on": 1.0},
            )
        )
        found += [
            shelf(
                site=f"S{store}",
                sku=f"ITEM-{number}",
                on_hand=3.0 * store,
                policy={"source": "HUB", "reorder_point": 9.0, "order_up_to": 20.0},
                item={**item, "supplier": ""},
            )
            for store in (1, 2, 3)
        ]
    policy = {"reorder_point": 14.0, "order_up_to": 40.0}
    ahead = Order(units=30, placed=-6, promised=6, order_id="PO-9")
    alone: list[dict[str, Any]] = [
        {"on_hand": 8.0},
        {"on_hand": 6.0, "policy": policy, "item": {**PRICED, "pack_size": 12.0}},
        {"on_hand": 9.0, "orders": (ahead,), "booked": ((3, 7.0), (None, 2.0))},
        {"on_hand": 12.0, "blocked": 8.0, "policy": policy},
        {"on_hand": 0.0, "orders": (Order(units=25, placed=-15, promised=-4, order_id="PO-8"),)},
        {"on_hand": 7.0, "item": {**PRICED, "stockout_cost": 2.5, "currency": "USD"}},
        {"on_hand": 10.0, "item": {"buyer": "C. Morel"}},
        {"on_hand": 15.0, "orders": (ahead,), "policy": policy},
    ]
    found += [
        shelf(site="LYON", sku=f"ALONE-{k}", **{"item": PRICED, **facts})
        for k, facts in enumerate(alone)
    ]
    return found + [
        shelf(site=site, sku="SPARED", on_hand=units, item=PRICED)
        for site, units in (("NICE", 4.0), ("LYON", 300.0))
    ]


def certain_lead_times() -> LeadTimes:
    """What by_hand assumes: the days of TAKES, LATE_DAYS past a promise, a SHARE of the units."""
    days = np.arange(90)
    count = len(TAKES)
    return LeadTimes(
        groups=pd.DataFrame({"source": list(TAKES), "sku": "", "lines": 9, "open": 0}),
        total=np.array([days < takes for takes in TAKES.values()]).astype(np.float64),
        lateness=np.tile((np.arange(150) < 60 + LATE_DAYS).astype(np.float64), (count, 1)),
        shares=np.full((count, 25), SHARE),
        pace=np.ones(count),
    )


@pytest.fixture(scope="module")
def made() -> tuple[RiskAssessment, Company]:
    stock = shelves()
    panel = panel_of(stock, OPTIONS, suppliers=[NOVA])
    forecast: Any = forecast_of(panel, stock)
    company = Company(
        stock, forecast.paths(slice(0, len(stock)), 28), TAKES, OPTIONS.unmet, OPTIONS.seed
    )
    return assess(panel, forecast, certain_lead_times(), OPTIONS), company


def announced(found: RiskAssessment) -> list[int]:
    return np.flatnonzero(found.warnings["state"].isin(["new", "out"])).tolist()


@pytest.fixture(scope="module")
def ten(made: tuple[RiskAssessment, Company]) -> list[int]:
    return sorted(np.random.default_rng(6).choice(announced(made[0]), 10, replace=False).tolist())


def day(number: float) -> Any:
    """Date of a day counted from the first after the origin."""
    return pd.NaT if np.isnan(number) else pd.Timestamp(TODAY) + dt.timedelta(days=1 + number)


def value_of_a_unit(one: Shelf) -> float:
    """Currency lost with a unit short; NaN unknown."""
    lost = 1.0 if "stockout_cost" in one.item else OPTIONS.unmet
    return unit_loss(one) * lost * (1 - one.item.get("passed_on", 0.0))


def unit_loss(one: Shelf) -> float:
    """Currency: what is stated, else the margin; NaN unknown."""
    margin = one.item.get("unit_price", np.nan) - one.item.get("unit_cost", np.nan)
    return float(one.item.get("stockout_cost", margin))


def test_chances_units_money_and_dates(
    made: tuple[RiskAssessment, Company], ten: list[int]
) -> None:
    found, company = made
    for row in ten:
        told, walked = found.warnings.iloc[row], company.walk(row)
        one = company.shelves[row]
        for days in (7, 14, 28):
            assert told[f"p_{days}d"] == pytest.approx(walked.chance(days))
        assert told["probability"] == told["p_14d"]
        assert told["p_no_order"] == pytest.approx(walked.chance(MAIN, walked.alone))
        assert told["units_short"] == pytest.approx(walked.units_short)
        value = walked.units_short * value_of_a_unit(one)
        assert told["value_at_risk"] == pytest.approx(value, nan_ok=True)
        assert told["unit_loss"] == pytest.approx(unit_loss(one), nan_ok=True)
        assert (told["on_hand"], told["sellable"]) == (one.on_hand, one.on_hand - one.blocked)
        a_day = float(walked.mean(walked.unmet)[0]) * value_of_a_unit(one)
        a_day = a_day if told["state"] == "out" else np.nan
        assert told["loss_a_day"] == pytest.approx(a_day, nan_ok=True)
        currency = one.item.get("currency", OPTIONS.currency)
        assert told["currency"] == ("" if np.isnan(value) else currency)
        demand = company.paths[row].astype(np.float64)
        cover = max(one.on_hand - one.blocked, 0.0) / demand[:, :MAIN].mean()
        assert told["days_of_cover"] == pytest.approx(cover)
        assert told["p_before_next_receipt"] == pytest.approx(before_receipt(walked))
        within = np.where(walked.first_out < MAIN, walked.weights, 0.0)
        for name, level in (("", 0.5), ("_p10", 0.1), ("_p90", 0.9)):
            assert told[f"stockout_on{name}"] == day(
                weighted_quantile(walked.first_out, within, level)
            )
        back = np.where((~walked.out).any(axis=1), (~walked.out).argmax(axis=1), np.nan)
        back_on = day(weighted_quantile(back, walked.weights, 0.5))
        if told["state"] == "out" and not pd.isna(back_on):
            assert told["back_on"] == back_on
        else:
            assert pd.isna(told["back_on"])


def before_receipt(walked: Walked) -> float:
    """Weight of the paths that run out before anything comes."""
    arrives = walked.arrived > 0
    receipt = np.where(arrives.any(axis=1), arrives.argmax(axis=1), np.inf)
    first = np.where(np.isnan(walked.first_out), np.inf, walked.first_out)
    return float(walked.weights[(first < MAIN) & (first < receipt)].sum())


def test_the_projection_day_by_day(made: tuple[RiskAssessment, Company], ten: list[int]) -> None:
    found, company = made
    days = company.paths[0].shape[1]
    for row in ten:
        told, walked = found.projection.iloc[row * days : (row + 1) * days], company.walk(row)
        for name, values in (
            ("on_hand_mean", walked.close),
            ("arrivals_mean", walked.arrived),
            ("demand_mean", walked.wanted),
            ("units_short_mean", walked.unmet),
            ("p_out", walked.out),
        ):
            assert told[name].tolist() == pytest.approx(walked.mean(values).tolist()), name
        for name, level in (("on_hand_p10", 0.1), ("on_hand_p90", 0.9)):
            again = [weighted_quantile(one, walked.weights, level) for one in walked.close.T]
            assert told[name].tolist() == pytest.approx(again, abs=1e-4), name


def test_shares_of_causes(made: tuple[RiskAssessment, Company], ten: list[int]) -> None:
    """The share of a cause is what would be short less without it, of what is short."""
    found, company = made
    seen = set()
    for row in ten:
        short = company.walk(row).units_short
        for cause in json.loads(found.warnings["causes"][row]):
            change = without(cause, company.shelves[row], found, row)
            if change is not None:
                spared = max(short - company.walk(row, change).units_short, 0.0) / short
                whole = max(1.0, spared_by_all(company, found, row) / short)
                assert cause["share"] == pytest.approx(spared / whole, abs=0.026), cause
                seen.add(cause["code"])
    assert {"late_order", "source_short", "customer_order"} <= seen
    assert len(seen) >= 4


def spared_by_all(company: Company, found: RiskAssessment, row: int) -> float:
    short = company.walk(row).units_short
    causes = json.loads(found.warnings["causes"][row])
    changes = [without(cause, company.shelves[row], found, row) for cause in causes]
    return sum(
        max(short - company.walk(row, change).units_short, 0.0) for change in changes if change
    )


def without(cause: dict[str, Any], one: Shelf, found: RiskAssessment, row: int) -> Change | None:
    """The same series without a cause; None: of that cause this test knows nothing."""
    code = cause["code"]
    out_on = found.warnings["stockout_on"][row]
    if code in ("late_order", "order_after_stockout"):
        late = [
            order
            for order in one.orders
            if (order.promised <= 0 if code == "late_order" else day(order.promised - 1) > out_on)
        ]
        ids = tuple(order.order_id for order in late)
        return Change(without=ids, stock=sum(order.units for order in late))
    if code == "phantom_stock":
        return Change(right=True)
    if code in ("customer_order", "customer_order_due", "reserved_stock"):
        return Change(unbooked=True)
    if code == "source_short":
        return Change(supplied=True)
    if code == "order_uncertain":
        return Change(punctual=True)
    if code in ("no_order", "reorder_point_low", "above_reorder_point", "order_too_small"):
        options = found.options
        mine = (options["site"] == one.site) & (options["sku"] == one.sku)
        ordered = options[
            mine & options["source"].isin(["NOVA", "HUB"]) & (options["order_id"] == "")
        ]
        return Change(stock=float(ordered["units"].iloc[0]))
    return None


def made_by(option: dict[str, Any], *, days_later: int = 0) -> Change:
    """What an option does to its series when it is done today, or later."""
    if option["code"] == "expedite":
        asked = (option["arrives_on"] - pd.Timestamp(TODAY)).days - 1 + days_later
        return Change(promised=((option["order_id"], asked),))
    if option["code"] == "transfer" and option["source"] != "HUB":
        comes = (option["arrives_on"] - pd.Timestamp(TODAY)).days - 1 + LATE_DAYS + days_later
        return Change(new=(NewOrder(option["units"], comes),))
    assert option["source"] in ("NOVA", "HUB")
    return Change(new=(NewOrder(option["units"], TAKES[option["source"]] + days_later),))


def first_actions(found: RiskAssessment, one: Shelf) -> list[dict[str, Any]]:
    """The first recommended action of a series; none where there is none."""
    options = found.options
    mine = options[(options["site"] == one.site) & (options["sku"] == one.sku)]
    return mine[mine["recommended"]].head(1).to_dict("records")


def done(found: RiskAssessment, company: Company, row: int) -> Change | None:
    """What it does; None: there is none."""
    return next((made_by(one) for one in first_actions(found, company.shelves[row])), None)


def saved_by(company: Company, row: int, change: Change) -> tuple[float, float]:
    """Units that customers miss less, and money: at the series and at those that draw from it."""
    pairs = [(row, AS_IT_IS, change)]
    pairs += [
        (other, Change(source=AS_IT_IS), Change(source=change)) for other in company.takers_of(row)
    ]
    units, values = 0.0, []
    for other, before, after in pairs:
        one = company.shelves[other]
        less = company.walk(other, before).units_short - company.walk(other, after).units_short
        units += less * (1 - one.item.get("passed_on", 0.0))
        values.append(less * value_of_a_unit(one))
    return units, float(np.nansum(values)) if np.isfinite(values).any() else np.nan


def lost_by(company: Company, row: int) -> tuple[float, float]:
    """Units that customers miss, and money, as it is: at the series and at those that draw from
    it."""
    units, values = 0.0, []
    for other in [row, *company.takers_of(row)]:
        one, short = company.shelves[other], company.walk(other).units_short
        units += short * (1 - one.item.get("passed_on", 0.0))
        values.append(short * value_of_a_unit(one))
    return units, float(np.nansum(values)) if np.isfinite(values).any() else np.nan


def cost_of(company: Company, row: int, option: dict[str, Any]) -> float:
    """Currency: what is paid once, and of an order holding what it brings."""
    if option["code"] != "order":
        return ONCE[option["code"]]
    before, after = (company.walk(row, way) for way in (AS_IT_IS, made_by(option)))
    held = float((after.mean(after.close) - before.mean(before.close))[:MAIN].mean())
    unit_cost = company.shelves[row].item.get("unit_cost", 0.0)
    return ONCE["order"] + max(held, 0.0) * unit_cost * HOLDING * MAIN / 365


def last_day(company: Company, row: int, option: dict[str, Any]) -> pd.Timestamp:
    """Of an order, the last order day on which it still spares half of what is lost as it is, else
    the first; of a call or a transfer, as long before the arrival asked for as it takes."""
    if option["code"] in NOTICE:
        return option["arrives_on"] - pd.Timedelta(days=NOTICE[option["code"]])
    money = int(np.isfinite(lost_by(company, row)[1]))
    half = lost_by(company, row)[money] / 2
    ways = {wait: made_by(option, days_later=wait) for wait in ORDER_DAYS}
    still = [wait for wait, way in ways.items() if saved_by(company, row, way)[money] >= half]
    return day(max(still, default=0))


def test_until_when_to_act_and_by_when_goods_are_asked_for(
    made: tuple[RiskAssessment, Company],
) -> None:
    """Of every series announced; deadlines are those of the option that is recommended."""
    found, company = made
    seen, late = set(), 0
    for row in announced(found):
        one, told, options = company.shelves[row], found.warnings.iloc[row], found.options
        mine = options[(options["site"] == one.site) & (options["sku"] == one.sku)]
        for option in mine[mine["at_site"] == ""].to_dict("records"):
            if option["code"] == "accept":
                continue
            if option["code"] in NOTICE:
                eve = told["stockout_on"] - pd.Timedelta(days=int(option["code"] == "expedite"))
                assert option["arrives_on"] == max(eve, day(NOTICE[option["code"]]))
            if option["code"] == "expedite":
                (order,) = [an for an in one.orders if an.order_id == option["order_id"]]
                earlier = (day(order.promised - 1) - option["arrives_on"]).days
                assert option["earlier_days"] == max(earlier, 0)
            by = f"{last_day(company, row, option):%Y-%m-%d}"
            by += "" if option["code"] == "transfer" else " 11:00"
            assert option["act_by"] == by
            seen.add(by)
            if option["rank"] == 1:
                assert told["act_by"] == (by if option["in_time"] else "too_late")
                late += not option["in_time"]
    assert len(seen) >= 2
    assert late >= 1


def test_what_each_option_saves_and_leaves_and_what_waiting_costs(
    made: tuple[RiskAssessment, Company],
) -> None:
    """Of every series announced, the ten among them."""
    found, company = made
    codes: list[str] = []
    for row in announced(found):
        one, options = company.shelves[row], found.options
        mine = options[(options["site"] == one.site) & (options["sku"] == one.sku)]
        lost = lost_by(company, row)
        for option in mine.to_dict("records"):
            if option["code"] not in ("order", "expedite", "transfer") or option["at_site"]:
                continue  # a store's action at its warehouse is told by the groups below
            change, codes = made_by(option), [*codes, option["code"]]
            units, value = saved_by(company, row, change)
            assert option["units_saved"] == pytest.approx(units)
            assert option["loss_avoided"] == pytest.approx(value, nan_ok=True)
            left = company.walk(row, change).chance(MAIN)
            assert option["residual_probability"] == pytest.approx(left)
            later = saved_by(company, row, made_by(option, days_later=1))
            waiting = units - later[0] if np.isnan(value) else value - later[1]
            assert option["regret"] == pytest.approx(max(waiting, 0.0))
            spared = units / lost[0] if np.isnan(value) else value / lost[1]
            assert option["in_time"] == (spared >= 0.5)
            assert option["cost"] == pytest.approx(cost_of(company, row, option))
    assert {"order", "expedite", "transfer"} <= set(codes)
    assert len(codes) >= 5


def test_groups_are_sums_over_their_series(made: tuple[RiskAssessment, Company]) -> None:
    """Each loss once: that of a store that its warehouse empties stands at the store."""
    found, company = made
    numbers = found.warnings["group"].fillna(0)
    assert (numbers[announced(found)] > 0).all()
    assert found.groups["series"].sum() == len(announced(found))
    drawn = 0
    for group in found.groups.to_dict("records"):
        units = lost = saved = ruptures = cost = 0.0
        paid = set()
        for row in np.flatnonzero(numbers == group["group"]).tolist():
            one = company.shelves[row]
            giver = company.source_of(row)
            theirs = done(found, company, giver) if giver >= 0 else None
            if theirs is not None and numbers[giver] == group["group"]:
                before, after = Change(source=AS_IT_IS), Change(source=theirs)
                drawn += 1
            else:
                before, after = AS_IT_IS, done(found, company, row) or AS_IT_IS
                for option in first_actions(found, one):
                    cost += cost_of(company, row, option) - ONCE[option["code"]]
                    paid.add((option["code"], option["order_id"] or (one.site, option["act_by"])))
            told = [company.walk(row, way) for way in (before, after)]
            less = told[0].units_short - told[1].units_short
            units += less * (1 - one.item.get("passed_on", 0.0))
            ruptures += max(told[0].chance(MAIN) - told[1].chance(MAIN), 0.0)
            value = value_of_a_unit(one)
            lost, saved = lost + value * told[0].units_short, saved + value * less
        assert group["units_saved"] == pytest.approx(units)
        assert group["ruptures_avoided"] == pytest.approx(ruptures)
        assert group["loss"] == pytest.approx(lost, nan_ok=True)
        assert group["loss_avoided"] == pytest.approx(saved, nan_ok=True)
        cost += sum(ONCE[code] for code, _ in paid)
        assert group["cost"] == pytest.approx(cost if paid else np.nan, nan_ok=True)
    assert drawn >= 3

"""The gate on seeded evidence: what is refused, what passes, and what noise does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar import Frequency
from forecasting.out_of_fold import BELOW
from models.evidence import BadEvidence, Evidence, Facts
from models.gate import judge
from models.ledger import DEMAND, RISK
from models.verdict import OVERALL, Verdict

SERIES, ORIGINS, STEPS = 90, (20_000, 20_028, 20_056, 20_084), 14


def evidence(
    *,
    error: float = 1.0,
    lost_segment: float = 1.0,
    last_segment: int = 30,
    order_up_to: float = 1.3,
    blur: float = 0.0,
    luck: int = 1,
    shift: int = 0,
) -> Evidence:
    """A company of 90 series in three segments, forecast at four origins by someone whose usual
    error is `error` (in the last segment times `lost_segment`), who orders up to so many times the
    mean demand, and whose warnings are blurred. What came is the same whatever `luck`."""
    truth, own = np.random.default_rng(7), np.random.default_rng(luck)
    others = ["A / smooth", "B / erratic"] * (SERIES // 2)
    segment = np.array([*others[: SERIES - last_segment], *["C / lumpy"] * last_segment])
    mean = truth.gamma(4.0, 5.0, SERIES)
    series = pd.DataFrame(
        {
            "site": "LYON",
            "sku": [f"{number:03}" for number in range(SERIES)],
            "segment": segment,
            "scale": mean,
            "unit_cost": 5.0,
            "unit_loss": 4.0,
            "currency": "EUR",
        }
    )
    place, step = np.divmod(np.arange(SERIES * STEPS), STEPS)
    forecasts, decisions, warnings, ruptures = [], [], [], []
    worse = np.where(segment == "C / lumpy", lost_segment, 1.0)
    for origin in ORIGINS:
        actual = truth.poisson(mean[place]).astype(float)
        off = own.normal(0.0, 1.0, len(place)) * error * worse[place] * np.sqrt(mean[place])
        forecast = mean[place] + off
        spread = 1.28 * np.sqrt(mean[place] * (1.0 + error**2))
        forecasts.append(
            pd.DataFrame(
                {
                    "series": place,
                    "origin": origin + shift,
                    "step": step + 1,
                    "actual": actual,
                    "forecast": forecast,
                    "seasonal_naive": mean[place] + 2.0 * np.sqrt(mean[place]),
                    "q100": forecast - spread,
                    "q500": forecast,
                    "q900": forecast + spread,
                    BELOW: (actual < forecast + spread).astype(float),
                }
            )
        )
        total = np.bincount(place, actual)
        decisions.append(
            pd.DataFrame(
                {
                    "series": np.arange(SERIES),
                    "origin": origin + shift,
                    "demand": total,
                    "order_up_to": order_up_to * mean * STEPS + own.normal(0, 1, SERIES),
                }
            )
        )
        chance = truth.beta(0.6, 2.0, SERIES)
        event = (truth.random(SERIES) < chance).astype(float)
        odds = np.log(chance / (1 - chance)) + blur * own.normal(0.0, 1.0, SERIES)
        warnings.append(
            pd.DataFrame(
                {
                    "series": np.arange(SERIES),
                    "origin": origin + shift,
                    "event": event,
                    "probability": 1 / (1 + np.exp(-odds)),
                    "by_cover": truth.normal(size=SERIES),
                }
            )
        )
        ran_out = np.flatnonzero(event)
        ruptures.append(
            pd.DataFrame({"series": ran_out, "period": origin + shift + 7, "lead_days": 7.0 - blur})
        )
    facts = Facts(Frequency.DAY, 20_098, STEPS, float(STEPS), 0.2)
    tables = [pd.concat(one, ignore_index=True) for one in (forecasts, decisions, warnings)]
    return Evidence(facts, series, *tables, pd.concat(ruptures, ignore_index=True))


def against(verdict: Verdict) -> set[tuple[str, str]]:
    return {(one.measure, one.segment) for one in verdict.against}


def test_one_that_forecasts_better_and_decides_worse_is_refused() -> None:
    verdict = judge(DEMAND, evidence(error=0.7, order_up_to=1.0, luck=2), evidence())
    overall = {one.measure: one for one in verdict.overall}
    assert overall["RMSSE"].loss < -0.1, "it does forecast better"
    assert overall["lost by ruptures"].loss > 0
    assert overall["stock held"].loss < 0
    assert not verdict.passed
    assert {measure for measure, _ in against(verdict)} == {"decision cost"}
    assert "decision cost overall" in verdict.summary()


def test_one_that_is_better_overall_and_ruins_a_segment_is_refused() -> None:
    """With 20 series in the segment there is too little to tell; with 30 there is enough."""
    for size, refused in ((20, False), (30, True)):
        ruined = evidence(error=0.5, lost_segment=2.6, last_segment=size, luck=2)
        verdict = judge(DEMAND, ruined, evidence(last_segment=size))
        rmsse = next(one for one in verdict.overall if one.measure == "RMSSE")
        assert rmsse.loss < -0.05, "it is better overall"
        assert verdict.passed != refused, verdict.summary()
        assert (("RMSSE", "C / lumpy") in against(verdict)) == refused
        assert {segment for _, segment in against(verdict)} <= {"C / lumpy"}


def test_an_equal_one_is_not_vetoed_by_noise() -> None:
    champion = evidence()
    verdicts = [judge(DEMAND, evidence(luck=luck), champion) for luck in range(2, 22)]
    refused = [one.summary() for one in verdicts if not one.passed]
    assert len(refused) <= 1, refused
    told = {one.measure for one in verdicts[0].findings if one.bound > -np.inf}
    assert {"RMSSE", "pinball", "bias", "coverage", "average precision", "lead days"} <= told


def test_worse_warnings_are_refused_for_both_models() -> None:
    blurred, champion = evidence(blur=3.0, luck=2), evidence()
    for name in (DEMAND, RISK):
        verdict = judge(name, blurred, champion)
        assert {"average precision", "calibration error", "lead days"} <= {
            measure for measure, _ in against(verdict)
        }
    assert {one.measure for one in judge(RISK, blurred, champion).findings} == {
        "average precision",
        "calibration error",
        "lead days",
    }


def test_trainings_of_other_days_are_judged_by_the_same_periods() -> None:
    later = evidence(luck=2)
    for name in ("forecasts", "decisions", "warnings", "ruptures"):
        table = getattr(later, name)
        moved = table["step"] > 7 if "step" in table else np.ones(len(table), bool)
        table.drop(table.index[~moved], inplace=True)
    later.forecasts["origin"] += 7
    later.forecasts["step"] -= 7
    verdict = judge(DEMAND, later, evidence())
    assert "the same periods" in verdict.basis
    assert verdict.passed, verdict.summary()
    assert next(one.series for one in verdict.overall if one.measure == "RMSSE") == SERIES


def test_where_two_disagree_on_what_came_nothing_is_judged() -> None:
    other = evidence(error=3.0, luck=2)
    other.forecasts["actual"] *= np.where(other.forecasts["series"] < SERIES // 2, 2.0, 1.0)
    verdict = judge(DEMAND, other, evidence())
    assert "disagree on what came" in verdict.basis
    assert next(one.series for one in verdict.overall if one.measure == "RMSSE") <= SERIES // 2 + 2


def test_without_a_common_past_it_is_refused_and_the_untested_champion_gives_way() -> None:
    verdict = judge(DEMAND, evidence(shift=5_000), evidence())
    assert (verdict.passed, verdict.reason) == (False, "the two said nothing of the same past")
    assert not judge(DEMAND, None, evidence()).passed
    assert judge(DEMAND, evidence(), None).passed


def test_a_champion_that_could_not_be_tested_gives_way_part_by_part() -> None:
    """Of sales without stock, forecasts can be tested and warnings cannot."""
    no_stock, nothing = evidence(), evidence()
    for one, parts in (
        (no_stock, ("warnings", "ruptures")),
        (nothing, ("forecasts", "decisions", "warnings", "ruptures")),
    ):
        for part in parts:
            table = getattr(one, part)
            table.drop(table.index, inplace=True)
    better = evidence(luck=2)
    for name, champion in ((DEMAND, nothing), (RISK, nothing), (RISK, no_stock)):
        verdict = judge(name, better, champion)
        assert (verdict.passed, verdict.basis) == (True, "the champion was never tested")
    assert judge(RISK, nothing, nothing).passed
    worse = judge(DEMAND, evidence(error=3.0, luck=2), no_stock)
    assert not worse.passed
    assert not judge(DEMAND, nothing, better).passed


def test_too_few_series_or_events_are_no_reason() -> None:
    good, bad = evidence(), evidence(error=3.0, blur=4.0, luck=2)
    few = set(range(29))
    for one in (good, bad):
        for name in ("forecasts", "decisions", "warnings", "ruptures"):
            table = getattr(one, name)
            table.drop(table.index[~table["series"].isin(few)], inplace=True)
    assert judge(DEMAND, bad, good).passed


def test_the_verdict_is_the_same_again_and_plain() -> None:
    first, again = (judge(DEMAND, evidence(luck=2), evidence()).facts() for _ in range(2))
    assert first == again
    [rmsse] = [
        one for one in first["findings"] if (one["measure"], one["segment"]) == ("RMSSE", OVERALL)
    ]
    assert rmsse["naive"] > rmsse["champion"] > 0


def test_evidence_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = evidence()
    made.to_files(tmp_path)
    read = Evidence.from_files(tmp_path)
    assert read.facts == made.facts
    assert judge(DEMAND, read, made).facts()["passed"]
    (tmp_path / "warnings.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadEvidence, match="cannot be read"):
        Evidence.from_files(tmp_path)

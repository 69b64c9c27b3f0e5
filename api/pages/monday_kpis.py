"""The KPIs of Monday's page, and where the forecasts are worse than repeating the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.kpi_board import Shown, headlines, shown_of, stands_in
from api.kpi_words import period_of, spaced, value_of, why_not
from api.served import Served
from models.accuracy_words import segments_in
from models.kpis.figures import Question
from models.ledger import DEMAND

WIDTH, HEIGHT, INSET = 120.0, 32.0, 2.0  # of a sparkline, in its own units


def kpis_of(served: Served, language: str, currency: str) -> dict[str, list[dict[str, Any]]]:
    """`first`: the five; `rest`: all others, by name. Raises NotSaid where there were none."""
    shown = shown_of(served.kpis(Question("total", "month")))
    five = headlines(shown, currency)
    rest = [one for one in shown if not any(one is other for other in five)]
    return {
        "first": [_told(one, language) for one in five],
        "rest": [_told(one, language) for one in rest],
    }


def _told(one: Shown, language: str) -> dict[str, Any]:
    latest, unit = one.latest, one.kpi.unit

    def written(value: Any) -> str:
        return value_of(value, unit, one.currency, language)

    instead = stands_in(one)
    return {
        "name": one.kpi.name,
        "title": spaced(one.title(language), language),
        "formula": spaced(one.kpi.formulas[language], language),
        "instead_of": spaced(instead.titles[language], language) if instead else "",
        "is_known": one.is_known,
        "value": written(latest["value"]),
        "period": period_of(latest["period"], latest["period_start"], language),
        "before": written(latest["before"]),
        "year_before": written(latest["year_before"]),
        "trend": latest["trend"],
        "p90": value_of(latest["p90"], "days", "", language),
        "at_least": bool(latest["censored"]),
        "left_out": latest["left_out"],
        "now": written(one.now["value"]) if one.now else "",
        "why": why_not(one.since or latest, language),
        "lines": sparkline([value for _, value in one.past]),
        "past": [(period, written(value)) for period, value in one.past],
    }


def sparkline(values: Sequence[float | None]) -> list[str]:
    """Points of the lines of a sparkline, one for each run of known values.

    >>> sparkline([1.0, 3.0, None, 2.0, 2.0])
    ['2.0,30.0 31.0,2.0', '89.0,16.0 118.0,16.0']
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return []
    low, high = min(known), max(known)
    step = (WIDTH - 2 * INSET) / (len(values) - 1)
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        share = (value - low) / (high - low) if high > low else 0.5
        up = HEIGHT - INSET - share * (HEIGHT - 2 * INSET)
        runs[-1].append(f"{INSET + place * step:.1f},{up:.1f}")
    return [" ".join(run) for run in runs if len(run) > 1]


def _of_ten(share: float) -> int:
    """All of ten only where it is all, none only where it is none.

    >>> _of_ten(0.97), _of_ten(1.0), _of_ten(0.02), _of_ten(0.74)
    (9, 10, 1, 7)
    """
    if share in (0.0, 1.0):
        return int(10 * share)
    return min(max(round(share * 10), 1), 9)


def metrics_in_use(versions: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """What was measured of a model's version in use; nothing where there is none.

    >>> risk = {"name": "rupture-risk", "champion": True, "metrics": {"warnings/recall": 0.6}}
    >>> metrics_in_use([risk, {**risk, "name": DEMAND, "metrics": {"day/wape": 0.4}}], DEMAND)
    {'day/wape': 0.4}
    """
    mine = (one["metrics"] for one in versions if one["champion"] and one["name"] == name)
    return next(mine, {})


def segments_of(versions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Segments of the version in use where they were measured: those first where repeating the past
    was better, the largest loss on top; `closer`: of ten series, those where ours was closer."""
    found = []
    for name, facts in segments_in(metrics_in_use(versions, DEMAND)).items():
        own, naive = facts["rmsse"], facts["rmsse_naive"]
        abc, _, demand_class = name.partition(" / ")
        found.append(
            {
                "abc": abc,
                "demand_class": demand_class,
                "series": int(facts["series"]),
                "share": facts.get("share_of_demand"),
                "closer": _of_ten(facts["closer"]),
                "naive_wins": naive < own,
                "saved": 1 - own / naive if naive > 0 else 0.0,
            }
        )
    return sorted(found, key=lambda one: (not one["naive_wins"], one["saved"]))

"""How each figure of a risk comes about, from the rows that the publication holds beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from forecasting.calendar import Frequency
from models.publication import SeriesView
from models.publication.contracts import horizon_columns


def main_periods(warning: Mapping[str, Any]) -> int:
    """Periods of the main horizon: the second that the publication has, or the only one.

    >>> main_periods({"p_7d": 0.1, "p_14d": 0.2, "p_28d": 0.3})
    14
    """
    horizons = [int(name[2:-1]) for name in horizon_columns(warning)]
    return horizons[min(1, len(horizons) - 1)]


def breakdown(view: SeriesView, frequency: Frequency, lost_share: float) -> list[dict[str, Any]]:
    """One entry a figure: value, unit, formula and the terms that give it."""
    warning = view.warning
    periods = main_periods(warning)
    walk = view.projection[:periods]
    demand = [row["mean"] for row in view.forecasts[frequency.grain][:periods]]
    daily = sum(demand) / len(demand) / frequency.days if demand else None
    stated = warning.get("value_basis") == "stockout_cost"
    passed_on = _share(view.master.get("passed_on"))
    figures = [
        ("probability", "chance", "sum of p_first over the main horizon", _by(walk, "p_first")),
        (
            "p_no_order",
            "chance",
            "sum of p_first_no_order over the main horizon",
            _by(walk, "p_first_no_order"),
        ),
        (
            "units_short",
            "units",
            "sum of units_short_mean over the main horizon",
            _by(walk, "units_short_mean"),
        ),
        (
            "days_of_cover",
            "days",
            "sellable ÷ mean demand a day of the main horizon",
            {"sellable": warning.get("sellable"), "demand_a_day": daily},
        ),
        (
            "value_at_risk",
            warning["currency"] or "currency",
            "units_short × consumed share × lost share × loss of a unit",
            {
                "units_short": warning["units_short"],
                "consumed_share": 1.0 - passed_on if passed_on is not None else None,
                "lost_share": 1.0 if stated else lost_share,
                "unit_loss": warning.get("unit_loss"),
                "basis": warning.get("value_basis"),
            },
        ),
    ]
    return [
        {"name": name, "value": warning[name], "unit": unit, "formula": formula, "terms": terms}
        for name, unit, formula, terms in figures
    ]


def _share(value: Any) -> float | None:
    """What is passed on to other sites; earlier versions published no share, or none that can be
    read."""
    return 0.0 if value is None else value if isinstance(value, float) else None


def _by(walk: Sequence[Mapping[str, Any]], column: str) -> dict[str, Any]:
    return {str(row["period"]): row.get(column) for row in walk}


def known_better(
    overridden: Sequence[Mapping[str, Any]], periods: int, frequency: Frequency
) -> list[dict[str, Any]]:
    """One entry a kind of figure that an override changed: what the model or the data said, and
    what somebody said; `overridden`: rows of the part of that name, of one series."""
    own = [row for row in overridden if row["grain"] in ("", frequency.grain)]
    found = []
    for kind, unit, formula in _KNOWN_BETTER:
        rows = [row for row in own if row["kind"] == kind]
        if kind == "demand":
            rows = rows[:periods]
        if not rows:
            continue
        before, after = (sum(row[name] or 0.0 for row in rows) for name in ("before", "after"))
        numbers = ", ".join(dict.fromkeys(row["override"] for row in rows))
        terms = {"without": before, "overridden": after, "overrides": numbers}
        entry = {"value": after, "unit": unit, "formula": formula, "terms": terms}
        found.append({"name": f"override_{kind}"} | entry)
    return found


_KNOWN_BETTER: Final = (
    ("demand", "units", "demand of the periods that an override moves, up to the main horizon"),
    ("stock", "units", "on hand as counted, rolled forward, instead of the record's"),
    ("order", "units", "still to come of the open order lines that an override speaks of"),
    ("risk", "chance", "of a stockout within the main horizon, without and with all of them"),
)

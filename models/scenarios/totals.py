"""The rows of a comparison summed, and two plans side by side. Currencies are never added."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, get_args

import pandas as pd

Verdict: TypeAlias = Literal["broken", "sooner", "worse", "same", "better", "relieved"]
"""Of a series: models.scenarios.comparison says when each holds."""

CHANGED: Final = tuple(verdict for verdict in get_args(Verdict) if verdict != "same")
DIMENSIONS: Final = ("site", "supplier", "category")
FIGURES: Final = ("units_short", "value", "units_turned_away", "value_turned_away")
LEAST_UNITS: Final = 0.05  # expected; below, nothing has changed that anybody would see


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """Totals by site, supplier and category, in each currency apart, the largest added value first.

    Series that break are counted wherever they are; units and value where they are lost.
    """
    parts = [_summed(table, name).assign(dimension=name) for name in DIMENSIONS]
    whole = pd.concat(parts, ignore_index=True)
    moved = (whole[["broken", "relieved"]] > 0).any(axis=1)
    moved |= whole["units_short_added"].abs() >= LEAST_UNITS
    moved |= whole["units_turned_away"] >= LEAST_UNITS
    order = ["dimension", "value_added", "units_short_added", "code"]
    ranked = whole[moved].sort_values(order, ascending=[True, False, False, True])
    front = ["dimension", "code", "currency", "broken", "relieved"]
    return ranked[front + [name for name in whole if name not in front]].reset_index(drop=True)


def totals(table: pd.DataFrame) -> dict[str, Any]:
    """The whole as plain values: counts, the first day, and figures by currency."""
    everything = _summed(table.assign(all=""), "all")
    broken = table[table["verdict"] == "broken"]
    first = broken["breaks_on_scenario"].min()
    return {
        "series": len(table),
        **{verdict: int((table["verdict"] == verdict).sum()) for verdict in CHANGED},
        "first_break": None if pd.isna(first) else first.date().isoformat(),
        "by_currency": [
            {name: row[name] for name in ("currency", *_figures())}
            for row in everything.to_dict("records")
        ],
    }


def _figures() -> list[str]:
    both = [f"{name}_{run}" for name in FIGURES[:2] for run in ("base", "scenario", "added")]
    return [*both, *FIGURES[2:]]


def _summed(table: pd.DataFrame, by: str) -> pd.DataFrame:
    counted = table["counts"].to_numpy(dtype=bool)
    figures = table[_figures()].mul(counted, axis=0)
    figures["broken"] = (table["verdict"] == "broken").astype(int)
    figures["relieved"] = (table["verdict"] == "relieved").astype(int)
    keys = [table[by].astype(str).rename("code"), table["currency"].rename("currency")]
    return figures.groupby(keys, sort=True).sum().reset_index()


SIDE: Final = (
    *("verdict", "breaks_on_scenario", "probability_scenario"),
    *("units_short_scenario", "value_scenario"),
)
"""What two plans say of a series, beside each other."""


def side_by_side(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    """A row a series of which two plans do not say the same; the largest difference of value first,
    those that others draw from, where no loss stands, last.

    A series that a plan does not concern stays there as it was published: as the other plan's base.
    """
    codes = ["site", "sku"]
    shown = [*codes, "description", "currency", "counts"]
    whole = a.merge(b, on=codes, how="outer", suffixes=("_a", "_b"))
    table = whole[codes].copy()
    for name in shown[2:]:
        table[name] = whole[f"{name}_a"].where(whole[f"{name}_a"].notna(), whole[f"{name}_b"])
    for own, other in (("a", "b"), ("b", "a")):
        absent = whole[f"verdict_{own}"].isna()
        for name in SIDE:
            base = f"{name.removesuffix('_scenario')}_base_{other}"
            value = whole[f"{name}_{own}"]
            fill = "same" if name == "verdict" else whole[base]
            table[f"{name.removesuffix('_scenario')}_{own}"] = value.where(~absent, fill)
    table["units_short_added"] = table["units_short_b"] - table["units_short_a"]
    table["value_added"] = table["value_b"] - table["value_a"]
    differs = table["verdict_a"] != table["verdict_b"]
    differs |= table["units_short_added"].abs() >= LEAST_UNITS
    apart = table["value_added"].abs().where(table["counts"].astype(bool))
    order = apart.sort_values(ascending=False, kind="stable", na_position="last").index
    return table.loc[order][differs.loc[order]].reset_index(drop=True)

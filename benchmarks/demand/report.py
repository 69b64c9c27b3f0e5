"""The printed side by side: each origin, the mean of origins, ratios, and what was promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

PRODUCT: Final = "Vigistock"
COST: Final = ("CPU s", "peak MiB")
REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "m5": ("AutoETS", "COMB5"),
    "m5-weekly": ("mean of four", "AutoETS"),
    "carparts": ("window average", "AutoETS"),
    "freshretail": ("LightGBM", "mean of four"),
    "usaid": ("mean of four", "AutoETS"),
}
COMPARED: Final = (
    "RMSSE",
    "W12",
    "WSPL",
    "store×dept",
    "WAPE",
    "sold WAPE",
    "pinball",
    "P90 pinball",
    "CPU s",
)


class Results:
    """One row a method, seed and origin; the product's seeds are averaged before comparing."""

    def __init__(self) -> None:
        self._rows: list[dict[str, float | str]] = []

    def add(self, method: str, origin: str, seed: int, measures: Mapping[str, float]) -> None:
        self._rows.append({"method": method, "origin": origin, "seed": seed, **measures})

    @property
    def by_seed(self) -> pd.DataFrame:
        return pd.DataFrame(self._rows).set_index(["method", "seed", "origin"])

    @property
    def by_origin(self) -> pd.DataFrame:
        """method × origin, mean of seeds."""
        return self.by_seed.groupby(level=["method", "origin"], sort=False).mean()

    @property
    def means(self) -> pd.DataFrame:
        """method, mean of seeds and origins; the peak is the highest."""
        table = self.by_origin.groupby(level="method", sort=False).mean()
        table["peak MiB"] = self.by_seed["peak MiB"].groupby(level="method", sort=False).max()
        return table

    def mean(self, measure: str, method: str = PRODUCT) -> float:
        return float(self.means[measure].loc[method])

    def at_origins(self, measure: str, method: str = PRODUCT) -> list[float]:
        return [float(one) for one in self.by_origin[measure].xs(method, level="method")]

    def ratio(self, measure: str, reference: str) -> float:
        """The product's mean over origins ÷ the reference's."""
        return self.mean(measure) / self.mean(measure, reference)

    def ratios(self, measure: str, reference: str) -> list[float]:
        """The same at each origin."""
        pairs = zip(self.at_origins(measure), self.at_origins(measure, reference), strict=True)
        return [own / other for own, other in pairs]


def total_columns(columns: Sequence[str]) -> list[str]:
    """Measures of demand totals, which only sample paths have."""
    return [name for name in columns if name.startswith(("series ", "site "))]


def show(results: Results, data: str) -> None:
    """Print everything but the promises."""
    totals = total_columns(list(results.by_seed.columns))
    main = results.by_origin.drop(columns=totals)
    for origin in main.index.unique("origin"):
        _print(f"origin {origin}", main.xs(origin, level="origin"))
    _print("mean of origins", results.means.drop(columns=totals))
    if PRODUCT not in results.means.index:
        return
    seeds = results.by_seed.xs(PRODUCT, level="method")
    if len(seeds.index.unique("seed")) > 1:
        _print(f"{PRODUCT} by seed", seeds.groupby(level="seed").mean().drop(columns=totals))
    if totals:
        print("\ndemand totals, PIT mass below a level (mean of seeds)")
        table = results.by_origin.xs(PRODUCT, level="method")[totals].T
        table["mean"] = table.mean(axis=1)
        print(table.to_string(float_format="{:.3f}".format))
    for reference in REFERENCES[data]:
        if reference not in results.means.index:
            continue
        print(f"\n{PRODUCT} against {reference} (mean of origins; each origin)")
        for measure in [name for name in COMPARED if name in main.columns]:
            each = "  ".join(percent(one) for one in results.ratios(measure, reference))
            print(f"  {measure:12} {percent(results.ratio(measure, reference))}   ({each})")


def _print(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}")
    formats = {name: ("{:.1f}" if name in COST else "{:.3f}").format for name in table.columns}
    print(table.to_string(formatters=formats), flush=True)


def percent(ratio: float) -> str:
    """A ratio as a change.

    >>> percent(0.955), percent(1.02), percent(12.0)
    ('-4.5 %', '+2.0 %', '× 12.0')
    """
    return f"× {ratio:.1f}" if ratio > 3 else f"{(ratio - 1) * 100:+.1f} %"

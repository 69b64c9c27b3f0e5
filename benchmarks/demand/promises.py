"""What the forecasts must show, held against the figures of this very run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t as student

from benchmarks.demand.report import Results, percent, total_columns


@dataclass(frozen=True)
class Promise:
    kept: bool
    words: str


def below(results: Results, measure: str, reference: str, share: float) -> Promise:
    """The mean over origins lies a share below the reference's."""
    ratio = results.ratio(measure, reference)
    asked = f"at least {share:.1%} below {reference}" if share else f"not above {reference}"
    return Promise(ratio <= 1 - share, f"{measure} {asked}: {percent(ratio)}")


def below_each(results: Results, measure: str, reference: str, share: float = 0.0) -> Promise:
    ratios = results.ratios(measure, reference)
    asked = f"{share:.1%} below" if share else "not above"
    return Promise(
        max(ratios) <= 1 - share,
        f"{measure} {asked} {reference} at each origin: worst {percent(max(ratios))}",
    )


def within(results: Results, measure: str, low: float, high: float) -> Promise:
    value = results.mean(measure)
    return Promise(low <= value <= high, f"{measure} from {low:g} to {high:g}: {value:.3f}")


def within_each(results: Results, measure: str, low: float, high: float) -> Promise:
    values = results.at_origins(measure)
    least, most = min(values), max(values)
    return Promise(
        low <= least and most <= high,
        f"{measure} from {low:g} to {high:g} at each origin: {least:.3f} … {most:.3f}",
    )


def totals_within(results: Results, points: float) -> list[Promise]:
    """Beside each mass the 95 % interval that its origins tell (Student's t): sums of one origin
    share its weather, so that it counts once however many they are. A miss whose interval holds
    the level itself says nothing yet, and says so."""
    found = []
    for name in total_columns(list(results.means.columns)):
        level = float(name.rpartition("<")[2])
        mass, low, high = interval(results.at_origins(name))
        kept = abs(mass - level) <= points
        words = f"PIT mass of demand, {name}, within {points * 100:g} points: {mass:.3f}"
        if np.isfinite(low):
            words += f" ({low:.3f} to {high:.3f} by its origins)"
            words += "" if kept or not low <= level <= high else ", no proof of a miss"
        found.append(Promise(kept, words))
    return found


def interval(values: list[float]) -> tuple[float, float, float]:
    """Mean, and 95 % interval within [0, 1], of shares at independent origins; NaN of one alone.

    >>> [round(one, 3) for one in interval([0.4, 0.6, 0.5])]
    [0.5, 0.252, 0.748]
    """
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return mean, float("nan"), float("nan")
    reach = float(student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return mean, max(mean - reach, 0.0), min(mean + reach, 1.0)


def _m5(results: Results) -> list[Promise]:
    return [
        below(results, "W12", "AutoETS", 0.045),
        below_each(results, "W12", "COMB5"),
        below(results, "WSPL", "AutoETS", 0.065),
        below(results, "WSPL", "COMB5", 0.035),
        below(results, "store×dept", "COMB5", 0.07),
        below_each(results, "store×dept", "COMB5"),
        within(results, "bias", -0.03, 0.03),
        within_each(results, "bias", -0.09, 0.09),
        *totals_within(results, 0.02),
        Promise(
            results.ratio("CPU s", "AutoETS") <= 2,
            f"at most twice the CPU of AutoETS: × {results.ratio('CPU s', 'AutoETS'):.2f}",
        ),
    ]


def _weekly(results: Results) -> list[Promise]:
    return [
        below(results, "WAPE", "mean of four", 0.06),
        below_each(results, "WAPE", "mean of four", 0.035),
        within(results, "PIT .1-.9", 0.78, 0.82),
        within_each(results, "PIT .1-.9", 0.77, 0.83),
    ]


def _carparts(results: Results) -> list[Promise]:
    return [
        within(results, "pinball", 0.0, 0.5),
        within(results, "PIT <.95", 0.94, 0.96),
    ]


def _usaid(results: Results) -> list[Promise]:
    peers = ("seasonal naive", "AutoETS", "mean of four")
    return [below(results, name, peer, 0.0) for name in ("WAPE", "pinball") for peer in peers]


def _freshretail(results: Results) -> list[Promise]:
    """Recovery's are printed beside (benchmarks.demand.recovery)."""
    boosted = "LightGBM"
    if boosted not in results.means.index:
        return [
            Promise(False, f"WAPE in stock below {boosted} on raw sales: SKIPPED, not installed")
        ]
    leans = (f"{name} {results.mean('bias', name):+.1%}" for name in results.means.index)
    sold = results.mean("sold bias")
    return [
        below(results, "WAPE", boosted, 0.0),
        below(results, "sold WAPE", boosted, 0.0),
        Promise(True, f"WPE reported for each: {', '.join(leans)}; of what will sell {sold:+.1%}"),
    ]


PROMISES: Final[Mapping[str, Callable[[Results], list[Promise]]]] = {
    "m5": _m5,
    "m5-weekly": _weekly,
    "carparts": _carparts,
    "freshretail": _freshretail,
    "usaid": _usaid,
}


def hold(results: Results, data: str, *others: Promise) -> bool:
    """Print each promise with its figure, others first; true where all are kept."""
    print("\nmust show")
    promises = [*others, *PROMISES[data](results)]
    for promise in promises:
        print(f"  {'yes' if promise.kept else 'NO '}  {promise.words}")
    return all(promise.kept for promise in promises)

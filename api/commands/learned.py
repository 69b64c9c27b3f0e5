"""What a training learned, how good it is and whether it is in use: plain words, then figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.markup import escape

from api.commands.shell import counted
from models.ledger import DEMAND

if TYPE_CHECKING:
    from models.pipelines.train import TrainOutcome

GRAINS: Final = ("day", "week", "month")


def told(outcome: TrainOutcome) -> list[str]:
    """Lines for a person, with Rich's markup."""
    learned = f"{outcome.series:,} series (an item at a site each)"
    in_use = "[green]in use from now on[/]" if outcome.champion else "[yellow]not in use[/]"
    kept = "" if outcome.champion else "; the versions before go on"
    lines = [
        f"Learned what sells and what runs out from {learned}, up to {outcome.origin}, "
        f"in {outcome.seconds:.0f} s.",
        *how_good(outcome.metrics),
        f"These versions are {in_use}: {escape(outcome.why)}{kept}.",
    ]
    if outcome.publication is not None:
        lines.append(f"Publication [bold]{outcome.publication}[/] is served from now on.")
    versions = f"demand-forecast {outcome.demand_version} and rupture-risk {outcome.risk_version}"
    if measured := figures(outcome.metrics):
        lines.append(f"[dim]Figures of {versions}; `models show` has all:[/]")
    else:
        lines.append(f"[dim]They are {versions}; `models show` tells of them.[/]")
    lines += measured
    return lines + [f"  [red]we lose:[/] {escape(line)}" for line in outcome.losing]


def how_good(metrics: Mapping[str, float]) -> list[str]:
    """Forecasts and warnings on past dates that the versions had not seen, in sentences.

    >>> how_good({"day/wape": 0.717, "day/wape_naive": 0.957, "week/wape": 0.53,
    ...     "week/wape_naive": 0.512})
    ['On past dates, the forecasts were off by 72% a day, 53% a week of what sold; repeating the \
last season by 96% a day, 51% a week.']
    >>> how_good({})
    ['Too little was sold, or for too short a time, to test the forecasts on it.']
    """
    grains = [grain for grain in GRAINS if {f"{grain}/wape", f"{grain}/wape_naive"} <= set(metrics)]
    if not grains:
        return ["Too little was sold, or for too short a time, to test the forecasts on it."]
    own, naive = (
        ", ".join(f"{metrics[f'{grain}/{name}']:.0%} a {grain}" for grain in grains)
        for name in ("wape", "wape_naive")
    )
    said = f"On past dates, the forecasts were off by {own} of what sold; "
    return [f"{said}repeating the last season by {naive}.", *_warnings(metrics)]


def _warnings(metrics: Mapping[str, float]) -> list[str]:
    names = ("warnings", "ruptured", "averted", "false_alarm", "ruptures", "announced")
    found = {name: metrics.get(f"warnings/{name}") for name in names}
    counts = {name: int(value) for name, value in found.items() if value is not None}
    if len(counts) < len(names):
        return []
    lead = metrics.get("warnings/lead_days_median")
    ahead = "" if lead is None else f", half of them {counted(int(lead), 'day')} ahead or more"
    return [
        f"Rehearsed there, {counted(counts['warnings'], 'warning')}: came true "
        f"{counts['ruptured']:,}, averted by what was done since {counts['averted']:,}, false "
        f"{counts['false_alarm']:,}. Of {counted(counts['ruptures'], 'stockout')}, announced "
        f"{counts['announced']:,}{ahead}."
    ]


def headline(metrics: Mapping[str, float], name: str) -> str:
    """One line of a version for a list: of forecasts the shortest period's RMSSE, of a risk how its
    rehearsed warnings ranked; blank where the history was too short to tell.

    >>> headline({"day/rmsse": 0.676, "day/rmsse_naive": 0.874}, "demand-forecast")
    'day rmsse 0.676 (naive 0.874)'
    >>> headline({"warnings/average_precision": 0.714, "warnings/ece": 0.077}, "rupture-risk")
    'average precision 0.714, ece 0.077'
    """
    if name == DEMAND:
        lines = (
            f"{grain} rmsse {metrics[f'{grain}/rmsse']:.3f} "
            f"(naive {metrics[f'{grain}/rmsse_naive']:.3f})"
            for grain in GRAINS
            if {f"{grain}/rmsse", f"{grain}/rmsse_naive"} <= set(metrics)
        )
        return next(lines, "")
    told = {"average precision": "average_precision", "ece": "ece"}
    found = {words: metrics.get(f"warnings/{key}") for words, key in told.items()}
    return ", ".join(f"{words} {value:.3f}" for words, value in found.items() if value is not None)


def figures(metrics: Mapping[str, float]) -> list[str]:
    """Headline metrics, one line a grain; `models show` lists them all."""
    lines = []
    for grain in dict.fromkeys(name.partition("/")[0] for name in metrics):
        mine = {name.partition("/")[2]: one for name, one in metrics.items() if grain in name}
        if "wape" not in mine:
            continue
        said = [
            f"{name} {mine[name]:.3f} (naive {mine[f'{name}_naive']:.3f})"
            for name in ("rmsse", "wape")
            if {name, f"{name}_naive"} <= set(mine)
        ]
        if "bias" in mine:
            said.append(f"bias {mine['bias']:+.1%}")
        if "below_q900" in mine:
            said.append(f"{mine['below_q900']:.0%} of outcomes below q900")
        lines.append(f"  [dim]{grain:5}[/] {', '.join(said)}")
    return lines

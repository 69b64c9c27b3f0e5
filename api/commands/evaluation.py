"""`evaluate`: what would our forecasts and warnings have been worth, had we started earlier?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.scorecards import show_replay
from api.commands.shell import AsJson, AsOf, Shell, counted, last_day, shell_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.pipelines.evaluate import EvaluateOutcome

BESIDE: Final = ("", "_naive", "_mean")  # ours, repeating the last season, the plain mean


def evaluate(
    context: typer.Context,
    windows: Annotated[
        int, typer.Option(min=1, help="Past origins, one forecast horizon apart.")
    ] = 2,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Learn, forecast and warn anew at past origins and compare with what came; nothing is kept."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from models.accuracy_words import losing
    from models.pipelines.evaluate import evaluate as run

    with shell.steps() as step:
        outcome = run(workspace, day, windows=windows, progress=step)
    lost = losing(outcome.report)
    if shell.json:
        shell.answer(_facts(outcome, lost))
        return
    grain = workspace.options.frequency.grain
    _say_what_was_done(shell, outcome, grain)
    if not outcome.report.metrics:
        shell.say("Nothing of what was forecast is known to have come: no judgement.")
        return
    _say_losses(shell, lost)
    for table in (
        _errors(outcome.report.metrics),
        _segments(outcome.report.by_segment.to_dict("records")),
        _calibration(outcome.report.metrics),
    ):
        shell.say("")
        shell.out.print(table)
    shell.say(
        "\n[dim]Beside ours: repeating the last season, and the plain mean.\n"
        "RMSSE: error in units of the usual step from a period to the next, mean over "
        "series. WAPE: error as a share of the demand. 0 is best.\n"
        "Below q90: share of outcomes below the 0.9 quantile, those on it in part (randomised "
        "PIT); closed and strict count them wholly or not at all.[/]"
    )
    if outcome.warnings is None:
        shell.say("\nNo stock is known: no rupture could be seen, and warnings are not judged.")
    else:
        show_replay(shell, outcome.warnings)
    for line in outcome.may_leak:
        shell.say(f"[yellow]May leak:[/] {escape(line)}")


def _facts(outcome: EvaluateOutcome, lost: list[str]) -> dict[str, Any]:
    apart = ("report", "warnings")
    facts = {name: value for name, value in vars(outcome).items() if name not in apart}
    report, warnings = outcome.report, outcome.warnings
    return {
        **facts,
        "losing": lost,
        "metrics": report.metrics,
        "by_segment": report.by_segment.to_dict("records"),
        "by_quantile": report.by_quantile.to_dict("records"),
        "warnings": None if warnings is None else warnings.facts(),
    }


def _say_what_was_done(shell: Shell, outcome: EvaluateOutcome, grain: str) -> None:
    shell.say(
        f"Learned from nothing at {counted(len(outcome.origins), 'origin')} "
        f"({', '.join(outcome.origins)}), each judged on the {counted(outcome.horizon, grain)} "
        f"after it: {outcome.series:,} series, up to {outcome.judged_up_to} "
        f"({outcome.seconds:.0f} s). Nothing was kept."
    )
    if outcome.appeared:
        shell.say(f"{outcome.appeared:,} series appeared after an origin and are not judged there.")


def _say_losses(shell: Shell, lost: list[str]) -> None:
    if not lost:
        shell.say("[green]Nowhere[/] is repeating the last season or the plain mean better.")
    for line in lost:
        shell.say(f"[red]We lose:[/] {escape(line)}")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    return table


def _errors(metrics: Mapping[str, float]) -> Table:
    """A row a measure and grain; totals over a span as one number among them."""
    table = _table("error", "ours", "last season", "plain mean", "pinball")
    for grain in _grains(metrics):
        spans = _spans(metrics, grain)
        for prefix, what in {"": f"{grain}", **spans}.items():
            for measure in ("rmsse", "wape", "bias"):
                cells = [metrics.get(f"{grain}/{prefix}{measure}{one}") for one in BESIDE]
                if cells[0] is None:
                    continue
                form = "+.1%" if measure == "bias" else ".3f"
                lost = metrics.get(f"{grain}/{prefix}pinball") if measure == "wape" else None
                ours, *theirs = (_cell(cell, form) for cell in cells)
                if measure != "bias" and any(one is not None and one < cells[0] for one in cells):
                    ours = f"[red]{ours}[/]"
                name = "bias" if measure == "bias" else measure.upper()
                table.add_row(f"{what} {name}", ours, *theirs, _cell(lost, ".3f"))
    return table


def _segments(rows: Iterable[Mapping[Any, Any]]) -> Table:
    table = _table(
        *("segment", "series", "demand", "RMSSE", "season", "mean", "WAPE", "bias", "< q90"),
    )
    for row in rows:
        lost = row["loses_to_naive"] or row["loses_to_mean"]
        name = f"{row['abc']} / {row['demand_class']}"
        table.add_row(
            f"[red]{escape(name)}[/]" if lost else escape(name),
            f"{row['series']:,}",
            _cell(row["share_of_demand"], ".1%"),
            *(_cell(row[f"rmsse{one}"], ".3f") for one in BESIDE),
            _cell(row["wape"], ".3f"),
            _cell(row["bias"], "+.1%"),
            _cell(row.get("below_q900"), ".1%"),
        )
    return table


def _calibration(metrics: Mapping[str, float]) -> Table:
    """What should be 50, 90, 95 and 80 %."""
    table = _table(
        *("calibration", "below q50", "below q90", "below q95"),
        *("q10 to q90", "closed", "strict"),
    )
    table.add_row("[dim]right[/]", "50%", "90%", "95%", "80%", "", "")
    names = ("below_q500", "below_q900", "below_q950")
    inner = tuple(f"{kind}_q100_q900" for kind in ("inside", "closed", "strict"))
    for grain in _grains(metrics):
        for prefix, what in {"": grain, **_spans(metrics, grain)}.items():
            cells = [metrics.get(f"{grain}/{prefix}{name}") for name in (*names, *inner)]
            if cells[0] is not None:
                table.add_row(what, *(_cell(cell, ".1%") for cell in cells))
    return table


def _grains(metrics: Mapping[str, float]) -> list[str]:
    return list(dict.fromkeys(name.partition("/")[0] for name in metrics))


def _spans(metrics: Mapping[str, float], grain: str) -> dict[str, str]:
    """Prefix of the span's measures -> how it is called."""
    found = {}
    for name in metrics:
        span = name.removeprefix(f"{grain}/total").partition("_wape")[0]
        if name == f"{grain}/total{span}_wape":
            known = f"total of {span} {grain}s" if span else f"total of all {grain}s"
            found[f"total{span}_"] = known
    return found


def _cell(value: float | None, form: str) -> str:
    return "" if value is None or value != value else format(value, form)

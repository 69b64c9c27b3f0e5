"""`scorecard`: announced, came true, averted, missed; and the same of replayed warnings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, AsOf, Shell, counted, last_day, shell_of

if TYPE_CHECKING:
    import pandas as pd

    from models.pipelines.scorecard import ScorecardOutcome
    from models.scorecard import Scorecard

MOST_MISSED: Final = 15  # lines on a screen; --json and the route name them all
OUTCOMES: Final = {
    "ruptured": "ran out, as said",
    "averted": "averted by an order placed or moved up since",
    "false_alarm": "false alarm: held, and nothing was done",
    "not_attributable": "held, and nobody can say why",
    "open": "still open",
}
CAUSES: Final = {
    "data": "the data were missing or wrong",
    "demand": "more was sold than the P90 of its forecast",
    "supplier": "an order came late or short",
    "model": "the chance said was too low",
}


def scorecard(
    context: typer.Context,
    as_of: AsOf = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write each warning with its outcome as CSV."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the warnings of past publications by what came: true, averted, false, missed."""
    shell = shell_of(context, as_json)
    day = last_day(as_of)
    workspace = shell.workspace()
    from api.scorecards import keep
    from models.pipelines.scorecard import scorecard as run

    with shell.steps() as step:
        outcome = run(workspace, day, progress=step)
    facts = outcome.facts()
    if day is None:
        keep(workspace, facts)
    if output is not None:
        _write(output, outcome.scorecard)
    if shell.json:
        shell.answer(facts)
        return
    _say_publications(shell, outcome)
    if outcome.publications:
        show_scorecard(shell, outcome.scorecard)
    if outcome.overrides is not None:
        shell.say("\n" + worth_of_overrides(outcome.overrides))
    if output is not None:
        rows = counted(len(outcome.scorecard.warnings), "warning")
        shell.err.print(f"{rows} written to {escape(str(output))}", soft_wrap=True)


def worth_of_overrides(found: dict[str, Any]) -> str:
    """What people changed beside what the model said alone, in a line.

    >>> found = {"overrides": 2, "series": 1, "figures": 9, "wape_model": 0.4, "wape": 0.3}
    >>> worth_of_overrides(found | {"value_added": 0.25}).partition("; ")[2]
    'error 30%, 40% by the model alone: they helped.'
    """
    told = f"Overrides: {found['overrides']}, {counted(found['figures'], 'forecast')} of "
    told += f"{found['series']} series judged"
    if found["wape"] is None or found["value_added"] is None:
        return f"{told}."
    better = found["value_added"]
    verdict = "helped" if better > 0 else "did harm" if better < 0 else "changed nothing"
    error, alone = f"{found['wape']:.0%}", f"{found['wape_model']:.0%}"
    return f"{told}; error {error}, {alone} by the model alone: they {verdict}."


def show_replay(shell: Shell, card: Scorecard) -> None:
    """What `evaluate` says of warnings."""
    days = counted(round(card.horizon_days), "day")
    shell.say(
        f"\n[bold]Warnings[/], said anew at {counted(len(card.origins), 'origin')} "
        f"({card.origins[0]} to {card.origins[-1]}), each judged on the {days} after it, as if "
        "nothing had been published between."
    )
    if not card.overall["judged"]:
        shell.say("No close of a shelf is known after any of them: no judgement.")
        return
    show_scorecard(shell, card, periods=False)


def show_scorecard(shell: Shell, card: Scorecard, *, periods: bool = True) -> None:
    for table in (_counts(card), _by_cause(card), _missed(card)):
        if table is not None:
            shell.say("")
            shell.out.print(table)
    if card.overall["judged"]:
        shell.say("")
        shell.out.print(_reliability(card))
    if card.overall["warnings"] or card.overall["ruptures"]:
        shell.say("")
        shell.out.print(_groups(card.by_segment, "segment"))
        if periods:
            shell.say("")
            shell.out.print(_groups(card.by_period, "period"))
        shell.say(
            "[dim]true: ran out. averted: an order placed or moved up since came in time, routine "
            "ones included.\nunclear: held, and nobody can say why. told: share of the ruptures "
            "with a warning standing on the eve.[/]"
        )
    if len(card.methods) and card.methods["named"].iloc[0]:
        shell.say("")
        shell.out.print(_methods(card.methods))
        named = counted(int(card.methods["named"].iloc[0]), "time")
        shell.say(
            f"[dim]Each method names a series at an origin {named}, as often as we did: what it "
            "ranks worst.\nran out: of those named. found: of all that ran out. ranking: average "
            "precision, 1 is best.\nskill: 1 − Brier score ÷ that of always saying the mean rate; "
            "0 is no better than that.\noff by: mean gap between the chance said and what came, in "
            "ten bins (ECE).[/]"
        )


def _say_publications(shell: Shell, outcome: ScorecardOutcome) -> None:
    card = outcome.scorecard
    if not outcome.publications:
        shell.say(
            "No warning can be judged yet: no publication has an origin before "
            f"{card.judged_up_to}, the last complete period of the data."
            if not outcome.learned_later
            else "No warning can be judged: every earlier publication was made by a version that "
            "had learned from later data. Publish as time passes, or see `vigistock evaluate`."
        )
    else:
        shell.say(
            f"{counted(outcome.publications, 'publication')} "
            f"({card.origins[0]} to {card.origins[-1]}), judged by what came up to "
            f"{card.judged_up_to} ({outcome.seconds:.0f} s)."
        )
    for number, why in (
        (outcome.replaced, "replaced by a later one of the same origin"),
        (outcome.learned_later, "made by a version that had learned from later data"),
        (outcome.pruned, "no longer kept"),
        (outcome.unreadable, "whose files are missing or changed"),
    ):
        if number and outcome.publications:
            shell.say(f"[dim]Left out: {counted(number, 'publication')} {why}.[/]")


def _write(output: Path, card: Scorecard) -> None:
    from api.commands.answers import opened
    from api.tabular import WRITERS
    from models.publication.build import table_of
    from models.scorecard.card import WARNINGS

    rows = card.warnings[list(WARNINGS)].astype({"warning": "Int64"})
    with opened(output, "csv") as file:
        WRITERS["csv"](table_of(rows), file)


def _table(*columns: str, fold: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, name in enumerate(columns):
        left = place == 0 or name in fold
        table.add_column(
            name,
            justify="left" if left else "right",
            no_wrap=name not in fold,
            overflow="fold" if name in fold else "ellipsis",
        )
    return table


def _counts(card: Scorecard) -> Table:
    found = card.overall
    table = _table("", "", "", fold=())
    table.show_header = False
    table.add_row("[bold]warnings[/]", f"[bold]{found['warnings']:,}[/]", "")
    for name, words in OUTCOMES.items():
        table.add_row(f"  {words}", f"{found[name]:,}", "")
    if found["closed"]:
        length = counted(round(card.horizon_days), "day")
        table.add_row(f"of those whose {length} are over", f"{found['closed']:,}", "")
        table.add_row("  ran out", "", _share(found["precision"]))
        table.add_row("  averted", "", _share(found["averted_share"]))
    for currency, value in found["value_averted"].items():
        table.add_row("  [dim]at stake in those averted[/]", f"{value:,.0f}", currency)
    table.add_row("[bold]ruptures[/]", f"[bold]{found['ruptures']:,}[/]", "")
    table.add_row(
        "  a warning stood on the eve", f"{found['announced']:,}", _share(found["recall"])
    )
    for days in (3, 7):
        share = found[f"recall_{days}_days"]
        if found["ruptures"] and share < found["recall"]:
            count = f"{round(share * found['ruptures']):,}"
            table.add_row(f"    for {days} days or more", count, _share(share))
    table.add_row("  missed", f"{found['missed']:,}", "")
    return table


def _by_cause(card: Scorecard) -> Table | None:
    counts = card.missed["cause"].value_counts()
    if not len(counts):
        return None
    table = _table("missed because", "ruptures")
    for name, words in CAUSES.items():
        if counts.get(name, 0):
            table.add_row(words, f"{counts[name]:,}")
    return table


def _missed(card: Scorecard) -> Table | None:
    missed = card.missed
    if not len(missed):
        return None
    table = _table(
        "missed",
        "site · sku",
        "said",
        "cause",
        "what happened",
        fold=("site · sku", "cause", "what happened"),
    )
    for row in missed.head(MOST_MISSED).to_dict("records"):
        table.add_row(
            f"{row['ruptured_on']:%Y-%m-%d}",
            escape(f"{row['site']} · {row['sku']}"),
            f"{row['probability']:.0%}",
            row["cause"],
            escape(row["detail"]),
        )
    if len(missed) > MOST_MISSED:
        table.add_row(f"[dim]and {len(missed) - MOST_MISSED:,} earlier[/]", "", "", "", "")
    return table


def _reliability(card: Scorecard) -> Table:
    table = _table("chance said", "came true", "times")
    for row in card.reliability.to_dict("records"):
        table.add_row(f"{row['chance']:.1%}", f"{row['rate']:.1%}", f"{row['rows']:,.0f}")
    found = card.overall
    table.add_row(
        f"[dim]off by {found['ece']:.1%} (ECE)[/]",
        f"[dim]{found['rate']:.1%}[/]",
        f"[dim]{found['judged']:,}[/]",
    )
    return table


def _groups(groups: pd.DataFrame, what: str) -> Table:
    table = _table(
        *(what, "warned", "true", "averted", "false", "unclear", "open", "ruptures", "told"),
    )
    names = ("ruptured", "averted", "false_alarm", "not_attributable", "open", "ruptures")
    spoken = groups[(groups["warnings"] > 0) | (groups["ruptures"] > 0)]
    for row in spoken.to_dict("records"):
        table.add_row(
            escape(str(row[what])),
            f"{row['warnings']:,}",
            *(f"{row[name]:,}" for name in names),
            _share(row["recall"]),
        )
    return table


def _methods(methods: pd.DataFrame) -> Table:
    table = _table("named by", "ran out", "found", "ranking", "skill", "off by")
    for row in methods.to_dict("records"):
        table.add_row(
            row["method"],
            _share(row["precision"]),
            _share(row["recall"]),
            _share(row["average_precision"], ".3f"),
            _share(row["brier_skill"], ".3f"),
            _share(row["ece"], ".1%"),
        )
    return table


def _share(value: float, form: str = ".0%") -> str:
    return "" if value is None or value != value else format(value, form)

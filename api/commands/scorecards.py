"""`scorecard`: announced, came true, averted, missed; and the same of replayed warnings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from api.commands.shell import AsJson, AsOf, Shell, counted, last_day, shell_of

if TYPE_CHECKING:
    import pandas as pd

    from api.scorecard_words import ScorecardWords
    from models.pipelines.scorecard import ScorecardOutcome
    from models.scorecard import Scorecard

MOST_MISSED: Final = 15  # lines on a screen; --json and the route name them all
OUTCOMES: Final = ("ruptured", "averted", "false_alarm", "not_attributable", "open")
CAUSES: Final = ("data", "demand", "supplier", "model")


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
    words = words_of(workspace.options.language)
    _say_publications(shell, outcome, words)
    if outcome.publications:
        show_scorecard(shell, outcome.scorecard, words)
    if outcome.overrides is not None:
        shell.say("\n" + worth_of_overrides(outcome.overrides, words))
    if output is not None:
        rows = counted(len(outcome.scorecard.warnings), "warning")
        shell.err.print(f"{rows} written to {escape(str(output))}", soft_wrap=True)


def words_of(language: str) -> ScorecardWords:
    """How a language tells a scorecard."""
    from api.scorecard_words import ScorecardWords

    return ScorecardWords(language)


def worth_of_overrides(found: dict[str, Any], words: ScorecardWords) -> str:
    """What people changed beside what the model said alone, in a line.

    >>> found = {"overrides": 2, "series": 1, "figures": 9, "wape_model": 0.4, "wape": 0.3}
    >>> worth_of_overrides(found | {"value_added": 0.25}, words_of("en")).partition("; ")[2]
    'error 30%, 40% by the model alone: they helped.'
    """
    told = words(
        "overrides",
        n=words.number(found["overrides"]),
        figures=words.count(found["figures"], "figures"),
        series=words.count(found["series"], "series"),
    )
    if found["wape"] is None or found["value_added"] is None:
        return f"{told}."
    better = found["value_added"]
    error = words(
        "error",
        error=words.share(found["wape"]),
        alone=words.share(found["wape_model"]),
        verdict=words("helped" if better > 0 else "harmed" if better < 0 else "changed"),
    )
    return f"{told}{words('; ')}{error}."


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
    show_scorecard(shell, card, words_of("en"), periods=False)


def show_scorecard(
    shell: Shell, card: Scorecard, words: ScorecardWords, *, periods: bool = True
) -> None:
    for table in (_counts(card, words), _by_cause(card, words), _missed(card, words)):
        if table is not None:
            shell.say("")
            shell.out.print(table)
    if card.overall["judged"]:
        shell.say("")
        shell.out.print(_reliability(card, words))
    if card.overall["warnings"] or card.overall["ruptures"]:
        shell.say("")
        shell.out.print(_groups(card.by_segment, "segment", words))
        if periods:
            shell.say("")
            shell.out.print(_groups(card.by_period, "period", words))
        shell.say(f"[dim]{words('groups')}[/]")
    if len(card.methods) and (named := int(card.methods["named"].iloc[0])):
        shell.say("")
        shell.out.print(_methods(card.methods, words))
        shell.say(f"[dim]{words('methods', n=words.number(named))}[/]")


def _say_publications(shell: Shell, outcome: ScorecardOutcome, words: ScorecardWords) -> None:
    card = outcome.scorecard
    until = words.day(card.judged_up_to)
    if not outcome.publications:
        shell.say(
            words("all_later") if outcome.learned_later else words("nothing_yet", until=until)
        )
        return
    shell.say(
        words(
            "judged",
            publications=words.count(outcome.publications, "publications"),
            first=words.day(card.origins[0]),
            last=words.day(card.origins[-1]),
            until=until,
            seconds=words.number(outcome.seconds),
        )
    )
    for why in ("replaced", "learned_later", "pruned", "unreadable"):
        if number := getattr(outcome, why):
            told = words.count(number, "publications")
            shell.say(f"[dim]{words('left_out', publications=told, why=words(why))}[/]")


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


def _counts(card: Scorecard, words: ScorecardWords) -> Table:
    found = card.overall
    table = _table("", "", "", fold=())
    table.show_header = False
    number, share = words.number, words.share
    table.add_row(f"[bold]{words('warnings')}[/]", f"[bold]{number(found['warnings'])}[/]", "")
    for name in OUTCOMES:
        table.add_row(f"  {words(name)}", number(found[name]), "")
    if found["closed"]:
        length = words.count(round(card.horizon_days), "days")
        table.add_row(words("closed", days=length), number(found["closed"]), "")
        table.add_row(f"  {words('ran_out')}", "", share(found["precision"]))
        table.add_row(f"  {words('averted_share')}", "", share(found["averted_share"]))
    for currency, value in found["value_averted"].items():
        table.add_row(f"  [dim]{words('at_stake')}[/]", number(value), currency)
    table.add_row(f"[bold]{words('ruptures')}[/]", f"[bold]{number(found['ruptures'])}[/]", "")
    table.add_row(f"  {words('eve')}", number(found["announced"]), share(found["recall"]))
    for days in (3, 7):
        told = found[f"recall_{days}_days"]
        if found["ruptures"] and told < found["recall"]:
            count = number(round(told * found["ruptures"]))
            table.add_row(f"    {words('for_days', n=days)}", count, share(told))
    table.add_row(f"  {words('missed')}", number(found["missed"]), "")
    return table


def _by_cause(card: Scorecard, words: ScorecardWords) -> Table | None:
    counts = card.missed["cause"].value_counts()
    if not len(counts):
        return None
    table = _table(words("missed_because"), words("ruptures"))
    for name in CAUSES:
        if counts.get(name, 0):
            table.add_row(words(f"cause_{name}"), words.number(counts[name]))
    return table


def _missed(card: Scorecard, words: ScorecardWords) -> Table | None:
    missed = card.missed
    if not len(missed):
        return None
    folded = [words(name) for name in ("place", "cause", "detail")]
    table = _table(
        *(words(name) for name in ("ruptured_on", "place", "said", "cause", "detail")),
        fold=tuple(folded),
    )
    for row in missed.head(MOST_MISSED).to_dict("records"):
        table.add_row(
            words.day(row["ruptured_on"]),
            escape(f"{row['site']} · {row['sku']}"),
            words.share(row["probability"]),
            words(f"short_{row['cause']}"),
            escape(words.missed(row["detail"])),
        )
    if len(missed) > MOST_MISSED:
        more = words("earlier", n=words.number(len(missed) - MOST_MISSED))
        table.add_row(f"[dim]{more}[/]", "", "", "", "")
    return table


def _reliability(card: Scorecard, words: ScorecardWords) -> Table:
    table = _table(*(words(name) for name in ("chance", "came_true", "times")))
    for row in card.reliability.to_dict("records"):
        shares = (words.share(row[name], 1) for name in ("chance", "rate"))
        table.add_row(*shares, words.number(row["rows"]))
    found = card.overall
    table.add_row(
        f"[dim]{words('off_by', share=words.share(found['ece'], 1))}[/]",
        f"[dim]{words.share(found['rate'], 1)}[/]",
        f"[dim]{words.number(found['judged'])}[/]",
    )
    return table


def _groups(
    groups: pd.DataFrame, what: Literal["segment", "period"], words: ScorecardWords
) -> Table:
    heads = ("warned", "true", "averted", "false", "unclear", "open", "ruptures", "told")
    table = _table(words(what), *(words(f"g_{name}") for name in heads))
    told = words.segment if what == "segment" else words.day
    for column in table.columns[1:]:  # narrow where there is little room: their values are short
        column.no_wrap, column.overflow = False, "fold"
    spoken = groups[(groups["warnings"] > 0) | (groups["ruptures"] > 0)]
    for row in spoken.to_dict("records"):
        table.add_row(
            escape(told(str(row[what]))),
            *(words.number(row[name]) for name in ("warnings", *OUTCOMES, "ruptures")),
            words.share(row["recall"]),
        )
    table.columns[0].min_width = max(
        (cell_len(str(one)) for one in table.columns[0].cells), default=0
    )
    return table


def _methods(methods: pd.DataFrame, words: ScorecardWords) -> Table:
    heads = ("named_by", "m_ran_out", "m_found", "m_ranking", "m_skill", "m_off_by")
    table = _table(*(words(name) for name in heads))
    for row in methods.to_dict("records"):
        table.add_row(
            words(row["method"]),
            words.share(row["precision"]),
            words.share(row["recall"]),
            words.number(row["average_precision"], "0.000"),
            words.number(row["brier_skill"], "0.000"),
            words.share(row["ece"], 1),
        )
    return table

"""Tables of the documents that the code knows best; `python -m tests.docs` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import typer

from api.app import create_app
from api.commands import app
from api.settings import DESCRIPTIONS, PREFIX, Settings
from forecasting.feeds.ledger import LEDGER
from forecasting.options import Options
from forecasting.tables import FEEDS, Column, Table
from models.kpis import KPIS
from models.workspace import Workspace

REPOSITORY: Final = Path(__file__).parents[2]
DOCS: Final = REPOSITORY / "docs"
KPI_UNITS: Final = {
    "share": "0 to 1",
    "days": "days",
    "per_year": "times a year",
    "per_thousand": "per 1,000",
    "money": "`currency`",
    "money_per_unit": "`currency` a unit",
}
WORDS: Final = {int: "number", float: "number", str: "text", Path: "FILE"}


def commands_by_name() -> dict[str, Any]:
    """Every command that can be run, `models list` and the like included."""
    return dict(_walk(typer.main.get_command(app), ""))


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, child in getattr(command, "commands", {}).items():
        inner = f"{path} {name}".strip()
        if getattr(child, "commands", None):
            yield from _walk(child, inner)
        else:
            yield inner, child


def options_of(command: Any) -> list[Any]:
    """Options of a command, `--help` apart."""
    return [one for one in command.params if one.param_type_name == "option"]


def commands() -> str:
    blocks = [_options_table(options_of(typer.main.get_command(app)))]
    for path, command in commands_by_name().items():
        words = [one for one in command.params if one.param_type_name == "argument"]
        line = " ".join(["vigistock", path, *(_argument(one) for one in words)])
        blocks += [f"### `{line}`", (command.help or "").strip()]
        blocks += [_table(("argument", "meaning"), _meanings(words))] if words else []
        blocks += [_options_table(options_of(command))]
    return "\n\n".join(blocks)


def _argument(one: Any) -> str:
    name = one.metavar or one.name.upper()
    return name if one.required else f"[{name}]"


def _meanings(words: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for one in words:
        yield f"`{_cell(one.metavar or one.name.upper())}`", _cell(one.help or "what to write")


def _options_table(options: Iterable[Any]) -> str:
    rows = []
    for one in options:
        names = ", ".join(f"`{name}`" for name in [*one.opts, *one.secondary_opts] if name.strip())
        default = "" if one.default is None or one.is_flag else str(one.default)
        rows.append((names, "" if one.is_flag else _value(one), _cell(one.help or ""), default))
    return _table(("option", "value", "meaning", "default"), rows)


def _value(one: Any) -> str:
    """What an option takes: its choices, its metavar, or the word for its type."""
    annotation = one.type_descriptor.annotation
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    return _cell("|".join(choices) or one.metavar or WORDS[annotation])


def settings() -> str:
    defaults = {
        (field.alias or name): field.get_default(call_default_factory=True, validated_data={})
        for name, field in Settings.model_fields.items()
    }
    rows = [
        (f"`{key}`", about, _default(defaults[key]), f"`{PREFIX}{key.upper()}`")
        for key, about in DESCRIPTIONS.items()
    ]
    return _table(("key", "meaning", "default", "environment"), rows)


def _default(value: Any) -> str:
    if value in (None, "", (), {}):
        return ""
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {number}" for key, number in value.items())
        return f"`{{ {inner} }}`"
    return f"`{getattr(value, 'value', value)}`"


def feeds() -> str:
    return "\n\n".join(_feed(table) for table in [*FEEDS.values(), LEDGER])


def _feed(table: Table) -> str:
    about = f"{table.grain[0].upper()}{table.grain[1:]}."
    key = f"Key: {', '.join(f'`{name}`' for name in table.key)}."
    least = "" if not table.one_of else f" One of {' or '.join(f'`{n}`' for n in table.one_of)}."
    rows = [
        (f"`{one.name}`", "yes" if one.required else "", _kind(one), _cell(one.about))
        for one in table.columns
    ]
    header = ("column", "required", "holds", "meaning")
    return f"### {table.name}\n\n{about} {key}{least}\n\n{_table(header, rows)}"


def _kind(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    return {"dates": "days or ranges", "time": "HH:MM"}.get(column.kind.value, column.kind.value)


def kpis() -> str:
    rows = []
    for one in KPIS:
        needs = ", ".join(f"`{name}`" for name in one.feeds)
        good = {"higher": "more", "lower": "less"}.get(one.better, "neither")
        words = (f"`{one.name}`", one.titles["en"], one.formulas["en"], KPI_UNITS[one.unit])
        rows.append((*words, good, needs, one.source))
    header = ("name", "KPI", "computed as", "unit", "good is", "needs", "defined by")
    return _table(header, rows)


def routes() -> str:
    document = create_app(Workspace(Path("nowhere"), Options())).openapi()
    rows = [
        (f"`{method.upper()} {path}`", _cell(one.get("description", "").split("\n\n")[0]))
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    ]
    return _table(("operation", "answer"), rows)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(text: str) -> str:
    """One line; a bar would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands,
    "settings": settings,
    "feeds": feeds,
    "api": routes,
    "kpis": kpis,
}


def renewed(name: str, text: str) -> str:
    """The page with its generated part as the code has it now."""
    begin, end = f"<!-- begin {name}: python -m tests.docs -->", f"<!-- end {name} -->"
    part = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    assert part.search(text), f"docs/{name}.md has lost its marks {begin} … {end}"
    return part.sub(lambda _: f"{begin}\n\n{PAGES[name]()}\n\n{end}", text)

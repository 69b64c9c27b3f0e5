"""Commands, settings, feeds, routes, columns and links of the documents, held to the code."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from api.settings import KEYS, load_settings
from forecasting.calendar import Frequency
from forecasting.options import Options
from models.kpis.figures import FIGURES, every_question, figures_of, figures_table
from models.publication.build import table_of
from models.publication.contracts import order_as_made
from models.risk.supplier_orders.proposal_lines import COLUMNS
from tests.docs.columns import as_read, documented_columns
from tests.docs.generated import DOCS, PAGES, REPOSITORY, commands_by_name, options_of, renewed
from tests.kpis.company import ORIGIN as KPI_ORIGIN
from tests.kpis.company import counted, feeds
from tests.risk.test_assess import HOSTILE, assessed
from tests.risk.test_proposals import BOTH, NOVA, proposed

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("name", PAGES)
def test_generated_parts_are_what_the_code_says(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert renewed(name, text) == text, "write it anew: python -m tests.docs"


def test_every_command_and_option_is_documented() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    sections = {part.partition("`")[0]: part for part in page.split("### `vigistock ")[1:]}
    for path, command in commands_by_name().items():
        section = next(text for start, text in sections.items() if start.startswith(path))
        for option in options_of(command):
            for name in option.opts:
                assert f"`{name}`" in section, f"vigistock {path} {name}"


def test_every_setting_is_documented() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert not [key for key in KEYS if f"| `{key}` |" not in page]


def test_settings_shown_as_examples_are_taken(tmp_path: Path) -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "vigistock.toml").write_text("".join(blocks), encoding="utf-8")
    assert blocks
    assert load_settings(tmp_path).settings.schema_ == "north"


@pytest.mark.parametrize("frequency", list(Frequency))
def test_blanks_of_hostile_series_are_documented(frequency: Frequency) -> None:
    shelves = [replace(one, sku=name) for name, one in HOSTILE.items()]
    table = table_of(assessed(*shelves, options=Options(frequency=frequency)).warnings)
    frame = as_read(table)
    told = documented_columns("warnings")
    blank = {name for name in frame if frame[name].isna().any()}
    assert {"days_of_cover", "value_at_risk", "on_hand", "stockout_on", "act_by"} <= blank
    assert not [name for name in blank if not told.get(str(name), False)]


def test_every_column_of_proposals_is_documented_in_its_order() -> None:
    told = documented_columns("proposals")
    assert list(told) == order_as_made(list(COLUMNS))
    frame = as_read(table_of(proposed(*BOTH, suppliers=[{**NOVA, "minimum_order_value": 120.0}])))
    blank = {name for name in frame if frame[name].isna().any()}
    assert {"packs", "cutoff_time", "source_site", "minimum_units"} <= blank
    assert not [name for name in blank if not told[str(name)]]


def test_every_column_of_kpis_is_documented_in_its_order() -> None:
    told = documented_columns("kpis")
    assert list(told) == order_as_made(list(FIGURES))
    cells, coverage = counted(feeds(1))
    asked = every_question("month")
    frame = as_read(figures_table([figures_of(cells, coverage, KPI_ORIGIN, one) for one in asked]))
    blank = {name for name in frame if frame[name].isna().any()}
    assert {"value", "before", "p90", "missing", "currency", "denominator"} <= blank
    assert not [name for name in blank if not told[str(name)]]


def test_the_readme_names_every_column_that_may_be_blank(readme: str) -> None:
    short = readme.partition("## Exports")[2].partition("\n## ")[0]
    for what in ("forecasts", "warnings"):
        for name, blank in documented_columns(what).items():
            grouped = name.startswith(("stockout_on_", "cause_", "action_"))
            assert not blank or grouped or f"`{name}`" in short, name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file) if file else path
        assert found.exists(), f"{path.name}: {target}"
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(head) for head in heads}, f"{path.name}: {target}"


def slug(head: str) -> str:
    """
    >>> slug("What it is, and for whom")
    'what-it-is-and-for-whom'
    """
    return re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")


def test_every_document_is_linked_from_another() -> None:
    everything = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    for path in DOCS.rglob("*.md"):
        assert f"{path.name})" in everything or f"{path.name}#" in everything, path.name


def test_decisions_are_numbered_and_say_question_decision_why_and_price() -> None:
    files = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for number, path in enumerate(files, start=1):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        for part in ("**Question.**", "**Decision.**", "**Why.**", "**Price.**"):
            assert part in text, f"{path.name}: {part}"


def test_the_changelog_has_an_unreleased_section() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.partition("## Unreleased")[2].strip()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_document_names_a_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.:/])/(work|home|root|tmp|Users)/", text)

"""How data comes makes no difference: another order, other files, twice, another database; and a
correction changes what it corrects and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from forecasting.feeds.reading import Reading
from models.workspace import Workspace
from tests.journeys.company import (
    MOMENT,
    Outcome,
    Rooms,
    deliver,
    frame_of,
    published,
    reading_of,
    readings_of,
    rows_like,
    tables_of,
    trained,
)
from tests.journeys.conftest import OPTIONS
from tests.once import copy_of

PIECES = 3
TOLD_TOGETHER = {
    "causes",
    "cause_fr",
    "cause_en",
    "act_by",
    "actions",
    "action_fr",
    "action_en",
} | {"group"}
"""Of a warning: what its item's other sites may have a part in, and its place among all."""


def in_pieces(feeds: dict[str, pa.Table], *, seed: int) -> list[Reading]:
    """Each feed shuffled, cut into files, each file twice under another name, in any order."""
    luck = np.random.default_rng(seed)
    readings = []
    for feed, rows in feeds.items():
        shuffled = rows.take(pa.array(luck.permutation(rows.num_rows)))
        for piece in np.array_split(np.arange(rows.num_rows), PIECES):
            part = shuffled.take(pa.array(piece))
            if part.num_rows:
                name = f"{feed}-{piece[0]}"
                readings += [reading_of(feed, part, name=name + again) for again in ("", "-again")]
    return [readings[place] for place in luck.permutation(len(readings))]


def test_any_order_any_files_and_twice_give_the_same_publication(
    rooms: Rooms, feeds: dict[str, pa.Table], usual: tuple[Workspace, Outcome]
) -> None:
    workspace = rooms.furnish("pieces", OPTIONS)
    deliver(workspace, in_pieces(feeds, seed=5))
    assert trained(workspace) == usual[1]


@pytest.mark.postgres
def test_both_databases_give_the_same_publication(
    rooms: Rooms,
    feeds: dict[str, pa.Table],
    usual: tuple[Workspace, Outcome],
    postgres_url: str,
) -> None:
    workspace = rooms.furnish("postgres", OPTIONS, database=postgres_url)
    deliver(workspace, readings_of(feeds))
    assert trained(workspace) == usual[1]
    for name, table in tables_of(workspace).items():
        pd.testing.assert_frame_equal(table, tables_of(usual[0])[name], check_exact=True)


@pytest.fixture
def copied(usual: tuple[Workspace, Outcome], tmp_path: Path) -> Workspace:
    return copy_of(usual[0], tmp_path / "copied")


def test_publishing_again_gives_the_same_bytes(
    copied: Workspace, usual: tuple[Workspace, Outcome]
) -> None:
    assert published(copied) == usual[1]


def test_a_correction_changes_its_own_series_alone(
    copied: Workspace, feeds: dict[str, pa.Table], usual: tuple[Workspace, Outcome]
) -> None:
    sales = frame_of(feeds["sales"])
    before = sales[(sales["date"] < MOMENT) & (sales["units"] > 0) & (sales["kind"] == "customer")]
    at = before.index[-1]
    site, sku = sales.loc[at, ["site", "sku"]]
    correction = sales.loc[[at]].assign(units=sales.loc[at, "units"] + 5)
    deliver(copied, [reading_of("sales", rows_like(feeds["sales"], correction), name="late")])

    after = published(copied)
    assert after.bundles == usual[1].bundles
    assert after.data_digest != usual[1].data_digest
    for name, table in tables_of(copied).items():
        old = tables_of(usual[0])[name]
        own = (table["site"] == site) & (table["sku"] == sku)
        item = table["sku"] == sku  # what another site can spare is an option of this one
        facts = [column for column in table if column not in TOLD_TOGETHER]
        pd.testing.assert_frame_equal(table[~own][facts], old[~own][facts], check_exact=True)
        others = [column for column in table if column != "group"]
        pd.testing.assert_frame_equal(table[~item][others], old[~item][others], check_exact=True)
    day = tables_of(copied)["day"].set_index(["site", "sku"])
    was = tables_of(usual[0])["day"].set_index(["site", "sku"])
    assert (day.loc[(site, sku), "mean"] != was.loc[(site, sku), "mean"]).any()


def test_a_correction_of_the_future_changes_nothing_today(
    copied: Workspace, feeds: dict[str, pa.Table], usual: tuple[Workspace, Outcome]
) -> None:
    stock = frame_of(feeds["stock"])
    tomorrow = stock[stock["date"] > MOMENT].assign(on_hand=0.0)
    deliver(copied, [reading_of("stock", rows_like(feeds["stock"], tomorrow), True, name="whole")])
    assert published(copied) == usual[1]

"""Everything a planner's list can show of a publication, to be filtered, counted and paged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final
from weakref import WeakKeyDictionary

import pandas as pd
import pyarrow as pa

from api.planner_list import OUT
from api.served import PRIORITY, Served
from models.publication.contracts import SERIES
from models.publication.episodes import PUT_ASIDE, WARNED

FACETS: Final = ("site", "supplier", "category", "buyer")
SEARCHED: Final = ("sku", "description", "site", "supplier")
HORIZONS: Final = (3, 7, 14, 28, 60)  # days, as far as the publication's main horizon reaches
OPEN, EVERY = "open", "all"
STATES: Final = (OPEN, "new", "acknowledged", "assigned", "snoozed", "resolved", EVERY)


@dataclass(frozen=True)
class Question:
    """What is asked of the list; "" and 0: everything."""

    site: str = ""
    supplier: str = ""
    category: str = ""
    buyer: str = ""
    within: int = 0  # days until the stockout
    state: str = OPEN
    search: str = ""
    group: int = 0  # number of an action

    @property
    def is_narrow_beyond_actions(self) -> bool:
        """Narrowed by more than actions have: buyer, site, or the action itself."""
        return replace(self, buyer="", site="", group=0).is_narrow

    @property
    def is_narrow(self) -> bool:
        return self != Question()


class Board:
    """The series that are out or warned of, in the planner's order: one row each, with `row`, its
    place in the parts, and `life`, the state of its warning's life, also where `state` says that it
    is out. Nothing in it changes."""

    def __init__(self, served: Served) -> None:
        order = [row for row in served.order(PRIORITY) if served.said[row]]
        names = ["site", "sku", "state", "warning", "probability", "stockout_on", "horizon_days"]
        places = pa.array(order, pa.int64())
        said = served.warnings.take(places).select([*names, "value_at_risk", "currency"])
        rows = _as_text(said.to_pandas())
        told = "group" in served.warnings.column_names
        rows["group"] = served.warnings["group"].take(places).to_pandas() if told else 0
        master = served.reader.part(SERIES).take(places)
        for name in ("description", "category", "supplier", "buyer"):
            known = name in master.column_names
            rows[name] = master.column(name).to_pandas().astype(object) if known else ""
        rows["life"] = rows["warning"].map(served.reader.states_of_warnings).fillna(WARNED)
        self.rows = rows.fillna(dict.fromkeys((*FACETS, "description"), "")).assign(row=order)
        self.unseen = served.warnings["state"].to_pylist().count("unknown")  # no stock is known
        self.origin_end: dt.date = served.provenance["origin_end"]
        found = ["\n".join(row).casefold() for row in self.rows[list(SEARCHED)].to_numpy()]
        self._haystack = pd.Series(found, index=self.rows.index, dtype=object)

    @cached_property
    def members(self) -> Mapping[int, list[int]]:
        """The warnings of each group."""
        rows = self.rows[["group", "warning"]].dropna().astype(int)
        return {int(str(group)): some.tolist() for group, some in rows.groupby("group")["warning"]}

    @property
    def horizons(self) -> list[int]:
        """Days that the list may be narrowed to."""
        reach = 0.0 if self.rows.empty else float(self.rows["horizon_days"].max())
        return [days for days in HORIZONS if days <= reach]

    def facets(self) -> dict[str, list[str]]:
        """The values of each filter."""
        return {name: sorted(set(self.rows[name]) - {""}) for name in FACETS}

    def asked(self, question: Question) -> pd.DataFrame:
        """The rows that answer a question."""
        rows = self.rows
        keep = pd.Series(True, index=rows.index)
        for name in FACETS:
            if value := getattr(question, name):
                keep &= rows[name] == value
        if question.state == OPEN:
            keep &= ~rows["life"].isin(PUT_ASIDE)
        elif question.state != EVERY:
            keep &= rows["life"] == question.state
        if question.group:
            keep &= (rows["group"] == question.group).fillna(False)
        if question.within:
            last = pd.Timestamp(self.origin_end) + pd.Timedelta(days=question.within)
            keep &= (rows["state"] == OUT) | (pd.to_datetime(rows["stockout_on"]) <= last)
        for word in question.search.casefold().split():
            keep &= self._haystack.str.contains(word, regex=False)
        return rows[keep]


_boards: WeakKeyDictionary[Served, Board] = WeakKeyDictionary()


def board_of(served: Served) -> Board:
    """Made once for each state of a publication."""
    found = _boards.get(served)
    if found is None:
        found = _boards[served] = Board(served)
    return found


def value_of(rows: pd.DataFrame) -> Mapping[str, float]:
    """Value at risk by currency, the largest first."""
    known = rows[rows["currency"] != ""]
    sums = known.groupby("currency", observed=True)["value_at_risk"].sum()
    return {str(name): float(value) for name, value in sums.sort_values(ascending=False).items()}


def changes_between(board: Board, before: Board) -> dict[str, list[dict[str, Any]]]:
    """What is otherwise than in an earlier publication: out since, warned of since, back since, no
    longer warned of. Rows of the board that says it."""
    now, then = _by_series(board), _by_series(before)
    both = now.join(then[["state"]], rsuffix="_before")
    was_out = both["state_before"] == OUT
    is_out = both["state"] == OUT
    gone = then[~then.index.isin(now.index)]
    found = {
        "out": both[is_out & ~was_out],
        "warned": both[~is_out & both["state_before"].isna()],
        "back": pd.concat([both[~is_out & was_out], gone[gone["state"] == OUT]]),
        "calm": gone[gone["state"] != OUT],
    }
    names = ["site", "sku", "description", "probability", "value_at_risk", "currency"]
    return {kind: _records(rows[names]) for kind, rows in found.items()}


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _by_series(board: Board) -> pd.DataFrame:
    return board.rows.set_index(["site", "sku"], drop=False)


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Categories as plain text, so that filters may compare and fill them."""
    return frame.astype(
        {
            name: object
            for name, kind in frame.dtypes.items()
            if isinstance(kind, pd.CategoricalDtype)
        }
    )

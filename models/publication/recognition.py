"""Proposed orders that came back in a delivery: recognised once, kept, told to their warning.

An order line answers the publication that was in force when it was placed: the latest of an earlier
origin. It is recognised where that proposed the same site, sku and source, and at least half of the
proposed units are ordered. Nothing is closed here: a warning closes when a publication says it no
longer, which an order does that takes the danger away.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import sqlalchemy as sa

from forecasting.record.database import reading, writing
from models.publication.contracts import PROPOSALS
from models.publication.ledger import Publication, list_publications
from models.publication.lives import Action, Wish, change_in, life_in
from models.publication.parts import map_part
from models.tables import episode_publications, episodes, recognised_orders

WHO: Final = "vigistock"
LEAST_SHARE: Final = 0.5
"""Of the proposed units: with less, the danger is as it was."""
LATE_DAYS: Final = 14
"""An order may be delivered so long after it was placed, or after the origin before this one."""
ENDED: Final = ("requested", "cancelled")
SERIES: Final = ["site", "sku", "source"]
KEY: Final = ["order_id", "line", "sku"]


@dataclass(frozen=True)
class Recognised:
    """An order line, and the line of a proposal that it answers."""

    order_id: str
    line: str
    site: str
    sku: str
    source: str
    units_ordered: float
    ordered_on: dt.date
    publication: int
    proposal: int
    units_proposed: float

    @property
    def comment(self) -> str:
        return (
            f"ordered: {self.order_id}, {self.units_ordered:g} units on {self.ordered_on} "
            f"(proposal {self.proposal} of publication {self.publication})"
        )


def recognise(
    engine: sa.Engine, root: Path, made: Publication, lines: pd.DataFrame, *, at: dt.datetime
) -> list[Recognised]:
    """What of the order book answers earlier proposals and was not recognised before.

    `lines`: order_id, line, site, sku, supplier, source_site, units_ordered, ordered_on, status, up
    to the origin of `made`, the publication that was just committed. Raises Damaged where the
    proposals of an earlier one cannot be read.
    """
    until = made.provenance.origin_end
    earlier = [one for one in list_publications(engine) if one.provenance.origin_end < until]
    if not earlier:
        return []
    since = min(until - dt.timedelta(days=LATE_DAYS), earlier[0].provenance.origin_end)
    fresh = _fresh(engine, lines, since)
    found: list[Recognised] = []
    for number, placed in _by_publication(fresh, earlier).items():
        one = next(one for one in earlier if one.number == number)
        if PROPOSALS not in one.parts or one.pruned_at is not None:
            continue
        proposed = map_part(root / one.folder, one.parts[PROPOSALS]).to_pandas()
        found += matched(placed, proposed, number)
    return _keep(engine, found, made.number, at)


def matched(lines: pd.DataFrame, proposed: pd.DataFrame, publication: int) -> list[Recognised]:
    """Pure: each line, the first placed first, answers one line of a proposal, the earliest left of
    its site, sku and source of which it orders enough."""
    supplier, source_site = (proposed[name].astype(str) for name in ("supplier", "source_site"))
    asked = proposed.assign(source=supplier.where(supplier != "", source_site))
    waiting: dict[tuple[str, ...], list[tuple[int, float]]] = {}
    for row in asked.sort_values("order_on", kind="stable").to_dict("records"):
        series = tuple(row[name] for name in SERIES)
        waiting.setdefault(series, []).append((int(row["proposal"]), float(row["units"])))
    found = []
    for row in lines.sort_values(["ordered_on", "order_id", "line"]).to_dict("records"):
        left = waiting.get(tuple(row[name] for name in SERIES), [])
        ordered = float(row["units_ordered"])
        enough = (place for place, (_, units) in enumerate(left) if ordered >= LEAST_SHARE * units)
        place = next(enough, None)
        if place is not None:
            proposal, units = left.pop(place)
            found.append(
                Recognised(
                    **{str(name): str(row[name]) for name in ("order_id", "line", *SERIES)},
                    units_ordered=ordered,
                    ordered_on=row["ordered_on"].date(),
                    publication=publication,
                    proposal=proposal,
                    units_proposed=units,
                )
            )
    return found


def _fresh(engine: sa.Engine, lines: pd.DataFrame, since: dt.date) -> pd.DataFrame:
    """Lines placed after a day that stand, and were not recognised before; with their source."""
    late = lines["ordered_on"] > pd.Timestamp(since)
    recent = lines[late & ~lines["status"].isin(ENDED)]
    supplier = recent["supplier"].fillna("")
    source = supplier.where(supplier != "", recent["source_site"].fillna(""))
    recent = recent.assign(source=source)
    with reading(engine) as connection:
        known = _known(connection, since)
    names = pd.MultiIndex.from_frame(recent[KEY].astype(str))
    return recent[~names.isin(pd.MultiIndex.from_tuples(known, names=names.names))]


def _known(connection: sa.Connection, since: dt.date) -> list[tuple[str, ...]]:
    """Keys of the lines placed after a day that were recognised already."""
    query = sa.select(*(recognised_orders.c[name] for name in KEY))
    rows = connection.execute(query.where(recognised_orders.c.ordered_on > since))
    return [tuple(row) for row in rows]


def _by_publication(
    lines: pd.DataFrame, earlier: Sequence[Publication]
) -> Mapping[int, pd.DataFrame]:
    """The lines by the number of the publication in force on their day, none where there was none.
    `earlier`: the latest origin first; of one origin, the latest number first."""
    in_force: dict[dt.date, int] = {}
    for one in earlier:
        in_force.setdefault(one.provenance.origin_end, one.number)
    ends = sorted(in_force)
    places: dict[int, list[int]] = {}
    for place, day in enumerate(lines["ordered_on"].dt.date):
        before = bisect_left(ends, day)
        if before:
            places.setdefault(in_force[ends[before - 1]], []).append(place)
    return {number: lines.iloc[mine] for number, mine in places.items()}


def _keep(
    engine: sa.Engine, found: Sequence[Recognised], made: int, at: dt.datetime
) -> list[Recognised]:
    """One transaction: the rows, and the changes of the lives of the warnings that they answer.
    Gives those that no other publication, made at the same time, was quicker with."""
    if not found:
        return []
    since = min(one.ordered_on for one in found) - dt.timedelta(days=1)
    with writing(engine, alone=episodes.name) as connection:
        known = set(_known(connection, since))
        found = [one for one in found if (one.order_id, one.line, one.sku) not in known]
        warned = _episodes(connection, {one.publication for one in found})
        for one in found:
            episode = warned.get((one.publication, one.site, one.sku))
            row = asdict(one) | {"episode": episode, "recognised_by": made, "at": at}
            connection.execute(sa.insert(recognised_orders), row)
            if episode is not None:
                life = life_in(connection, episode, at.date())
                action = Action.ORDERED if life.action is Action.NONE else None
                wish = Wish(action=action, comment=one.comment)
                change_in(connection, episode, wish, seen=life.revision, who=WHO, at=at)
    return found


def _episodes(connection: sa.Connection, publications: set[int]) -> dict[tuple[int, str, str], int]:
    """Publication, site and sku -> the warning that it says of that series."""
    said = episode_publications.c.publication
    query = sa.select(said, episodes.c.site, episodes.c.sku, episodes.c.id)
    query = query.join(episodes, episode_publications.c.episode == episodes.c.id)
    rows = connection.execute(query.where(said.in_(sorted(publications))))
    return {(number, site, sku): episode for number, site, sku, episode in rows}

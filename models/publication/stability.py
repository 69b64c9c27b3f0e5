"""How far forecasts moved from the publication before: the stability that an ERP's orders feel.

The measure is that of the backtest's `instability` (`forecasting.scores.moved`), with the means of
the earlier publication below the line instead of what came, which nobody knows yet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from forecasting.record.database import reading, writing
from forecasting.scores import moved
from models.publication import ledger
from models.publication.changes import same_rows
from models.publication.ledger import Publication
from models.publication.reader import PublicationReader, open_publication
from models.tables import forecast_moves


@dataclass(frozen=True)
class Move:
    """Of one grain: the same series and periods in two publications."""

    grain: str
    since: int  # number of the earlier one
    rows: int  # series and periods that both forecast
    moved: float  # units, Σ|f′ − f| of the means
    mean: float  # units, Σf of the earlier one

    @property
    def share(self) -> float | None:
        """Mean absolute change as a share of the mean; None where nothing was expected."""
        return self.moved / self.mean if self.mean > 0 else None


def moves_between(earlier: PublicationReader, later: PublicationReader) -> list[Move]:
    """One entry a grain that both have, the finest first; pure."""
    found = []
    for grain in later.grains:
        if grain not in earlier.grains:
            continue
        old, new = earlier.forecasts(grain, ()), later.forecasts(grain, ())
        before, now = same_rows(old, new)
        was = old.column("mean").to_numpy()[before]
        change = float(moved(was, new.column("mean").to_numpy()[now]))
        found.append(Move(grain, earlier.number, len(was), change, float(was.sum())))
    return found


def measure_moves(engine: sa.Engine, root: Path, later: Publication) -> list[Move]:
    """Measure a publication against the one of the origin before, and keep that; none: nothing.

    Raises Damaged where one of the two cannot be read, and Gone where it is no longer kept.
    """
    earlier = ledger.preceding(engine, later)
    if earlier is None:
        return []
    found = moves_between(
        open_publication(engine, root, earlier.number), open_publication(engine, root, later.number)
    )
    if found:
        with writing(engine, alone=forecast_moves.name) as connection:
            connection.execute(
                sa.delete(forecast_moves).where(forecast_moves.c.publication == later.number)
            )
            connection.execute(
                sa.insert(forecast_moves),
                [{"publication": later.number, **asdict(move)} for move in found],
            )
    return found


def moves_of(engine: sa.Engine, number: int) -> list[Move]:
    """What was measured when this publication was made; empty for the first one."""
    columns = [column for column in forecast_moves.c if column.name != "publication"]
    statement = (
        sa.select(*columns)
        .where(forecast_moves.c.publication == number)
        .order_by(forecast_moves.c.rows.desc())
    )
    with reading(engine) as connection:
        return [Move(**row._mapping) for row in connection.execute(statement)]

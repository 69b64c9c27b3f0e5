"""What an ERP says that it holds of a publication: kept in the record, said once however often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa

from forecasting.errors import Refused
from forecasting.record.database import reading, writing
from models.tables import pull_receipts

MOST_RECEIPTS: Final = 1_000  # of a publication: a pull a minute for a working day, and room


@dataclass(frozen=True)
class PullReceipt:
    """One file as it was pulled, and whether that is what was served."""

    publication: int
    holder: str  # who holds it, in its own words
    grain: str
    form: str  # csv, ndjson, parquet
    quantiles: str  # q050,q500: columns of the file
    changed_since: int  # 0: not a delta
    rows: int
    sha256: str
    matches: bool
    received_at: dt.datetime


def keep_receipts(engine: sa.Engine, receipts: Sequence[PullReceipt]) -> int:
    """Keep those that are not known yet, all or none; gives how many that were.

    Raises Refused where a publication has `MOST_RECEIPTS`.
    """
    kept = 0
    with writing(engine, alone=pull_receipts.name) as connection:
        for receipt in receipts:
            said = {
                name: value
                for name, value in asdict(receipt).items()
                if name not in ("matches", "received_at")
            }
            same = sa.and_(*(pull_receipts.c[name] == value for name, value in said.items()))
            if connection.execute(sa.select(pull_receipts.c.id).where(same)).first():
                continue
            _refuse_too_many(connection, receipt.publication)
            connection.execute(sa.insert(pull_receipts).values(**asdict(receipt)))
            kept += 1
    return kept


def held(engine: sa.Engine) -> set[int]:
    """The latest publication of which each holder has said, rightly, what it holds: the next delta
    is asked against it."""
    latest = (
        sa.select(sa.func.max(pull_receipts.c.publication))
        .where(pull_receipts.c.matches)
        .group_by(pull_receipts.c.holder, pull_receipts.c.grain)
    )
    with reading(engine) as connection:
        return set(connection.execute(latest).scalars())


def receipts_of(engine: sa.Engine, number: int) -> list[PullReceipt]:
    """Receipts of a publication, the latest first."""
    columns = [column for column in pull_receipts.c if column.name != "id"]
    statement = (
        sa.select(*columns)
        .where(pull_receipts.c.publication == number)
        .order_by(pull_receipts.c.id.desc())
    )
    with reading(engine) as connection:
        return [PullReceipt(**row._mapping) for row in connection.execute(statement)]


def _refuse_too_many(connection: sa.Connection, number: int) -> None:
    of_this = pull_receipts.c.publication == number
    count = connection.scalar(sa.select(sa.func.count()).where(of_this)) or 0
    if count >= MOST_RECEIPTS:
        raise Refused(
            f"Publication {number} already has {count:,} receipts.",
            next_step="Pull the publication once and say once what came.",
            publication=number,
        )

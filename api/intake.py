"""One pushed delivery, taken in by a process of its own: read, kept and acknowledged, or refused.

The process may take so much memory and no more, so that no body can take the service down with
it. It commits rows, counts and the answer to the idempotency key in one transaction: an answer that
was sent is safe, and the same key gets the same answer for good.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from api.clock import today
from api.errors import Forbidden, Unprocessable, status_of
from api.plain import to_json
from api.tables import pushes
from forecasting.errors import NoRoom, VigistockError, examples
from forecasting.feeds import load_profile, read
from forecasting.record import Record
from forecasting.record.delivery import COUNTS, keep, prepare
from forecasting.record.reader import LINE, Reader

if TYPE_CHECKING:
    from forecasting.feeds.reading import Reading
    from forecasting.record.receipt import Receipt

CREATED: Final = 201
OUT_OF_MEMORY: Final = 70  # exit codes of the process
FULL_DISK: Final = 71
RECORD_AWAY: Final = 72
ORDERS_OF: Final = {
    "orders": ("orders",),
    "receipts": ("receipts", "orders"),
    "customer_orders": ("customer_orders",),
}
"""Feeds whose key is a line of an order, without its site, and the feeds that know that line."""
REPEATED: Final = 200  # these very bytes were in already, under another key


@dataclass(frozen=True)
class Push:
    """What one request asks."""

    feed: str
    profile: str  # a name, or the path of a workspace's own file
    name: str  # of the file: its ending tells the form
    digest: str  # sha256 of feed, profile, form and body
    caller: str
    key: str
    sites: tuple[str, ...] | None  # those that the caller may speak for; None: all
    check: bool  # read only, keep nothing
    most_cells: int
    charset: str = ""  # of a CSV that says another than UTF-8


@dataclass(frozen=True)
class Answer:
    """What is sent back: a receipt, or the facts of an error."""

    status: int
    body: dict[str, Any]
    failed: bool = False

    @classmethod
    def of(cls, error: VigistockError) -> Answer:
        told = {
            "title": error.title,
            "detail": error.message,
            "code": error.code,
            "next_step": error.next_step,
            "facts": error.facts,
        }
        return cls(status_of(error), told, failed=True)


def digest_of(*parts: str, body: str) -> str:
    return hashlib.sha256("\n".join((*parts, body)).encode()).hexdigest()


def given_before(connection: sa.Connection, push: Push) -> Answer | None:
    """The answer that this key got; raises Unprocessable where it came with something else."""
    asked = (pushes.c.caller == push.caller, pushes.c.key == push.key)
    row = connection.execute(sa.select(pushes).where(*asked)).first()
    if row is None:
        return None
    if row.digest != push.digest:
        raise Unprocessable(
            f"Idempotency-Key {push.key!r} was used for another delivery ({row.delivery}).",
            next_step="Send each delivery with a key of its own; the same key only to repeat it.",
            key=push.key,
            delivery=row.delivery,
        )
    return Answer(row.status, row.answer)


def take(record: Record, push: Push, body: bytes, now: dt.datetime) -> Answer:
    """Read a body and keep it; raises VigistockError where nothing was kept."""
    profile = load_profile(push.profile)
    if push.charset and "encoding" not in profile.model_fields_set:  # who wrote it knows better
        profile = profile.model_copy(update={"encoding": push.charset})
    reading = read(
        body, push.feed, profile, name=push.name, most_cells=push.most_cells, today=today()
    )
    _refuse_foreign(reading, push)
    if push.check:
        with record.reading() as reader:
            _refuse_orders_of_others(reader, reading, push)
        return Answer(200, _told(reading, None))
    prepared = prepare(reading)
    with record.writing(alone="deliveries") as connection:
        known = given_before(connection, push)
        if known is not None:
            return known
        _refuse_orders_of_others(Reader(connection), reading, push)
        receipt = keep(connection, reading, prepared, now)
        status = REPEATED if receipt.repeated else CREATED
        answer = Answer(status, _told(reading, receipt))
        connection.execute(
            sa.insert(pushes),
            {
                "caller": push.caller,
                "key": push.key,
                "digest": push.digest,
                "delivery": receipt.delivery,
                "status": status,
                "answer": answer.body,
                "at": now,
            },
        )
    return answer


def _told(reading: Reading, receipt: Receipt | None) -> dict[str, Any]:
    """Counts, notes and the first rejects; `receipt` None: only checked."""
    counted = reading if receipt is None else receipt
    number = None if receipt is None else receipt.delivery
    address = f"/v1/feeds/deliveries/{number}" if number else None
    return {
        "delivery": number,
        "feed": reading.feed,
        "profile": reading.profile,
        "source": reading.source,
        "digest": reading.digest,
        "received_at": None if receipt is None else receipt.received_at.isoformat(),
        "repeated": bool(receipt and receipt.repeated),
        **{name: getattr(counted, name) for name in COUNTS},
        "notes": list(counted.notes),
        "examples": reading.examples,
        "links": {"self": address, "rejects": f"{address}/rejects" if address else None},
    }


def _refuse_foreign(reading: Reading, push: Push) -> None:
    """A caller of some sites may speak for those alone, and for no master that all share."""
    if push.sites is None:
        return
    named: set[str] = set()
    for batch in reading.batches:
        if "site" not in batch.rows.column_names:
            raise Forbidden(
                f"This key is of some sites, and {batch.feed} speaks for all.",
                next_step="Send it with a key that is not limited to sites.",
            )
        named |= set(pc.unique(batch.rows.column("site")).to_pylist())
    foreign = sorted(named - set(push.sites))
    if foreign:
        raise Forbidden(
            f"This key may not speak for site(s) {examples(foreign)}; nothing was taken.",
            next_step="Send rows of your own sites, or ask for a key of these.",
        )


def _refuse_orders_of_others(reader: Reader, reading: Reading, push: Push) -> None:
    """Nor for a line of an order that another site has: its code would take that line away from
    there, or say that it has come in."""
    if push.sites is None:
        return
    for batch in reading.batches:
        for told in ORDERS_OF.get(batch.feed, ()):
            lines = batch.rows.select(LINE).to_pandas().astype(object).fillna("")
            known = reader.lines_of(told, set(lines["order_id"]))
            same = lines.merge(known, on="order_id", suffixes=("", "_known"))
            for name in ("line", "sku"):  # a receipt may leave them blank
                same = same[(same[name] == same[f"{name}_known"]) | (same[name] == "")]
            others = same.loc[~same["site_known"].isin([*push.sites, ""]), "order_id"]
            if len(others):
                raise Forbidden(
                    f"Order(s) {examples(sorted(set(others)))} have lines of the same number and "
                    "item at sites that this key may not speak for; nothing was taken.",
                    next_step="Send lines of your own sites, each under its own order_id and line.",
                )


def run(url: str, schema: str, push: Push, body: Path, answer: Path, most_bytes: int) -> None:
    """The process: the answer is in its file, whole, once the delivery is safe."""
    try:
        _run(url, schema, push, body, answer, most_bytes)
    except (OSError, sa.exc.SQLAlchemyError) as error:
        if NoRoom.speaks_in(error):
            sys.exit(FULL_DISK)  # there may be no room for an answer either
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
            sys.exit(RECORD_AWAY)
        raise


def _run(url: str, schema: str, push: Push, body: Path, answer: Path, most_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a stop of the service lets it finish
    pa.set_cpu_count(1)  # a thread reserves memory too
    _limit_memory(most_bytes)
    try:
        with Record.open(url, schema=schema) as record:
            found = take(record, push, body.read_bytes(), dt.datetime.now(dt.UTC))
    except VigistockError as error:
        found = Answer.of(error)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    unfinished = answer.with_suffix(".unfinished")
    unfinished.write_bytes(to_json(vars(found)))
    unfinished.replace(answer)


def _limit_memory(most_bytes: int) -> None:
    """So much more than the process has now; where the system cannot say, there is no limit."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError, ValueError):
        return
    most = pages * resource.getpagesize() + most_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

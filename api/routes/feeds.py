"""What the ERP pushes: one delivery a request, acknowledged once it is safe."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Annotated, Any, Final

import pyarrow as pa
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, HTTPException, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from api.dependencies import MOST, InPublications, Publications
from api.errors import problem
from api.intake import Push, digest_of
from api.negotiation import CSV, JSON, negotiate
from api.paging import Cursor
from api.plain import to_json
from api.pushing import FORMS, Intakes, charset_of, form_of, no_delivery
from api.routes.answers import LIVE, answer, documented, next_page, only_known, with_next
from api.schemas.deliveries import DeliveryPage, DeliveryReceipt, RejectPage
from api.security import Caller, InCaller
from api.tables import pushes
from api.tabular import csv_pieces
from forecasting.errors import UnknownName
from forecasting.feeds.profile import CONTRACTS
from forecasting.record.database import reading
from forecasting.record.delivery import COUNTS
from forecasting.record.schema import deliveries, rejects

router = APIRouter(prefix="/v1/feeds", tags=["feeds"], dependencies=[Depends(only_known)])

Delivery = Annotated[int, Path(ge=1, le=MOST)]
CSV_ROWS: Final = 10_000  # of rejects in memory, of however many there are
_ROW: Final = {"date": "2026-11-22", "site": "LYON", "sku": "00123", "units": 4}
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "the rows of one feed; `Content-Encoding: gzip` is welcome",
    "content": {
        "text/csv": {
            "schema": {"type": "string", "minLength": 1},
            "example": "date,site,sku,units\n2026-11-22,LYON,00123,4\n",
        },
        "application/json": {
            "schema": {
                "type": "array",
                "description": "an object a row, anything else is set aside; no row is no news",
            },
            "example": [_ROW],
        },
        "application/x-ndjson": {"schema": {"type": "string", "minLength": 1}},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
            "schema": {"type": "string", "format": "binary"}
        },
    },
}
assert set(_BODY["content"]) == set(FORMS)


no_feed = APIRouter(prefix="/v1/feeds")


@no_feed.post("/deliveries", include_in_schema=False)
async def push_no_delivery() -> None:
    """A list, and no feed of that name."""
    raise HTTPException(405)


@router.post(
    "/{feed}",
    operation_id="pushFeed",
    status_code=201,
    response_model=DeliveryReceipt,
    responses={
        200: {"model": DeliveryReceipt, "description": "Only checked, or in already: no effect"},
        **documented(404, 413, 415, 422, 503, 507),
    },
    openapi_extra={"requestBody": _BODY},
)
async def push_feed(
    request: Request,
    caller: InCaller,
    feed: Annotated[
        str,
        Path(
            max_length=40,
            description="a feed of docs/feeds.md, or `ledger`",
            json_schema_extra={"enum": sorted(CONTRACTS)},
        ),
    ],
    idempotency_key: Annotated[
        str,
        Header(
            min_length=1,
            max_length=200,
            description="a new one for each delivery, the same one to repeat it",
            examples=["sales-2026-11-22-1"],
        ),
    ],
    profile: Annotated[
        str, Query(min_length=1, max_length=64, description="how the rows are written")
    ] = "generic",
    name: Annotated[
        str | None,
        Query(min_length=1, max_length=120, description="of the file, kept with each reject"),
    ] = None,
    check: Annotated[bool, Query(description="read and count only; keep nothing")] = False,
) -> Response:
    """One delivery. 201 means that it is safe: sent again under the same key, the same answer
    comes and nothing happens. The same key with anything else is 422."""
    if feed not in CONTRACTS:
        raise UnknownName("feed", feed, CONTRACTS)
    form = form_of(request)
    charset = charset_of(request, form)
    intakes: Intakes = request.app.state.intakes
    push_profile = intakes.profile(profile)
    try:
        async with intakes.received(request) as body:
            push = Push(
                feed=feed,
                profile=push_profile,
                name=named if (named := name or "push").lower().endswith(form) else named + form,
                digest=digest_of(feed, profile, form + charset, str(check), body=body.sha256),
                caller=caller.sender,
                key=idempotency_key,
                sites=None if caller.sites is None else tuple(sorted(caller.sites)),
                check=check,
                most_cells=intakes.bounds.cells,
                charset=charset,
            )
            found = await intakes.take(push, body)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    if found.failed:
        return problem(request, found.status, **found.body)
    headers = dict(LIVE)
    if found.body["delivery"]:
        headers["Location"] = found.body["links"]["self"]
    return Response(to_json(found.body), found.status, headers, JSON)


@router.get(
    "/deliveries",
    operation_id="listDeliveries",
    response_model=DeliveryPage,
    responses=documented(422, 503),
)
async def list_deliveries(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    feed: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """What came in by command or push, the latest first."""
    question = {"feed": feed, "of": "deliveries"}
    begin = Cursor.read(cursor, question)
    query = sa.select(deliveries).order_by(deliveries.c.number.desc()).limit(limit + 1)
    query = seen_by(caller, query)
    if begin.after >= 0:
        query = query.where(deliveries.c.number < begin.after)
    if feed is not None:
        query = query.where(deliveries.c.feed == feed)
    known = feed is None or feed in CONTRACTS
    rows = await publications.in_record(partial(_rows, query=query)) if known else []
    last = rows[limit - 1]["number"] if len(rows) > limit else None
    address = next_page(request, 0, last, question)
    payload = {"items": [_receipt(row) for row in rows[:limit]], "next": address}
    return answer(payload, with_next(dict(LIVE), address))


@router.get(
    "/deliveries/{number}",
    operation_id="getDelivery",
    response_model=DeliveryReceipt,
    responses=documented(404, 422, 503),
)
async def get_delivery(
    caller: InCaller, publications: InPublications, number: Delivery
) -> Response:
    """The receipt of one delivery: rows read = accepted + rejected + duplicates."""
    return answer(_receipt(await the_delivery(caller, publications, number)), LIVE)


@router.get(
    "/deliveries/{number}/rejects",
    operation_id="listRejects",
    response_model=RejectPage,
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}, "description": "A page, or all"},
        **documented(404, 406, 422, 503),
    },
)
async def list_rejects(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    number: Delivery,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Rows that were set aside: line, column, reason and raw text, to be corrected and sent again
    under a new key; `settled_by` names the later delivery that did. `Accept: text/csv` gives all of
    them."""
    media = negotiate(request.headers.get("accept", ""), [JSON, CSV])
    question = {"delivery": number, "of": "rejects"}
    begin = Cursor.read(cursor, question)
    receipt = await the_delivery(caller, publications, number)
    query = sa.select(rejects).where(rejects.c.delivery == number).order_by(rejects.c.position)
    if media == CSV:
        first = await publications.in_record(partial(_rows, query=query.limit(CSV_ROWS)))
        disposition = {"Content-Disposition": f'attachment; filename="rejects_{number}.csv"'}
        pieces = _csv(publications.engine, query, first)
        return StreamingResponse(pieces, headers=LIVE | disposition, media_type=CSV)
    query = query.where(rejects.c.position > begin.after).limit(limit + 1)
    rows = await publications.in_record(partial(_rows, query=query))
    last = rows[limit - 1]["position"] if len(rows) > limit else None
    address = next_page(request, 0, last, question)
    items = [{name: row[name] for name in _REJECT} for row in rows[:limit]]
    payload = {
        "delivery": number,
        "source": receipt["source"],
        "count": receipt["rejected"],
        "items": items,
        "next": address,
    }
    return answer(payload, with_next(dict(LIVE), address))


_REJECTS: Final = pa.schema(
    [
        ("line", pa.int64()),
        *((name, pa.string()) for name in ("column", "code", "message", "raw")),
        ("settled_by", pa.int64()),
    ]
)
_REJECT: Final = tuple(_REJECTS.names)


def seen_by(caller: Caller, query: sa.Select[Any]) -> sa.Select[Any]:
    """Of a caller that is limited to sites: what it pushed itself."""
    if caller.sites is None:
        return query
    own = sa.select(pushes.c.delivery).where(pushes.c.caller == caller.sender)
    return query.where(deliveries.c.number.in_(own))


def rejects_of(
    engine: sa.Engine, number: int, most: int, *, settled: bool = True
) -> list[dict[str, Any]]:
    """The first rows of a delivery that were set aside; `settled`: those too that a later delivery
    brought again."""
    query = sa.select(rejects).where(rejects.c.delivery == number).order_by(rejects.c.position)
    if not settled:
        query = query.where(rejects.c.settled_by.is_(None))
    return [{name: row[name] for name in _REJECT} for row in _rows(engine, query.limit(most))]


async def the_delivery(caller: Caller, publications: Publications, number: int) -> dict[str, Any]:
    query = seen_by(caller, sa.select(deliveries).where(deliveries.c.number == number))
    rows = await publications.in_record(partial(_rows, query=query))
    if not rows:
        raise no_delivery(number)
    return rows[0]


def _rows(engine: sa.Engine, query: sa.Select[Any]) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _receipt(row: dict[str, Any]) -> dict[str, Any]:
    address = f"/v1/feeds/deliveries/{row['number']}"
    named = ("feed", "profile", "source", "digest", "received_at", *COUNTS, "notes")
    links = {"self": address, "rejects": f"{address}/rejects"}
    facts = {name: row[name] for name in named}
    return {"delivery": row["number"], **facts, "repeated": False, "links": links}


def _csv(engine: sa.Engine, query: sa.Select[Any], rows: list[dict[str, Any]]) -> Iterator[bytes]:
    """Comma, UTF-8; a line of the header always; no text that a spreadsheet would run. `rows`: the
    first CSV_ROWS of the query, by position; the others are read as they are asked for."""
    header = 0
    while True:
        columns = {name: [row[name] for row in rows] for name in _REJECT}
        yield from islice(csv_pieces(pa.table(columns, _REJECTS)), header, None)
        if len(rows) < CSV_ROWS:
            return
        header, last = 1, rows[-1]["position"]
        rows = _rows(engine, query.where(rejects.c.position > last).limit(CSV_ROWS))

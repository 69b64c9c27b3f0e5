"""`/data`: how fresh each feed is, what came in, what was set aside and why, and a way in."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Response

from api import jobs
from api.clock import LATE_DAYS, today
from api.dependencies import MOST, InPublications
from api.pages.feeds_known import choices
from api.pages.frame import InFrame, freshness_of
from api.pages.phrases import REASONS
from api.routes.feeds import rejects_of, seen_by, the_delivery
from api.security import Caller, InCaller
from forecasting.calendar import Frequency
from forecasting.errors import NotReady
from forecasting.feeds.faults import Code
from forecasting.record.database import reading
from forecasting.record.schema import deliveries, rejects

router = APIRouter(include_in_schema=False)

DELIVERIES: Final = 50
REJECTS: Final = 500
DAILY: Final = ("sales", "stock")  # feeds without which every figure is late


@router.get("/data")
async def data(frame: InFrame, caller: InCaller, publications: InPublications) -> Response:
    try:
        served = await publications.current()
    except NotReady:
        served = None
    may_follow = frame.may("GET", "/v1/jobs/{number}")
    may_look = frame.may("GET", "/v1/feeds/deliveries")

    def work(engine: sa.Engine) -> tuple[list[dict[str, Any]], dict[str, dt.datetime]]:
        last = _last(engine) if caller.sites is None else {}  # speaks of every site
        return _deliveries(engine, caller) if may_look else [], last

    shown, last = await publications.in_record(work)
    frequency = publications.workspace.options.frequency
    cut = served.provenance["data_cut"] if served else {}
    return frame.page(
        "data.html",
        title=frame._("Data"),
        freshness=freshness_of(served) if served else None,
        fresh=_fresh(cut, last, frequency),
        deliveries=shown,
        may_look=may_look,
        may_push=frame.may("POST", "/v1/feeds/{feed}"),
        may_publish=frame.may("POST", "/v1/publications"),
        job=await publications.in_record(jobs.under_way) if may_follow else None,
        **choices(),
    )


@router.get("/data/{number}")
async def delivery(
    frame: InFrame,
    caller: InCaller,
    publications: InPublications,
    number: Annotated[int, Path(ge=1, le=MOST)],
    settled: Annotated[bool, Query(description="rows that came again since, too")] = False,
) -> Response:
    """One delivery and the rows of it that were set aside, those apart that came again since."""
    found = await the_delivery(caller, publications, number)
    asked = partial(rejects_of, number=number, most=REJECTS, settled=settled)
    rows = await publications.in_record(asked)
    again = await publications.in_record(partial(_settled, numbers=[number]))
    return frame.page(
        "delivery.html",
        title=frame._("Delivery %s") % number,
        delivery=found,
        settled=settled,
        came_again=again.get(number, 0),
        rejects=[row | {"reason": frame._(REASONS[Code(row["code"])])} for row in rows],
    )


def _deliveries(engine: sa.Engine, caller: Caller) -> list[dict[str, Any]]:
    query = sa.select(deliveries).order_by(deliveries.c.number.desc()).limit(DELIVERIES)
    with reading(engine) as connection:
        found = [dict(row) for row in connection.execute(seen_by(caller, query)).mappings()]
    again = _settled(engine, [one["number"] for one in found if one["rejected"]])
    return [one | {"came_again": again.get(one["number"], 0)} for one in found]


def _settled(engine: sa.Engine, numbers: list[int]) -> dict[int, int]:
    """By delivery: rows set aside that a later one brought again."""
    query = sa.select(rejects.c.delivery, sa.func.count()).group_by(rejects.c.delivery)
    query = query.where(rejects.c.delivery.in_(numbers), rejects.c.settled_by.is_not(None))
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def _last(engine: sa.Engine) -> dict[str, dt.datetime]:
    query = sa.select(deliveries.c.feed, sa.func.max(deliveries.c.received_at))
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(deliveries.c.feed))
        return {row[0]: row[1] for row in rows}


def _fresh(
    cut: dict[str, Any], last: dict[str, dt.datetime], frequency: Frequency
) -> list[dict[str, Any]]:
    """One row a feed that came: until when its facts reach, and whether that is late."""
    rows = []
    for feed in sorted({*cut, *last}, key=lambda name: (name not in DAILY, name)):
        until = dt.date.fromisoformat(str(cut[feed])) if cut.get(feed) else None
        age = None if until is None else (today() - until).days
        is_late = feed in DAILY and age is not None and age > frequency.days + LATE_DAYS
        rows.append(
            {"feed": feed, "until": until, "age": age, "late": is_late, "last": last.get(feed)}
        )
    return rows

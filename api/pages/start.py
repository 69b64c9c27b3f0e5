"""The first run: from an empty workspace to the first list, without leaving the page."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import Response

from api import jobs
from api.dependencies import Publications
from api.pages.feeds_known import choices
from api.pages.frame import Frame
from forecasting.record.database import reading
from forecasting.record.schema import deliveries


async def first_run(frame: Frame, publications: Publications) -> Response:
    """Where nothing is published: what is under way, what came in, and what to do next. Raises
    NotReady where the record cannot be read."""
    whole = publications.sites is None
    received = await publications.in_record(_received) if whole else []
    return frame.page(
        "start.html",
        title=frame._("First steps"),
        job=await publications.in_record(jobs.under_way) if whole else None,
        received=received,
        may_push=frame.may("POST", "/v1/feeds/{feed}"),
        may_run=frame.may("POST", "/v1/jobs"),
        **choices(),
    )


def _received(engine: sa.Engine) -> list[tuple[str, int]]:
    """Rows accepted by feed; feeds without any are not in it."""
    query = sa.select(deliveries.c.feed, sa.func.sum(deliveries.c.accepted))
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(deliveries.c.feed).order_by(deliveries.c.feed))
        return [(feed, int(count)) for feed, count in rows]

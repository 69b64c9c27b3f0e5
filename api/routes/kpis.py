"""What a director of operations follows, by week or month, with its trend and what is missing."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal

import numpy as np
import pyarrow.compute as pc
from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from api.bulk import documented_bulk
from api.dependencies import InPublications, Number
from api.errors import BadParameter, Unprocessable
from api.routes.answers import documented, only_known
from api.routes.listing import Listed, listed
from api.schemas.kpis import KpiPage
from api.served import Flags, Rows, Served
from models.kpis.figures import By, Question
from models.kpis.registry import KPIS

router = APIRouter(prefix="/v1/kpis", tags=["kpis"], dependencies=[Depends(only_known)])

MOST_FIGURES: Final = 10_000
USUAL_FIGURES: Final = 500
Code = Annotated[str | None, Query(max_length=200)]


@router.head("", include_in_schema=False)
@router.get(
    "",
    operation_id="listKpis",
    response_model=KpiPage,
    responses={200: documented_bulk("kpis"), **documented(304, 404, 406, 410, 422, 503)},
)
async def list_kpis(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    kpi: Annotated[
        str | None, Query(max_length=100, description="name of one; default: all of them")
    ] = None,
    grain: Annotated[Literal["week", "month"], Query(description="of the periods")] = "month",
    by: Annotated[By, Query(description="a figure for each of these; `kind`: of costs")] = "total",
    site: Code = None,
    supplier: Code = None,
    category: Annotated[
        str | None, Query(max_length=200, description="not together with a supplier")
    ] = None,
    since: Annotated[
        str | None,
        Query(
            pattern=r"^\d{4}-\d{2}-\d{2}$", description="periods that begin on that day or later"
        ),
    ] = None,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST_FIGURES, description="figures; default: 500 as JSON, all as a file"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Key figures of operations by week or month: service, stockouts, stock, suppliers, costs,
    incidents, each with its parts, its trend and what it is missing; by `Accept` as CSV, NDJSON or
    Parquet.

    By KPI, then place and currency, then period. Sums over the sites that the key sees: figures of
    the parts add up to it. A `value` of null has its reason in `missing`.
    """
    question, day = _question(kpi, grain, by, site, supplier, category), _day(since)
    served = await publications.numbered(publication)
    await to_thread.run_sync(served.kpis, question)
    asked = {"kpi": kpi, "grain": grain, "by": by, "site": site, "supplier": supplier}
    return await listed(
        request,
        publications,
        _listed(question, day),
        {**asked, "category": category, "since": since},
        number=publication,
        limit=limit,
        cursor=cursor,
    )


def _listed(question: Question, since: dt.date | None) -> Listed:
    def wanted(served: Served) -> Flags:
        starts = served.kpis(question)["period_start"]
        if since is None:
            return np.ones(len(starts), dtype=bool)
        return np.asarray(pc.greater_equal(starts, since).to_numpy())

    def items(served: Served, rows: Rows) -> list[dict[str, Any]]:
        table = served.kpis(question).drop_columns(["publication", "origin"])
        found: list[dict[str, Any]] = table.take(rows).to_pylist()
        return found

    return Listed(
        name="kpis",
        table=lambda served: served.kpis(question),
        order=lambda served: np.arange(served.kpis(question).num_rows),
        wanted=wanted,
        items=items,
        usual=USUAL_FIGURES,
        changes_with=lambda _: None,
    )


def _question(
    kpi: str | None,
    grain: str,
    by: By,
    site: str | None,
    supplier: str | None,
    category: str | None,
) -> Question:
    names = [one.name for one in KPIS]
    if kpi is not None and kpi not in names:
        raise BadParameter("KPI", kpi, names)
    question = Question(by, grain, kpi or "", site, supplier, category)
    try:
        _ = question.cut
    except ValueError as error:
        raise Unprocessable(
            f"{str(error)[0].upper()}{str(error)[1:]}.",
            next_step="Figures know the supplier or the category or the kind of a cost, each with "
            "the site: ask for one of them.",
        ) from None
    return question


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Unprocessable(
            f"{text} is no day.", next_step="Write since like 2026-11-01."
        ) from None

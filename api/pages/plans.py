"""`/plans`: what if? Suppose one thing, see what breaks first, share the answer by its address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from api import jobs
from api.dependencies import MOST, InPublications
from api.pages.board import board_of
from api.pages.frame import InFrame, freshness_of
from api.routes.scenarios import (
    detail_seen,
    get_scenario,
    list_scenarios,
    tables_seen,
    the_plan,
)
from api.scenario_answers import records
from api.scenario_words import WORDS, at_stake, to_do
from api.security import InCaller
from models.scenarios.totals import side_by_side

router = APIRouter(include_in_schema=False)

PLANS = 50
ROWS = 50  # of each table of a plan
TO_DO = 20


@router.get("/plans")
async def plans(
    request: Request, frame: InFrame, caller: InCaller, publications: InPublications
) -> Response:
    served = await publications.current()
    told = _said(await list_scenarios(request, caller, publications, limit=PLANS, cursor=None))
    may_follow = frame.may("GET", "/v1/jobs/{number}")
    return frame.page(
        "plans.html",
        title=frame._("Continuity plans"),
        freshness=freshness_of(served),
        plans=told["items"],
        facets=board_of(served).facets(),
        may_ask=may_follow and frame.may("POST", "/v1/scenarios"),
        job=await publications.in_record(jobs.under_way) if may_follow else None,
    )


@router.get("/plans/compare")
async def compare(
    frame: InFrame,
    caller: InCaller,
    publications: InPublications,
    a: Annotated[int, Query(ge=1, le=MOST)],
    b: Annotated[int, Query(ge=1, le=MOST)],
) -> Response:
    """Two plans beside each other, and the series of which they do not say the same."""
    found = [await the_plan(caller, publications, number) for number in (a, b)]
    tables = [await tables_seen(caller, publications, one) for one in found]
    rows = side_by_side(*(one["series"] for one in tables))
    return frame.page(
        "compare.html",
        title=frame._("Plan %(a)s beside plan %(b)s") % {"a": a, "b": b},
        plans=[
            detail_seen(caller, one, parts, 0) for one, parts in zip(found, tables, strict=True)
        ],
        rows=records(rows.head(ROWS)),
        differences=len(rows),
    )


@router.get("/plans/{number}")
async def plan(
    frame: InFrame,
    caller: InCaller,
    publications: InPublications,
    number: Annotated[int, Path(ge=1, le=MOST)],
) -> Response:
    told = _said(await get_scenario(caller, publications, number, limit=ROWS))
    until, language = dt.date.fromisoformat(told["until"]), frame.language
    return frame.page(
        "plan.html",
        title=told["name"] or frame._("Plan %(n)s") % {"n": number},
        plan=told,
        broken=first_first(told["series"]),
        most=ROWS,
        todo=[
            {
                "words": to_do(one, language, until),
                "value": at_stake(one, language),
            }
            for one in told["actions"][:TO_DO]
        ],
        notes=[WORDS[language][note] for note in told["notes"]],
    )


def first_first(series: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What the plan harms, in the order in which it runs out; what does not, last.

    >>> rows = [("worse", None), ("same", "2026-12-01"), ("sooner", "2026-12-04"),
    ...     ("broken", "2026-12-02")]
    >>> told = [{"verdict": verdict, "breaks_on_scenario": day} for verdict, day in rows]
    >>> [one["verdict"] for one in first_first(told)]
    ['broken', 'sooner', 'worse']
    """
    harmed = [one for one in series if one["verdict"] not in ("same", "better", "relieved")]
    return sorted(harmed, key=lambda one: str(one["breaks_on_scenario"] or "9999"))


def _said(answer: Response) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(answer.body)
    return found
